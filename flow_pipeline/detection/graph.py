"""Reading the transfer graph out of the build file: all of it, or what the findings of the last days need."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.sql import statements
from flow_pipeline.graph import ROLE_BY_CATEGORY, TransferGraph
from flow_pipeline.graph.prepare import NEVER, Crowds, Hubs, Labels, Transfers, build
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)
_Part = TypeVar("_Part", Labels, Hubs, Crowds)
_FEW = 2
"""Of more addresses than so many to a transfer most are not met: tables by address would be larger than the graph."""
_SOME = 16
"""Of more addresses than so many to a transfer a table is larger than what is sorted in its place."""
_COLUMNS = ("token", "sender", "receiver", "time", "block", "place", "transfer_index", "amount", "row")

# Not one query for both: two scans that feed a result can wait for each other forever, where it is read as it is made.
_RECENT = "f.block_timestamp >= $since and f.block_timestamp < $until"
_EARLIER = "f.block_date >= $first and f.rowid in (select row from earlier_transfers)"


def number_tokens(connection: Connection, tokens: tuple[int, ...] | None = None) -> None:
    """The temp tables `graph_tokens`, of some token keys or of all, and `earlier_transfers` without a row."""
    connection.execute(sql("graph_tokens"), {"tokens": None if tokens is None else list(tokens)})
    connection.execute("create or replace temp table earlier_transfers (row bigint, block_date date)")


def refresh_hubs(connection: Connection, hub_degree: int, first: date | None) -> None:
    """Who is a hub since when, from `first` on; None counts every day anew.

    An address is a hub of a token from the day on which it first had `hub_degree` distinct counterparties, so that a
    day's result never depends on later days.
    """
    if first is None:
        for table in ("degrees", "hubs", "services"):
            connection.execute(f"delete from store.{table}")
    connection.execute(sql("graph_new_degrees"), {"first": first or date.min})
    connection.execute(sql("graph_degrees"))
    connection.execute(sql("graph_hub_candidates"), {"degree": hub_degree})
    connection.execute(
        "delete from store.hubs as h using hub_candidates as c "
        "where c.token_key = h.token_key and c.address_id = h.address_id"
    )
    connection.execute(sql("graph_hubs"), {"degree": hub_degree})
    for table in ("new_degrees", "hub_candidates"):
        connection.execute(f"drop table temp.{table}")


def payments() -> str:
    """A query of the edges of a stretch of time without those that an end burns, as a relation."""
    return f"({sql('graph_payments')})"


def read_graph(
    connection: Connection,
    since: datetime = datetime.min,
    until: datetime = datetime.max,
    first_earlier: date = date.max,
) -> TransferGraph:
    """Transfers with a known amount above zero as a graph.

    Mints, burns, self-transfers and tokens whose sums overflow are left out. `row` is store.transfers' rowid. Call
    number_tokens before; what is known of hubs and services counts.

    Args:
        connection: The build file.
        since: Every transfer since this moment is read, and those before it that `earlier_transfers` lists.
        until: The moment before which all lie.
        first_earlier: The first day of those.
    """
    tokens = connection.execute(
        "select distinct on (position) position, token_symbol, chain_number from graph_tokens order by position"
    ).fetchall()
    has_usd = connection.execute(
        "select 1 where exists (from store.prices) or exists (from store.transfers where amount_usd is not null)"
    ).fetchone()
    columns = ", ".join((*_COLUMNS, "amount_usd") if has_usd else _COLUMNS)
    recent = sql("graph_edges", columns=columns, which=_RECENT)
    parts = [connection.execute(recent, {"since": since, "until": until}).to_arrow_table()]
    if connection.execute("select 1 from earlier_transfers limit 1").fetchone():
        earlier = sql("graph_edges", columns=columns, which=_EARLIER)
        parts.append(connection.execute(earlier, {"first": first_earlier}).to_arrow_table())
    rows = pa.concat_tables(parts)
    del parts
    column = {name: numbers(rows[name]) for name in rows.column_names}
    row = column["row"]
    del rows

    def tie_break(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tied = row[positions]
        connection.register("tied", pa.table({"at": np.arange(len(tied)), "row": tied}))
        bounds = {"least": int(tied.min()), "most": int(tied.max())}
        found = connection.execute(sql("graph_ties"), bounds).to_arrow_table()
        connection.unregister("tied")
        hashes, others = (
            np.asarray(found[name].to_numpy(zero_copy_only=False), dtype=str) for name in ("tx_hash", "others")
        )
        return hashes, others

    transfers = Transfers(
        column["time"],
        column["block"],
        column["place"],
        column["transfer_index"],
        column["sender"],
        column["receiver"],
        column["token"],
        column["amount"],
        column.get("amount_usd", np.empty(0)),
        tie_break,
    )
    row_of_last = connection.execute("select coalesce(max(address_id), 0) + 1 from store.addresses").fetchone()
    address_count = int(row_of_last[0]) if row_of_last else 1
    labels, hubs, crowds = _labels(connection), _hubs(connection), _crowds(connection)
    known = None
    if address_count > _FEW * len(row):
        known, sender, receiver = _places(column["sender"], column["receiver"], address_count)
        address_count = len(known) + 1
        transfers = replace(transfers, sender=sender, receiver=receiver)
        labels, hubs, crowds = _of(known, labels), _of(known, hubs), _of(known, crowds)
    graph = build(
        transfers,
        labels,
        hubs,
        np.array([item[2] for item in tokens], np.int32),
        tuple(item[1] for item in tokens),
        address_count,
        crowds,
    )
    if known is not None:
        graph.address[:] = known[graph.address]
    graph.row[:] = row[graph.row]
    return graph


def _places(sender: np.ndarray, receiver: np.ndarray, address_count: int) -> tuple[np.ndarray, ...]:
    """The ids of senders and receivers, ascending, and the place of each one's id among them."""
    if address_count > _SOME * len(sender):
        known = np.unique(np.concatenate((sender, receiver)))
        return known, np.searchsorted(known, sender), np.searchsorted(known, receiver)
    # A table of all addresses costs less than to sort those of so many transfers.
    is_met = np.zeros(address_count, bool)
    is_met[sender] = is_met[receiver] = True
    place = np.cumsum(is_met, dtype=np.int32) - 1
    return np.flatnonzero(is_met), place[sender], place[receiver]


