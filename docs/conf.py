"""How the documentation is built: ``./run docs``.

Sphinx with MyST (pages in Markdown) and the theme furo. Nothing is fetched: no
inventories of other projects, and no page loads a font or a script from elsewhere.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as version_of
from pathlib import Path

os.environ["INSCOPE_CORE"] = "python"  # whose signatures have annotations

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "inscope"
author = copyright = "the inscope authors"  # noqa: A001  (Sphinx's name for it)
release = version = version_of("inscope")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "drawings",  # from here on: those in _ext
    "one_signature",
    "special_methods_table",
]

exclude_patterns = ["_build", "_ext", "_static"]

# Pages

html_theme = "furo"
html_title = "inscope"
html_static_path = ["_static"]
html_css_files = ["inscope.css"]
html_favicon = "_static/favicon.svg"
html_copy_source = False  # the pages are where the code is
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {
        "color-brand-primary": "#0f5f6b",
        "color-brand-content": "#0f5f6b",
    },
    "dark_css_variables": {
        "color-brand-primary": "#6cc5d3",
        "color-brand-content": "#6cc5d3",
    },
}
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"

# Markdown

myst_enable_extensions = ["attrs_inline", "colon_fence"]
myst_heading_anchors = 4  # as deep as [text](page.md#a-heading) may point

# The reference

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100
napoleon_custom_sections = ["Source"]
add_module_names = False
toc_object_entries_show_parents = "hide"
python_use_unqualified_type_names = True

# References that have no page to lead to. Each would be a warning, so an error.
nitpick_ignore_regex = [
    # Python's own classes: no inventory of its documentation is fetched.
    ("py:class", r"(contextvars\.)?Context(Var)?|timedelta"),
    ("py:class", r"(concurrent\.futures\._base\.)?(Executor|Future)"),
    ("py:class", r"asyncio\.AbstractEventLoop|logging\.LogRecord"),
    # Those of other libraries, the same.
    ("py:class", r"httpx\.(Async)?BaseTransport|opentelemetry\.context\..*Context"),
    # Type variables are not documented.
    ("py:class", r"(.+\.)?[A-Z](\.k?w?args)?"),
    # Names that only annotations use; the page on the API tells what they are.
    (
        "py:class",
        (
            r"(.+\.)?(AfterExit|Application|Bind|Releasable|Source|StackView"
            r"|Client|AsyncClient|Message)"
        ),
    ),
]
