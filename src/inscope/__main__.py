"""``python -m inscope``: lists the commands, and runs the one that is named.

A command's module is imported only when it is asked for, so that what its
extra needs is not needed here.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys

COMMANDS = {
    "demo": ("inscope.demo.cli", "ask three real servers who their users are"),
}


def version() -> str:
    """Return the installed version, or say that there is none."""
    try:
        return importlib.metadata.version("inscope")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def overview() -> str:
    """Return the text that lists the commands."""
    lines = [
        f"inscope {version()}",
        "",
        "usage: python -m inscope COMMAND [options]",
        "",
    ]
    lines += [f"  {name:8} {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run the command that *arguments* name and return its exit code."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(overview())
        return 0
    name, *rest = arguments
    if name == "--version":
        print(f"inscope {version()}")
        return 0
    if name not in COMMANDS:
        print(f"inscope: there is no command {name!r}\n\n{overview()}", file=sys.stderr)
        return 2
    try:
        command = importlib.import_module(COMMANDS[name][0])
        return int(command.main(rest))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
