"""Address clusters by behaviour on the build file: deposit addresses of exchanges, Bitcoin addresses signing as one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import chains_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph.forwarding import NEVER, forwarding_spans
from flow_pipeline.graph.metrics import join_sets, sets_of
from flow_pipeline.settings import ClusterSettings
from flow_pipeline.warehouse.content import write_changes
from flow_pipeline.warehouse.days import first_new_day, remember_days
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, number, transaction

sql = statements(__package__)

CONFIDENCE = 0.7
"""Of what an address does; a list that names it knows better."""
_ROWS_AT_ONCE = 1_000_000
"""Receipts, payments and signatures read together; an address with more of them is read whole."""


@detects("address_clusters")
def find_address_clusters(connection: Connection, settings: ClusterSettings) -> dict[str, int]:
    """Bring detection.address_clusters up to date; the row count.

    New days judge the addresses they reach, anything else judges all again.
    """
    day = first_new_day(connection, "address_clusters")
    connection.execute("create or replace temp table current_clusters as select * from store.address_clusters limit 0")
    # In tables of their own, outside a transaction: the planner knows their sizes then, and does not join step by step
    # what is large.
    connection.execute(sql("address_clusters_tokens"))
    connection.execute(sql("address_clusters_exchanges"))
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
            f"(o.kind <> 'exchange_deposit' or {is_judged})" if day else "true",
            ("kind", "chain", "address_id", "known_from"),
        )
        remember_days(connection, "address_clusters")
    for name in ("current_clusters", "cluster_tokens", "exchange_labels", "judged_addresses"):
        connection.execute(f"drop table temp.{name}")
    return {"address_clusters": number(connection, "select count(*) from store.address_clusters")}


def _refresh_payers(connection: Connection, day: date | None) -> None:
    """Which exchange each address paid first, and when it first paid anybody else: from `day` on, None for all days."""
    connection.execute(sql("address_clusters_first_payments"), {"day": day or date.min})
    with transaction(connection):
        if day:
            connection.execute(sql("address_clusters_other_payments"))
        else:
            connection.execute("delete from store.payers")
        connection.execute(sql("address_clusters_payers"))
    connection.execute("drop table temp.first_payments")


def _deposits(connection: Connection, settings: ClusterSettings, day: date | None) -> None:
    """Addresses that pay one exchange and nobody else, and pass on to it what they get, first in first out.

    They are known from the moment at which enough receipts were judged and the share holds for each token, until one of
    them does not hold any more or somebody else is paid, so that a day's result never depends on later days. The
    receipt that fills the line from `before` to `before + amount` is forwarded as far as the payments until its time is
    up reach into that stretch. Receipts whose time is not up at the end of the data say nothing yet: new days judge the
    addresses with receipts whose time they end, and those that now paid somebody else.
    """
    if day:
        seconds = round(settings.deposit_hours * 3_600)
        values = {"judged_until": _judged_until(connection, day), "day": day, "deposit_seconds": seconds}
        connection.execute(sql("address_clusters_judged"), values)
    else:
        payers = "select chain, address_id as id from store.payers where entity is not null"
        connection.execute(f"create or replace temp table judged_addresses as {payers}")
    connection.execute(sql("address_clusters_sweepers"))
    sweeps = connection.execute(sql("address_clusters_sweeps")).to_arrow_reader(_ROWS_AT_ONCE)
    found = [_forwarding(table, settings) for table in _whole_addresses(sweeps)]
    if found:
        connection.register("forwarding_stretches", pa.concat_tables(found))
        connection.execute(
            sql("address_clusters_deposits"),
            {"confidence": CONFIDENCE, "never": int(NEVER), "deposit_hours": settings.deposit_hours},
        )
        connection.unregister("forwarding_stretches")
    connection.execute("drop table temp.sweepers")


def _whole_addresses(sweeps: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Tables of sweeps that no address is divided between."""
    rest = sweeps.schema.empty_table()
    for batch in sweeps:
        rest = pa.concat_tables([rest, pa.table(batch)])
        n = rest["n"].to_numpy()
        cut = int(np.searchsorted(n, n[-1]))
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if len(rest):
        yield rest


def _forwarding(sweeps: pa.Table, settings: ClusterSettings) -> pa.Table:
    """Which addresses of a table of sweeps pass on what they get, since when and how much of it."""
    n = sweeps["n"].to_numpy()
    is_first = np.diff(n, prepend=-1) > 0
    spans = forwarding_spans(
        np.cumsum(is_first) - 1, sweeps["token"].to_numpy(), sweeps["moved_at"].to_numpy(),
        sweeps["is_payment"].to_numpy(), _words(sweeps["amount"]), sweeps["judged_until"].to_numpy()[is_first],
        round(settings.deposit_hours * 3_600) * 1_000_000, settings.deposit_share, settings.deposit_receipts,
    )  # fmt: skip
    is_known = spans.known_from != NEVER
    columns = {name: values[is_known] for name, values in vars(spans).items()}
    return pa.table({"n": n[is_first][is_known], **columns})


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
    connection.execute(sql("address_clusters_signatures"), {"equal_outputs": settings.coinjoin_equal_outputs})
    connection.execute("drop table temp.spendings")
    # Numbers of the first of those an address is known to sign with, by address id.
    first = np.arange(number(connection, "select max(from_id) + 1 from signatures"), dtype=np.int32)
    pairs = "select from_id, signed_with from signatures where signed_with is not null"
    for batch in connection.execute(pairs).to_arrow_reader(_ROWS_AT_ONCE):
        join_sets(first, *(column.to_numpy() for column in batch.columns))
    signers = np.asarray(connection.execute("select distinct from_id from signatures").to_arrow_table()["from_id"])
    connection.register("signers", pa.table({"from_id": signers, "cluster": sets_of(first, signers)}))
    connection.execute(sql("address_clusters_signers"), {"confidence": CONFIDENCE})
    connection.unregister("signers")
    connection.execute("drop table temp.signatures")
