"""``python -m inscope.dropin``: runs a program with inscope under werkzeug.

The program is not edited and does not see that it was started in another way: its
arguments, ``__main__`` and exit code are its own. It runs in this process, so that
a debugger stays attached; Pythons that it starts (reloaders, spawned workers) find
``child/sitecustomize.py`` through ``PYTHONPATH``.
"""

from __future__ import annotations

import builtins
import io
import os
import runpy
import sys
import sysconfig
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from pkgutil import get_importer, read_code
from types import CodeType, ModuleType
from typing import Any

from inscope.dropin import AlreadyReplacedError, TooLateError, install

USAGE = """\
usage: python -m inscope.dropin -m MODULE [args...]
       python -m inscope.dropin FILE [args...]
       python -m inscope.dropin PROGRAM [args...]

Runs a program with inscope in the place of werkzeug.local:
  python -m inscope.dropin -m flask run
  python -m inscope.dropin app.py
  python -m inscope.dropin gunicorn app:app"""

_run_as_main: Any = vars(runpy)["_run_module_as_main"]
"""What Python itself calls for ``-m``: it runs in the ``__main__`` that is there."""

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
        return _refuse(
            f"{error}\n(A sitecustomize or a .pth file was there before it.)"
        )
    _install_in_children()
    if first == "-m":
        return _run_module(rest)
    if first.startswith("-"):
        return _refuse(f"there is no option {first!r}\n\n{USAGE}")
    if _can_run(Path(first)):
        return _run_file(first, rest)
    return _run_program(first, rest)


def _refuse(reason: str) -> int:
    print(f"inscope.dropin: {reason}", file=sys.stderr)
    return 2


def _install_in_children() -> None:
    """Put the folder of our ``sitecustomize`` first on ``PYTHONPATH``, once."""
    before = os.environ.get("PYTHONPATH")
    path = before.split(os.pathsep) if before else []  # an empty entry has a meaning
    path = [str(CHILD), *(entry for entry in path if entry != str(CHILD))]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)


def _can_run(path: Path) -> bool:
    """Tell a file and a folder with a ``__main__`` from one that only has a name."""
    if path.is_dir():
        return path.name != "" and (path / "__main__.py").is_file()
    return path.exists()  # also a pipe


def _run_module(arguments: list[str]) -> int:
    """Do what ``python -m`` does."""
    if not arguments:
        return _refuse(f"-m needs the name of a module\n\n{USAGE}")
    sys.argv[:] = arguments
    _new_main()
    _run_as_main(arguments[0], True)
    return 0


def _new_main() -> dict[str, Any]:
    """Make the ``__main__`` of the program, which outlives its last line.

    Threads and exit handlers may go on, and pickle what they find there.
    """
    main = ModuleType("__main__")
    vars(main)["__builtins__"] = builtins
    sys.modules["__main__"] = main
    return vars(main)


def _run_file(file: str, arguments: list[str]) -> int:
    """Do what ``python FILE`` does; a folder or an archive has a ``__main__``."""
    sys.argv[:] = [file, *arguments]
    path = os.path.abspath(file)
    is_script = get_importer(path) is None
    if not sys.flags.safe_path:
        del sys.path[0]  # the working folder, which is for -m
    if is_script and not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    namespace = _new_main()
    if is_script:
        namespace |= {"__file__": path, "__cached__": None}
        exec(_code_of(path), namespace)
    else:
        sys.path.insert(0, path)
        _run_as_main("__main__", False)
    return 0


def _code_of(path: str) -> CodeType:
    """Return the code of a script, or of one that was compiled before."""
    with io.open_code(path) as file:
        content = file.read()  # at once: it may be a pipe
    code: CodeType | None = read_code(io.BytesIO(content))
    return code or compile(content, path, "exec", dont_inherit=True)


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
    # A reloader looks there for how to start it again: by the file.
    _new_main()["__file__"] = sys.argv[0]
    sys.exit(found.load()())


def _entry_point(name: str) -> EntryPoint | None:
    found = entry_points(group="console_scripts", name=name)
    return next(iter(found), None)


if __name__ == "__main__":
    _code = main(sys.argv[1:])
    if _code:  # else -i would show a SystemExit
        sys.exit(_code)
