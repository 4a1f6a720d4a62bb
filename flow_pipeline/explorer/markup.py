"""What people write in Markdown as HTML: notes and narratives.

HTML that somebody writes is shown as text, and nothing is fetched: no picture, and no link that runs something.
"""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup


def as_html(text: str, below: int = 0) -> Markup:
    """A text in Markdown as HTML, safe to be put into a page.

    Args:
        text: What somebody wrote.
        below: Level of the heading that it stands under, below which its own headings come.
    """
    reader = _reader()
    tokens = reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + below)}"
    return Markup(reader.renderer.render(tokens, reader.options, {}))


def as_text(text: str) -> str:
    """A text in Markdown as one line of words: without the signs of Markdown and without line breaks."""
    parts: list[str] = []
    for block in _reader().parse(text):
        for one in block.children or (block,):
            parts.append(" " if one.type in ("softbreak", "hardbreak") else one.content)
        parts.append(" ")
    return " ".join("".join(parts).split())


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
