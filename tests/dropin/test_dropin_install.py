"""``inscope.dropin.install`` and ``uninstall``, in programs of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import lines, python

INSTALL = "import sys, inscope.dropin as dropin\ndropin.install()\n"

ORIGIN = "print(sys.modules['werkzeug.local'].LocalProxy.__module__)\n"
"""Prints where the class comes from that an import would now give."""

METACLASS = """import werkzeug.local as w
class P(w.LocalProxy, metaclass=type("M", (type,), {})): pass
del w"""
"""A module with a subclass that has a metaclass of its own."""

COPY = """w = sys.modules["werkzeug.local"] = types.ModuleType("werkzeug.local")
w.LocalProxy = type("P", (), {"__module__": "werkzeug.local"})
w.__file__ = "/x/local.py"
"""
"""A stand-in that calls itself werkzeug's, from another folder."""

REFUSED = """
try:
    dropin.install()
except {error} as error:
    print(error)
else:
    print("installed")
"""


def test_an_import_gives_inscopes_classes(core: str) -> None:
    """Every name of werkzeug.local is inscope's own object, on the chosen core."""
    code = f"""{INSTALL}
import inscope, werkzeug.local
for name in ("Local", "LocalManager", "LocalProxy", "LocalStack", "release_local"):
    print(getattr(werkzeug.local, name) is getattr(inscope, name))
print(inscope.CORE)
"""
    assert ["True"] * 5 + [core] == lines(code, core)


@pytest.mark.parametrize(
    "statement",
    [
        "import werkzeug.local; found = werkzeug.local",
        "from werkzeug import local as found",
        "import werkzeug, importlib; found = importlib.import_module('werkzeug.local')",
        "import werkzeug.local as found",
        "import flask, werkzeug; found = werkzeug.local",
    ],
)
def test_every_form_of_import_gives_inscopes_module(core: str, statement: str) -> None:
    """The module is bound in its package and in sys.modules, under its own name."""
    code = f"{INSTALL}{statement}\nprint(found.__name__, found.LocalProxy.__module__)"

    assert ["werkzeug.local inscope"] == lines(code, core)


def test_the_rest_of_werkzeug_stays_itself(core: str) -> None:
    """Nothing but ``werkzeug.local`` is answered by the drop-in."""
    code = (
        f"{INSTALL}import werkzeug.datastructures as d\nprint(d.MultiDict.__module__)"
    )

    assert ["werkzeug.datastructures.structures"] == lines(code, core)


def test_flask_runs_on_inscope(core: str) -> None:
    """Flask's proxies are inscope's, and a request is answered through them."""
    code = f"""{INSTALL}
import flask
app = flask.Flask("app")
@app.get("/<name>")
def page(name):
    flask.g.user = name
    return f"{{flask.request.path}} {{flask.g.user}} {{flask.current_app.name}}"
print(type(flask.request).__module__, type(flask.logging.wsgi_errors_stream).__module__)
print(app.test_client().get("/ann").text)
"""
    assert ["inscope inscope", "/ann ann app"] == lines(code, core)


def test_a_second_install_does_nothing(core: str) -> None:
    """Installed twice, before or after the import, it is installed once."""
    code = f"""{INSTALL}
dropin.install()
import flask
dropin.install()
print(sum(type(finder).__name__ == "Finder" for finder in sys.meta_path))
dropin.uninstall()
print(dropin.installed())
"""
    assert ["1", "False"] == lines(code, core)


def test_installed_tells_what_an_import_would_give(core: str) -> None:
    """``installed`` is true between install and uninstall."""
    code = """import inscope.dropin as dropin
print(dropin.installed()); dropin.install()
print(dropin.installed()); import werkzeug.local
print(dropin.installed()); dropin.uninstall()
print(dropin.installed())
"""
    assert ["False", "True", "True", "False"] == lines(code, core)


