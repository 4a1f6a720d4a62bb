"""What the typologies of new days need of the days before: which earlier transfers, and which stored findings the new ones replace."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa

from flow_pipeline.detection.graph import read_graph
from flow_pipeline.detectors.typology import Closure, Past
from flow_pipeline.graph import ROLE_BY_CATEGORY, TransferGraph
from flow_pipeline.warehouse.store import Connection

_EARLIER = "f.block_date >= $first AND f.rowid IN (SELECT row FROM earlier)"
_ROOM = 1e-9
"""Ratios are compared as floats; the kernels judge what is read."""
_UNIT = "0.000000000000000001::DECIMAL(38, 18)"
"""What a float's bound is rounded to."""
_ABOVE_ALL = "1e19::DECIMAL(38, 18)"
"""No transfer reaches 10^18."""


def read_recent(connection: Connection, pasts: dict[str, Past], day: date) -> TransferGraph:
    """The graph of the new days and of every earlier transfer their findings need.

    A vertex whose transfers are not all in it may show findings that are none, but none of them ends on a new day.

    Args:
        connection: The build file; graph_tokens and store.hubs are up to date.
        pasts: How far each typology reaches back.
        day: First new day.
    """
    start = datetime(day.year, day.month, day.day)
    reach = max(
        max(past.span, past.open + (past.closure.gap if past.closure and past.open else 0)) for past in pasts.values()
    )
    since = _before(start, reach)
    connection.execute("CREATE OR REPLACE TEMP TABLE earlier (row BIGINT, block_date DATE)")
    _close_off(connection)
    for name, past in pasts.items():
        if past.closure is not None:
            _add_closure(connection, name, past, past.closure, start, since)
    _add_histories(connection, pasts, start, since)
    for table in ("wanted", "reached", "front", "targets", "stops"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return read_graph(
        connection, ("f.block_timestamp >= $since", _EARLIER), {"since": since, "first": _first_earlier(connection)}
    )


def read_histories(connection: Connection, graph: TransferGraph, vertices: np.ndarray) -> TransferGraph:
    """The graph of every transfer of some vertices of another graph."""
    connection.register(
        "wanted_in", pa.table({"position": graph.token[vertices], "address_id": graph.address[vertices]})
    )
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE earlier AS
        SELECT f.rowid AS row, f.block_date FROM store.transfers f JOIN graph_tokens k USING (token_id)
        JOIN wanted_in w ON w.position = k.position AND w.address_id = f.from_id
        UNION
        SELECT f.rowid, f.block_date FROM store.transfers f JOIN graph_tokens k USING (token_id) JOIN wanted_in w ON w.position = k.position AND w.address_id = f.to_id
    """)
    connection.unregister("wanted_in")
    return read_graph(connection, (_EARLIER,), {"first": _first_earlier(connection)})


def list_replaced(connection: Connection, pasts: dict[str, Past], day: date) -> None:
    """The temp table `replaced`: the stored findings that the temp tables `kept_findings`, `kept_hits` and `measures` stand for."""
    start = datetime(day.year, day.month, day.day)
    rules = [
        {
            "name": name,
            "replaces": past.replaces,
            "open_since": _before(start, past.open),
            "since": _before(start, max(past.merges, past.span)),
        }
        for name, past in pasts.items()
    ]
    connection.register("rules", pa.Table.from_pylist(rules))
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE replaced AS
        WITH fresh AS (SELECT h.*, k.name, m.focus_address FROM kept_hits h JOIN kept_findings k USING (typology, finding) JOIN measures m USING (typology, finding)),
        known AS (SELECT f.*, r.replaces FROM detection.findings f JOIN rules r ON r.name = f.typology WHERE f.last_timestamp >= r.since),
        shared AS (
            SELECT o.finding_id, o.transfer_count, o.replaces, count(*) AS transfers
            FROM known o
            JOIN detection.finding_transfers t USING (finding_id)
            JOIN fresh n ON n.name = o.typology AND n.source_file = t.source_file AND n.source_row = t.source_row AND n.block_timestamp = t.block_timestamp
                AND (o.replaces = 'contained_anywhere' OR n.focus_address IS NOT DISTINCT FROM o.focus_address)
            GROUP BY o.finding_id, o.transfer_count, o.replaces, n.typology, n.finding
        )
        SELECT DISTINCT finding_id FROM shared WHERE transfers = transfer_count OR replaces = 'shared'
        UNION
        SELECT finding_id FROM detection.findings f JOIN rules r ON r.name = f.typology WHERE f.last_timestamp >= r.open_since
    """)
    connection.unregister("rules")


