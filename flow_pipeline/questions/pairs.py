"""What went between two addresses, and the transfers of one: per pair and token, or one by one.

A page of transfers goes on behind `(block_timestamp, load_id, source_row)` of its last row, within one publication.
Transfers of one second stand in the order in which their file has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.places import relations, tokens_of, with_names
from flow_pipeline.questions.rows import Records, Rows, records, rows
from flow_pipeline.warehouse.store import Connection, number

sql = statements(__package__)

After = tuple[datetime, int, int]
"""Where a page of transfers ended: block_timestamp, load_id and source_row."""


def pair_tokens(
    connection: Connection,
    chain: str,
    pairs: Sequence[tuple[int, int]],
    first: date | None = None,
    last: date | None = None,
) -> Records:
    """What went from the first to the second address of each pair, per token, on days from `first` to `last`.

    Returns:
        from_id, to_id, token_symbol, token_address, transfers, amount and usd (NULL where unknown), first_at, last_at.
    """
    asked = "(select unnest($from_ids::integer[]) as from_id, unnest($to_ids::integer[]) as to_id)"
    return _tokens(connection, chain, asked, [pair[0] for pair in pairs], [pair[1] for pair in pairs], first, last)


def tokens_among(
    connection: Connection, chain: str, ids: Sequence[int], first: date | None = None, last: date | None = None
) -> Records:
    """The same for every two of some addresses."""
    asked = (
        "(select f.id as from_id, t.id as to_id "
        "from unnest($from_ids::integer[]) as f(id), unnest($to_ids::integer[]) as t(id))"
    )
    return _tokens(connection, chain, asked, ids, ids, first, last)


def pair_transfers(
    connection: Connection,
    chain: str,
    from_id: int,
    to_id: int,
    limit: int,
    after: After | None = None,
    window: Window = Window(),
) -> Records:
    """Counted transfers from one address to another on some days, in order of time.

    Returns:
        As address_transfers, without what it says of the other end.
    """
    # Either end has them; the one with fewer transfers is read.
    is_out = _size(connection, chain, from_id) <= _size(connection, chain, to_id)
    one, other = (from_id, to_id) if is_out else (to_id, from_id)
    wanted = {"other_id": other, "is_out": is_out, "is_counted": True, "first": window.first, "last": window.last}
    found = _transfers(connection, chain, one, 1, limit, after, wanted)
    columns, page = found
    kept = [n for n, name in enumerate(columns) if name not in ("way", "other_id", "is_counted")]
    shown = [tuple(row[n] for n in kept) for row in page]
    return Records(Rows([columns[n] for n in kept], shown, [found.types[n] for n in kept]))


def address_transfers(
    connection: Connection,
    chain: str,
    address_id: int,
    limit: int,
    after: After | None = None,
    way: Literal["out", "in"] | None = None,
    token: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Records:
    """Transfers of an address, the latest first: all of them, zero amounts and self-transfers too.

    Args:
        connection: The published file.
        chain: Canonical name.
        address_id: Whose transfers.
        limit: Most of them.
        after: Those behind this one.
        way: Only what it sent (`out`) or received (`in`).
        token: Only this one, by symbol or contract.
        first: Only from this day on.
        last: Only up to this day.

    Returns:
        block_timestamp, block_number, transaction_index, tx_hash, transfer_index, way (out, in, self), other_id and its
        address, entity and category, token_symbol, token_address, spoof_suspected, amount, amount_usd, is_counted,
        load_id, source_row.

    Raises:
        UsageError: the chain has no such token.
    """
    wanted: dict[str, Any] = {"is_out": None if way is None else way == "out", "first": first, "last": last}
    wanted["token_ids"] = tokens_of(connection, chain, token)
    return with_names(connection, chain, _transfers(connection, chain, address_id, -1, limit, after, wanted))


def _transfers(
    connection: Connection,
    chain: str,
    address_id: int,
    sign: int,
    limit: int,
    after: After | None,
    wanted: dict[str, Any],
) -> Rows:
    read = relations(connection)
    names = ("other_id", "is_out", "is_counted", "token_ids", "first", "last")
    at, load, row = after or (None, None, None)
    values = {
        **dict.fromkeys(names),
        **wanted,
        "chain": chain,
        "address_id": address_id,
        "sign": sign,
        "most": limit,
        "after_at": at,
        "after_load": load,
        "after_row": row,
    }
    return rows(connection, sql("pairs_transfers", ends=read.ends, tokens=read.tokens), values)


def _size(connection: Connection, chain: str, address_id: int) -> int:
    """Transfers of an address; 0 for every address where counting them is as slow as reading them."""
    read = relations(connection)
    if read.through is None:
        return 0
    statement = f"select count(*) from {read.ends} where address_id = $address_id and chain = $chain"
    return number(connection, statement, {"address_id": address_id, "chain": chain})


def _tokens(
    connection: Connection,
    chain: str,
    asked: str,
    from_ids: Sequence[int],
    to_ids: Sequence[int],
    first: date | None,
    last: date | None,
) -> Records:
    read = relations(connection)
    values = {"chain": chain, "from_ids": list(from_ids), "to_ids": list(to_ids), "first": first, "last": last}
    return records(connection, sql("pairs_tokens", ends=read.ends, tokens=read.tokens, pairs=asked), values)
