"""Programs that may crash the interpreter run in one of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable

Run = Callable[[str], str]

PRELUDE = """
import contextvars, gc, operator, sys, threading, weakref
from contextvars import Context, ContextVar, copy_context
import inscope
from inscope import *
from inscope import LocalManager, LocalProxy, Local, LocalStack, Var, release_local
"""


def run_program(core: str, code: str, malloc: str = "debug") -> str:
    """Run a program on one core; return what it printed.

    An interpreter that dies is a failure, with the line of Python it died in.
    With *malloc* "debug" freed memory is filled, so that what is used after it was
    freed is noticed; "default" is the quick one.
    """
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", PRELUDE + textwrap.dedent(code)],
        env={"PYTHONMALLOC": malloc, **os.environ, "INSCOPE_CORE": core},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (
        f"{code}\ngave {done.returncode}\n{done.stderr[-3000:]}"
    )
    return done.stdout
