"""Addresses whose risk score is above the limit."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "address_risk", "2", False
SAYS = (
    "the risk score of an address is above the limit and rests on several components: what one finding or contact says "
    "is told by itself"
)
SEVERITY = "by score: `alerts.medium_score`, `alerts.high_score`, `alerts.critical_score`"
DO = "`netraflow risk ADDRESS` shows the components of the score."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Addresses above the limit."""
    return sql("address_risk"), parameters(settings)


def parameters(settings: Settings) -> dict[str, Any]:
    """The limits of scores."""
    return settings.alerts.score_limits
