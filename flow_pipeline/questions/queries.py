"""The questions people ask of the published file, one function each. All values are bound."""

from __future__ import annotations

from typing import Any

from flow_pipeline.detectors.netflow_anomaly import flag
from flow_pipeline.domain.windows import Window
from flow_pipeline.settings import AnomalySettings
from flow_pipeline.warehouse.store import Connection

Rows = tuple[list[str], list[tuple[Any, ...]]]

_TABLES = {
    "exchange": "marts.fct_daily_exchange_netflow",
    "wallet": "marts.fct_daily_wallet_netflow",
    "total": "marts.fct_daily_netflow",
}


def daily_netflow(connection: Connection, scope: str, window: Window, token: str | None, exchange: str | None) -> Rows:
    """Daily netflow rows of a scope (exchange, wallet, total), latest day first, the largest move first within a day."""
    where, values = _where(window, token)
    if exchange:
        where += " AND lower(exchange) = lower(?)"
        values.append(exchange)
    return _rows(
        connection,
        f"SELECT * FROM {_TABLES[scope]} WHERE {where} AND inflow_count + outflow_count > 0 ORDER BY block_date DESC, abs(netflow) DESC",
        values,
    )


def top_destinations(connection: Connection, window: Window, token: str | None, top: int, by: str) -> Rows:
    """The `top` receivers per token over a window, ranked by amount or by count; built from marts.fct_daily_destinations."""
    where, values = _where(window, token)
    order = "sum(amount) DESC NULLS LAST" if by == "amount" else "sum(transfer_count) DESC"
    return _rows(
        connection,
        f"""
        SELECT row_number() OVER (PARTITION BY chain, token_symbol, token_address ORDER BY {order}, to_address) AS rank, chain, token_symbol, token_address, to_address,
               arg_max(entity, block_date) AS entity, arg_max(category, block_date) AS category, arg_max(regions, block_date) AS regions, sum(amount) AS amount,
               sum(transfer_count)::BIGINT AS transfer_count, sum(amount)::DOUBLE / nullif(sum(sum(amount)) OVER (PARTITION BY chain, token_symbol, token_address), 0) AS amount_share
        FROM marts.fct_daily_destinations WHERE {where}
        GROUP BY chain, token_symbol, token_address, to_address
        QUALIFY rank <= ? ORDER BY sum(sum(transfer_count)) OVER (PARTITION BY chain, token_symbol, token_address) DESC, chain, token_symbol, token_address, rank
    """,
        [*values, top],
    )


def anomalous_days(
    connection: Connection, settings: AnomalySettings, method: str, window: Window, token: str | None
) -> Rows:
    """Days flagged by a method under the settings given, from detection.netflow_scores."""
    where, values = _where(window, token)
    scores = connection.execute(
        f"SELECT * FROM detection.netflow_scores WHERE {where} AND scope_type <> 'wallet' ORDER BY block_date DESC, scope",
        values,
    ).to_arrow_table()
    found = flag(scores, settings, method)
    return found.column_names, [tuple(row.values()) for row in found.to_pylist()]


def top_days(connection: Connection, method: str, top: int, scope: str, window: Window, token: str | None) -> Rows:
    """The K days of the largest |z| of a scope (total, exchange, or wallet as the LPT study counts) per series: the study's top-K."""
    where, values = _where(window, token)
    mean, std = {"robust": ("robust_median", "robust_mad")}.get(method, (f"{method}_mean", f"{method}_std"))
    return _rows(
        connection,
        f"""
        SELECT block_date, scope, token_symbol, inflow, outflow, netflow, {mean} AS roll_mean, {std} AS roll_std, z_{method} AS zscore
        FROM detection.netflow_scores WHERE {where} AND scope_type = ? AND z_{method} IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY scope, chain, token_symbol, token_address ORDER BY abs(z_{method}) DESC, block_date) <= ?
        ORDER BY scope, token_symbol, abs(z_{method}) DESC, block_date
    """,
        [*values, scope, top],
    )


def outflow_surges(connection: Connection, window: Window, token: str | None) -> Rows:
    """Outflow surges, latest first."""
    where, values = _where(window, token)
    return _rows(
        connection,
        f"SELECT * FROM detection.outflow_surges WHERE {where} ORDER BY block_date DESC, excess DESC",
        values,
    )


