"""Address clusters by behaviour on the build file: deposit addresses of exchanges, Bitcoin addresses signing as one."""

from __future__ import annotations

from datetime import date, datetime

import igraph
import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import chains_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph.forwarding import NEVER, forwarding_spans
from flow_pipeline.settings import ClusterSettings
from flow_pipeline.warehouse.days import first_new_day, remember_days
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, transaction, write_changes

sql = statements(__package__)

CONFIDENCE = 0.7
"""Of what an address does; a list that names it knows better."""


@detects("address_clusters")
def find_address_clusters(connection: Connection, settings: ClusterSettings) -> dict[str, int]:
    """Bring detection.address_clusters up to date; the row count.

    New days judge the addresses they reach, anything else judges all again.
    """
    day = first_new_day(connection, "address_clusters")
    connection.execute("create or replace temp table current_clusters as select * from store.address_clusters limit 0")
    _refresh_payers(connection, day)
    _deposits(connection, settings, day)
    _signing_together(connection, settings)
    connection.execute(sql("address_clusters_labels"))
    is_judged = "exists (select 1 from judged_addresses as j where j.chain = o.chain and j.id = o.address_id)"
    with transaction(connection):
        write_changes(
            connection,
            "store.address_clusters",
            "current_clusters",
            f"(o.kind <> 'exchange_deposit' or {is_judged})",
            ("kind", "chain", "address_id", "known_from"),
        )
        remember_days(connection, "address_clusters")
    for name in ("current_clusters", "judged_addresses"):
        connection.execute(f"drop table temp.{name}")
    row = connection.execute("select count(*) from store.address_clusters").fetchone()
    return {"address_clusters": int(row[0]) if row else 0}


def _refresh_payers(connection: Connection, day: date | None) -> None:
    """Which exchange each address paid first, and when it first paid anybody else: from `day` on, None for all days."""
    connection.execute(sql("address_clusters_first_payments"), {"day": day or date.min})
    with transaction(connection):
        if day is None:
            connection.execute("delete from store.payers")
        connection.execute(sql("address_clusters_payers"))
        connection.execute(sql("address_clusters_other_payments"))
    connection.execute("drop table temp.first_payments")


def _deposits(connection: Connection, settings: ClusterSettings, day: date | None) -> None:
    """Addresses that pay one exchange and nobody else, and pass on to it what they get, first in first out.

    They are known from the moment at which enough receipts were judged and the share holds for each token, until one of
    them does not hold any more or somebody else is paid, so that a day's result never depends on later days. The
    receipt that fills the line from `before` to `before + amount` is forwarded as far as the payments until its time is
    up reach into that stretch. Receipts whose time is not up at the end of the data say nothing yet: new days judge the
    addresses with receipts whose time they end, and those that now paid somebody else.
    """
    connection.execute(
        sql("address_clusters_judged"),
        {
            "judged_until": _judged_until(connection, day),
            "day": day or datetime.min,
            "deposit_seconds": round(settings.deposit_hours * 3_600),
        },
    )
    # In tables of their own, outside a transaction: the planner knows their sizes then, and does not join step by step
    # what is large.
    connection.execute(sql("address_clusters_sweeper_tokens"))
    connection.execute(sql("address_clusters_sweepers"))
    sweeps = connection.execute(sql("address_clusters_sweeps")).to_arrow_table()
    limits = connection.execute(
        "select epoch_us(least(last_at, other_at - interval 1 microsecond)) as judged_until from sweepers order by n"
    ).to_arrow_table()
    spans = forwarding_spans(
        sweeps["n"].to_numpy(), sweeps["token"].to_numpy(), sweeps["moved_at"].to_numpy(),
        sweeps["is_payment"].to_numpy(), _words(sweeps["amount"]), limits["judged_until"].to_numpy(),
        round(settings.deposit_hours * 3_600) * 1_000_000, settings.deposit_share, settings.deposit_receipts,
    )  # fmt: skip
    n = np.flatnonzero(spans.known_from != NEVER)
    columns = {
        "n": n,
        "known_from": spans.known_from[n],
        "short_at": spans.short_at[n],
        "receipts": spans.receipts[n],
        "share": spans.share[n],
    }
    connection.register("forwarding_stretches", pa.table(columns))
    connection.execute(
        sql("address_clusters_deposits"),
        {"confidence": CONFIDENCE, "never": int(NEVER), "deposit_hours": settings.deposit_hours},
    )
    connection.unregister("forwarding_stretches")
    for name in ("sweepers", "sweeper_tokens"):
        connection.execute(f"drop table temp.{name}")


def _words(column: pa.ChunkedArray) -> np.ndarray:
    """128-bit decimals as pairs of 64-bit words, low word first."""
    chunks = [
        np.frombuffer(chunk.buffers()[1], np.uint64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
        for chunk in column.chunks
    ]
    return np.concatenate(chunks) if chunks else np.empty(0, np.uint64)


def _judged_until(connection: Connection, day: date | None) -> datetime:
    """Until when receipts could be judged before a day: the end of the data of the chain that was furthest behind."""
    row = connection.execute(sql("address_clusters_judged_until"), {"day": day or date.min}).fetchone()
    return row[0] if row and row[0] else datetime(1, 1, 9)


def _signing_together(connection: Connection, settings: ClusterSettings) -> None:
    """Bitcoin addresses whose inputs stand in one transaction; transactions that look like a CoinJoin are left out."""
    tokens = connection.execute(
        "select token_id, chain from intermediate.int_tokens__canonical where chain in (select unnest($chains))",
        {"chains": list(chains_of("bitcoin"))},
    ).to_arrow_table()
    if not len(tokens):
        return
    connection.register("bitcoin_tokens", tokens)
    connection.execute(sql("address_clusters_spendings"))
    connection.unregister("bitcoin_tokens")
    rows = connection.execute(
        sql("address_clusters_signatures"), {"equal_outputs": settings.coinjoin_equal_outputs}
    ).to_arrow_table()
    connection.execute("drop table temp.spendings")
    if not len(rows):
        return
    addresses, signer = np.unique(np.asarray(rows["from_id"].to_numpy()), return_inverse=True)
    hashes = rows["tx_hash"].combine_chunks().dictionary_encode().indices.to_numpy()
    is_next = np.flatnonzero(hashes[1:] == hashes[:-1])
    graph = igraph.Graph(len(addresses), np.column_stack([signer[is_next], signer[is_next + 1]]))
    cluster = np.asarray(graph.connected_components().membership)
    connection.register("signers", pa.table({"from_id": addresses, "cluster": cluster}))
    connection.register("signatures", rows)
    connection.execute(sql("address_clusters_signers"), {"confidence": CONFIDENCE})
    for name in ("signers", "signatures"):
        connection.unregister(name)
