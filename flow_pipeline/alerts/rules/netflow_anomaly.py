"""Anomalous netflow days, of each exchange and of all, with the severity of the detector: by |z| over its threshold."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "netflow_anomaly", "1", False
SAYS = "the netflow of a day lies outside its baseline"
SEVERITY = "by |z| over the threshold"
DO = "`netraflow netflow --from D --to D`, then see who moved the coins: the exchange table of the report."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Every anomalous day."""
    return sql("netflow_anomaly"), {}


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
