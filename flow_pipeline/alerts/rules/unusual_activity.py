"""Days on which a listed wallet pays far more, or less, than it is used to."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "unusual_activity", "1", False
SAYS = "what a smart-money wallet paid on a day is far from its own past"
SEVERITY = "MEDIUM above `alerts.activity_zscore`, HIGH at twice the limit"
DO = "`netraflow wallet ADDRESS` shows what it traded that day."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Days beyond the limit, of wallets that were listed on them."""
    return sql("unusual_activity"), parameters(settings)


def parameters(settings: Settings) -> dict[str, Any]:
    """The limit."""
    return {"zscore": settings.alerts.activity_zscore}
