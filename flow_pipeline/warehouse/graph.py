"""Reading the transfer graph out of the build file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from flow_pipeline.graph import ROLE_BY_CATEGORY, TransferGraph
from flow_pipeline.graph.prepare import Labels, Transfers, build
from flow_pipeline.warehouse.store import Connection

_EDGES = """
SELECT k.position AS token, f.from_id AS sender, f.to_id AS receiver, epoch_us(f.block_timestamp) AS time, coalesce(f.block_number, -1) AS block,
       coalesce(f.transfer_index, -1) AS transfer_index, f.amount, f.rowid AS row{usd}
FROM store.transfers f JOIN graph_tokens k ON k.token_id = f.token_id {prices}
WHERE f.from_id <> f.to_id AND f.amount > 0
"""


def read_graph(connection: Connection, hub_degree: int) -> TransferGraph:
    """Every transfer with a known amount above zero; mints, burns, self-transfers and tokens whose sums overflow are left out.

    `row` is store.transfers' rowid.
    """
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE graph_tokens AS
        SELECT token_id, token_key, dense_rank() OVER (ORDER BY token_key)::INTEGER - 1 AS position, chain, token_symbol, price_token,
               dense_rank() OVER (ORDER BY chain)::INTEGER - 1 AS chain_number
        FROM intermediate.int_tokens__canonical WHERE is_summable
    """)
    tokens = connection.execute("SELECT DISTINCT ON (position) position, token_symbol, chain_number FROM graph_tokens ORDER BY position").fetchall()
    has_usd = connection.execute("SELECT 1 WHERE EXISTS (FROM store.prices) OR EXISTS (FROM store.transfers WHERE amount_usd IS NOT NULL)").fetchone()
    usd = ", coalesce(f.amount::DOUBLE * p.usd, f.amount_usd::DOUBLE) AS amount_usd" if has_usd else ""
    prices = "LEFT JOIN store.prices p ON p.price_date = f.block_date AND p.token = k.price_token" if has_usd else ""
    rows = connection.execute(_EDGES.format(usd=usd, prices=prices)).to_arrow_table()
    column = {name: _numbers(rows[name]) for name in rows.column_names}
    row = column["row"]
    del rows

    def tie_break(positions: np.ndarray) -> np.ndarray:
        connection.register("tied", pa.table({"at": np.arange(len(positions)), "row": row[positions]}))
        found = connection.execute("SELECT coalesce(f.tx_hash, '') AS h FROM tied t JOIN store.transfers f ON f.rowid = t.row ORDER BY t.at").to_arrow_table()
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
        np.array([item[2] for item in tokens], np.int32),
        tuple(item[1] for item in tokens),
        int(addresses[0]) if addresses else 1,
        hub_degree,
    )
    graph.row[:] = row[graph.row]
    return graph


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
