"""Single transfers above limits that the user sets; moves between wallets of one entity are no news."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "large_transfer", "1", True
SAYS = (
    "one transfer, not between wallets of one entity, moved more than the limit of its token, or more US dollars than "
    "the limit where the token has none; without limits in the settings there are none"
)
SEVERITY = "by the limit that it exceeds: `alerts.transfer_by_token`, else `alerts.transfer_usd`"
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
    }


def parameters(settings: Settings) -> dict[str, Any]:
    """The limits."""
    return {"transfer_by_token": settings.alerts.transfer_by_token, "transfer_usd": settings.alerts.transfer_usd}
