"""The questions people ask about group flows, one function each. All values are bound; rows come with their column names."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.queries import Rows
from flow_pipeline.warehouse.store import Connection

_FLOW = "flow_id, block_date, source_group, destination_group, token_symbol, token_address, amount, hop_count, confidence, started_at, completed_at, source_address, destination_address"


def groups(connection: Connection) -> Rows:
    """Every group: id, name, type, risk level, whether flows begin and end there, its addresses seen."""
    return _rows(
        connection,
        "SELECT * FROM detection.groups ORDER BY list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], risk_level), group_id",
    )


def group(connection: Connection, group_id: str) -> Rows:
    """The addresses of one group, with the stretch of time in which each belongs to it."""
    return _rows(
        connection,
        "SELECT * FROM detection.group_members WHERE group_id = ? ORDER BY chain, address, valid_from",
        known_group(connection, group_id),
    )


def groups_of_address(connection: Connection, address: str) -> Rows:
    """The groups of an address."""
    return _rows(
        connection,
        "SELECT m.address, m.chain, m.valid_from, m.valid_to, g.* EXCLUDE (address_count) FROM detection.group_members m JOIN detection.groups g USING (group_id) "
        "WHERE m.address = ? OR m.address = lower(?) ORDER BY g.group_id, m.chain, m.valid_from",
        address,
        address,
    )


def active_flows(connection: Connection, group_id: str | None) -> Rows:
    """Flows of a group, or of all, that are on their way at the end of the last day, the most confident first."""
    where, values = ("source_group = ?", (known_group(connection, group_id),)) if group_id else ("true", ())
    return _rows(
        connection,
        f"SELECT * FROM detection.active_flows WHERE {where} ORDER BY confidence DESC, amount DESC, address",
        *values,
    )


def summary_of_pair(connection: Connection, source: str, destination: str) -> Rows:
    """What went from one group to another, per token."""
    return _rows(
        connection,
        "SELECT * FROM detection.group_flow_summaries WHERE source_group = ? AND destination_group = ? ORDER BY flow_count DESC",
        known_group(connection, source),
        known_group(connection, destination),
    )


def summaries(connection: Connection) -> Rows:
    """Every pair of groups and token, most flows first."""
    return _rows(
        connection,
        "SELECT * FROM detection.group_flow_summaries ORDER BY flow_count DESC, source_group, destination_group, token_symbol",
    )


def top_risk(connection: Connection) -> Rows:
    """Pairs by risk score, the larger number of flows first among equals."""
    return _rows(
        connection,
        "SELECT * FROM detection.group_flow_summaries WHERE risk_score > 0 ORDER BY risk_score DESC, flow_count DESC, source_group, destination_group",
    )


def outgoing(connection: Connection, group_id: str) -> Rows:
    """What left a group, per destination and token."""
    return _rows(
        connection,
        "SELECT * FROM detection.group_flow_summaries WHERE source_group = ? ORDER BY flow_count DESC, destination_group",
        known_group(connection, group_id),
    )


def incoming(connection: Connection, group_id: str) -> Rows:
    """What arrived in a group, per source and token."""
    return _rows(
        connection,
        "SELECT * FROM detection.group_flow_summaries WHERE destination_group = ? ORDER BY flow_count DESC, source_group",
        known_group(connection, group_id),
    )


def path_of_flow(connection: Connection, flow_id: str) -> Rows:
    """The transfers of a flow in order; `amount` is the whole transfer, of which the flow is a part.

    Raises:
        UsageError: there is no such flow.
    """
    found = _rows(connection, "SELECT * FROM detection.group_flow_transfers WHERE flow_id = ? ORDER BY hop", flow_id)
    if not found[1]:
        raise UsageError(f"there is no flow {flow_id}", "`netraflow flows by-amount` lists them")
    return found


def by_amount(
    connection: Connection, token: str | None, least: float | None, most: float | None, window: Window
) -> Rows:
    """Flows by amount, the largest first, optionally of one token, within bounds and days."""
    where, values = _where(window)
    for condition, value in (
        ("lower(coalesce(token_symbol, token_address)) = lower(?)", token),
        ("amount >= ?", least),
        ("amount <= ?", most),
    ):
        if value is not None:
            where += f" AND {condition}"
            values.append(value)
    return _rows(
        connection, f"SELECT {_FLOW} FROM detection.group_flows WHERE {where} ORDER BY amount DESC, flow_id", *values
    )


def statistics(connection: Connection, window: Window) -> Rows:
    """What became of flows in a period: started, moved, completed, and how the others ended."""
    where, values = _where(window)
    return _rows(
        connection,
        "SELECT min(block_date) AS first_day, max(block_date) AS last_day, count(*) AS days, sum(started)::BIGINT AS started, sum(moved)::BIGINT AS moved, "
        "sum(completed)::BIGINT AS completed, sum(returned)::BIGINT AS returned, sum(absorbed)::BIGINT AS absorbed, sum(hop_limit)::BIGINT AS hop_limit, "
        "sum(low_confidence)::BIGINT AS low_confidence, sum(too_small)::BIGINT AS too_small, sum(too_old)::BIGINT AS too_old, sum(idle)::BIGINT AS idle, "
        f"sum(pruned)::BIGINT AS pruned, max(active)::BIGINT AS most_active FROM ops.flow_days WHERE {where}",
        *values,
    )


def risk_analysis(connection: Connection) -> Rows:
    """Per source and destination risk level: pairs, flows, mean confidence and hops, the highest score."""
    return _rows(
        connection,
        "SELECT s.risk_level AS source_risk, d.risk_level AS destination_risk, count(*) AS pairs, sum(f.flow_count)::BIGINT AS flows, "
        "sum(f.average_confidence * f.flow_count) / sum(f.flow_count) AS average_confidence, sum(f.average_hops * f.flow_count)::DOUBLE / sum(f.flow_count) AS average_hops, "
        "max(f.risk_score) AS highest_risk FROM detection.group_flow_summaries f JOIN detection.groups s ON s.group_id = f.source_group "
        "JOIN detection.groups d ON d.group_id = f.destination_group GROUP BY ALL ORDER BY highest_risk DESC, flows DESC",
    )


def storage(connection: Connection) -> Rows:
    """What the tracker holds: rows per table, state days kept, flows pruned and pairs left out so far."""
    return _rows(
        connection,
        "SELECT (SELECT count(*) FROM detection.groups) AS groups, (SELECT count(*) FROM detection.group_members) AS members, "
        "(SELECT count(*) FROM detection.group_flows) AS completed_flows, (SELECT count(*) FROM detection.active_flows) AS active_flows, "
        "(SELECT count(*) FROM detection.group_flow_summaries) AS summaries, "
        "(SELECT count(*) FROM (SELECT DISTINCT source_group, destination_group, chain, token_symbol, token_address FROM detection.group_flows)) "
        "- (SELECT count(*) FROM detection.group_flow_summaries) AS summaries_left_out, "
        "(SELECT coalesce(sum(pruned), 0)::BIGINT FROM ops.flow_days) AS pruned, (SELECT count(*) FROM store.flow_states) AS state_rows, "
        "(SELECT count(DISTINCT block_date) FROM store.flow_states) AS state_days",
    )


def known_group(connection: Connection, group_id: str) -> str:
    """A group's id as it is spelled, whatever the case given.

    Raises:
        UsageError: there is no such group.
    """
    row = connection.execute(
        "SELECT group_id FROM detection.groups WHERE lower(group_id) = lower(?) OR lower(name) = lower(?) ORDER BY group_id LIMIT 1",
        [group_id, group_id],
    ).fetchone()
    if row is None:
        raise UsageError(f"there is no group {group_id}", "`netraflow flows groups` lists them")
    return str(row[0])


def _where(window: Window) -> tuple[str, list[Any]]:
    where, values = "true", []
    for condition, value in (("block_date >= ?", window.first), ("block_date <= ?", window.last)):
        if value is not None:
            where += f" AND {condition}"
            values.append(value)
    return where, values


def _rows(connection: Connection, sql: str, *values: Any) -> Rows:
    found = connection.execute(sql, list(values))
    return [column[0] for column in found.description or ()], found.fetchall()
