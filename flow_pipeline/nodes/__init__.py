"""Nodes and explorers of chains: asking them, decoding what they answer, and landing files of what is final.

What lives here: clients with their retries, rates and refusals; rows as Arrow tables; Parquet files. What must not: the
database, detectors, settings files. Read more: docs/live.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

TRANSFERS = pa.schema(
    [
        ("block_number", pa.int64()),
        ("block_timestamp", pa.timestamp("us")),
        ("transaction_index", pa.int64()),
        ("tx_hash", pa.string()),
        ("transfer_index", pa.int64()),
        ("token_address", pa.string()),
        ("token_symbol", pa.string()),
        ("from_address", pa.string()),
        ("to_address", pa.string()),
        ("amount", pa.decimal128(38, 18)),
        ("amount_usd", pa.decimal128(38, 6)),
    ]
)
"""Transfers as they come from a chain: columns, units and forms of raw.transfers. NULL is unknown, never 0."""


@dataclass(frozen=True)
class Block:
    """A block's place in its chain.

    Attributes:
        number: Height.
        hash: Its hash, lower case.
        parent: The hash of the block before; None where the source does not say.
        time: Microseconds since 1970, UTC.
    """

    number: int
    hash: str
    parent: str | None
    time: int


LOGS = TRANSFERS.append(pa.field("block_hash", pa.string()))
"""Transfers of more than one block, each with the hash of its own, NULL where the source does not say it."""


@dataclass(frozen=True)
class Part:
    """What moved in a range of blocks.

    Attributes:
        transfers: Columns of `LOGS`, in the order of blocks.
        blocks: The first block, the last one, and each with a transfer where the source gives blocks, ascending.
    """

    transfers: pa.Table
    blocks: tuple[Block, ...]
