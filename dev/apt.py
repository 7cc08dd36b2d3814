"""Debian's packages, without installing them: apt with folders of its own.

Nothing outside the folder given is read or written, but for the keys by which
Debian signs its lists, and how apt reaches the network. No root is needed.
``debian.py`` takes programs from it, ``from_source.py`` a source.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from dev.failures import SetupError
from dev.processes import last_line

__all__ = ["Apt"]

MIRROR = "http://deb.debian.org/debian"
KEYS = "/usr/share/keyrings/debian-archive-keyring"

SETTINGS = """\
Dir::State "{0}/state"; Dir::State::status "{0}/status"; Dir::Cache "{0}/cache";
Dir::Etc::sourcelist "{0}/sources.list"; Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::main "/dev/null"; Dir::Etc::parts "/dev/null";
APT::Architectures {{ "{1}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root"; // the others may not write here
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false"; // a mirror may lag; its signature is checked
"""


class Apt:
    """apt, looking at one *suite* of Debian only, with all it keeps in *folder*."""

    def __init__(self, folder: Path, suite: str) -> None:
        for program in ("apt-get", "apt-config", "dpkg", "dpkg-deb"):
            if not shutil.which(program):
                raise SetupError(f"there is no {program} here to ask Debian with")
        self.folder = folder
        self._environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        source = f"[signed-by={_keys()}] {MIRROR} {suite} main\n"
        (folder / "sources.list").write_text(f"deb {source}deb-src {source}")
        network = self._output(["apt-config", "dump", "Acquire"], os.environ)
        architecture = self._output(["dpkg", "--print-architecture"], os.environ)
        settings = SETTINGS.format(folder, architecture.strip())
        (folder / "apt.conf").write_text(network + settings)
        self._get("update")

    def unpack(self, packages: list[str], root: Path) -> None:
        """Unpack *packages*, and all that they depend on, into *root*."""
        self._get("install", "--yes", "--download-only", *packages)
        for package in sorted(self.folder.glob("cache/archives/*.deb")):
            extract = ["dpkg-deb", "--extract", str(package), str(root)]
            self._output(extract, os.environ)

    def source(self, package: str) -> Path:
        """Return the archive of the upstream source of *package*."""
        self._get("source", "--download-only", package)
        return next(self.folder.glob(f"{package}_*.orig.tar.*z"))

    def _get(self, *arguments: str) -> None:
        """Run ``apt-get`` with *arguments*."""
        self._output(["apt-get", "--quiet", *arguments], self._environment)

    def _output(self, command: list[str], environment: Mapping[str, str]) -> str:
        """Return what *command* prints; raise if it fails."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            called = " ".join(command[:3])
            message = f"{done.stdout}{done.stderr}\n{called}: {last_line(done.stderr)}"
            raise SetupError(message)
        return done.stdout


def _keys() -> str:
    """Return the file of the keys by which Debian signs."""
    for ending in (".gpg", ".pgp"):
        if Path(KEYS + ending).is_file():
            return KEYS + ending
    raise SetupError("Debian's keys are not here: apt install debian-archive-keyring")
