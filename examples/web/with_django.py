"""A Django application in one file.

Serve it: ``waitress-serve with_django:app``, and ask for ``/?name=ann``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path
from greeting import SECRET, greet

from inscope.web import WSGI, g

if TYPE_CHECKING:
    from django.http import HttpRequest


def hello(request: HttpRequest) -> HttpResponse:
    """Greet; Django passes a request of its own."""
    g.visitor = request.GET.get("name", "stranger")
    return HttpResponse(greet(), content_type="text/plain")


urlpatterns = [path("", hello)]

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY=SECRET)
django.setup()
app = WSGI(WSGIHandler(), name="Django", secret_key=SECRET)