def test_a_copied_class_makes_it_too_late(core: str, tmp_path: Path) -> None:
    """A module that copied LocalProxy before is named, and nothing is replaced."""
    (tmp_path / "early.py").write_text("from werkzeug.local import LocalProxy as P\n")
    code = "import sys, early, inscope.dropin as dropin\n"
    code += REFUSED.format(error="dropin.TooLateError")
    code += f"{ORIGIN}print(dropin.installed(), dropin.replacement.Finder in "
    code += "map(type, sys.meta_path))"

    message, origin, state = lines(code, core, tmp_path)

    assert message == (
        "too late: the classes of werkzeug.local are in use already, by early. Install"
        " inscope.dropin before anything imports werkzeug.local: in the first line of"
        " the program, or by 'python -m inscope.dropin' before its name"
    )
    assert origin == "werkzeug.local"
    assert state == "False False"


@pytest.mark.parametrize(
    "holder",
    [
        "{'proxy': P}",
        "[P]",
        "(P,)",
        "{P}",
        "functools.partial(P, int)",
        "functools.partial(print, P)",
        "functools.partial(print, end=P)",
        "(lambda kind=P: kind)",
        "(lambda *, kind=P: kind)",
        "(lambda kind: lambda: kind)(P)",
    ],
)
def test_what_holds_a_class_inside_is_named(
    core: str, holder: str, tmp_path: Path
) -> None:
    """A registry, a partial, a default or a closure has the class for good, too."""
    source = "import functools\nfrom werkzeug.local import LocalProxy as P\n"
    (tmp_path / "early.py").write_text(f"{source}held = {holder}\ndel P\n")
    code = """import early, inscope.dropin as dropin
try:
    dropin.install()
except dropin.TooLateError as error:
    print(error.modules)
"""
    assert [str({"early": ["held"]})] == lines(code, core, tmp_path)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from werkzeug.local import LocalProxy as P", ["P"]),
        ("from werkzeug.local import release_local", ["release_local"]),
        ("from werkzeug import local", ["local"]),
        (
            "import werkzeug.local as w\nuser = w.LocalProxy(lambda: 1/0)\ndel w",
            ["user"],
        ),
        (
            "import werkzeug.local as w\nclass L(w.Local): pass\nl = L()\ndel w",
            ["L", "l"],
        ),
        (
            "import werkzeug.local as w\nclass A: kind = w.LocalProxy\ndel w",
            ["A.kind"],
        ),
        (
            METACLASS,
            ["P"],
        ),
    ],
    ids=["class", "function", "module", "object", "subclass", "attribute", "metaclass"],
)
def test_every_kind_of_holder_is_named(
    core: str, source: str, names: list[str], tmp_path: Path
) -> None:
    """The error tells module and names; a proxy that cannot resolve is not asked."""
    (tmp_path / "early.py").write_text(source + "\n")
    code = """import early, inscope.dropin as dropin
try:
    dropin.install()
except dropin.TooLateError as error:
    print(error.modules)
"""
    assert [str({"early": names})] == lines(code, core, tmp_path)


def test_a_proxy_that_no_module_holds_makes_it_too_late(
    core: str, tmp_path: Path
) -> None:
    """An object deep inside others counts too: it would go on being werkzeug's."""
    source = (
        "import werkzeug.local as w\nkept = [[w.LocalProxy(int), w.Local()]]\ndel w\n"
    )
    (tmp_path / "early.py").write_text(source)
    code = "import early, inscope.dropin as dropin\n"
    code += REFUSED.format(error="dropin.TooLateError")

    (message,) = lines(code, core, tmp_path)

    assert "in use already, by objects of Local, LocalProxy." in message


def test_an_import_that_nobody_kept_is_replaced(core: str) -> None:
    """werkzeug.local loaded but used by nobody: both ways to it lead to inscope."""
    code = f"""import werkzeug.local
{INSTALL}{ORIGIN}print(werkzeug.local.LocalProxy.__module__)"""

    assert ["inscope", "inscope"] == lines(code, core)


