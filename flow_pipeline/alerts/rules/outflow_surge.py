"""Days whose outflow surged."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "outflow_surge", "1", False
SAYS = "the outflow of a day is far above the days before it"
SEVERITY = "by z, or by the amount"
DO = "`netraflow destinations --from D --to D`."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Every surge."""
    return sql("outflow_surge"), {}


def parameters(settings: Settings) -> dict[str, Any]:
    """The detector's settings."""
    return settings.anomalies.model_dump(include={"window_days", "surge_threshold", "surge_amount_by_token"})
