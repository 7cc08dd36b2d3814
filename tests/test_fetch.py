"""How ``./run matrix --fetch`` gets interpreters: what is done, without a network."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from dev import apt, debian, fetch, from_source
from dev.apt import Apt
from dev.failures import SetupError
from dev.interpreters import Interpreter

APT = """\
#!/bin/sh
case "$1 $2" in
  "dump Acquire") echo 'Acquire::http::Proxy "http://proxy:3128";' ;;
  "--quiet update") cat "$APT_CONFIG" > "$NOTES/settings" ;;
  "--quiet install") echo "$@" > "$NOTES/asked"; touch "$FOLDER/cache/archives/a.deb" ;;
  "--quiet source") echo "$@" > "$NOTES/asked"; touch "$4_3.13.5.orig.tar.xz" ;;
  "--print-architecture ") echo amd64 ;;
  "--extract "*) mkdir -p "$3" && basename "$2" > "$3/unpacked" ;;
esac
"""


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What is got, noted in place of getting it; then it is found."""
    got: list[str] = []

    def way(version: str, folder: Path) -> None:
        folder.mkdir()
        got.append(version)

    def find() -> list[Interpreter]:
        return [Interpreter(f"{version}.1", "") for version in ["3.11", *got]]

    monkeypatch.setattr(fetch, "ROOT", tmp_path)
    monkeypatch.setattr(fetch, "FETCHED", tmp_path / "interpreters")
    monkeypatch.setattr(fetch, "find_interpreters", find)
    monkeypatch.setattr(fetch, "FETCHABLE", {"3.11": way, "3.14": way, "3.15": way})
    return got


def test_what_is_missing_is_got(ways: list[str]) -> None:
    """One after the other, and what is there is left alone."""
    fetch.fetch(["3.11", "3.14", "3.15"])

    assert ["3.14", "3.15"] == ways


def test_what_cannot_be_got_is_refused_first(ways: list[str]) -> None:
    """Before anything is fetched; the error lists what can be."""
    with pytest.raises(SetupError, match=r"3\.12, 3\.16 .* only 3\.11, 3\.14, 3\.15"):
        fetch.fetch(["3.14", "3.12", "3.16"])

    assert [] == ways


