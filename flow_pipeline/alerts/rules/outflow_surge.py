"""Days whose outflow surged."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "outflow_surge", "3", False
SAYS = "the outflow of a day is rarely as far above the level of its series, or by the amount set for its token"
SEVERITY = (
    "by how often a year: HIGH under a tenth, CRITICAL under a hundredth of `anomalies.alarms_per_year`; from "
    "`verdicts.large_usd` one word more, under `verdicts.small_usd` one less, and MEDIUM then is no alert"
)
DO = "`netraflow destinations --from D --to D`."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Every surge."""
    return sql("outflow_surge"), {"budget": settings.anomalies.alarms_per_year}


def parameters(settings: Settings) -> dict[str, Any]:
    """The detector's settings, and the stakes."""
    stakes = settings.verdicts.model_dump(include={"small_usd", "large_usd"})
    return stakes | settings.anomalies.model_dump(
        include={
            "alarms_per_year",
            "rank_level_days",
            "rank_history_days",
            "min_history_days",
            "surge_amount_by_token",
        }
    )
