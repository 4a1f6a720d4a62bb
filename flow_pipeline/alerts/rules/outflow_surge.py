"""Days whose outflow surged."""

from __future__ import annotations

from typing import Any

from flow_pipeline.alerts.rules import number
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "outflow_surge", "1", False
SAYS = "the outflow of a day is far above the days before it"

_SELECT = f"""
SELECT concat_ws('|', chain, coalesce(token_address, token_symbol), scope, block_date) AS subject, concat_ws(' ', scope, coalesce(token_symbol, token_address), chain) AS topic,
       chain, block_date, severity,
       scope || ': ' || {number("outflow")} || ' ' || coalesce(token_symbol, token_address, '?') || ' went out on ' || block_date || ', ' || {number("excess")}
           || ' above the mean of the days before' AS title,
       NULL::VARCHAR AS from_address, NULL::VARCHAR AS to_address, NULL::VARCHAR AS from_entity, NULL::VARCHAR AS to_entity, NULL::VARCHAR[] AS addresses,
       CASE WHEN scope <> 'TOTAL' THEN [scope] END AS entities,
       json_object('outflow', outflow::VARCHAR, 'excess', round(excess, 6), 'rule', rule, 'severity', severity) AS content,
       json_object('mean', baseline_mean, 'std', baseline_std, 'zscore', zscore, 'threshold', threshold, 'surge_amount', surge_amount) AS baseline
FROM detection.outflow_surges
"""


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Every surge."""
    return _SELECT, {}


def parameters(settings: Settings) -> dict[str, Any]:
    """The detector's settings."""
    return settings.anomalies.model_dump(include={"window_days", "surge_threshold", "surge_amount_by_token"})