def _of(known: np.ndarray, part: _Part) -> _Part:
    """What is said of some addresses, a sorted list, by their places in it."""
    place = np.searchsorted(known, part.address)
    is_known = np.append(known, -1)[place] == part.address
    columns = {name: column[is_known] for name, column in vars(part).items() if isinstance(column, np.ndarray)}
    return replace(part, **{**columns, "address": place[is_known]})


def microseconds_of(moment: datetime | date) -> int:
    """Microseconds since 1970 of a UTC time, or of the first moment of a day."""
    return int(np.datetime64(moment, "us").astype(np.int64))


def _labels(connection: Connection) -> Labels:
    roles = {"categories": list(ROLE_BY_CATEGORY), "roles": list(ROLE_BY_CATEGORY.values())}
    rows = connection.execute(sql("graph_labels"), roles).to_arrow_table()
    return Labels(*(numbers(rows[name]) for name in ("address", "chain", "start", "stop", "role", "entity")))


def _hubs(connection: Connection) -> Hubs:
    rows = connection.execute("""
        select distinct k.position as token, h.address_id as address, epoch_us(h.since::timestamp) as since
        from store.hubs as h inner join graph_tokens as k using (token_key) where h.since is not null
    """).to_arrow_table()
    return Hubs(*(numbers(rows[name]) for name in ("token", "address", "since")))


def _crowds(connection: Connection) -> Crowds:
    rows = connection.execute(sql("graph_crowds"), {"never": int(NEVER)}).to_arrow_table()
    return Crowds(*(numbers(rows[name]) for name in ("token", "address", "paid_by_many", "pays_many")))


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A numpy array; decimals become floats from their 128-bit integers, which is forty times faster than a cast."""
    if not pa.types.is_decimal(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    scale = 10.0**column.type.scale
    parts = []
    for chunk in column.chunks:
        words = np.frombuffer(chunk.buffers()[1], np.int64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
        parts.append((words[1::2] * 2.0**64 + words[::2].view(np.uint64)) / scale)
    return np.concatenate(parts) if parts else np.empty(0)
