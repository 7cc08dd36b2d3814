"""The feed on inscope, for a server that is told ``asgi:app``."""

import inscope.dropin

inscope.dropin.install()

from notebook.feed import create_app  # noqa: E402  (werkzeug after inscope)

app = create_app()
