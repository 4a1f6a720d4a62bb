"""Anomalous netflow days, of each exchange and of all, with the severity of the detector: by how rare the size is.

Days of single wallets are no alert: an exchange that tidies up its wallets moves them all.
"""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "netflow_anomaly", "3", False
SAYS = "the netflow of a day is rarely as far from the level of its series"
SEVERITY = (
    "by how often a year: HIGH under a tenth, CRITICAL under a hundredth of `anomalies.alarms_per_year`; from "
    "`verdicts.large_usd` one word more, under `verdicts.small_usd` one less, and MEDIUM then is no alert"
)
DO = "`netraflow netflow --from D --to D`, then see who moved the coins: the exchange table of the report."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Every anomalous day."""
    return sql("netflow_anomaly"), {"budget": settings.anomalies.alarms_per_year}


def parameters(settings: Settings) -> dict[str, Any]:
    """The detector's settings, and the stakes."""
    stakes = settings.verdicts.model_dump(include={"small_usd", "large_usd"})
    return stakes | settings.anomalies.model_dump(
        include={
            "method",
            "alarms_per_year",
            "rank_level_days",
            "rank_history_days",
            "min_history_days",
            "window_days",
            "trailing_threshold",
            "robust_threshold",
            "inclusive_threshold",
        }
    )
