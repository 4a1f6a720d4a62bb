"""PLUG ROOM: one file = one form in which label lists come. The content of a file in, records of text out.

What lives here: recognising a list by its content, and taking it apart. What must not: what a word means (words), which
address is valid (addresses), packed files (loading undoes the packing). Read more: docs/operations.md, "Label lists".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol, cast

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.plugs import check_plug, files_of
from flow_pipeline.settings import LabelSettings

SAMPLE = 64 * 1024
"""Characters that a reader looks at to recognise a list."""


@dataclass(frozen=True)
class Content:
    """A list's content, unpacked.

    Attributes:
        path: The file as the user named it.
        data: Its bytes.
        settings: Defaults and limits.
    """

    path: Path
    data: bytes
    settings: LabelSettings

    @cached_property
    def text(self) -> str:
        """The content as text.

        Raises:
            UsageError: it is not UTF-8.
        """
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.unreadable(f"byte {error.start:,} is not UTF-8", "save it as UTF-8") from None

    @cached_property
    def sample(self) -> str:
        """Its beginning, up to the last whole line."""
        text = self.data[:SAMPLE].decode("utf-8-sig", errors="replace")
        return text if len(self.data) <= SAMPLE or "\n" not in text else text[: text.rindex("\n") + 1]

    def unreadable(self, why: str, way_out: str = "fetch it again") -> UsageError:
        """The refusal of this file."""
        return UsageError(f"label file {self.path} can not be read: {why}", way_out)


@dataclass
class Found:
    """What a reader took out of a list.

    Attributes:
        records: Labels, under the names of the columns of raw.labels; a category may be several words.
        notes: What was decided.
        names: Columns that the list has.
    """

    records: list[dict[str, str]]
    notes: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


class Reader(Protocol):
    """A form of label lists.

    `NAME` is the file's, `RANK` decides who is asked first (smaller first: what is told by little comes last), `SAYS`
    what it reads, a clause for refusals and docs.
    """

    NAME: str
    RANK: int
    SAYS: str

    def recognise(self, content: Content) -> bool:
        """True when the content has this form."""

    def read(self, content: Content) -> Found:
        """The labels.

        Raises:
            UsageError: the content is broken, or lacks what a list must have.
        """


@cache
def discover() -> dict[str, Reader]:
    """Every reader of this room by name, in the order in which they are asked.

    Raises:
        FlowError: a file lacks what a reader must have.
    """
    found: list[Reader] = []
    for module in files_of(__name__):
        check_plug(module, "reader of labels", Reader)
        found.append(cast(Reader, module))
    return {reader.NAME: reader for reader in sorted(found, key=lambda reader: (reader.RANK, reader.NAME))}


def read(content: Content) -> Found:
    """The labels of a file, by the first reader that recognises it.

    Raises:
        UsageError: no reader does, or the one that does can not read it.
    """
    for reader in discover().values():
        if reader.recognise(content):
            return reader.read(content)
    known = "; ".join(reader.SAYS for reader in discover().values())
    raise UsageError(
        f"label file {content.path} is no list of labels of a known form",
        f"these are read: {known}. Make it a CSV with the columns chain, address, entity, category",
    )
