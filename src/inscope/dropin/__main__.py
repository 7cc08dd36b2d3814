"""``python -m inscope.dropin``: runs a program with inscope under werkzeug.

The program is not edited and does not see that it was started in another way: its
arguments, ``__main__`` and exit code are its own. It runs in this process, so that
a debugger stays attached; Pythons that it starts (reloaders, spawned workers) find
``child/sitecustomize.py`` through ``PYTHONPATH``.
"""

from __future__ import annotations

import os
import runpy
import sys
import sysconfig
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from pkgutil import get_importer

from inscope.dropin import AlreadyReplacedError, TooLateError, install

USAGE = """\
usage: python -m inscope.dropin -m MODULE [args...]
       python -m inscope.dropin FILE [args...]
       python -m inscope.dropin PROGRAM [args...]

Runs a program with inscope in the place of werkzeug.local:
  python -m inscope.dropin -m flask run
  python -m inscope.dropin app.py
  python -m inscope.dropin gunicorn app:app"""

CHILD = Path(__file__).with_name("child")


def main(arguments: list[str]) -> int:
    """Run what *arguments* say; return an exit code if it could not be run."""
    if not arguments:
        print(USAGE, file=sys.stderr)
        return 2
    first, *rest = arguments
    if first in {"-h", "--help"}:
        print(USAGE)
        return 0
    try:
        install()
    except (TooLateError, AlreadyReplacedError) as error:
        return _refuse(str(error))
    _install_in_children()
    if first == "-m":
        return _run_module(rest)
    if first.startswith("-"):
        return _refuse(f"there is no option {first!r}\n\n{USAGE}")
    if Path(first).exists():
        return _run_file(first, rest)
    return _run_program(first, rest)


def _refuse(reason: str) -> int:
    print(f"inscope.dropin: {reason}", file=sys.stderr)
    return 2


def _install_in_children() -> None:
    """Put the folder of our ``sitecustomize`` first on ``PYTHONPATH``, once."""
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = [str(CHILD), *(entry for entry in before if entry and entry != str(CHILD))]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)


def _run_module(arguments: list[str]) -> int:
    """Do what ``python -m`` does."""
    if not arguments:
        return _refuse(f"-m needs the name of a module\n\n{USAGE}")
    name = arguments[0]
    if not _is_there(name):
        return _refuse(f"there is no module named {name!r}")
    sys.argv[:] = arguments
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    return 0


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError as error:
        if name.startswith(f"{error.name}."):  # a package that it would be in
            return False
        raise


def _run_file(file: str, arguments: list[str]) -> int:
    """Do what ``python FILE`` does; a folder or an archive has a ``__main__``."""
    sys.argv[:] = [file, *arguments]
    if not sys.flags.safe_path:
        del sys.path[0]  # the working folder, which is for -m
        if get_importer(file) is None:  # no folder or archive: run_path adds those
            sys.path.insert(0, str(Path(file).resolve().parent))
    runpy.run_path(file, run_name="__main__")
    return 0


def _run_program(name: str, arguments: list[str]) -> int:
    """Call what an installed program, such as ``gunicorn``, would call."""
    found = _entry_point(name)
    if found is None:
        return _refuse(
            f"there is no file {name!r}, and no program of that name is installed"
            f" beside {sys.executable}; is it a module? Then: -m {name}"
        )
    scripts = Path(sysconfig.get_path("scripts"))
    sys.argv[:] = [str(scripts / name), *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(scripts)
    sys.exit(found.load()())


def _entry_point(name: str) -> EntryPoint | None:
    found = entry_points(group="console_scripts", name=name)
    return next(iter(found), None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