def findings(
    connection: Connection, typology: str | None, window: Window, token: str | None, address: str | None, every: bool
) -> Rows:
    """Findings, suspicious ones unless `every`, the highest score first; of one typology, token or address when given."""
    where, values = _where(window, token)
    if not every:
        where += " AND is_suspicious"
    if typology:
        where += " AND typology = ?"
        values.append(typology)
    if address:
        where += " AND finding_id IN (SELECT finding_id FROM detection.finding_addresses WHERE address = lower(?) OR address = ?)"
        values += [address, address]
    return _rows(
        connection,
        f"""
        SELECT finding_id, typology, severity, score, block_date, token_symbol, moved_amount, transfer_count, address_count, reason
        FROM detection.findings WHERE {where} ORDER BY score DESC, block_date DESC, moved_amount DESC, finding_id
    """,
        values,
    )


def one_finding(connection: Connection, finding_id: str) -> dict[str, Any] | None:
    """A finding with its `transfers` and `addresses`, the labels of its time among them; None when there is none of that id."""
    found = _dicts(connection, "SELECT * FROM detection.findings WHERE finding_id = ?", [finding_id])
    if not found:
        return None
    transfers = _dicts(
        connection,
        "SELECT * EXCLUDE (finding_id) FROM detection.finding_transfers WHERE finding_id = ? ORDER BY ordinal",
        [finding_id],
    )
    addresses = _dicts(
        connection,
        """
        SELECT a.address, a.role, a.is_terminal, r.score AS risk, r.category AS risk_category,
               (SELECT string_agg(DISTINCT l.entity || ' (' || l.category || ')', ', ') FROM marts.dim_address_labels l
                WHERE l.address = a.address AND l.chain IN (a.chain, '*') AND f.last_timestamp >= l.valid_from AND f.last_timestamp < l.valid_to) AS labels
        FROM detection.finding_addresses a JOIN detection.findings f USING (finding_id)
        LEFT JOIN detection.address_risk r ON r.chain = a.chain AND r.address = a.address
        WHERE a.finding_id = ? ORDER BY array_position(['focus', 'source', 'middle', 'target'], a.role), a.address
    """,
        [finding_id],
    )
    return {**found[0], "transfers": transfers, "addresses": addresses}


def risk_of(connection: Connection, address: str) -> list[dict[str, Any]]:
    """The risk of an address, a dict per chain, with its `components`; empty when it has none."""
    found = _dicts(
        connection,
        "SELECT * FROM detection.address_risk WHERE address = lower(?) OR address = ? ORDER BY score DESC",
        [address, address],
    )
    for row in found:
        row["components"] = _dicts(
            connection,
            "SELECT component, score, confidence, weight, score * confidence * weight AS part, is_active, finding_id, evidence FROM detection.risk_components "
            "WHERE chain = ? AND address = ? ORDER BY is_active DESC, part DESC, component, finding_id",
            [row["chain"], row["address"]],
        )
    return found


def labels_of(connection: Connection, address: str) -> list[dict[str, Any]]:
    """Every label of an address, the surest first."""
    return _dicts(
        connection,
        "SELECT chain, entity, category, confidence, source FROM marts.dim_address_labels WHERE address = lower(?) OR address = ? ORDER BY confidence DESC, entity",
        [address, address],
    )


