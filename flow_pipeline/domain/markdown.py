"""Markdown that reads as text too: no line of a generated page is longer than 120 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from flow_pipeline.domain.text import harmless

WIDTH = 120
_MARK = re.compile(r" (?=(?:[-+*>#]|\d+[.)]) )")
_CODE = re.compile(r"`[^`]+`")
_KEPT = "\0"
_SIGNS = re.compile(r"[\\`*\[\]<|~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|(?<=www)\.|:(?=//)")


def wrapped(text: str, indent: str = "") -> str:
    """Text in lines of at most 120 columns.

    Code stays on one line, and no line begins with a sign that Markdown reads as a list, a heading or a quotation.

    Args:
        text: One paragraph; its own line breaks count as spaces.
        indent: What the second and later lines begin with.
    """
    text = _CODE.sub(lambda found: found[0].replace(" ", _KEPT), " ".join(text.split()))
    lines = textwrap.fill(
        _MARK.sub(_KEPT, text), WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return lines.replace(_KEPT, " ")


def item(text: str) -> str:
    """An item of a list, wrapped, with its line break."""
    return wrapped(f"* {text}", "  ") + "\n"


def plain(text: str) -> str:
    """A text of a stranger as Markdown that says just that: no link, no picture, no HTML, no other cell of a table."""
    return _SIGNS.sub(r"\\\g<0>", harmless(text))


def row(cells: Iterable[object]) -> str:
    """A row of a table; texts are plain, None is an empty cell."""
    return f"| {' | '.join('' if cell is None else plain(str(cell)) for cell in cells)} |"
