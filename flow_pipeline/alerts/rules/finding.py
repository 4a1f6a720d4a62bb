"""Suspicious findings of every typology, by rarity and stake."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "finding", "2", False
SAYS = "a typology found transfers that are suspicious: rarer than the budget, or suspicious by themselves"
SEVERITY = "the finding's, by E and dollars; one of LOW severity, under `verdicts.small_usd`, is no alert"
DO = "`netraflow finding ID` shows the transfers and what would clear it; `netraflow verify ID` proves it again."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Suspicious findings."""
    return sql("finding"), {"budget": settings.verdicts.alarms_per_10000}


def parameters(settings: Settings) -> dict[str, Any]:
    """The budget."""
    return settings.verdicts.model_dump(mode="json")