def _dicts(connection: Connection, sql: str, values: list[Any]) -> list[dict[str, Any]]:
    columns, rows = _rows(connection, sql, values)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def one_wallet(connection: Connection, address: str) -> dict[str, Any] | None:
    """A wallet's trades: totals per chain, what it still holds of what it bought, every trade with the latest first; None when no transfer names it."""
    known = connection.execute(
        "SELECT address FROM store.addresses WHERE address IN (?, lower(?)) ORDER BY address = ? DESC LIMIT 1",
        [address, address, address],
    ).fetchone()
    if known is None:
        return None
    totals = """
        SELECT chain, count(*) AS trades, min(block_date) AS first_day, max(block_date) AS last_day, count(value_usd) / count(*) AS priced_share, sum(value_usd) AS value_usd,
               sum(realised_usd) AS realised_usd, count(realised_usd) AS closed, count(*) FILTER (WHERE realised_usd > 0) AS wins, sum(gas_usd) AS gas_usd
        FROM marts.fct_wallet_trades WHERE wallet = ? GROUP BY chain ORDER BY trades DESC, chain"""
    positions = """
        SELECT chain, token, arg_max(amount, trade_number) AS amount, arg_max(cost, trade_number) AS cost_usd, arg_max(cost / nullif(amount, 0), trade_number) AS average_cost_usd
        FROM (SELECT chain, coalesce(gave_token_symbol, gave_token_address) AS token, gave_token_address AS contract, gave_position_amount AS amount, gave_position_usd AS cost, trade_number
              FROM marts.fct_wallet_trades WHERE wallet = $1
              UNION ALL SELECT chain, coalesce(got_token_symbol, got_token_address), got_token_address, got_position_amount, got_position_usd, trade_number
              FROM marts.fct_wallet_trades WHERE wallet = $1)
        GROUP BY chain, token, contract HAVING arg_max(amount, trade_number) > 0 ORDER BY cost_usd DESC, token"""
    trades = """
        SELECT *, coalesce(gave_token_symbol, gave_token_address) AS gave, coalesce(got_token_symbol, got_token_address) AS got
        FROM marts.fct_wallet_trades WHERE wallet = ? ORDER BY trade_number DESC"""
    found: dict[str, Any] = {"address": known[0]}
    labels = connection.execute(
        "SELECT DISTINCT entity || ' (' || category || ')' FROM marts.dim_address_labels WHERE address = ? ORDER BY 1",
        [known[0]],
    ).fetchall()
    found["labels"] = [row[0] for row in labels]
    for name, sql in (("totals", totals), ("positions", positions), ("trades", trades)):
        columns, rows = _rows(connection, sql, [known[0]])
        found[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    behaviour = """
        SELECT f.* EXCLUDE (wallet) FROM marts.fct_wallet_features f JOIN (SELECT chain, max(block_date) AS block_date FROM marts.fct_wallet_features WHERE wallet = $1 GROUP BY chain) l
            USING (chain, block_date) WHERE f.wallet = $1 ORDER BY chain, window_days"""
    past = """
        SELECT chain, block_date, tx_count, volume_usd, realised_usd, profit_consistency, round_trip_share, recipient_count, mev_tx_share FROM marts.fct_wallet_features
        WHERE wallet = ? AND window_days = 30 ORDER BY block_date DESC, chain"""
    for name, sql in (
        ("smart_money", "SELECT * EXCLUDE (wallet) FROM detection.smart_money_wallets WHERE wallet = ? ORDER BY chain"),
        ("features", behaviour),
        ("past", past),
        ("mev", "SELECT * FROM detection.mev_events WHERE wallet = ? ORDER BY block_timestamp DESC, event_id"),
    ):
        found[name] = _dicts(connection, sql, [known[0]])
    return found


def smart_wallets(connection: Connection, top: int, category: str | None, every: bool) -> Rows:
    """The best ranked wallets of detection.smart_money_wallets: listed ones, or all."""
    return _rows(
        connection,
        """
        SELECT rank, wallet, chain, entity, category, round(score, 4) AS score, round(score_low, 4) AS score_low, round(score_high, 4) AS score_high, round(confidence, 2) AS confidence,
               is_smart, scored_by, round(volume_usd, 2) AS volume_usd, round(realised_usd, 2) AS realised_usd, round(win_rate, 3) AS win_rate, mev_tx_count, tx_count, first_seen, last_active
        FROM detection.smart_money_wallets WHERE (is_smart OR $2) AND ($1 IS NULL OR category = $1) ORDER BY rank, wallet, chain LIMIT $3
    """,
        [category, every, top],
    )


def _where(window: Window, token: str | None) -> tuple[str, list[Any]]:
    parts: list[str] = ["true"]
    values: list[Any] = []
    for sql, value in (("block_date >= ?", window.first), ("block_date <= ?", window.last)):
        if value:
            parts.append(sql)
            values.append(value)
    if token:
        parts.append("(lower(token_symbol) = lower(?) OR lower(token_address) = lower(?))")
        values += [token, token]
    return " AND ".join(parts), values


def _rows(connection: Connection, sql: str, values: list[Any]) -> Rows:
    cursor = connection.execute(sql, values)
    return [item[0] for item in cursor.description or []], cursor.fetchall()
