"""Transfers with an address that stands on a sanctions list: no amount is too small, and no limit holds one back."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "sanctioned_transfer", "1", True
SAYS = "one end of a transfer, of whatever amount, is an address with a label `sanctioned` that holds at its time"
SEVERITY = "always CRITICAL; no allow-list of transfers holds it back"
DO = "Stop what is still to be paid out and report it. `netraflow screen ADDRESS` names list, day and amounts."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Transfers on the days to tell whose sender or receiver is sanctioned."""
    return sql("sanctioned_transfer"), {}


def parameters(settings: Settings) -> dict[str, Any]:
    """Nothing: it has no limit."""
    return {}
