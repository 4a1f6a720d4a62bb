"""Kinds of alert: found by being there, each whole, and channels may name no other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flow_pipeline.alerts import rules
from flow_pipeline.alerts.kinds import alert_kinds
from flow_pipeline.alerts.rules import WITHOUT_RULE, check_channels, discover
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.markdown import WIDTH
from flow_pipeline.settings import Settings

NAMES = sorted(discover())


def test_every_file_of_the_room_is_a_rule() -> None:
    assert sorted(path.stem for path in Path(rules.__file__).parent.glob("[a-z]*.py")) == NAMES
    assert not set(WITHOUT_RULE) & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_whole(name: str, settings: Settings) -> None:
    rule = discover()[name]
    assert name == rule.NAME
    assert rule.VERSION
    assert rule.BY_DAY in (True, False)
    assert len(rule.SAYS.split()) > 4
    assert not rule.SAYS.endswith(".")
    assert rule.SEVERITY
    assert not rule.SEVERITY.endswith(".")
    assert len(rule.DO.split()) > 3
    assert rule.DO.endswith(".")
    sql, bound = rule.candidates(settings)
    assert all(f"${value}" in sql for value in bound), "what is bound stands in the statement"
    assert ("days_to_tell" in sql) == rule.BY_DAY
    json.dumps(rule.parameters(settings))


def test_the_page_has_every_kind_with_its_severity_and_what_to_do() -> None:
    page = alert_kinds()
    assert re.findall(r"(?m)^## (\w+)$", page) == [*NAMES, *WITHOUT_RULE]
    assert page.count("\n* Severity: ") == page.count("\n* Do: ") == len(NAMES) + len(WITHOUT_RULE)
    assert max(map(len, page.splitlines())) <= WIDTH


def test_parameters_are_the_settings_in_force(settings: Settings) -> None:
    stricter = settings.with_changes(
        alerts={"medium_score": 0.1, "high_score": 0.2, "critical_score": 0.3}, verdicts={"alarms_per_10000": 0.3}
    )
    assert discover()["address_risk"].parameters(stricter) == {"medium": 0.1, "high": 0.2, "critical": 0.3}
    assert discover()["finding"].parameters(stricter)["alarms_per_10000"] == 0.3


@pytest.mark.parametrize(
    "scale", [{"medium_score": 0.9}, {"transfer_usd": (1, 1, 2)}, {"transfer_by_token": {"ETH": (3, 2, 1)}}]
)
def test_a_severity_that_can_never_be_given_is_refused(scale: dict[str, object], settings: Settings) -> None:
    with pytest.raises(UsageError, match="must rise, or one can never be given"):
        settings.with_changes(alerts=scale)


def test_a_channel_may_name_every_kind_and_no_other(settings: Settings) -> None:
    def channel(*names: str) -> Settings:
        return settings.with_changes(alerts={"channels": {"ops": {"kind": "terminal", "rules": names}}})

    check_channels(settings)
    check_channels(channel())
    check_channels(channel(*NAMES, *WITHOUT_RULE))
    with pytest.raises(
        UsageError, match=r"alerts\.channels\.ops\.rules: there is no kind of alert findings"
    ) as refusal:
        check_channels(channel("finding", "findings"))
    assert all(name in refusal.value.hint for name in (*NAMES, *WITHOUT_RULE))
