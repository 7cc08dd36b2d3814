"""What both applications are configured with.

Each can be set from outside, as ``NOTEBOOK_SECRET_KEY`` and so on. The two must
have the same key: the website writes the session cookie, and the feed reads it.
"""

from __future__ import annotations

SECRET_KEY = "dev"  # for trying it out; anybody can guess it
SESSION_COOKIE_SAMESITE = "Lax"

# A path that is not absolute lies in the folder "instance".
SQLALCHEMY_DATABASE_URI = "sqlite:///notebook.sqlite"
# Seconds that a writer waits for the other writers.
SQLALCHEMY_ENGINE_OPTIONS = {"connect_args": {"timeout": 30}}

# How passwords are hashed; see werkzeug.security.generate_password_hash.
PASSWORD_METHOD = "scrypt"

LANGUAGES = ["en", "de"]  # the first is for those who speak neither
