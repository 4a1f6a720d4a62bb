"""Money that went from group to group."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.errors import NotThere
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.known import check_token, check_window, known_address
from flow_pipeline.questions.rows import Part, Rows, rows
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def groups(connection: Connection, part: Part | None = None) -> Rows:
    """Every group: id, name, type, risk level, whether flows begin and end there, its addresses seen."""
    statement = "select * from detection.groups order by risk_rank(risk_level) desc, group_id"
    return rows(connection, statement, part=part)


def group(connection: Connection, group_id: str, part: Part | None = None) -> Rows:
    """The addresses of one group, with the stretch of time in which each belongs to it."""
    statement = """
        select * from detection.group_members where group_id = $group_id order by chain, address, valid_from
    """
    return rows(connection, statement, {"group_id": known_group(connection, group_id)}, part)


def groups_of_address(connection: Connection, address: str) -> Rows:
    """The groups of an address."""
    return rows(connection, sql("flow_groups_of_address"), {"address": known_address(connection, address)})


def active_flows(connection: Connection, group_id: str | None, part: Part | None = None) -> Rows:
    """Flows of a group, or of all, that are on their way at the end of the last day, the most confident first."""
    statement = """
        select * from detection.active_flows where $group_id is null or source_group = $group_id
        order by confidence desc, amount desc, address
    """
    return rows(connection, statement, {"group_id": known_group(connection, group_id) if group_id else None}, part)


def summary_of_pair(connection: Connection, source: str, destination: str) -> Rows:
    """What went from one group to another, per token."""
    statement = """
        select * from detection.group_flow_summaries
        where source_group = $source and destination_group = $destination order by flow_count desc
    """
    pair = {"source": known_group(connection, source), "destination": known_group(connection, destination)}
    return rows(connection, statement, pair)


def summaries(connection: Connection, part: Part | None = None) -> Rows:
    """Every pair of groups and token, most flows first."""
    statement = """
        select * from detection.group_flow_summaries
        order by flow_count desc, source_group, destination_group, token_symbol
    """
    return rows(connection, statement, part=part)


def top_risk(connection: Connection) -> Rows:
    """Pairs by risk score, the larger number of flows first among equals."""
    statement = """
        select * from detection.group_flow_summaries where risk_score > 0
        order by risk_score desc, flow_count desc, source_group, destination_group
    """
    return rows(connection, statement)


def outgoing(connection: Connection, group_id: str) -> Rows:
    """What left a group, per destination and token."""
    statement = """
        select * from detection.group_flow_summaries where source_group = $group_id
        order by flow_count desc, destination_group
    """
    return rows(connection, statement, {"group_id": known_group(connection, group_id)})


def incoming(connection: Connection, group_id: str) -> Rows:
    """What arrived in a group, per source and token."""
    statement = """
        select * from detection.group_flow_summaries where destination_group = $group_id
        order by flow_count desc, source_group
    """
    return rows(connection, statement, {"group_id": known_group(connection, group_id)})


def path_of_flow(connection: Connection, flow_id: str) -> Rows:
    """The transfers of a flow in order; `amount` is the whole transfer, of which the flow is a part.

    Raises:
        NotThere: there is no such flow.
    """
    statement = "select * from detection.group_flow_transfers where flow_id = $flow_id order by hop"
    path = rows(connection, statement, {"flow_id": flow_id})
    if not path[1]:
        raise NotThere(f"there is no flow {flow_id}", "`netraflow flows by-amount` lists them")
    return path


def by_amount(
    connection: Connection,
    token: str | None,
    least: float | None,
    most: float | None,
    window: Window,
    part: Part | None = None,
) -> Rows:
    """Flows by amount, the largest first, optionally of one token, within bounds and days."""
    check_token(connection, token)
    values = {"token": token, "least": least, "most": most, **_days(connection, window)}
    return rows(connection, sql("flows_by_amount"), values, part)


def statistics(connection: Connection, window: Window) -> Rows:
    """What became of flows in a period: started, moved, completed, and how the others ended."""
    return rows(connection, sql("flow_statistics"), _days(connection, window))


def risk_analysis(connection: Connection) -> Rows:
    """Per source and destination risk level: pairs, flows, mean confidence and hops, the highest score."""
    return rows(connection, sql("flow_risks"))


def storage(connection: Connection) -> Rows:
    """What the tracker holds: rows per table, state days kept, flows pruned and pairs left out so far."""
    return rows(connection, sql("flow_storage"))


def known_group(connection: Connection, group_id: str) -> str:
    """A group's id as it is spelled, whatever the case given.

    Raises:
        NotThere: there is no such group.
    """
    statement = """
        select group_id from detection.groups
        where lower(group_id) = lower($group) or lower(name) = lower($group) order by group_id limit 1
    """
    row = connection.execute(statement, {"group": group_id}).fetchone()
    if row is None:
        raise NotThere(f"there is no group {group_id}", "`netraflow flows groups` lists them")
    return str(row[0])


def _days(connection: Connection, window: Window) -> dict[str, Any]:
    check_window(connection, window)
    return {"first": window.first, "last": window.last}
