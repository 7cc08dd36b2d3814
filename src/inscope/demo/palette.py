"""The colours of the picture: one for each user, and the text that goes on it."""

from __future__ import annotations

import colorsys

NOBODY = "#b9bec7"
_FIRST = (
    "#4e79a7",
    "#f28e2b",
    "#59a14f",
    "#e15759",
    "#b07aa1",
    "#76b7b2",
    "#edc948",
    "#9c755f",
    "#ff9da7",
    "#2f4b7c",
)
_GOLDEN_TURN = 0.618034


def colours_of(users: list[str]) -> dict[str | None, str]:
    """Return a colour for each of *users*, and for nobody (None).

    Ten are chosen by hand; the rest go round the colour circle in steps that
    keep neighbours apart.
    """
    colours: dict[str | None, str] = {None: NOBODY}
    for number, user in enumerate(users):
        if number < len(_FIRST):
            colours[user] = _FIRST[number]
            continue
        hue = number * _GOLDEN_TURN % 1
        parts = colorsys.hls_to_rgb(hue, 0.42 + 0.16 * (number % 2), 0.55)
        colours[user] = "#" + "".join(f"{round(part * 255):02x}" for part in parts)
    return colours


def ink_on(colour: str) -> str:
    """Return the colour of text that is legible on *colour*."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return "#1b1f24" if light > 150 else "#ffffff"
