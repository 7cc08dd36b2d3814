"""What is rendered from runs: the page, its pictures and the README's table."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from fixed_results import result

from benchmarks import page, picture, readme
from benchmarks.tables import figure, times

OTHER = {"version": "3.13.0", "build": "unoptimised"}


def cells(line: str) -> list[str]:
    """Return the cells of a line of a table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def row_of(text: str, first: str) -> list[str]:
    """Return the first line of a table in *text* that begins with this cell."""
    lines = [cells(line) for line in text.splitlines() if line.startswith("|")]
    return next(line for line in lines if line[0] == first)


def test_all_lines_of_a_table_have_the_same_number_of_cells() -> None:
    """GitHub and MyST drop cells that are too many, and an operator may be a bar."""
    text = page.render([result(), result(**OTHER)])

    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert 1 == len({len(cells(line)) for line in table.splitlines()}), table


def test_a_row_shows_figures_then_ratios() -> None:
    """Nanoseconds by hand and here, then each contestant's ratio to by hand."""
    line = row_of(page.render([result()]), "`p.x`")

    assert ["`p.x`", "10", "80", "8.00×", "40.0×"] == line[:5]
    assert "0.50×" == line[9]  # wrapt: faster than by hand, and it stands there


def test_a_contestant_that_cannot_is_shown_as_such() -> None:
    """In place of the ratio; a contestant without a figure has a dash."""
    line = row_of(page.render([result()]), "`p \\| other`")

    assert "cannot" == line[9]
    assert "–" == line[10]


def test_a_time_that_does_not_differ_is_marked() -> None:
    """By the sign before the ratio."""
    assert "≈1.00×" == row_of(page.render([result()]), "`p + 2`")[9]


def test_the_page_tells_where_it_was_measured() -> None:
    """Interpreter and build, core, date, machine, and the rivals' versions."""
    line = row_of(
        page.render([result()]), "CPython 3.11.2, Debian's build, Python core"
    )

    assert [
        "in Python",
        "2030-01-02",
        "x86_64, 2 CPUs (a processor)",
        "werkzeug 3.1.0",
    ] == line[1:]


def test_the_summary_says_which_row_is_the_worst() -> None:
    """Of each run: it need not be the same one."""
    text = page.render([result(), result(**OTHER)])

    assert 2 == text.count(
        "the median is of 4 rows, the worst is `q = p; q += 2` on int."
    )


def test_each_run_has_its_columns_in_the_summary() -> None:
    """Four for each run; what a run lacks is a dash."""
    second = result(**OTHER)
    del second.groups["binding"]

    text = page.render([result(), second])

    line = next(c for c in map(cells, text.splitlines()) if c[:2] == ["block", "bind"])
    assert ["100", "250", "**2.50×**", "–", "–", "–", "–", "–"] == line[2:]


def test_a_heading_stands_once_on_the_page() -> None:
    """So that each has an address of its own."""
    text = page.render([result(), result(**OTHER)])
    headings = re.findall(r"^#+ .*", text, re.MULTILINE)

    assert sorted(set(headings)) == sorted(headings)


def test_the_page_shows_the_pictures_that_are_drawn(tmp_path: Path) -> None:
    """Every image of the page is a file beside it, with a text that tells it."""
    pytest.importorskip("matplotlib")

    written = page.write([result()], tmp_path)

    shown = re.findall(r"!\[(.+?)\]\((.+?)\)", written[0].read_text("utf-8"))
    assert {file.name for file in written[1:]} == {name for _, name in shown}
    assert all((tmp_path / name).is_file() for _, name in shown)


def test_a_picture_has_its_words_as_text_and_a_dot_for_each_ratio(
    tmp_path: Path,
) -> None:
    """Text can be searched, and read out; the same run gives the same file."""
    pytest.importorskip("matplotlib")

    file = picture.draw(result(), tmp_path)[0]
    first = file.read_text("utf-8")
    picture.draw(result(), tmp_path)

    words = {
        "".join(element.itertext()).strip() for element in ET.fromstring(first).iter()
    }
    assert {"inscope", "werkzeug", "median 5.0× of 9 rows"} <= words
    dots = re.findall(r'^<use .*xlink:href="#(\w+)"', first, re.MULTILINE)
    assert 9 in {dots.count(marker) for marker in dots}
    assert first == file.read_text("utf-8")


def test_a_dot_s_look_is_said_once_for_all_dots_of_a_group() -> None:
    """The group has it; a dot without such a group around it keeps its own."""
    svg = (
        '<g clip-path="url(#a)">\n'
        '  <use x="1.25" style="fill: #d55e00; fill-opacity: 0.6"/>\n'
        '  <use x="2.55" style="fill: #d55e00; fill-opacity: 0.6"/>\n'
        "</g>\n<g>\n"
        '  <use x="3.35" style="fill: #d55e00; fill-opacity: 0.6"/> \n'
        '  <use x="4.45" style="fill: #d55e00; fill-opacity: 0.6"/>\n'
    )

    assert [
        '<g clip-path="url(#a)" style="fill: #d55e00; fill-opacity: 0.6">',
        '<use x="1.2"/>',
        '<use x="2.5"/>',
        "</g>",
        "<g>",
        '  <use x="3.35" style="fill: #d55e00; fill-opacity: 0.6"/>',
        '<use x="4.45" style="fill: #d55e00; fill-opacity: 0.6"/>',
    ] == picture.compact(svg).splitlines()


def test_the_readme_s_table_is_put_between_the_comments(tmp_path: Path) -> None:
    """What is around it stays; writing it again changes nothing."""
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n", "utf-8")

    readme.write([result(), result(**OTHER)], file)
    once = file.read_text("utf-8")
    readme.write([result(), result(**OTHER)], file)

    assert once == file.read_text("utf-8")
    assert once.startswith("before\n<!-- bench -->\n| ")
    assert once.endswith("|\n<!-- /bench -->\nafter\n")
    assert "old" not in once
    assert ["`p.x`", "8.00×", "5.00×", "8.00×", "5.00×"] == row_of(once, "`p.x`")


def test_the_readme_s_table_is_short() -> None:
    """Twelve rows at most, of what the page has."""
    assert 6 <= readme.block([result()]).count("\n") - 2 <= 12


def test_a_readme_without_the_comments_stays_as_it_is(tmp_path: Path) -> None:
    """The error names them."""
    file = tmp_path / "README.md"
    file.write_text("a text\n<!-- bench -->\n", "utf-8")

    with pytest.raises(readme.NoMarkersError, match="<!-- /bench -->"):
        readme.write([result()], file)

    assert "a text\n<!-- bench -->\n" == file.read_text("utf-8")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "–"), (1.234, "1.23×"), (12.34, "12.3×"), (1234.5, "1,234×")],
)
def test_a_ratio_has_three_digits(value: float | None, expected: str) -> None:
    """No more are measured."""
    assert expected == times(value)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "–"), (0.0, "0"), (17.26, "17.3"), (1500.4, "1,500")]
)
def test_a_figure_has_three_digits(value: float | None, expected: str) -> None:
    """Without a unit, which the head of the column has."""
    assert expected == figure(value)