def _first_earlier(connection: Connection) -> date:
    """The first day of the temp table `earlier`, as a bound for the scan."""
    row = connection.execute("SELECT min(block_date) FROM earlier").fetchone()
    return row[0] if row and row[0] else date.max


def _before(moment: datetime, microseconds: int) -> datetime:
    """Never before the year 1: settings allow windows of centuries."""
    return moment - min(timedelta(microseconds=microseconds), moment - datetime.min)


def _close_off(connection: Connection) -> None:
    """The temp table `stops`: where and when no path passes through."""
    words = ", ".join(f"'{category}'" for category in ROLE_BY_CATEGORY)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE stops AS
        SELECT k.position, i.address_id, i.valid_from AS since, i.valid_to AS until
        FROM intermediate.int_address_labels__intervals i JOIN (SELECT DISTINCT position, chain FROM graph_tokens) k USING (chain) WHERE i.category IN ({words})
        UNION ALL
        SELECT k.position, h.address_id, h.since, TIMESTAMP 'infinity' FROM store.hubs h JOIN (SELECT DISTINCT position, token_key FROM graph_tokens) k USING (token_key)
        WHERE h.since IS NOT NULL
    """)


def _add_histories(connection: Connection, pasts: dict[str, Past], start: datetime, since: datetime) -> None:
    """Transfers of the addresses of findings that the new days may lengthen and that began before `since`."""
    rules = [
        {"typology": name, "span": past.span, "roles": list(past.history), "open_since": _before(start, past.merges)}
        for name, past in pasts.items()
        if past.merges and past.closure is None and past.alone is None
    ]
    connection.register("rules", pa.Table.from_pylist(rules))
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE wanted AS
        SELECT k.position, a.address_id, min(f.first_timestamp - to_microseconds(r.span)) AS since
        FROM rules r JOIN detection.findings f ON f.typology = r.typology AND f.last_timestamp >= r.open_since AND f.first_timestamp < $since
        JOIN detection.finding_addresses p ON p.finding_id = f.finding_id AND list_contains(r.roles, p.role)
        JOIN store.addresses a ON a.address = p.address
        JOIN (SELECT DISTINCT position, chain, token_symbol, token_address FROM graph_tokens) k
            ON k.chain = f.chain AND k.token_symbol IS NOT DISTINCT FROM f.token_symbol AND k.token_address IS NOT DISTINCT FROM f.token_address
        GROUP BY ALL
        """,
        {"since": since},
    )
    connection.unregister("rules")
    row = connection.execute("SELECT min(since) FROM wanted").fetchone()
    if not row or row[0] is None:
        return
    for end in ("from_id", "to_id"):
        connection.execute(
            f"""
            INSERT INTO earlier SELECT f.row, f.block_date
            FROM (SELECT rowid AS row, * FROM store.transfers WHERE block_timestamp < $since AND block_timestamp >= $first AND {end} IN (SELECT address_id FROM wanted)) f
            JOIN graph_tokens k USING (token_id)
            JOIN wanted w ON w.position = k.position AND w.address_id = f.{end} AND f.block_timestamp >= w.since
            """,
            {"since": since, "first": row[0]},
        )


