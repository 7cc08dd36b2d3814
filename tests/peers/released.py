"""Files of a peer's released source package, kept in ``.cache/peers``.

The test modules beside this one call ``files_of``. pip fetches a package once, at
one pinned version; from then on the kept files serve, with or without a network.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / ".cache" / "peers"


def files_of(name: str, version: str, paths: tuple[str, ...]) -> Path:
    """Return the folder that holds *paths* of the release; skip if out of reach."""
    kept = CACHE / f"{name}-{version}"
    if kept.exists():
        return kept
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        archive = _download(f"{name}=={version}", Path(work))
        unpacked = Path(work) / "unpacked"
        _unpack(archive, f"{name}-{version}", paths, unpacked)
        with suppress(OSError):  # another process of this suite was first
            unpacked.rename(kept)
    assert kept.is_dir()
    return kept


def _download(requirement: str, folder: Path) -> Path:
    """Return the source archive of *requirement*, put into *folder* by pip."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    options = ["--no-binary", ":all:", "--dest", str(folder), requirement]
    done = subprocess.run([*pip, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2]
        pytest.skip(f"the sources of {requirement} could not be fetched: {reason}")
    (archive,) = folder.glob("*.tar.gz")
    return archive


def _unpack(archive: Path, top: str, paths: tuple[str, ...], folder: Path) -> None:
    """Write *paths* of *archive*, files or whole folders, unedited, below *folder*."""
    wanted = tuple(f"{top}/{path}" for path in paths)
    with tarfile.open(archive) as source:
        names = [member.name for member in source if member.isfile()]
        for path in wanted:
            assert any(_is_in(name, path) for name in names), path
        for name in names:
            if any(_is_in(name, path) for path in wanted):
                _write(source, name, folder / Path(name).relative_to(top))


def _is_in(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}/")


def _write(source: tarfile.TarFile, name: str, target: Path) -> None:
    content = source.extractfile(name)
    assert content is not None
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.read())
