"""Suspicious findings of every typology, by score."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "finding", "1", False
SAYS = "a typology found transfers that are suspicious, with a score above the limit"
SEVERITY = "by score: `alerts.medium_score`, `alerts.high_score`, `alerts.critical_score`"
DO = "`netraflow finding ID` shows the transfers and what would clear it; `netraflow verify ID` proves it again."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Suspicious findings above the limit."""
    return sql("finding"), parameters(settings)


def parameters(settings: Settings) -> dict[str, Any]:
    """The limits of scores."""
    return settings.alerts.score_limits
