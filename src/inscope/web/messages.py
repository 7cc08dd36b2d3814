"""What the errors of this package say, where several files say it.

The first two are those of Flask, word by word: programs and tests look for them.
"""

NO_APP = """\
Working outside of application context.

Attempted to use functionality that expected a current application to be set. To
solve this, set up an app context using 'with app.app_context()'. See the
documentation on app context for more information."""

NO_REQUEST = """\
Working outside of request context.

Attempted to use functionality that expected an active HTTP request. See the
documentation on request context for more information."""

NO_REQUEST_HERE = "There is no request in this context."
