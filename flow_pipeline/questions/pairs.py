"""What went between two addresses, and the transfers of one: per pair and token, or one by one.

A page of transfers goes on behind `(block_timestamp, load_id, source_row)` of its last row, within one publication.
Transfers of one second stand in the order in which their file has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.places import relations, tokens_of, with_names
from flow_pipeline.questions.rows import Records, Rows, rows
from flow_pipeline.warehouse.store import Connection, number

sql = statements(__package__)

_AT_ONCE = 50
"""Rows of the store that are asked for at once: of so many DuckDB knows which blocks to read, of more it reads all."""
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
    frequent = Counter(end for pair in pairs for end in set(pair))
    ends: dict[int, list[tuple[int, bool]]] = {}
    for pair in dict.fromkeys(pairs):
        # One end of each pair is read; of two, the one that more pairs have.
        is_out = (frequent[pair[0]], pair[0]) >= (frequent[pair[1]], pair[1])
        one, other = pair if is_out else pair[::-1]
        ends.setdefault(one, []).append((other, is_out))
    read = relations(connection)
    statement = sql("pairs_tokens", ends=read.ends, tokens=read.tokens)
    asked = [(one, other, is_out) for one, others in ends.items() for other, is_out in others]
    # Rows of one address lie together in the read tables; without them one look at all transfers has every pair.
    parts = [[row for row in asked if row[0] == one] for one in ends] if read.through else [asked]
    answers = [rows(connection, statement, _asked(part, chain, first, last)) for part in parts if part]
    if not answers:
        answers = [rows(connection, statement, _asked([], chain, first, last))]
    found = sorted((row for _, page in answers for row in page), key=lambda row: row[:2])
    return Records(Rows(answers[0][0], found, answers[0].types))


def tokens_among(
    connection: Connection, chain: str, ids: Sequence[int], first: date | None = None, last: date | None = None
) -> Records:
    """The same for every two of some addresses."""
    statement = sql("pairs_among", ends=relations(connection).ends)
    pairs = connection.execute(statement, {"chain": chain, "ids": list(ids)}).fetchall()
    return pair_tokens(connection, chain, [(one, other) for one, other in pairs], first, last)


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
    page = connection.execute(sql("pairs_page", ends=read.ends), values).fetchall()
    moments, load_ids, source_rows = ([row[n] for row in page] for n in range(3))
    keys = {"moments": moments, "load_ids": load_ids, "source_rows": source_rows}
    bounds = {"first": min(moments, default=None), "last": max(moments, default=None)}
    found = connection.execute(sql("pairs_rows"), keys | bounds).fetchall()
    parts = [found[n : n + _AT_ONCE] for n in range(0, max(len(found), 1), _AT_ONCE)]
    statement = sql("pairs_transfers", tokens=read.tokens)
    answers = [rows(connection, statement, _columns(address_id, page, part)) for part in parts]
    return Rows(answers[0][0], [row for _, part in answers for row in part], answers[0].types)


def _columns(address_id: int, page: list[tuple[Any, ...]], part: list[tuple[int, int]]) -> dict[str, Any]:
    """Of a page, what the rows of the store do not have."""
    chosen = [page[place] for place, _ in part]
    return {
        "address_id": address_id,
        "store_rows": [store_row for _, store_row in part],
        "other_ids": [row[3] for row in chosen],
        "are_out": [row[4] for row in chosen],
        "are_counted": [row[5] for row in chosen],
        "usd": [row[6] for row in chosen],
    }


def _size(connection: Connection, chain: str, address_id: int) -> int:
    """Transfers of an address; 0 for every address where counting them is as slow as reading them."""
    read = relations(connection)
    if read.through is None:
        return 0
    statement = f"select count(*) from {read.ends} where address_id = $address_id and chain = $chain"
    return number(connection, statement, {"address_id": address_id, "chain": chain})


def _asked(pairs: Sequence[tuple[int, int, bool]], chain: str, first: date | None, last: date | None) -> dict[str, Any]:
    ends = {one for one, _, _ in pairs}
    return {
        "address_ids": [one for one, _, _ in pairs],
        "other_ids": [other for _, other, _ in pairs],
        "are_out": [is_out for _, _, is_out in pairs],
        "address_id": ends.pop() if len(ends) == 1 else None,
        "chain": chain,
        "first": first,
        "last": last,
    }
