"""Address clusters by behaviour on the build file: deposit addresses of exchanges, and Bitcoin addresses that sign together."""

from __future__ import annotations

from datetime import date, datetime

import igraph
import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import chains_of
from flow_pipeline.graph.forwarding import NEVER, forwarding_spans
from flow_pipeline.settings import ClusterSettings
from flow_pipeline.warehouse.days import first_new_day, remember_days
from flow_pipeline.warehouse.store import Connection, transaction, write_changes

CONFIDENCE = 0.7
"""Of what an address does; a list that names it knows better."""


def find_address_clusters(connection: Connection, settings: ClusterSettings) -> dict[str, int]:
    """Bring detection.address_clusters up to date: new days judge the addresses they reach, anything else judges all again; the row count."""
    day = first_new_day(connection, "address_clusters")
    connection.execute("CREATE OR REPLACE TEMP TABLE found_clusters AS FROM store.address_clusters LIMIT 0")
    _refresh_payers(connection, day)
    _deposits(connection, settings, day)
    _signing_together(connection, settings)
    connection.execute("""
        INSERT INTO found_clusters BY NAME
        SELECT i.entity AS cluster_id, 'label' AS kind, i.chain, i.address_id, i.entity, i.confidence, i.source, i.valid_from AS known_from,
               nullif(i.valid_to, TIMESTAMP '9999-12-31') AS known_to, i.label AS evidence
        FROM intermediate.int_address_labels__intervals i
    """)
    with transaction(connection):
        write_changes(
            connection,
            "store.address_clusters",
            "found_clusters",
            "(o.kind <> 'exchange_deposit' OR EXISTS (FROM judged_addresses j WHERE j.chain = o.chain AND j.id = o.address_id))",
            ("kind", "chain", "address_id", "known_from"),
        )
        remember_days(connection, "address_clusters")
    for name in ("found_clusters", "judged_addresses"):
        connection.execute(f"DROP TABLE temp.{name}")
    row = connection.execute("SELECT count(*) FROM store.address_clusters").fetchone()
    return {"address_clusters": int(row[0]) if row else 0}


def _refresh_payers(connection: Connection, day: date | None) -> None:
    """Which exchange each address paid first, and when it first paid anybody else, from `day` on; None looks at every payment again."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE paid AS
        SELECT k.chain, f.from_id AS address_id, CASE WHEN i.category = 'exchange' THEN i.entity END AS entity, min(f.block_timestamp) AS first_at
        FROM store.transfers f JOIN intermediate.int_tokens__canonical k USING (token_id)
        LEFT JOIN intermediate.int_address_labels__intervals i
            ON i.address_id = f.to_id AND i.chain = k.chain AND f.block_timestamp >= i.valid_from AND f.block_timestamp < i.valid_to
        WHERE f.is_edge AND k.is_summable AND f.block_date >= ?
        GROUP BY ALL
        """,
        [day or date.min],
    )
    with transaction(connection):
        if day is None:
            connection.execute("DELETE FROM store.payers")
        connection.execute("""
            INSERT INTO store.payers
            SELECT p.chain, p.address_id, first(p.entity ORDER BY p.first_at, p.entity NULLS FIRST), NULL
            FROM paid p ANTI JOIN store.payers o ON o.chain = p.chain AND o.address_id = p.address_id GROUP BY p.chain, p.address_id
        """)
        connection.execute("""
            UPDATE store.payers SET other_at = p.first_at
            FROM (SELECT p.chain, p.address_id, min(p.first_at) AS first_at FROM paid p JOIN store.payers o USING (chain, address_id)
                  WHERE o.entity IS NOT NULL AND o.other_at IS NULL AND p.entity IS DISTINCT FROM o.entity GROUP BY ALL) p
            WHERE p.chain = payers.chain AND p.address_id = payers.address_id
        """)
    connection.execute("DROP TABLE temp.paid")