def test_odd_things_in_sys_modules_are_no_hindrance(core: str) -> None:
    """A None, an object without names and a lazy module are passed over unloaded."""
    code = f"""import sys, importlib.util as u, werkzeug.local
spec = u.find_spec("antigravity")
spec.loader = u.LazyLoader(spec.loader)
lazy = u.module_from_spec(spec)
sys.modules.update(antigravity=lazy, nothing=None, odd=object())
spec.loader.exec_module(lazy)
{INSTALL}{ORIGIN}print(type(lazy).__name__)"""

    assert ["inscope", "_LazyModule"] == lines(code, core)


@pytest.mark.parametrize(
    "replace",
    [
        "sys.modules['werkzeug.local'] = types.ModuleType('mine')",
        "import werkzeug.local as w; w.LocalProxy = type('P', (), {})",
        COPY,
        "sys.modules['werkzeug.local'] = None",
        "sys.modules['werkzeug.local'] = 5",
        "import werkzeug.local as w; w.LocalProxy = int",
    ],
    ids=["module", "class", "copy", "blocked", "number", "builtin"],
)
def test_another_replacement_is_refused(core: str, replace: str) -> None:
    """What stands in for werkzeug.local already is named and left in place."""
    code = f"""import sys, types
{replace}
before = sys.modules["werkzeug.local"]
import inscope.dropin as dropin
{REFUSED.format(error="dropin.AlreadyReplacedError")}
print(sys.modules["werkzeug.local"] is before, dropin.installed())"""

    message, state = lines(code, core)

    assert "werkzeug.local was replaced already, by " in message
    assert state == "True False"


def test_after_uninstall_an_import_gives_werkzeugs_own(core: str) -> None:
    """The next import of it, and of what had taken from it, is as before."""
    code = f"""{INSTALL}
import flask
dropin.uninstall()
print(type(flask.g).__module__)
for name in [name for name in sys.modules if name.startswith("flask")]:
    del sys.modules[name]
import flask, werkzeug.local
print(werkzeug.local.LocalProxy.__module__, type(flask.g).__module__)
"""
    assert ["inscope", "werkzeug.local werkzeug.local"] == lines(code, core)


def test_uninstall_puts_back_what_was_imported(core: str) -> None:
    """The very module that was there before is back, in both places."""
    code = f"""import werkzeug.local
before = id(werkzeug.local)
{INSTALL}dropin.uninstall()
print(id(werkzeug.local) == before, id(sys.modules["werkzeug.local"]) == before)"""

    assert ["True True"] == lines(code, core)


def test_uninstall_leaves_a_later_replacement_alone(core: str) -> None:
    """What another put in the place of ours meanwhile is not ours to take away."""
    code = f"""{INSTALL}import types
other = sys.modules["werkzeug.local"] = types.ModuleType("other")
print(dropin.installed())
dropin.uninstall()
print(sys.modules["werkzeug.local"] is other)"""

    assert ["False", "True"] == lines(code, core)


def test_it_can_be_installed_again(core: str) -> None:
    """install, uninstall, install: Flask, imported in between, is no hindrance."""
    code = f"{INSTALL}import flask\ndropin.uninstall()\ndropin.install()\n"
    code += f"import werkzeug.local\n{ORIGIN}"

    assert ["inscope"] == lines(code, core)


def test_the_module_can_be_reloaded(core: str) -> None:
    """``importlib.reload`` finds the same file again."""
    code = f"{INSTALL}import importlib, werkzeug.local\n"
    code += f"importlib.reload(werkzeug.local)\n{ORIGIN}"

    assert ["inscope"] == lines(code, core)


def test_without_werkzeug_the_error_is_the_imports_own(
    core: str, tmp_path: Path
) -> None:
    """No werkzeug: importing it fails as ever; the drop-in does not make one up."""
    code = f"{INSTALL}sys.modules['werkzeug'] = None\nimport werkzeug.local"

    done = python("-c", code, core=core, folder=tmp_path)

    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


def test_the_examples_in_its_docstrings_hold(core: str) -> None:
    """They run in a fresh process: here, other tests import werkzeug."""
    code = "import doctest, inscope.dropin.replacement as r; print(doctest.testmod(r))"

    assert ["TestResults(failed=0, attempted=10)"] == lines(code, core)
