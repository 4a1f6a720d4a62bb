"""Reading the transfer graph out of the build file: all of it, or what the findings of the last days need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.graph import ROLE_BY_CATEGORY, TransferGraph
from flow_pipeline.graph.prepare import Hubs, Labels, Transfers, build
from flow_pipeline.warehouse.store import Connection

_EDGES = """
SELECT k.position AS token, f.from_id AS sender, f.to_id AS receiver, epoch_us(f.block_timestamp) AS time, coalesce(f.block_number, -1) AS block,
       coalesce(f.transfer_index, -1) AS transfer_index, f.amount, f.rowid AS row{usd}
FROM store.transfers f JOIN graph_tokens k ON k.token_id = f.token_id {prices}
WHERE f.is_edge AND {which}
"""


def number_tokens(connection: Connection) -> None:
    """The temp table `graph_tokens`: the tokens whose transfers can be edges, each with its position."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE graph_tokens AS
        SELECT token_id, token_key, dense_rank() OVER (ORDER BY token_key)::INTEGER - 1 AS position, chain, token_symbol, token_address, price_token,
               dense_rank() OVER (ORDER BY chain)::INTEGER - 1 AS chain_number
        FROM intermediate.int_tokens__canonical WHERE is_summable
    """)


def refresh_hubs(connection: Connection, hub_degree: int, first: date | None) -> None:
    """Who is a hub since when, from `first` on; None counts every day anew.

    An address is a hub of a token from the day on which it first had `hub_degree` distinct counterparties, so that a day's result never depends
    on later days.
    """
    if first is None:
        connection.execute("DELETE FROM store.degrees")
        connection.execute("DELETE FROM store.hubs")
    since = first or date.min
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE gained AS
        SELECT token_id, address_id, count(*) AS transfers FROM (
            SELECT token_id, unnest([from_id, to_id]) AS address_id FROM store.transfers WHERE is_edge AND block_date >= ?) GROUP BY ALL
        """,
        [since],
    )
    connection.execute("""
        MERGE INTO store.degrees d USING gained g ON g.token_id = d.token_id AND g.address_id = d.address_id
        WHEN MATCHED THEN UPDATE SET transfers = d.transfers + g.transfers
        WHEN NOT MATCHED THEN INSERT BY NAME
    """)
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE asked AS
        SELECT k.token_key, d.address_id, sum(d.transfers)::BIGINT AS transfers
        FROM store.degrees d JOIN graph_tokens k USING (token_id)
        SEMI JOIN (SELECT DISTINCT k.token_key, g.address_id FROM gained g JOIN graph_tokens k USING (token_id)) g ON g.token_key = k.token_key AND g.address_id = d.address_id
        LEFT JOIN store.hubs h ON h.token_key = k.token_key AND h.address_id = d.address_id
        WHERE h.since IS NULL
        GROUP BY k.token_key, d.address_id, h.checked_at HAVING sum(d.transfers) >= coalesce(h.checked_at, ?)
        """,
        [hub_degree],
    )
    connection.execute(
        "DELETE FROM store.hubs h USING asked a WHERE a.token_key = h.token_key AND a.address_id = h.address_id"
    )
    connection.execute(
        """
        INSERT INTO store.hubs
        WITH met AS (
            SELECT token_key, address_id, other, min(block_date) AS first FROM (
                SELECT a.token_key, a.address_id, f.to_id AS other, f.block_date
                FROM (FROM store.transfers WHERE from_id IN (SELECT address_id FROM asked)) f JOIN graph_tokens k USING (token_id)
                JOIN asked a ON a.token_key = k.token_key AND a.address_id = f.from_id WHERE f.is_edge
                UNION ALL
                SELECT a.token_key, a.address_id, f.from_id, f.block_date
                FROM (FROM store.transfers WHERE to_id IN (SELECT address_id FROM asked)) f JOIN graph_tokens k USING (token_id)
                JOIN asked a ON a.token_key = k.token_key AND a.address_id = f.to_id WHERE f.is_edge)
            WHERE other NOT IN (SELECT address_id FROM intermediate.int_address_labels__intervals WHERE category = 'burn')
            GROUP BY ALL
        )
        SELECT a.token_key, a.address_id, max(first) FILTER (WHERE n = $degree), max(a.transfers) + greatest($degree - count(first), 1)
        FROM asked a LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY token_key, address_id ORDER BY first) AS n FROM met) USING (token_key, address_id)
        GROUP BY ALL
        """,
        {"degree": hub_degree},
    )
    for table in ("gained", "asked"):
        connection.execute(f"DROP TABLE temp.{table}")


def read_graph(
    connection: Connection, which: Sequence[str] = ("true",), values: Mapping[str, Any] = MappingProxyType({})
) -> TransferGraph:
    """Transfers with a known amount above zero as a graph; mints, burns, self-transfers and tokens whose sums overflow are left out.

    `row` is store.transfers' rowid. Call number_tokens and refresh_hubs before.

    Args:
        connection: The build file.
        which: Conditions on store.transfers `f`, of which a row fulfils one at most; rows that fulfil one are read.
        values: The values named in them.
    """
    tokens = connection.execute(
        "SELECT DISTINCT ON (position) position, token_symbol, chain_number FROM graph_tokens ORDER BY position"
    ).fetchall()
    has_usd = connection.execute(
        "SELECT 1 WHERE EXISTS (FROM store.prices) OR EXISTS (FROM store.transfers WHERE amount_usd IS NOT NULL)"
    ).fetchone()
    usd = ", coalesce(f.amount::DOUBLE * p.usd, f.amount_usd::DOUBLE) AS amount_usd" if has_usd else ""
    prices = "LEFT JOIN store.prices p ON p.price_date = f.block_date AND p.token = k.price_token" if has_usd else ""
    query = " UNION ALL ".join(_EDGES.format(usd=usd, prices=prices, which=condition) for condition in which)
    rows = connection.execute(query, dict(values)).to_arrow_table()
    column = {name: _numbers(rows[name]) for name in rows.column_names}
    row = column["row"]
    del rows

    def tie_break(positions: np.ndarray) -> np.ndarray:
        connection.register("tied", pa.table({"at": np.arange(len(positions)), "row": row[positions]}))
        found = connection.execute(
            "SELECT coalesce(f.tx_hash, '') AS h FROM tied t JOIN store.transfers f ON f.rowid = t.row ORDER BY t.at"
        ).to_arrow_table()
        connection.unregister("tied")
        return np.asarray(found["h"].to_numpy(zero_copy_only=False), dtype=str)

    transfers = Transfers(
        column["time"], column["block"], column["transfer_index"], column["sender"], column["receiver"], column["token"], column["amount"],
        column.get("amount_usd", np.empty(0)), tie_break,
    )  # fmt: skip
    addresses = connection.execute("SELECT coalesce(max(address_id), 0) + 1 FROM store.addresses").fetchone()
    graph = build(
        transfers,
        _labels(connection),
        _hubs(connection),
        np.array([item[2] for item in tokens], np.int32),
        tuple(item[1] for item in tokens),
        int(addresses[0]) if addresses else 1,
    )
    graph.row[:] = row[graph.row]
    return graph


def microseconds_of(moment: datetime | date) -> int:
    """Microseconds since 1970 of a UTC time, or of the first moment of a day."""
    return int(np.datetime64(moment, "us").astype(np.int64))


def _labels(connection: Connection) -> Labels:
    roles = ", ".join(f"('{category}', {role})" for category, role in ROLE_BY_CATEGORY.items())
    rows = connection.execute(f"""
        SELECT i.address_id::INTEGER AS address, c.chain_number AS chain, epoch_us(i.valid_from) AS start, epoch_us(i.valid_to) AS stop, r.role::TINYINT AS role,
               (dense_rank() OVER (ORDER BY i.entity))::INTEGER AS entity
        FROM intermediate.int_address_labels__intervals i
        JOIN (VALUES {roles}) r(category, role) ON r.category = i.category
        JOIN (SELECT DISTINCT chain, chain_number FROM graph_tokens) c ON c.chain = i.chain
    """).to_arrow_table()
    return Labels(*(_numbers(rows[name]) for name in ("address", "chain", "start", "stop", "role", "entity")))


def _hubs(connection: Connection) -> Hubs:
    rows = connection.execute("""
        SELECT DISTINCT k.position AS token, h.address_id AS address, epoch_us(h.since::TIMESTAMP) AS since
        FROM store.hubs h JOIN graph_tokens k USING (token_key) WHERE h.since IS NOT NULL
    """).to_arrow_table()
    return Hubs(*(_numbers(rows[name]) for name in ("token", "address", "since")))


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A numpy array; decimals become floats from their 128-bit integers, which is forty times faster than a cast."""
    if not pa.types.is_decimal(column.type):
        return np.asarray(column.to_numpy())
    scale = 10.0**column.type.scale
    parts = []
    for chunk in column.chunks:
        words = np.frombuffer(chunk.buffers()[1], np.int64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
        parts.append((words[1::2] * 2.0**64 + words[::2].view(np.uint64)) / scale)
    return np.concatenate(parts) if parts else np.empty(0)
