"""PLUG ROOM: one file = one kind of source that `netraflow watch` follows.

What lives here: how each kind is opened, read from a cursor on, and waited for. What must not: stores, detection,
alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.plugs import check_plug, files_of
from flow_pipeline.domain.tokens import KnownToken, registry
from flow_pipeline.live.steps import Feed
from flow_pipeline.loading.token_lists import read_token_files
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
        tokens: Tokens to follow, by contract, or by a symbol that stands for one on the chain; none is all.
        with_native: The chain's own coin too.
        first_block: Where to begin with a chain that was never followed; else at its head.
        token_files: Lists of tokens; what they say comes before the registry, and before what a contract says.
    """

    rpc: str | None = None
    ws: str | None = None
    server: str | None = None
    topic: str | None = None
    folder: Path | None = None
    chain: str | None = None
    tokens: tuple[str, ...] = ()
    with_native: bool = False
    first_block: int | None = None
    token_files: tuple[Path, ...] = ()

    def known(self, chain: str) -> dict[str, KnownToken]:
        """Tokens of a chain that somebody vouches for, by contract, lower case.

        Raises:
            UsageError: a list can not be read.
        """
        told = (*registry(), *read_token_files(self.token_files, chain))
        return {token.token_address.lower(): token for token in told if token.chain == chain and token.token_address}

    def contracts(self, chain: str) -> tuple[str, ...]:
        """The contracts to follow on a chain, lower case.

        Raises:
            UsageError: a symbol stands for no contract there, or for several.
        """
        found = []
        for token in self.tokens:
            if token.lower().startswith("0x"):
                found.append(token.lower())
                continue
            meant = {
                contract
                for contract, known in self.known(chain).items()
                if (known.token_symbol or "").upper() == token.upper()
            }
            if len(meant) != 1:
                raise UsageError(
                    f"--token {token}: {'several contracts' if meant else 'no contract'} of {chain} that we know of "
                    f"{'have' if meant else 'has'} this symbol",
                    "give the contract's address, or a list of tokens with --tokens",
                )
            found.append(meant.pop())
        return tuple(dict.fromkeys(found))


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
