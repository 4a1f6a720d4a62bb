"""Alerts of the tip in the one ledger: taken once, moved, withdrawn, and confirmed by the daily build."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from flow_pipeline.alerts.ledger import open_ledger
from flow_pipeline.alerts.tip import TipAlert, settle, take, withdraw_missing
from flow_pipeline.settings import Settings
from tests.conftest import U, V, ask, build, transfer, write_csv

NOW = datetime(2025, 5, 3, 12)
ALERT = TipAlert(
    rule="large_transfer",
    rule_version="2",
    subject="a",
    topic="LPT a to b",
    chain="ethereum",
    block_date=date(2025, 5, 3),
    severity="HIGH",
    title="5 LPT from a to b",
    content={"amount": "5"},
    source="evm:ethereum",
    block=10,
    finality="seen",
)


def held(settings: Settings) -> list[tuple[object, ...]]:
    with open_ledger(settings) as connection:
        return connection.execute("""
            select subject, change, revision, finality, told_at is not null from alerts order by subject
        """).fetchall()


def test_an_alert_is_taken_once_and_withdrawn_when_its_block_falls(settings: Settings) -> None:
    assert take(settings, [ALERT], NOW) == {"new": 1}
    assert take(settings, [ALERT], NOW) == {}, "a replay tells nothing"
    assert take(settings, [replace(ALERT, block=11)], NOW) == {}, "the same transfer in the next block is no news"
    assert settle(settings, "evm:ethereum", 10, 5) == 0
    assert settle(settings, "evm:ethereum", 11, 5) == 1
    assert held(settings) == [("a", "new", 1, "safe", True)]
    assert take(settings, [replace(ALERT, is_standing=False)], NOW) == {"withdrawn": 1}
    assert take(settings, [replace(ALERT, is_standing=False)], NOW) == {}
    assert take(settings, [ALERT], NOW) == {"new": 1}
    assert held(settings) == [("a", "new", 3, "seen", True)]
    with open_ledger(settings) as connection:
        assert connection.execute("select revision, change from events order by revision").fetchall() == [
            (1, "new"),
            (2, "withdrawn"),
            (3, "new"),
        ]


def test_what_a_killed_process_left_behind_is_withdrawn(settings: Settings) -> None:
    other = replace(ALERT, subject="b")
    take(settings, [ALERT, other, replace(ALERT, subject="c", source="nats:x")], NOW)
    assert withdraw_missing(settings, "evm:ethereum", {other.alert_id}, date(2025, 5, 1), NOW) == 1
    assert [row[:2] for row in held(settings)] == [("a", "withdrawn"), ("b", "new"), ("c", "new")]


def test_no_more_are_told_than_a_team_can_read(settings: Settings) -> None:
    few = settings.with_changes(alerts={"per_week": 2})
    alerts = [replace(ALERT, subject=str(n), rarity=0.1 * n) for n in range(1, 6)]
    take(few, [*alerts, replace(ALERT, subject="z")], NOW)
    assert [row[0] for row in held(few) if row[4]] == ["1", "2", "z"], "the rarest, and what is always told"


@pytest.mark.parametrize("is_right", [True, False])
def test_the_daily_build_confirms_or_withdraws_what_the_tip_told(
    is_right: bool, settings: Settings, tmp_path: Path
) -> None:
    limits = settings.with_changes(alerts={"transfer_by_token": {"ETH": [10, 100, 1000]}})
    write_csv(tmp_path / "one" / "a.csv", [transfer(1, U, V, 1, at="2025-05-01")])
    write_csv(tmp_path / "two" / "b.csv", [transfer(2, U, V, 50, at="2025-05-03")])
    elsewhere = limits.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    build(elsewhere, tmp_path / "two")
    names = ("rule_version", "subject", "topic", "block_date", "severity", "title", "content")
    rows = ask(elsewhere, f"select {', '.join(names)} from ops.alerts where rule = 'large_transfer'")
    told = dict(zip(names, rows[0], strict=True))
    content = json.loads(told.pop("content"))
    early = replace(
        ALERT,
        **told,
        content=content if is_right else {**content, "amount": "49"},
    )
    early = early if is_right else replace(early, subject="never happened")
    take(limits, [early], NOW)
    build(limits, tmp_path / "one")
    assert held(limits)[0][1:4] == ("new", 1, "seen"), "no build that lacks its day compares it"
    settle(limits, "evm:ethereum", 99, 99, date(2025, 5, 3))
    write_csv(tmp_path / "two" / "c.csv", [transfer(3, U, V, 1, at="2025-05-03")])
    build(limits, tmp_path / "two")
    found = {row[0]: row[1:4] for row in held(limits)}
    assert found[told["subject"]] == ("new", 1, None)
    if not is_right:
        assert found["never happened"][:2] == ("withdrawn", 2)
    assert len(found) == (1 if is_right else 2)
