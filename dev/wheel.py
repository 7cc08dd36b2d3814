"""What is published, made and tried as a user gets it: ``./run wheel``.

The sdist is made from the source tree, the wheel from that sdist, and the suite runs
on the wheel, installed into an empty environment away from the source tree.
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from dev.environments import main_environment, pip_install
from dev.failures import SetupError
from dev.parallel import spread
from dev.processes import ROOT, captured, follow, say

__all__ = ["unpack", "wheel"]

DIST = ROOT / "dist"
NEED_THE_PROJECT = {
    "benchmarks",  # the programs in benchmarks/
    "differences",  # the pages that list the differences
    "docs",  # the pages
    "examples",  # the programs in examples/
    "packaging",  # setup.py
    "peers",  # .cache, where the peers' suites are
    "test_docs.py",  # the pages
    "test_slots.py",  # the C of the native core
    "test_typing.py",  # typing_tests/
}
"""The tests of what is not in the wheel, beside those of dev/, which import it."""
IMPORTS_DEV = re.compile(r"^from dev\b", re.MULTILINE)


def wheel(arguments: list[str]) -> int:
    """The sdist, the wheel made from it, and the suite on the wheel; left in dist/."""
    python = main_environment("test") / "python"
    with TemporaryDirectory(prefix="inscope-wheel-") as temporary:
        folder = Path(temporary)
        sdist, source = make_sdist(python, folder)
        made = make_wheel(python, source, folder)
        program = install(python, made, folder)
        pytest = [str(program), "-m", "pytest", *spread(arguments), *arguments]
        code = follow(pytest, suite(source, folder))
        if code == 0:
            keep(sdist, made)
    return code


def make_sdist(python: Path, folder: Path) -> tuple[Path, Path]:
    """Return the sdist of the project, and where it is unpacked."""
    (ROOT / "src" / "inscope.egg-info" / "SOURCES.txt").unlink(missing_ok=True)
    sdist = build(python, "--sdist", ROOT, folder / "sdist")
    return sdist, unpack(sdist, folder / "source")


def unpack(sdist: Path, into: Path) -> Path:
    """Unpack *sdist* and return the folder that is in it."""
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):  # not yet in Debian's 3.11.2
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(into)
    return into / sdist.name.removesuffix(".tar.gz")


def make_wheel(python: Path, source: Path, folder: Path) -> Path:
    """Return the wheel of *source*, which has the native core in it."""
    return build(python, "--wheel", source, folder / "wheel", INSCOPE_BUILD="require")


def build(python: Path, kind: str, source: Path, into: Path, **variables: str) -> Path:
    """Build *kind* from *source* and return the one file that it is."""
    say(f"building the {kind.lstrip('-')} from {source}")
    options = ["--no-isolation", "--outdir", str(into), str(source)]
    command = [str(python), "-m", "build", kind, *options]
    done = captured(command, environment=os.environ | variables)
    if done.returncode:
        raise SetupError(f"{done.stdout}{done.stderr}\nit could not be built")
    (file,) = into.iterdir()
    return file


def install(python: Path, made: Path, folder: Path) -> Path:
    """Install *made* into an empty environment and return the Python of that."""
    environment = folder / "environment"
    done = captured([str(python), "-m", "venv", str(environment)])
    if done.returncode:
        raise SetupError(f"{done.stdout}{done.stderr}\nno environment could be made")
    program = environment / "bin" / "python"
    say(f"installing {made.name}")
    pip_install(program, made.name, "--no-index", str(made))
    check_core(program)
    say("installing what the suite needs")
    pip_install(program, f"{made.name}[test]", f"{made}[test]")
    return program


def check_core(program: Path) -> None:
    """Raise unless the inscope that *program* imports has the native core."""
    done = captured([str(program), "-I", "-c", "import inscope; print(inscope.CORE)"])
    if done.stdout.strip() != "native":
        message = f"{done.stdout}{done.stderr}\nthe wheel has no native core"
        raise SetupError(message)


def suite(source: Path, folder: Path) -> Path:
    """Lay out the tests of the sdist that need nothing else; return where."""
    place = folder / "suite"
    shutil.copytree(source / "tests", place / "tests", ignore=need_the_project)
    shutil.copy(source / "pyproject.toml", place)
    return place


def need_the_project(folder: str, names: list[str]) -> set[str]:
    """Return which of *names* in *folder* are tests that need the source tree."""
    files = [Path(folder, name) for name in names if name.endswith(".py")]
    of_dev = {file.name for file in files if IMPORTS_DEV.search(file.read_text())}
    return of_dev | NEED_THE_PROJECT.intersection(names)


def keep(*files: Path) -> None:
    """Put *files* into ``dist`` and say how large they are."""
    DIST.mkdir(exist_ok=True)
    for file in files:
        kept = Path(shutil.copy(file, DIST))
        print(f"{kept.relative_to(ROOT)}  {kept.stat().st_size / 1024:.0f} KiB")
