"""Entities over time on the build file: what each took in and paid out with all its addresses, and which exchange wallets are hot or cold."""

from __future__ import annotations

from datetime import date, timedelta

from flow_pipeline.settings import ClusterSettings
from flow_pipeline.warehouse.days import first_dirty_day
from flow_pipeline.warehouse.store import Connection, transaction


def run_entity_clusters(connection: Connection, settings: ClusterSettings) -> dict[str, int]:
    """Bring marts.fct_daily_wallet_roles and marts.fct_entity_clusters up to date from the first dirty day on; row counts.

    Reads store.address_clusters, which comes first: a deposit address belongs to its exchange from the moment it is known.
    """
    first = first_dirty_day(connection)
    names = ("fct_daily_wallet_roles", "fct_entity_clusters")
    if first is not None:
        _members(connection)
        _moved(connection, first)
        with transaction(connection):
            for name in names:
                connection.execute(f"DELETE FROM marts.{name} WHERE block_date >= ?", [first])
            _wallet_roles(connection, settings, first)
            connection.execute(_CLUSTERS)
        for table in ("cluster_members", "moved_between"):
            connection.execute(f"DROP TABLE temp.{table}")
    return {
        name: int((connection.execute(f"SELECT count(*) FROM marts.{name}").fetchone() or (0,))[0]) for name in names
    }


def _members(connection: Connection) -> None:
    """The temp table cluster_members: who belongs to which entity from when to when; no stretches of one address overlap."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE cluster_members AS
        SELECT chain, address_id, address, entity, category, coalesce(region, 'UNKNOWN') AS region, valid_from, valid_to, false AS is_deposit
        FROM intermediate.int_address_labels__intervals WHERE category <> 'burn'
        UNION ALL
        SELECT c.chain, c.address_id, NULL, c.entity, 'exchange', coalesce(e.region, 'UNKNOWN'), c.known_from, coalesce(c.known_to, TIMESTAMP 'infinity'), true
        FROM store.address_clusters c
        LEFT JOIN (SELECT entity, min(region) AS region FROM intermediate.int_address_labels__intervals WHERE category = 'exchange' GROUP BY entity) e USING (entity)
        WHERE c.kind = 'exchange_deposit'
    """)


def _moved(connection: Connection, first: date) -> None:
    """The temp table moved_between: transfers from a day on of which an end belongs to an entity then."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE moved_between AS
        SELECT f.block_date, k.chain, k.token_key, k.is_summable, f.from_id, f.to_id, f.amount,
               s.entity AS sender, s.is_deposit AS is_sender_deposit, CASE WHEN s.category = 'exchange' THEN s.address END AS sender_wallet,
               r.entity AS receiver, r.is_deposit AS is_receiver_deposit, CASE WHEN r.category = 'exchange' THEN r.address END AS receiver_wallet
        FROM store.transfers f JOIN intermediate.int_tokens__canonical k USING (token_id)
        LEFT JOIN cluster_members s ON s.chain = k.chain AND s.address_id = f.from_id AND f.block_timestamp >= s.valid_from AND f.block_timestamp < s.valid_to
        LEFT JOIN cluster_members r ON r.chain = k.chain AND r.address_id = f.to_id AND f.block_timestamp >= r.valid_from AND f.block_timestamp < r.valid_to
        WHERE f.block_date >= ? AND f.is_edge AND (s.entity IS NOT NULL OR r.entity IS NOT NULL)
        """,
        [first],
    )


