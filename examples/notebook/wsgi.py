"""The website on inscope, for a server that is told ``wsgi:app``."""

import inscope.dropin

inscope.dropin.install()

from notebook.website import create_app  # noqa: E402  (werkzeug after inscope)

app = create_app()
