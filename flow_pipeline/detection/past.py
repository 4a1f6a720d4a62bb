"""What the typologies of new days need of earlier ones: which transfers, and which stored findings they replace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa

from flow_pipeline.detection.graph import read_graph
from flow_pipeline.detectors.typology import Closure, Past, parameters_of, typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph import ROLE_BY_CATEGORY, TransferGraph
from flow_pipeline.graph.paths import DAY
from flow_pipeline.settings import TypologySettings
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)
_ROOM = 1e-9
"""Ratios are compared as floats; the kernels judge what is read."""


def pasts_of(common: TypologySettings) -> dict[str, Past]:
    """How far each typology reaches back under the settings in force."""
    return {name: detector.past(parameters_of(name, common), common) for name, detector in typologies().items()}


def days_before(pasts: Iterable[Past]) -> int:
    """Days before the first new one whose transfers are read, whoever made them."""
    return -(-reach(pasts) // DAY)


def reach(pasts: Iterable[Past]) -> int:
    """Microseconds before the first new day within which every transfer is read."""
    return max(
        0, *(max(past.span, past.open + (past.closure.gap if past.closure and past.open else 0)) for past in pasts)
    )


def read_recent(
    connection: Connection, pasts: dict[str, Past], day: date, until: datetime, knows_before: bool
) -> TransferGraph:
    """The graph of the new days and of every earlier transfer their findings need.

    A vertex whose transfers are not all in it may show findings that are none, but none of them ends on a new day.

    Args:
        connection: The build file; graph_tokens, store.hubs and store.services are up to date.
        pasts: How far each typology reaches back.
        day: First new day.
        until: The moment before which its transfers lie.
        knows_before: Whether what was found on the days before is stored.
    """
    start = datetime(day.year, day.month, day.day)
    since = _before(start, reach(pasts.values()))
    connection.execute(sql("past_stops"), {"categories": list(ROLE_BY_CATEGORY)})
    for name, past in pasts.items():
        if past.closure is not None:
            first = _first_open(connection, name, past, start) if knows_before else datetime.min
            _add_closure(connection, past.closure, bool(past.open), start, since, until, first)
    connection.execute("drop table temp.stops")
    return read_graph(connection, since, until, _first_earlier(connection))


def read_histories(connection: Connection, addresses: pa.Table, until: datetime) -> TransferGraph:
    """The graph of the transfers of some addresses.

    Args:
        connection: The build file.
        addresses: position (of the token), address_id, since (microseconds); may repeat.
        until: The moment before which the transfers lie.
    """
    connection.register("addresses_read", addresses)
    connection.execute(sql("past_histories"), {"until": until})
    connection.unregister("addresses_read")
    return read_graph(connection, datetime.max, until, _first_earlier(connection))


def first_times(
    connection: Connection, name: str, past: Past, graph: TransferGraph, vertices: np.ndarray, day: date
) -> np.ndarray:
    """When the stored findings about some vertices began that may grow from a day on, microseconds.

    Where there is none it is the earliest moment at which one could begin that did not end long before the day.
    """
    open_since = _before(datetime(day.year, day.month, day.day), past.merges)
    foci = {"focus": vertices, "position": graph.token[vertices], "address_id": graph.address[vertices]}
    connection.register("foci", pa.table(foci))
    rows = connection.execute(sql("past_first_times"), {"typology": name, "open_since": open_since}).fetchnumpy()
    connection.unregister("foci")
    return np.asarray(rows["first_time"])


def list_replaced(connection: Connection, pasts: dict[str, Past], day: date) -> None:
    """The temp table `replaced_findings`: the stored findings that those to store stand for."""
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
    connection.register("replacement_rules", pa.Table.from_pylist(rules))
    connection.execute(sql("past_replaced"))
    connection.unregister("replacement_rules")


def _first_earlier(connection: Connection) -> date:
    """The first day of the temp table `earlier_transfers`, as a bound for the scan."""
    row = connection.execute("select min(block_date) from earlier_transfers").fetchone()
    return row[0] if row and row[0] else date.max


def _before(moment: datetime, microseconds: int) -> datetime:
    """Never before the year 1: settings allow windows of centuries."""
    return moment - min(timedelta(microseconds=microseconds), moment - datetime.min)


def _first_open(connection: Connection, name: str, past: Past, start: datetime) -> datetime:
    """When the first of the stored findings began that may grow from a moment on; that moment where there is none."""
    row = connection.execute(
        "select min(first_timestamp) from detection.findings where typology = ? and last_timestamp >= ?",
        [name, _before(start, past.merges)],
    ).fetchone()
    return min(row[0], start) if row and row[0] else start


def _add_closure(
    connection: Connection,
    closure: Closure,
    is_open: bool,
    start: datetime,
    since: datetime,
    until: datetime,
    first: datetime,
) -> None:
    """Transfers before `since` from which the last ones may have come, hop by hop.

    Args:
        connection: The build file.
        closure: How they are followed back.
        is_open: Whether findings of before may turn out to be others.
        start: The first new moment.
        since: From here on every transfer is read anyway.
        until: The moment before which all lie.
        first: When the first finding began that may grow.
    """
    if closure.target_role is not None:
        categories = [category for category, role in ROLE_BY_CATEGORY.items() if role == closure.target_role]
        connection.execute(
            "create or replace temp table target_addresses as select distinct address_id "
            "from intermediate.int_address_labels__intervals where category in (select unnest($categories::varchar[]))",
            {"categories": categories},
        )
        first = _before(first, closure.gap)
        connection.execute(sql("past_last_transfers_to_targets"), {"first": first, "last": until})
        connection.execute("drop table temp.target_addresses")
    else:
        # What comes after `since` is read anyway, so that only ways across it need be followed back.
        across = {"first": since, "last": min(_before(since, -closure.gap), until)}
        is_short = not is_open and until - start < timedelta(microseconds=closure.gap)
        connection.execute(sql("past_last_transfers"), {"first": start, "last": until} if is_short else across)
    for step in range(closure.steps):
        shares = {"low": closure.low * (1 - _ROOM), "high": closure.high * (1 + _ROOM)}
        connection.execute(sql("past_frontier"), {"step": step, **shares})
        row = connection.execute("select count(*), min(block_timestamp), max(block_timestamp) from frontier").fetchone()
        if not row or not row[0]:
            break
        between = {"first": _before(row[1], closure.gap), "last": row[2]}
        connection.execute(sql("past_step"), {"step": step + 1, "gap": closure.gap, **between})
    connection.execute(
        "insert into earlier_transfers select row, block_timestamp::date from path_transfers where block_timestamp < ?",
        [since],
    )
    if closure.with_payments:
        with_last = closure.target_role is not None
        connection.execute(sql("past_payments"), {"gap": closure.gap, "since": since, "with_last": with_last})
    connection.execute("drop table if exists temp.frontier")
    connection.execute("drop table temp.path_transfers")