def _add_closure(
    connection: Connection, name: str, past: Past, closure: Closure, start: datetime, since: datetime
) -> None:
    """Transfers before `since` from which the last ones may have come, hop by hop.

    Which amounts may have become one is worked out once per transfer, as exact bounds: floats of all that is compared would take most of the time.
    """
    if closure.target_role is not None:
        words = [category for category, role in ROLE_BY_CATEGORY.items() if role == closure.target_role]
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE targets AS SELECT DISTINCT address_id FROM intermediate.int_address_labels__intervals WHERE category IN (SELECT unnest(?::VARCHAR[]))",
            [words],
        )
        row = connection.execute(
            "SELECT min(first_timestamp) FROM detection.findings WHERE typology = ? AND last_timestamp >= ?",
            [name, _before(start, past.merges)],
        ).fetchone()
        which, values = (
            "f.to_id IN (FROM targets)",
            {"first": _before(min(filter(None, (row[0] if row else None, start))), closure.gap)},
        )
    elif past.open:
        # What comes after `since` is read anyway, so that only ways across it are followed back.
        which, values = "f.block_timestamp < $last", {"first": since, "last": _before(since, -closure.gap)}
    else:
        which, values = "true", {"first": start}
    edges = "store.transfers f JOIN graph_tokens k USING (token_id)"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE reached AS
        SELECT f.rowid AS row, k.position, f.from_id, f.to_id, f.block_timestamp, f.amount, 0 AS step FROM {edges}
        WHERE f.is_edge AND f.block_timestamp >= $first AND {which}
        """,
        values,
    )
    for step in range(closure.steps):
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE front AS
            SELECT *, try_cast(amount::DOUBLE / $high AS DECIMAL(38, 18)) - {_UNIT} AS least, coalesce(try_cast(amount::DOUBLE / $low AS DECIMAL(38, 18)), {_ABOVE_ALL}) + {_UNIT} AS most
            FROM reached b WHERE step = $step AND NOT EXISTS (
                FROM stops s WHERE s.position = b.position AND s.address_id = b.from_id AND b.block_timestamp >= s.since AND b.block_timestamp < s.until)
            """,
            {"step": step, "low": closure.low * (1 - _ROOM), "high": closure.high * (1 + _ROOM)},
        )
        row = connection.execute("SELECT count(*), min(block_timestamp), max(block_timestamp) FROM front").fetchone()
        if not row or not row[0]:
            break
        connection.execute(
            f"""
            INSERT INTO reached
            SELECT p.*, {step + 1} FROM (
                SELECT DISTINCT f.row, k.position, f.from_id, f.to_id, f.block_timestamp, f.amount
                FROM (SELECT rowid AS row, * FROM store.transfers WHERE block_timestamp >= $first AND block_timestamp <= $last AND is_edge
                          AND to_id IN (SELECT from_id FROM front)) f
                JOIN graph_tokens k USING (token_id)
                JOIN front b ON b.position = k.position AND f.to_id = b.from_id AND f.block_timestamp <= b.block_timestamp
                    AND f.block_timestamp >= b.block_timestamp - to_microseconds($gap::BIGINT)
                    AND f.amount BETWEEN b.least AND b.most) p
            ANTI JOIN reached r USING (row)
            """,
            {"gap": closure.gap, "first": _before(row[1], closure.gap), "last": row[2]},
        )
    connection.execute(
        "INSERT INTO earlier SELECT row, block_timestamp::DATE FROM reached WHERE block_timestamp < ?", [since]
    )
    if closure.with_payments:
        connection.execute(
            f"""
            INSERT INTO earlier
            SELECT f.rowid, f.block_date FROM {edges} JOIN (
                SELECT position, address_id, min(since) AS since FROM (
                    SELECT position, unnest([from_id, to_id]) AS address_id, block_timestamp - to_microseconds(?::BIGINT) AS since FROM reached WHERE block_timestamp < ? OR ?)
                GROUP BY ALL) w ON w.position = k.position AND w.address_id = f.from_id AND f.block_timestamp >= w.since
            WHERE f.block_timestamp < ? AND NOT EXISTS (
                FROM stops s WHERE s.position = k.position AND s.address_id = f.from_id AND f.block_timestamp >= s.since AND f.block_timestamp < s.until)
            """,
            [closure.gap, since, closure.target_role is not None, since],
        )
