"""Plain lists: one address a line, and nothing that says what they are; the settings or the file's name say it."""

from __future__ import annotations

from flow_pipeline.labels.addresses import looks_like_address
from flow_pipeline.labels.columns import SPELLINGS, key_of
from flow_pipeline.labels.readers import Content, Found

NAME, RANK = "address_list", 70
SAYS = "text with one address a line, where --label-category or the file's name says what they are"

_COMMENTS = ("#", "//", ";")


def recognise(content: Content) -> bool:
    """Lines of one word each, nearly all of which could be addresses."""
    lines = _lines(content.sample)
    likely = sum(looks_like_address(line) for line in lines)
    return bool(lines) and likely >= 0.9 * len(lines)


def read(content: Content) -> Found:
    """An address per line; what they are is for whoever reads the set to say."""
    return Found([{"address": line} for line in _lines(content.text)], names={"address"})


def is_words(content: Content) -> bool:
    """True when each line is one word, address or not: a list in which a mistyped line is to be named."""
    return not any(letter in line for line in _lines(content.sample) for letter in " ,;\t{}[]<>")


def _lines(text: str) -> list[str]:
    """The words of the list: without blank lines, comments, quotes, and a heading such as `address`."""
    lines = [line.strip().strip("\"',").strip() for line in text.lstrip("\ufeff").splitlines()]
    words = [line for line in lines if line and not line.startswith(_COMMENTS)]
    return words[1:] if words and key_of(words[0]) in SPELLINGS["address"] else words
