"""Single transfers above limits that the user sets, else many times the largest that their token is used to."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "large_transfer", "2", True
SAYS = (
    "one transfer, not between wallets of one entity, moved more than the limit of its token, or more US dollars than "
    "the limit where the token has none; without a limit, the largest of a token and day is told when it is "
    "`alerts.transfer_times` the largest of the days before"
)
SEVERITY = (
    "by the limit that it exceeds: `alerts.transfer_by_token`, else `alerts.transfer_usd`; without a limit by the "
    "times, HIGH from ten and CRITICAL from a hundred times as many, and by dollars; MEDIUM where no price is known"
)
DO = "See who the two ends are, `netraflow risk ADDRESS`. Put a settlement account on the allow-list."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Transfers above their limit on the days to tell."""
    limits = settings.alerts.transfer_by_token
    medium, high, critical = ([values[place] for values in limits.values()] for place in range(3))
    return sql("large_transfer"), {
        "tokens": list(limits),
        "medium": medium,
        "high": high,
        "critical": critical,
        "usd": list(settings.alerts.transfer_usd or ()),
        "times": settings.alerts.transfer_times,
        "days": settings.alerts.transfer_days,
        "least": settings.alerts.transfer_least,
    }


def parameters(settings: Settings) -> dict[str, Any]:
    """The limits."""
    names = {"transfer_by_token", "transfer_usd", "transfer_times", "transfer_days", "transfer_least"}
    weighed = {"small_usd", "large_usd"}
    return settings.alerts.model_dump(include=names) | settings.verdicts.model_dump(include=weighed)
