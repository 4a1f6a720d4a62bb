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


def days_before(pasts: Iterable[Past], services: TypologySettings) -> int:
    """Days before the first new one whose transfers are read, whoever made them."""
    return -(-_reach(pasts, services) // DAY)


def read_recent(
    connection: Connection, pasts: dict[str, Past], day: date, until: datetime, services: TypologySettings
) -> TransferGraph:
    """The graph of the new days and of every earlier transfer their findings need.

    A vertex whose transfers are not all in it may show findings that are none, but none of them ends on a new day.

    Args:
        connection: The build file; graph_tokens and store.hubs are up to date.
        pasts: How far each typology reaches back.
        day: First new day.
        until: The moment before which its transfers lie.
        services: What makes an address a service.
    """
    start = datetime(day.year, day.month, day.day)
    since = _before(start, _reach(pasts.values(), services))
    connection.execute(sql("past_stops"), {"categories": list(ROLE_BY_CATEGORY)})
    for name, past in pasts.items():
        if past.closure is not None:
            _add_closure(connection, name, past, past.closure, start, since, until)
    connection.execute("drop table temp.stops")
    _add_histories(connection, pasts, start, since)
    return read_graph(connection, since, until, _first_earlier(connection), services)


def read_histories(
    connection: Connection,
    name: str,
    past: Past,
    graph: TransferGraph,
    vertices: np.ndarray,
    day: date,
    until: datetime,
) -> TransferGraph:
    """The graph of the transfers of some vertices of another graph that findings of a typology may hold.

    Args:
        connection: The build file.
        name: The typology.
        past: How far it reaches back: a finding of before that the new days lengthen, or that merges with one of them.
        graph: Where the vertices are from.
        vertices: Whose transfers are read.
        day: First new day.
        until: The moment before which its transfers lie.
    """
    addresses = {"position": graph.token[vertices], "address_id": graph.address[vertices]}
    connection.register("addresses_read", pa.table(addresses))
    open_since = _before(datetime(day.year, day.month, day.day), past.merges)
    connection.execute(
        sql("past_histories"), {"typology": name, "open_since": open_since, "span": past.span, "until": until}
    )
    connection.unregister("addresses_read")
    return read_graph(connection, datetime.max, until, _first_earlier(connection))


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


def _reach(pasts: Iterable[Past], services: TypologySettings) -> int:
    """Microseconds before the first new day within which every transfer is read."""
    return max(
        services.service_window,
        *(max(past.span, past.open + (past.closure.gap if past.closure and past.open else 0)) for past in pasts),
    )


def _first_earlier(connection: Connection) -> date:
    """The first day of the temp table `earlier_transfers`, as a bound for the scan."""
    row = connection.execute("select min(block_date) from earlier_transfers").fetchone()
    return row[0] if row and row[0] else date.max


def _before(moment: datetime, microseconds: int) -> datetime:
    """Never before the year 1: settings allow windows of centuries."""
    return moment - min(timedelta(microseconds=microseconds), moment - datetime.min)


def _add_histories(connection: Connection, pasts: dict[str, Past], start: datetime, since: datetime) -> None:
    """Transfers of the addresses of findings that the new days may lengthen and that began before `since`."""
    rules = [
        {"typology": name, "span": past.span, "roles": list(past.history), "open_since": _before(start, past.merges)}
        for name, past in pasts.items()
        if past.merges and past.closure is None and past.alone is None
    ]
    connection.register("growth_rules", pa.Table.from_pylist(rules))
    connection.execute(sql("past_growing_addresses"), {"since": since})
    connection.unregister("growth_rules")
    row = connection.execute("select min(since) from growing_addresses").fetchone()
    if row and row[0] is not None:
        for side in ("from_id", "to_id"):
            connection.execute(sql("past_growing_transfers", side=side), {"since": since, "first": row[0]})
    connection.execute("drop table temp.growing_addresses")


def _add_closure(
    connection: Connection,
    name: str,
    past: Past,
    closure: Closure,
    start: datetime,
    since: datetime,
    until: datetime,
) -> None:
    """Transfers before `since` from which the last ones may have come, hop by hop."""
    if closure.target_role is not None:
        categories = [category for category, role in ROLE_BY_CATEGORY.items() if role == closure.target_role]
        connection.execute(
            "create or replace temp table target_addresses as select distinct address_id "
            "from intermediate.int_address_labels__intervals where category in (select unnest($categories::varchar[]))",
            {"categories": categories},
        )
        row = connection.execute(
            "select min(first_timestamp) from detection.findings where typology = ? and last_timestamp >= ?",
            [name, _before(start, past.merges)],
        ).fetchone()
        first = _before(min(filter(None, (row[0] if row else None, start))), closure.gap)
        connection.execute(sql("past_last_transfers_to_targets"), {"first": first, "last": until})
        connection.execute("drop table temp.target_addresses")
    else:
        # What comes after `since` is read anyway, so that only ways across it need be followed back.
        across = {"first": since, "last": min(_before(since, -closure.gap), until)}
        is_short = not past.open and until - start < timedelta(microseconds=closure.gap)
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
