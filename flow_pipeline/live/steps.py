"""What a feed hands on, in order: batches of transfers, blocks that fell, how far the chain is final."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pyarrow as pa

from flow_pipeline.nodes import Block


@dataclass(frozen=True)
class Batch:
    """Transfers that came together: those of one block, or of one message of a stream.

    Attributes:
        source: The feed's name for its cursor, such as "evm:ethereum".
        chain: Canonical name of the chain.
        block: The block they are of; None in a stream of transfers that names none, and then they are final at once.
        transfers: Columns of `nodes.TRANSFERS`, in order; may have no row.
        partition: Part of a stream that is read in its own order; "" where there is but one.
        position: Where in the partition to go on after this batch; None where the block says it.
        arrived: Seconds since 1970 at which it came, to measure how late alerts are.
    """

    source: str
    chain: str
    block: Block | None
    transfers: pa.Table
    partition: str = ""
    position: int | None = None
    arrived: float = 0.0


@dataclass(frozen=True)
class Fall:
    """Every block above `number` of a source fell out of the chain; -1 is all of them."""

    source: str
    chain: str
    number: int


@dataclass(frozen=True)
class Finality:
    """Blocks up to `safe` are unlikely to fall, those up to `final` can not.

    `head` and `head_time`, microseconds since 1970, say how late we are.
    """

    source: str
    chain: str
    safe: int
    final: int
    head: int
    head_time: int


Step = Batch | Fall | Finality


@dataclass(frozen=True)
class Cursor:
    """Where a source is read up to.

    Attributes:
        blocks: The last blocks that were taken, ascending: what a reorganisation is found by.
        positions: Per partition of a stream where to go on.
        final: The last block known to be final; -1 before the first.
    """

    blocks: tuple[Block, ...] = ()
    positions: Mapping[str, int] = field(default_factory=dict)
    final: int = -1


class Feed(Protocol):
    """One source that is followed.

    `source` names its cursor: the same for the same chain, tokens and place, whatever the address of its server.
    """

    source: str
    chain: str

    def follow(self, cursor: Cursor) -> AsyncIterator[Step]:
        """Steps from the cursor on, without end; waits for new ones and retries by itself.

        Raises:
            FlowError: the source is another chain than before, misses a part that it once had, or answers wrongly for
                longer than the settings allow.
        """


@runtime_checkable
class Hears(Protocol):
    """A feed whose source keeps what was not stored yet, until it hears that it was."""

    def committed(self, cursor: Cursor) -> None:
        """Everything up to this cursor is stored."""