def test_what_does_not_run_is_not_kept(
    ways: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would be taken for fetched, and never work."""
    monkeypatch.setattr(fetch, "find_interpreters", list)

    with pytest.raises(SetupError, match="does not run on this machine"):
        fetch.fetch(["3.14"])

    assert [] == list((tmp_path / "interpreters").iterdir())


def test_a_failure_says_what_was_fetched(
    ways: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line is for the reader, all of them for who looks into it."""

    def way(*_: object) -> None:
        raise SetupError("apt's words\nno network")

    monkeypatch.setitem(fetch.FETCHABLE, "3.14", way)

    with pytest.raises(SetupError) as caught:
        fetch.fetch(["3.14"])

    assert "apt's words" in str(caught.value)
    assert str(caught.value).endswith("3.14 could not be fetched: no network")


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder in which a stand-in for apt and dpkg notes what it is asked."""
    programs, notes = tmp_path / "programs", tmp_path / "notes"
    programs.mkdir()
    notes.mkdir()
    for name in ("apt-get", "apt-config", "dpkg", "dpkg-deb"):
        (programs / name).write_text(APT)
        (programs / name).chmod(0o755)
    (tmp_path / "keys.gpg").touch()
    monkeypatch.setattr(apt, "KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("NOTES", str(notes))
    monkeypatch.setenv("FOLDER", str(tmp_path / "apt"))
    return notes


def test_apt_keeps_to_its_folder(notes: Path, tmp_path: Path) -> None:
    """Its lists, state and cache are there; the way to the network is the system's."""
    Apt(tmp_path / "apt", "sid")

    settings = (notes / "settings").read_text()
    folder = tmp_path / "apt"
    assert f'Dir::State "{folder}/state"' in settings
    assert f'Dir::Cache "{folder}/cache"' in settings
    assert f'Dir::Etc::sourcelist "{folder}/sources.list"' in settings
    assert 'Acquire::http::Proxy "http://proxy:3128"' in settings
    assert 'APT::Architectures { "amd64"; }' in settings
    assert (
        f"deb [signed-by={tmp_path}/keys.gpg] {apt.MIRROR} sid main\n"
        f"deb-src [signed-by={tmp_path}/keys.gpg] {apt.MIRROR} sid main\n"
    ) == (folder / "sources.list").read_text()


def test_packages_are_unpacked_and_not_installed(notes: Path, tmp_path: Path) -> None:
    """With all that they depend on, as apt downloads it."""
    Apt(tmp_path / "apt", "sid").unpack(["python3.15"], tmp_path / "root")

    asked = (notes / "asked").read_text().split()
    assert ["install", "--yes", "--download-only", "python3.15"] == asked[1:]
    assert "a.deb\n" == (tmp_path / "root/unpacked").read_text()


def test_a_source_is_the_archive_of_upstream(notes: Path, tmp_path: Path) -> None:
    """Without what Debian changes in it."""
    source = Apt(tmp_path / "apt", "trixie").source("python3.13")

    assert tmp_path / "apt/python3.13_3.13.5.orig.tar.xz" == source


def test_a_failure_of_apt_is_told_in_its_words(notes: Path, tmp_path: Path) -> None:
    """Its whole output, and the command that failed with the last line."""
    program = tmp_path / "programs/apt-get"
    program.write_text("#!/bin/sh\necho first\necho 'E: no such suite' >&2\nexit 100\n")

    with pytest.raises(SetupError) as caught:
        Apt(tmp_path / "apt", "sid")

    assert str(caught.value).startswith("first\n")
    assert str(caught.value).endswith("apt-get --quiet update: E: no such suite")


@pytest.mark.parametrize(
    ("lacking", "advice"),
    [("apt-get", "there is no apt-get"), ("keys", "debian-archive-keyring")],
)
def test_a_machine_without_apt_or_keys_is_told_so(
    notes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lacking: str,
    advice: str,
) -> None:
    """Nothing is tried; the error names what is lacking."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    lost = tmp_path / ("keys.gpg" if lacking == "keys" else "programs/apt-get")
    lost.unlink()

    with pytest.raises(SetupError, match=advice):
        Apt(tmp_path / "apt", "sid")


def test_libraries_are_all_in_one_place(tmp_path: Path) -> None:
    """Packages of older suites have some of them in ``/lib``, the others do not."""
    for folder in ("lib/x86_64", "usr/lib/x86_64"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / f"lib{folder[0]}.so").touch()
    (tmp_path / "lib/x86_64/libl.so.1").symlink_to("libl.so")

    debian.merge_libraries(tmp_path)
    debian.merge_libraries(tmp_path)  # newer ones have it so

    merged = tmp_path / "usr/lib/x86_64"
    assert {"libl.so", "libl.so.1", "libu.so"} == {
        file.name for file in merged.iterdir()
    }
    assert (merged / "libl.so.1").is_symlink()
    assert [tmp_path / "usr"] == list(tmp_path.iterdir())


def test_each_header_gets_beside_the_others(tmp_path: Path) -> None:
    """The one for this processor, in the place of the one that names them all."""
    for folder in ("python3.15", "x86_64-linux-gnu/python3.15", "openssl"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "python3.15/pyconfig.h").write_text("#include <x86…/pyconfig.h>")
    (tmp_path / "x86_64-linux-gnu/python3.15/pyconfig.h").write_text("#define …")

    debian.place_headers(tmp_path)

    assert "#define …" == (tmp_path / "python3.15/pyconfig.h").read_text()


def test_pip_is_taken_from_where_it_was_unpacked(tmp_path: Path) -> None:
    """Not from the system's folder, which is another Python's or is not there."""
    settings = tmp_path / "lib/python3.15/_sysconfigdata__x.py"
    settings.parent.mkdir(parents=True)
    settings.write_text("{'WHEEL_PKG_DIR': '/usr/share/python-wheels/', 'A': '/usr'}")

    debian.place_wheels(tmp_path, Path("/final/usr"))

    expected = "{'WHEEL_PKG_DIR': '/final/usr/share/python-wheels/', 'A': '/usr'}"
    assert expected == settings.read_text()


@pytest.mark.parametrize(
    ("minor", "expected"),
    [
        ("3.15", ["python3.15-venv", "libpython3.15-dev", "patchelf"]),
        (
            "3.15d",
            ["python3.15-venv", "libpython3.15-dev", "patchelf", "python3.15-dbg"],
        ),
    ],
)
def test_a_debug_build_is_a_package_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, minor: str, expected: list[str]
) -> None:
    """It shares the library with the regular one of its version."""
    asked: list[str] = []

    class Noting:
        def __init__(self, *_: object) -> None:
            pass

        def unpack(self, packages: list[str], root: Path) -> None:
            asked.extend(packages)
            root.mkdir()

    monkeypatch.setattr(debian, "Apt", Noting)
    monkeypatch.setattr(debian, "use_own_libraries", lambda _: None)

    debian.fetch_from_debian(minor, tmp_path / minor)

    assert expected == asked
    assert [tmp_path / minor] == list(tmp_path.iterdir())


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The commands of a build from source, noted in place of being run."""
    noted: list[str] = []
    archives = SimpleNamespace(source=lambda _: tmp_path / "archive")
    monkeypatch.setattr(from_source, "Apt", lambda *_: archives)
    monkeypatch.setattr(from_source, "check_headers", lambda: None)
    monkeypatch.setattr(from_source, "unpacked", lambda _: tmp_path)
    monkeypatch.setattr(
        from_source, "run_step", lambda command, _: noted.append(" ".join(command))
    )
    return noted


@pytest.mark.parametrize(
    ("minor", "options"),
    [
        ("3.13t", "--disable-gil"),
        ("3.13td", "--disable-gil --with-pydebug"),
        ("3.13t-tsan", "--disable-gil --with-thread-sanitizer"),
    ],
)
def test_the_letters_of_a_version_are_options_of_its_build(
    steps: list[str], tmp_path: Path, minor: str, options: str
) -> None:
    """It is configured with them, made, and installed into its own folder."""
    from_source.build_from_source(minor, tmp_path / minor)

    assert f"./configure --quiet {options} --with-ensurepip" in steps[0]
    assert f"--prefix={tmp_path / minor}" in steps[0]
    assert ["make", "make"] == [step.split()[0] for step in steps[1:]]


def test_a_build_needs_a_compiler_and_headers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is lacking is named before anything is fetched, with Debian's packages."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="no C compiler: apt install build-essential"):
        from_source.check_headers()

    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\nread line; [ \"$line\" != '#include <zlib.h>' ]\n")
    compiler.chmod(0o755)
    with pytest.raises(SetupError, match=r"no zlib\.h: apt install build-essential"):
        from_source.check_headers()


def test_a_step_that_fails_is_told_with_its_output(tmp_path: Path) -> None:
    """The end of what it printed, and its name with the last line."""
    with pytest.raises(SetupError) as caught:
        from_source.run_step(["sh", "-c", "echo much; echo why >&2; exit 2"], tmp_path)

    assert "much" in str(caught.value)
    assert str(caught.value).endswith("sh failed: why")
