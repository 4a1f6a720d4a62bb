"""What addresses and entities of the watch list do: their transfers and findings of a day, and their risk."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "watched", "1", False
SAYS = (
    "an address or an entity of the watch list made or got transfers on a day, stands in a suspicious finding of that "
    "day, or has another risk level than before"
)
SEVERITY = "MEDIUM for transfers, that of the gravest finding of the day, and the risk level, where they are higher"
DO = "Whoever put it on the list knows why it matters: `netraflow watchlist list` names owner and reason."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """What the watch list's addresses and entities did since they are on it."""
    return sql("watched"), {}


def parameters(settings: Settings) -> dict[str, Any]:
    """Nothing: the list stands in the ledger."""
    return {}
