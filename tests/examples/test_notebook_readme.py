"""What ``examples/notebook/README.md`` tells its readers to type, typed."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from notebook_servers import NOTEBOOK, WITHOUT, Place, make_place, require, serving
from notebook_visitors import Visitor

README = (NOTEBOOK / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in re.sub(r" \\\n +", " ", block).splitlines()
    if "8000" in line
]
METHODS = [("notebook/**.py", "python"), ("notebook/templates/**.html", "jinja2")]
CATALOGUE = NOTEBOOK / "notebook/translations/de/LC_MESSAGES/messages.po"


def _words(command: str) -> list[str]:
    """Return the words of *command*, with whole paths and a free port."""
    program, *rest = shlex.split(command.replace("8000", "0"))
    if program == "python":
        return [sys.executable, *rest]
    found = shutil.which(program, path=Path(sys.executable).parent)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return [found, *rest]


def _library(command: str) -> str:
    """Return where the proxies are to come from."""
    on_inscope = re.search(r"inscope\.dropin|[aw]sgi:app", command)
    return "inscope" if on_inscope else "werkzeug.local"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder with an empty database for all the commands."""
    require("quart", "waitress", "gunicorn", "uvicorn_worker", "hypercorn")
    return make_place(tmp_path_factory.mktemp("notebook"), WITHOUT)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_serves_the_application(command: str, place: Place) -> None:
    """It answers, on inscope if the reader was told so."""
    visitor = Visitor("stranger", "de")

    with serving(place, _words(command)) as server:
        found = visitor.ask(f"{server.url}/who").content

    assert (None, visitor.last_id) == (found["user"], found["request_id"])
    assert {_library(command)} == set(found["proxies"].values())


def test_the_line_in_the_program_comes_too_late_under_flask_run(place: Place) -> None:
    """As the page says, the command ``flask`` has imported Flask before."""
    command = _words("flask --app wsgi run --port 8000")

    refused = pytest.raises(AssertionError, match=r"TooLateError: .*flask\.globals")
    with refused, serving(place, command):
        pass


def _messages(catalogue: Iterable[Any]) -> dict[Any, Any]:
    """Return what *catalogue* says for each message; the first is about itself."""
    return {
        _fixed(message.id): _fixed(message.string)
        for message in catalogue
        if message.id
    }


def _fixed(text: str | Sequence[str]) -> str | tuple[str, ...]:
    """Return *text*; of a plural, both forms."""
    return text if isinstance(text, str) else tuple(text)


def _translations() -> dict[Any, Any]:
    pofile = pytest.importorskip("babel.messages.pofile")
    with CATALOGUE.open("rb") as file:
        return _messages(pofile.read_po(file))


def test_the_compiled_catalogue_is_that_of_the_translations() -> None:
    """``messages.mo`` is what ``pybabel compile`` makes of ``messages.po``."""
    mofile = pytest.importorskip("babel.messages.mofile")

    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        assert _translations() == _messages(mofile.read_mo(file))


def test_every_message_is_translated() -> None:
    """What the application says is what the catalogue has, in German."""
    extract = pytest.importorskip("babel.messages.extract")
    pytest.importorskip("jinja2")
    keywords = extract.DEFAULT_KEYWORDS | {"lazy_gettext": None}

    found = extract.extract_from_dir(str(NOTEBOOK), METHODS, keywords=keywords)

    assert {message for _, _, message, *_ in found} == set(_translations())
    assert all(_translations().values())
