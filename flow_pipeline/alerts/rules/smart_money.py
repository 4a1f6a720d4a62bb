"""Wallets that are listed as smart money, and what they are like."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "smart_money", "1", False
SAYS = "a wallet is listed as smart money, or its category changed"
SEVERITY = "MEDIUM"
DO = "`netraflow wallet ADDRESS` shows what it is and why."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Listed wallets; what is compared is the category, not the score, which moves every day."""
    return sql("smart_money"), {}


def parameters(settings: Settings) -> dict[str, Any]:
    """What decides who is listed."""
    rules = settings.smart_money
    return {"min_score": rules.min_score, "weights": rules.weights, "full_marks": rules.full_marks}
