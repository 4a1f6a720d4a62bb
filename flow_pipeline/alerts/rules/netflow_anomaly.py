"""Anomalous netflow days, of each exchange and of all, with the severity of the detector: by |z| over its threshold."""

from __future__ import annotations

from typing import Any

from flow_pipeline.alerts.rules import number
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "netflow_anomaly", "1", False
SAYS = "the netflow of a day lies outside its baseline"

_SELECT = f"""
SELECT concat_ws('|', chain, coalesce(token_address, token_symbol), scope, block_date) AS subject, concat_ws(' ', scope, coalesce(token_symbol, token_address), chain) AS topic,
       chain, block_date, severity,
       scope || ': ' || {number("abs(netflow)")} || ' ' || coalesce(token_symbol, token_address, '?') || CASE WHEN direction = 'high' THEN ' net onto' ELSE ' net off' END
           || CASE WHEN scope = 'TOTAL' THEN ' all exchanges' ELSE ' the exchange' END || ' on ' || block_date
           || CASE WHEN zscore IS NULL THEN ', after days that never moved' ELSE ', z ' || format('{{:+.2f}}', zscore) END AS title,
       NULL::VARCHAR AS from_address, NULL::VARCHAR AS to_address, NULL::VARCHAR AS from_entity, NULL::VARCHAR AS to_entity, NULL::VARCHAR[] AS addresses,
       CASE WHEN scope <> 'TOTAL' THEN [scope] END AS entities,
       json_object('netflow', netflow::VARCHAR, 'zscore', round(zscore, 6), 'severity', severity) AS content,
       json_object('method', method, 'mean', baseline_mean, 'std', baseline_std, 'window_days', window_days, 'threshold', threshold) AS baseline
FROM detection.netflow_anomalies
"""


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Every anomalous day."""
    return _SELECT, {}


def parameters(settings: Settings) -> dict[str, Any]:
    """The detector's settings."""
    return settings.anomalies.model_dump(
        include={
            "method",
            "window_days",
            "trailing_threshold",
            "robust_threshold",
            "inclusive_threshold",
            "high_ratio",
            "critical_ratio",
        }
    )
