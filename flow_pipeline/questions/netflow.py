"""Netflow by day, the days that stand out in it, and where the money went."""

from __future__ import annotations

from typing import Any

from flow_pipeline.detectors import discover
from flow_pipeline.detectors.netflow_anomaly import flag
from flow_pipeline.domain.errors import NotThere, UsageError, one_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.known import check_exchange, check_token, check_window, known_chain
from flow_pipeline.questions.rows import Part, Records, Rows, records, rows
from flow_pipeline.settings import ANOMALY_METHODS, AnomalySettings, Settings
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

SCOPES = {
    "exchange": ("marts.fct_daily_exchange_netflow", "exchange"),
    "wallet": ("marts.fct_daily_wallet_netflow", "exchange"),
    "total": ("marts.fct_daily_netflow", "null"),
}
"""Table of a scope, and its column of the exchange."""


def _days(connection: Connection, window: Window, token: str | None) -> dict[str, Any]:
    """What most questions take.

    Raises:
        UsageError: there is no such token, or none of those days.
    """
    check_token(connection, token)
    check_window(connection, window)
    return {"first": window.first, "last": window.last, "token": token}


def daily_netflow(
    connection: Connection,
    scope: str,
    window: Window,
    token: str | None,
    exchange: str | None,
    part: Part | None = None,
) -> Rows:
    """Daily netflow rows of a scope (exchange, wallet, total), latest day first, then the largest move."""
    check_exchange(connection, exchange)
    table, column = SCOPES[scope]
    statement = sql("netflow_days", table=table, exchange=column)
    return rows(connection, statement, {**_days(connection, window, token), "exchange": exchange}, part)


def exchange_tokens(connection: Connection, chain: str, exchange: str) -> Records:
    """Per token what came onto an exchange and left it over all days, the tokens of most active days first.

    Raises:
        NotThere: the exchange has no day on that chain.
    """
    values = {"chain": known_chain(connection, chain), "exchange": exchange}
    found = records(connection, sql("netflow_of_exchange"), values)
    if not found:
        raise NotThere(
            f"there is no exchange {exchange[:80]} on {values['chain']}", "search finds exchanges by a part of the name"
        )
    return found


def exchange_series(connection: Connection, chain: str, exchange: str, token: str) -> Records:
    """The daily netflow of a token on an exchange with its usual range, and the days that stand out.

    Returns:
        block_date, token_symbol, token_address, inflow, outflow, netflow, low and high of the range, e_value,
        is_anomalous.
    """
    values = {"chain": known_chain(connection, chain), "exchange": exchange, "token": token}
    return records(connection, sql("netflow_series"), values)


def top_destinations(
    connection: Connection, window: Window, token: str | None, top: int, by: str, part: Part | None = None
) -> Rows:
    """The `top` receivers per token over a window, ranked by amount or by count.

    Raises:
        UsageError: `by` is neither.
    """
    one_of("ranking of destinations by", by, ("amount", "count"))
    values = {**_days(connection, window, token), "top": top, "by": by}
    return rows(connection, sql("netflow_destinations"), values, part)


def judged_by(settings: Settings, method: str | None, threshold: float | None = None) -> tuple[AnomalySettings, str]:
    """Settings of anomalies and the method, where other ones than those in force may be asked for.

    Args:
        settings: In force.
        method: rank, trailing, robust or inclusive; None for the setting.
        threshold: Of rank E, in days a year; else |z|; None for the setting.

    Raises:
        UsageError: there is no such method, or the threshold can never fire or always does.
    """
    method = one_of("method", method or settings.anomalies.method, ANOMALY_METHODS)
    if threshold is not None:
        key = "alarms_per_year" if method == "rank" else f"{method}_threshold"
        settings = settings.with_changes(anomalies={key: threshold})
    return settings.anomalies, method


def anomalous_days(
    connection: Connection,
    settings: AnomalySettings,
    method: str,
    window: Window,
    token: str | None,
    wallets: bool = False,
    part: Part | None = None,
) -> Rows:
    """Days flagged by a method under the settings given: of exchanges and all of them together, or of `wallets`."""
    values = {**_days(connection, window, token), "wallets": wallets}
    scores = connection.execute(sql("netflow_scores"), values).to_arrow_table()
    connection.register("flagged", flag(scores, settings, method))
    try:
        return rows(connection, "select * from flagged", part=part)
    finally:
        connection.unregister("flagged")


def top_days(connection: Connection, method: str, top: int, scope: str, window: Window, token: str | None) -> Rows:
    """The study's top-K: per series the K days of the largest |z| of a scope (total, exchange, or single wallets).

    By rank they are the K days of the smallest E.
    """
    values = {**_days(connection, window, token), "scope": scope, "top": top}
    if method == "rank":
        return rows(connection, sql("netflow_rarest_days"), values)
    mean, std = {"robust": ("robust_median", "robust_mad")}.get(method, (f"{method}_mean", f"{method}_std"))
    statement = sql("netflow_top_days", mean=mean, std=std, score=f"z_{method}")
    return rows(connection, statement, values)


def outflow_surges(connection: Connection, window: Window, token: str | None, part: Part | None = None) -> Rows:
    """Outflow surges, latest first."""
    return rows(connection, sql("netflow_surges"), _days(connection, window, token), part)


def daily_findings(
    connection: Connection, detector: str, window: Window, token: str | None, part: Part | None = None
) -> Rows:
    """The days that a daily detector flagged, latest first.

    Raises:
        UsageError: there is no such detector.
    """
    if detector not in discover():
        raise UsageError(
            f"there is no daily detector {detector}",
            f"choose from {', '.join(sorted(discover()))}; `netraflow findings` shows typologies",
        )
    values = {**_days(connection, window, token), "detector": detector}
    return rows(connection, sql("netflow_daily_findings"), values, part)
