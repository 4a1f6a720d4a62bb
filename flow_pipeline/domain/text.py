"""What strangers wrote, made harmless: anybody may name a token, an entity or a file as he likes.

A name may hold signs that no reader sees and that do something all the same: escape sequences that a terminal obeys,
marks that turn the direction of reading, letters of no width, line breaks. They are written as their escapes, never
left out: without the letter of no width an imitation would be the name that it imitates.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from hashlib import md5

UNSEEN = (
    r"\x{34f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2800}\x{3164}\x{fe00}-\x{fe0f}\x{ffa0}"
    r"\x{e0100}-\x{e01ef}"
)
"""Letters and marks that are drawn as nothing, though their Unicode category does not say so; for a class of RE2."""
_UNSEEN = re.compile(f"[{re.sub(r'x{(.+?)}', lambda found: f'U{found[1]:0>8}', UNSEEN)}]")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_MARKS = 3
"""Marks on one letter that some script needs; more are drawn over the lines above."""
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def harmless(text: str, most: int | None = None) -> str:
    """A text in one line that does nothing: what is no visible sign stands as its escape, such as `\\u202e`.

    Args:
        text: What a stranger wrote.
        most: Letters kept; a longer text keeps its beginning, says its length and a hash that tells it from others.
    """
    if most is not None and len(text) > most:
        mark = f"… ({len(text):,} letters, {md5(text.encode(errors='surrogatepass')).hexdigest()[:8]})"
        text = text[: max(most - len(mark), 1)] + mark
    if text.isprintable() and not _UNSEEN.search(text) and (text.isascii() or not _is_heaped(text)):
        return text
    shown, marks = [], 0
    for sign in text:
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        is_seen = sign.isprintable() and not _UNSEEN.match(sign) and marks <= _MARKS
        shown.append(sign if is_seen else " " if unicodedata.category(sign) == "Zs" else _escaped(sign))
    return "".join(shown)


def harmless_lines(text: str) -> str:
    """Lines of the program that hold such texts; its own line breaks stay."""
    return "\n".join(map(harmless, text.split("\n")))


def sized(value: float | Decimal) -> str:
    """A number for people: as many digits as its size deserves."""
    size = abs(float(value))
    if not size:
        return "0"
    return f"{value:,.2f}" if size >= 100 else f"{value:,.4f}" if size >= 0.001 else f"{value:.2g}"


def as_written(text: str) -> str:
    """The text that `harmless` was given, where it was not too long."""
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), text)


def csv_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    One that begins with = + - @, a tab or a line break (apostrophes before it do not count) gets an apostrophe before
    it. Taking one apostrophe from what begins so gives the text back.
    """
    return f"'{text}" if _FORMULA.match(text) else text


FORMULA = _FORMULA.pattern
"""The same as an expression for RE2, matched at the beginning."""


def _escaped(sign: str) -> str:
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_heaped(text: str) -> bool:
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if marks > _MARKS:
            return True
    return False
