"""PLUG ROOM: one file = one kind of alert. A SELECT on the warehouse in, candidates for the ledger out.

What lives here: which rows of the warehouse deserve an alert, how severe, in which words; the SELECT of a rule is a
file of its name in `sql`, or stands in its module. What must not: what was told before (ledger), how it is sent
(delivery). Read more: docs/operations.md, "Alerts", and docs/alerts.md, which is made from the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, cast

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.plugs import check_plug, files_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection

RUN_FAILED, TRACED_MONEY, MIXER_CONTACT = "run_failed", "traced_money", "mixer_contact"


@dataclass(frozen=True)
class Kind:
    """A kind of alert that no SELECT on a warehouse finds: what it says, how severe it is, what to do."""

    says: str
    severity: str
    do: str


WITHOUT_RULE = {
    RUN_FAILED: Kind(
        "a run failed and published nothing",
        "HIGH",
        "Read the reason in the alert, repair the cause, run again. The last publication stays in force.",
    ),
    TRACED_MONEY: Kind(
        "money that a sanctioned address, a mixer or a thief paid reached an exchange over other hands, seen at the "
        "tip of a followed chain; group flows do its accounts in the daily build",
        "HIGH where it reached an exchange, MEDIUM where it only moved on beyond `live.traced_usd`",
        "Tell the exchange at once: what lies there can still be held. `netraflow screen ADDRESS` tells who is near.",
    ),
    MIXER_CONTACT: Kind(
        "addresses dealt directly with a mixer on a day, seen at the tip of a followed chain; one alert per label and "
        "day, told anew with twice as many",
        "MEDIUM: people deal with mixers for many reasons",
        "See who they are in `live.transfers`; the daily build's `mixer_funnel` tells which of them hid something.",
    ),
}
"""Kinds that are told without a warehouse to look at."""

COLUMNS = {
    "subject": "VARCHAR",
    "topic": "VARCHAR",
    "chain": "VARCHAR",
    "block_date": "DATE",
    "severity": "VARCHAR",
    "rarity": "DOUBLE",
    "stake_usd": "DOUBLE",
    "title": "VARCHAR",
    "from_address": "VARCHAR",
    "to_address": "VARCHAR",
    "from_entity": "VARCHAR",
    "to_entity": "VARCHAR",
    "addresses": "VARCHAR[]",
    "entities": "VARCHAR[]",
    "content": "JSON",
    "baseline": "JSON",
}
"""What a rule's SELECT returns. `subject` names the alert for good, `content` is what is compared with what was told,
where `severity` is NULL, rarity and stake decide it (scoring.severity) and it is added to the content,
`rarity` is how many as strong are to be expected over what
the rule's budget allows, NULL for what is told whatever else there is; it and `stake_usd` rank alerts over all rules.
`topic` is what messages are limited by, `addresses` and `entities` are those whose labels are frozen with the alert."""


class Rule(Protocol):
    """A kind of alert.

    `NAME` and `VERSION` stand in every alert; `SAYS` is its meaning in a sentence; `SEVERITY` is what decides how
    severe it is, and `DO` what whoever gets it does: both for docs/alerts.md. `BY_DAY` is true when an alert depends on
    the transfers, labels and prices of its own day only, so that days that stand are not read again.
    """

    NAME: str
    VERSION: str
    SAYS: str
    SEVERITY: str
    DO: str
    BY_DAY: bool

    def candidates(self, settings: Settings) -> tuple[str, dict[str, Any]]:
        """A SELECT of `COLUMNS` and its bound parameters. A BY_DAY rule reads the days of `days_to_tell` only."""

    def parameters(self, settings: Settings) -> dict[str, Any]:
        """The settings it depends on, frozen in the alert."""


def lend_words(connection: Connection) -> None:
    """The words that rules tell alerts in, for this connection."""
    connection.execute(statements(__name__)("macros"))


@cache
def discover() -> dict[str, Rule]:
    """Every rule of this room by name; a new file is found without any other edit.

    Raises:
        FlowError: a file lacks what a rule must have.
    """
    found: dict[str, Rule] = {}
    for module in files_of(__name__):
        check_plug(module, "rule", Rule)
        found[module.NAME] = cast(Rule, module)
    return found


def check_channels(settings: Settings) -> None:
    """Refuse channels that name a kind of alert there is not: they would send nothing, and nobody would know.

    Raises:
        UsageError: a channel's `rules` names no kind of alert.
    """
    known = (*discover(), *WITHOUT_RULE)
    for name, channel in settings.alerts.channels.items():
        for rule in channel.rules:
            if rule not in known:
                raise UsageError(
                    f"alerts.channels.{name}.rules: there is no kind of alert {rule}", f"choose from {', '.join(known)}"
                )