def _wallet_roles(connection: Connection, settings: ClusterSettings, first: date) -> None:
    since = first - min(timedelta(days=settings.cold_days - 1), first - date.min)
    connection.execute(
        """
        INSERT INTO marts.fct_daily_wallet_roles BY NAME
        WITH days AS (
            SELECT block_date, chain, address, entity, count(DISTINCT other) FILTER (WHERE comes_in) AS sender_count, count(DISTINCT other) FILTER (WHERE NOT comes_in) AS receiver_count,
                   count(*) FILTER (WHERE comes_in AND is_own) AS own_receipt_count, count(*) FILTER (WHERE comes_in AND NOT is_own) AS foreign_receipt_count,
                   count(*) FILTER (WHERE NOT comes_in) AS payment_count
            FROM (
                SELECT block_date, chain, receiver_wallet AS address, receiver AS entity, from_id AS other, true AS comes_in, coalesce(sender = receiver, false) AS is_own
                FROM moved_between WHERE receiver_wallet IS NOT NULL
                UNION ALL
                SELECT block_date, chain, sender_wallet, sender, to_id, false, false FROM moved_between WHERE sender_wallet IS NOT NULL)
            GROUP BY ALL
        ),
        known AS (
            FROM days
            UNION ALL
            SELECT * EXCLUDE (role) FROM marts.fct_daily_wallet_roles WHERE block_date >= $since AND block_date < $first
        )
        SELECT *, CASE WHEN sender_count >= $hot AND receiver_count >= $hot THEN 'hot'
                       WHEN sum(foreign_receipt_count) OVER lately = 0 AND sum(own_receipt_count) OVER lately > 0 AND sum(payment_count) OVER lately <= $payments THEN 'cold'
                       ELSE 'warm' END AS role
        FROM known
        WINDOW lately AS (PARTITION BY chain, address, entity ORDER BY block_date RANGE BETWEEN to_days($days::INTEGER - 1) PRECEDING AND CURRENT ROW)
        QUALIFY block_date >= $first
        """,
        {
            "first": first,
            "since": since,
            "hot": settings.hot_degree,
            "payments": settings.cold_payments,
            "days": settings.cold_days,
        },
    )


_CLUSTERS = """
INSERT INTO marts.fct_entity_clusters BY NAME
WITH legs AS (
    SELECT block_date, chain, token_key, receiver AS entity, to_id AS id, is_receiver_deposit AS is_deposit, amount, CASE WHEN sender = receiver THEN 0 ELSE 1 END AS direction
    FROM moved_between WHERE is_summable AND receiver IS NOT NULL
    UNION ALL
    SELECT block_date, chain, token_key, sender, from_id, is_sender_deposit, amount, CASE WHEN sender = receiver THEN 2 ELSE -1 END
    FROM moved_between WHERE is_summable AND sender IS NOT NULL
),
sums AS (
    SELECT block_date, chain, token_key, entity, count(DISTINCT id) AS address_count, count(DISTINCT id) FILTER (WHERE is_deposit) AS deposit_address_count,
           coalesce(sum(amount) FILTER (WHERE direction = 1), 0) AS inflow, coalesce(sum(amount) FILTER (WHERE direction = -1), 0) AS outflow,
           coalesce(sum(amount) FILTER (WHERE direction = 0), 0) AS internal
    FROM legs GROUP BY ALL
),
roles AS (
    SELECT block_date, chain, entity, count(*) FILTER (WHERE role = 'hot') AS hot_wallet_count, count(*) FILTER (WHERE role = 'cold') AS cold_wallet_count
    FROM marts.fct_daily_wallet_roles GROUP BY ALL
),
facts AS (SELECT chain, entity, min(category) AS category, CASE WHEN min(region) = max(region) THEN min(region) ELSE 'MULTI' END AS region FROM cluster_members GROUP BY ALL)
SELECT s.block_date, s.chain, t.token_symbol, t.token_address, s.entity, f.category, f.region, s.address_count, s.deposit_address_count, s.inflow, s.outflow,
       s.inflow - s.outflow AS netflow, s.internal, coalesce(r.hot_wallet_count, 0) AS hot_wallet_count, coalesce(r.cold_wallet_count, 0) AS cold_wallet_count
FROM sums s
JOIN intermediate.int_tokens__keys t USING (token_key)
JOIN facts f ON f.chain = s.chain AND f.entity = s.entity
LEFT JOIN roles r ON r.block_date = s.block_date AND r.chain = s.chain AND r.entity = s.entity
"""
