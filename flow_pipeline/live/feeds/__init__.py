"""PLUG ROOM: one file = one kind of source that `netraflow watch` follows.

What lives here: how each kind is opened, read from a cursor on, and waited for. What must not: stores, detection,
alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from flow_pipeline.domain.plugs import check_plug, files_of
from flow_pipeline.live.steps import Feed
from flow_pipeline.settings import Settings


@dataclass(frozen=True)
class FeedOptions:
    """What the command line says of a source; each kind reads what it needs and refuses what it lacks.

    Attributes:
        rpc: URL of a node.
        ws: URL of its socket.
        server: Address of a broker or a database; credentials come from the environment.
        topic: Topic, subject or table.
        folder: Folder of growing files.
        chain: Canonical name of the chain, where the source does not say it or has an id that nobody knows.
        tokens: Contracts to follow, lower case; none is all that the source has.
        with_native: The chain's own coin too.
        decimals: Known decimals per contract.
        symbols: Known symbols per contract.
    """

    rpc: str | None = None
    ws: str | None = None
    server: str | None = None
    topic: str | None = None
    folder: Path | None = None
    chain: str | None = None
    tokens: tuple[str, ...] = ()
    with_native: bool = False
    decimals: Mapping[str, int] | None = None
    symbols: Mapping[str, str] | None = None


class FeedKind(Protocol):
    """One kind of source: `NAME` as in `netraflow watch NAME`, `SAYS` what it is in a sentence."""

    NAME: str
    SAYS: str

    async def open_feed(self, options: FeedOptions, settings: Settings) -> Feed:
        """A feed that is ready to be followed.

        Raises:
            UsageError: an option is missing or does not fit.
            FlowError: the source does not answer, or is another chain than was asked for.
        """


@cache
def discover() -> dict[str, FeedKind]:
    """Every kind by name; a new file is found without any other edit."""
    found = {}
    for module in files_of(__name__):
        if hasattr(module, "open_feed"):
            check_plug(module, "feed", FeedKind)
            found[module.NAME] = cast(FeedKind, module)
    return found