def _deposits(connection: Connection, settings: ClusterSettings, day: date | None) -> None:
    """Addresses that pay one exchange and nobody else, and pass on to it what they get, first in first out: since when, and until when.

    They are known from the moment at which enough receipts were judged and the share holds for each token, until one of them does not hold any
    more or somebody else is paid, so that a day's result never depends on later days. The receipt that fills the line from `before` to
    `before + amount` is forwarded as far as the payments until its time is up reach into that stretch. Receipts whose time is not up at the end
    of the data say nothing yet: new days judge the addresses with receipts whose time they end, and those that now paid somebody else.
    Receipts of one moment are taken in the order of their amounts: ids depend on what was loaded first.
    """
    span = f"INTERVAL {round(settings.deposit_hours * 3_600)} SECOND"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE judged_addresses AS
        SELECT k.chain, f.to_id AS id FROM store.transfers f JOIN intermediate.int_tokens__canonical k USING (token_id)
        WHERE f.block_timestamp > $judged::TIMESTAMP - {span} AND f.block_timestamp <= (SELECT max(block_timestamp) FROM store.transfers) - {span}
        UNION
        SELECT chain, address_id FROM store.payers WHERE other_at >= $day
        """,
        {"judged": _judged_until(connection, day), "day": day or datetime.min},
    )
    # In tables of their own, outside a transaction: the planner knows their sizes then, and does not join step by step what is large.
    # Numbers instead of names: what is sorted by them is sorted in half the time.
    steps = {
        "sweeper_tokens": """
            SELECT k.token_id, dense_rank() OVER (ORDER BY k.token_key)::INTEGER - 1 AS token, dense_rank() OVER (ORDER BY k.chain)::INTEGER AS chain_number, k.chain, l.last_at
            FROM intermediate.int_tokens__canonical k
            JOIN (SELECT chain, max(last_at) AS last_at FROM (SELECT token_id, max(block_timestamp) AS last_at FROM store.transfers GROUP BY token_id)
                  JOIN intermediate.int_tokens__canonical USING (token_id) GROUP BY chain) l USING (chain)
            WHERE k.is_summable
        """,
        "sweepers": """
            SELECT row_number() OVER ()::INTEGER - 1 AS n, k.chain_number, k.last_at, p.chain, p.address_id AS id, p.entity, coalesce(p.other_at, TIMESTAMP 'infinity') AS other_at
            FROM store.payers p JOIN (SELECT DISTINCT chain, chain_number, last_at FROM sweeper_tokens) k USING (chain)
            SEMI JOIN judged_addresses r ON r.chain = p.chain AND r.id = p.address_id
            ANTI JOIN intermediate.int_address_labels__intervals i ON i.chain = p.chain AND i.address_id = p.address_id
            WHERE p.entity IS NOT NULL
        """,
    }
    for name, sql in steps.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
    moves = connection.execute("""
        WITH near AS MATERIALIZED (
            FROM store.transfers WHERE is_edge AND (from_id IN (SELECT id FROM sweepers) OR to_id IN (SELECT id FROM sweepers))
        ),
        moves AS (
            SELECT u.n, k.token, f.block_timestamp, false AS is_payment, f.amount
            FROM near f JOIN sweeper_tokens k USING (token_id) JOIN sweepers u ON u.chain_number = k.chain_number AND u.id = f.to_id
            UNION ALL
            SELECT u.n, k.token, f.block_timestamp, true, f.amount
            FROM near f JOIN sweeper_tokens k USING (token_id) JOIN sweepers u ON u.chain_number = k.chain_number AND u.id = f.from_id
        )
        SELECT n, token, epoch_us(block_timestamp) AS moved_at, is_payment, amount FROM moves ORDER BY n, moved_at, is_payment, amount
    """).to_arrow_table()
    limits = connection.execute(
        "SELECT epoch_us(least(last_at, other_at - INTERVAL 1 MICROSECOND)) AS judged_until FROM sweepers ORDER BY n"
    ).to_arrow_table()
    spans = forwarding_spans(
        moves["n"].to_numpy(), moves["token"].to_numpy(), moves["moved_at"].to_numpy(), moves["is_payment"].to_numpy(), _words(moves["amount"]),
        limits["judged_until"].to_numpy(), round(settings.deposit_hours * 3_600) * 1_000_000, settings.deposit_share, settings.deposit_receipts,
    )  # fmt: skip
    n = np.flatnonzero(spans.known_from != NEVER)
    columns = {
        "n": n,
        "known_from": spans.known_from[n],
        "short_at": spans.short_at[n],
        "receipts": spans.receipts[n],
        "share": spans.share[n],
    }
    connection.register("spans", pa.table(columns))
    connection.execute(
        f"""
        INSERT INTO found_clusters BY NAME
        SELECT u.entity AS cluster_id, 'exchange_deposit' AS kind, u.chain, u.id AS address_id, u.entity, {CONFIDENCE} AS confidence, 'derived' AS source,
               make_timestamp(f.known_from) AS known_from,
               nullif(least(CASE WHEN f.short_at < {NEVER} THEN make_timestamp(f.short_at) ELSE TIMESTAMP 'infinity' END, u.other_at), TIMESTAMP 'infinity') AS known_to,
               f.receipts AS receipt_count, round(100 * f.share, 1) AS forwarded_percent, ? AS deposit_hours
        FROM spans f JOIN sweepers u USING (n)
        """,
        [settings.deposit_hours],
    )
    connection.unregister("spans")
    for name in steps:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _words(column: pa.ChunkedArray) -> np.ndarray:
    """128-bit decimals as pairs of 64-bit words, low word first."""
    chunks = [
        np.frombuffer(chunk.buffers()[1], np.uint64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
        for chunk in column.chunks
    ]
    return np.concatenate(chunks) if chunks else np.empty(0, np.uint64)


def _judged_until(connection: Connection, day: date | None) -> datetime:
    """Until when receipts could be judged before a day: the end of the data of the chain that was furthest behind."""
    row = connection.execute(
        """
        SELECT min(last_at) FROM (
            SELECT max(last_at) AS last_at FROM (SELECT token_id, max(block_timestamp) AS last_at FROM store.transfers WHERE block_date < ? GROUP BY token_id)
            JOIN intermediate.int_tokens__canonical USING (token_id) GROUP BY chain)
        """,
        [day or date.min],
    ).fetchone()
    return row[0] if row and row[0] else datetime(1, 1, 9)


def _signing_together(connection: Connection, settings: ClusterSettings) -> None:
    """Bitcoin addresses whose inputs stand in one transaction; transactions that look like a CoinJoin are left out."""
    chains = ", ".join(f"'{chain}'" for chain in chains_of("bitcoin"))
    known = connection.execute(
        f"SELECT token_id, chain FROM intermediate.int_tokens__canonical WHERE chain IN ({chains})"
    ).to_arrow_table()
    if not len(known):
        return
    connection.register("bitcoin_tokens", known)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE spendings AS
        SELECT k.chain, f.tx_hash, f.from_id, f.to_id, f.amount, f.block_timestamp, s.address AS sender, r.address AS receiver
        FROM store.transfers f JOIN bitcoin_tokens k USING (token_id)
        JOIN store.addresses s ON s.address_id = f.from_id JOIN store.addresses r ON r.address_id = f.to_id
        WHERE s.address <> 'coinbase'
    """)
    connection.unregister("bitcoin_tokens")
    rows = connection.execute(f"""
        WITH received AS (SELECT tx_hash, to_id, sum(amount) AS amount FROM spendings WHERE receiver <> 'fees' GROUP BY ALL),
        coinjoins AS (
            SELECT DISTINCT tx_hash FROM (SELECT tx_hash, amount FROM received GROUP BY ALL HAVING count(*) >= {settings.coinjoin_equal_outputs})
            SEMI JOIN (SELECT tx_hash FROM spendings GROUP BY tx_hash HAVING count(DISTINCT from_id) >= {settings.coinjoin_equal_outputs}) USING (tx_hash)
        )
        SELECT chain, tx_hash, from_id, min(sender) AS sender, min(block_timestamp) AS at FROM spendings ANTI JOIN coinjoins USING (tx_hash)
        GROUP BY chain, tx_hash, from_id QUALIFY count(*) OVER (PARTITION BY tx_hash) > 1 ORDER BY tx_hash, sender
    """).to_arrow_table()
    connection.execute("DROP TABLE temp.spendings")
    if not len(rows):
        return
    people, who = np.unique(np.asarray(rows["from_id"].to_numpy()), return_inverse=True)
    hashes = rows["tx_hash"].combine_chunks().dictionary_encode().indices.to_numpy()
    is_next = np.flatnonzero(hashes[1:] == hashes[:-1])
    graph = igraph.Graph(len(people), np.column_stack([who[is_next], who[is_next + 1]]))
    cluster = np.asarray(graph.connected_components().membership)
    connection.register("signing", pa.table({"from_id": people, "cluster": cluster}))
    connection.register("signed", rows)
    connection.execute(f"""
        INSERT INTO found_clusters BY NAME
        WITH members AS (
            SELECT c.cluster, s.chain, s.sender AS address, s.from_id, min(s.at) AS known_from, count(DISTINCT s.tx_hash) AS transactions
            FROM signed s JOIN signing c USING (from_id) GROUP BY ALL
        ),
        names AS (
            SELECT m.cluster, min(m.address) AS least, count(DISTINCT m.address) AS addresses, CASE WHEN count(DISTINCT i.entity) = 1 THEN min(i.entity) END AS entity
            FROM members m LEFT JOIN intermediate.int_address_labels__intervals i ON i.address_id = m.from_id AND i.chain = m.chain GROUP BY m.cluster
        )
        SELECT 'signs with ' || n.least AS cluster_id, 'multi_input' AS kind, m.chain, m.from_id AS address_id, n.entity, {CONFIDENCE} AS confidence, 'derived' AS source, m.known_from,
               'signed ' || m.transactions || CASE WHEN m.transactions = 1 THEN ' transaction' ELSE ' transactions' END || ' together with others, '
                   || n.addresses || ' addresses in all' AS evidence
        FROM members m JOIN names n USING (cluster)
    """)
    for name in ("signing", "signed"):
        connection.unregister(name)
