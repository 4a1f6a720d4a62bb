"""The ledger tells each thing once, says what changed, and survives a killed process and a warehouse built anew."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flow_pipeline import pipeline
from flow_pipeline.alerts import ledger
from flow_pipeline.alerts.delivery import deliver
from flow_pipeline.alerts.rules import COLUMNS, RUN_FAILED, discover, lend_words
from flow_pipeline.cli import main
from flow_pipeline.domain.errors import AuditFailed, UsageError
from flow_pipeline.settings import Settings
from tests.conftest import ask, build, label_file, transfer, write_csv

HARBOUR, SECOND, USER, OTHER = "0x" + "e" * 40, "0x" + "f" * 40, "0x" + "1" * 40, "0x" + "2" * 40


@pytest.fixture
def labelled(settings: Settings, tmp_path: Path) -> Settings:
    rows = [
        ["ethereum", address, "Harbour", "exchange", "hot", 0.9, "a test", "2020-01-01", ""]
        for address in (HARBOUR, SECOND)
    ]
    channels = {"all": {"kind": "file", "path": tmp_path / "sent.jsonl", "min_severity": "MEDIUM"}}
    return settings.with_changes(
        labels={"files": (label_file(tmp_path / "l.csv", rows),)},
        alerts={"channels": channels, "transfer_by_token": {"ETH": (10, 100, 1_000)}},
        quality={"max_collapse": 1.0},  # of five transfers one is a fifth
    )


def publish(
    settings: Settings, folder: Path, first: float | None, extra: list[list[object]] | None = None
) -> dict[str, int]:
    """Publish a folder with one large transfer (or none), a medium one, and moves that are no news; what was told."""
    rows = [
        transfer(2, USER, OTHER, 15),
        transfer(3, HARBOUR, SECOND, 5_000),
        transfer(4, USER, USER, 5_000),
        transfer(5, USER, OTHER, 9),
    ]
    write_csv(folder / "in" / "t.csv", [*rows, *([transfer(1, USER, HARBOUR, first)] if first else []), *(extra or [])])
    return build(settings, folder / "in").told


def large(settings: Settings) -> list[tuple[Any, ...]]:
    columns, rows = ledger.listed(settings, None, "large_transfer", "all", None)
    return [tuple(row[columns.index(name)] for name in ("severity", "status", "change", "revision")) for row in rows]


def sent(folder: Path) -> list[dict[str, Any]]:
    return (
        [json.loads(line) for line in (folder / "sent.jsonl").read_text().splitlines()]
        if (folder / "sent.jsonl").exists()
        else []
    )


def test_each_thing_is_told_once_and_its_changes_too(labelled: Settings, tmp_path: Path) -> None:
    assert publish(labelled, tmp_path, 150)["new"] >= 2
    assert large(labelled) == [("HIGH", "open", "new", 1), ("MEDIUM", "open", "new", 1)]
    assert build(labelled, tmp_path / "in").told == {}
    before = sent(tmp_path)
    changed = publish(labelled, tmp_path, 1_500)
    assert changed["changed"] >= 1
    assert large(labelled) == [("CRITICAL", "open", "changed", 2), ("MEDIUM", "open", "new", 1)]
    event = next(
        alert
        for message in [*sent(tmp_path)[len(before) :]]
        for alert in message["alerts"]
        if alert["rule"] == "large_transfer"
    )
    assert (event["before"]["amount"], event["after"]["amount"]) == (
        "150.000000000000000000",
        "1500.000000000000000000",
    )
    assert event["after"]["to_entity"] == "Harbour"
    assert publish(labelled, tmp_path, None)["withdrawn"] >= 1
    assert large(labelled) == [("CRITICAL", "withdrawn", "withdrawn", 3), ("MEDIUM", "open", "new", 1)]
    assert publish(labelled, tmp_path, 150)["new"] >= 1, "what comes back is told"
    assert {
        row[:2] for row in ask(labelled, "SELECT severity, change FROM ops.alerts WHERE rule = 'large_transfer'")
    } == {("HIGH", "new"), ("MEDIUM", "new")}


def test_the_explanation_is_frozen_with_the_alert(labelled: Settings, tmp_path: Path) -> None:
    publish(labelled, tmp_path, 150)
    alert_id = ledger.listed(labelled, "HIGH", "large_transfer", None, None)[1][0][0]
    found = ledger.shown(labelled, alert_id[:10])
    explained = found["explanation"]
    assert explained["what"].startswith("150 ETH from 0x111111…1111 to Harbour at 2025-05-01 12:00:00")
    assert explained["rule"]["parameters"]["transfer_by_token"] == {"ETH": [10.0, 100.0, 1000.0]}
    assert explained["baseline"]["limits"] == [10.0, 100.0, 1000.0]
    assert [(label["entity"], label["source"]) for label in explained["labels"]] == [("Harbour", "a test")]
    stricter = labelled.with_changes(alerts={"transfer_by_token": {"ETH": (10.0, 100.0, 120.0)}})
    publish(stricter, tmp_path, 150, [transfer(9, USER, OTHER, 1)])
    again = ledger.shown(stricter, alert_id)
    assert (again["severity"], again["change"]) == ("CRITICAL", "changed")
    assert again["explanation"]["baseline"]["limits"] == [10.0, 100.0, 120.0]


def test_a_warehouse_that_is_built_anew_tells_nobody_twice(labelled: Settings, tmp_path: Path) -> None:
    publish(labelled, tmp_path, 150)
    count = len(sent(tmp_path))
    for folder in ("build", "published"):
        shutil.rmtree(labelled.data_dir / folder)
    assert publish(labelled, tmp_path, 150) == {}
    assert len(sent(tmp_path)) == count
    assert len(ask(labelled, "FROM ops.alerts")) == len(ledger.listed(labelled, None, None, "all", None)[1])


@pytest.mark.parametrize("dies_in", ["compare", "record_publication", "swap_in", "commit"])
def test_a_run_killed_at_any_step_is_told_by_the_next(
    dies_in: str, labelled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    publish(labelled, tmp_path, None)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, dies_in, die)
        with pytest.raises(KeyboardInterrupt):
            publish(labelled, tmp_path, 150)
    told = build(labelled, tmp_path / "in").told
    assert told.get("new", 0) >= 1
    assert build(labelled, tmp_path / "in").told == {}
    told_of = [
        alert["title"]
        for message in sent(tmp_path)
        for alert in message["alerts"]
        if alert["title"].startswith("150 ETH")
    ]
    assert len(told_of) == 1


def test_days_that_did_not_change_are_not_read_again(labelled: Settings, tmp_path: Path) -> None:
    publish(labelled, tmp_path, 150)
    late = [transfer(7, USER, HARBOUR, 130, "2025-05-02T12:00:00Z")]
    publish(labelled, tmp_path, 150, late)
    assert large(labelled) == [("HIGH", "open", "new", 1), ("HIGH", "open", "new", 1), ("MEDIUM", "open", "new", 1)]
    # a label that makes a move internal reaches back to days that stand
    rows = [
        ["ethereum", address, "Harbour", "exchange", "hot", 0.9, "a test", "2020-01-01", ""]
        for address in (HARBOUR, SECOND, USER)
    ]
    label_file(tmp_path / "l.csv", rows)
    assert build(labelled, tmp_path / "in").told["withdrawn"] >= 2


def test_a_finding_that_grows_is_told_as_changed(labelled: Settings, tmp_path: Path) -> None:
    hands = ["0x" + digit * 40 for digit in "56789"]
    chain = [
        transfer(20 + n, hands[n], hands[n + 1], 4, at)
        for n, at in enumerate(
            ("2025-05-01T23:40:00Z", "2025-05-01T23:45:00Z", "2025-05-01T23:50:00Z", "2025-05-02T00:05:00Z")
        )
    ]
    labelled = labelled.with_changes(typologies={"rapid_chain": {"amount_by_token": {"ETH": 10}}})
    publish(labelled, tmp_path, None, chain[:3])
    ((alert_id,),) = ask(labelled, "SELECT alert_id FROM ops.alerts WHERE topic LIKE 'rapid_chain %'")
    assert publish(labelled, tmp_path, None, chain)["changed"] >= 1
    found = ledger.shown(labelled, str(alert_id))
    assert [event["change"] for event in found["events"]] == ["new", "changed"]
    was, now = (json.loads(found["events"][1][name]) for name in ("before", "after"))
    assert (was["transfers"], now["transfers"]) == (3, 4)
    assert was["finding_id"] != now["finding_id"]


def test_what_belongs_to_a_finding_is_told_with_it(labelled: Settings, tmp_path: Path) -> None:
    hands = ["0x" + digit * 40 for digit in "56789"]
    chain = [transfer(20 + n, hands[n], hands[n + 1], 40, f"2025-05-01T23:{n}0:00Z") for n in range(3)]
    labelled = labelled.with_changes(alerts={"topic_minutes": 0})
    following = labelled.with_changes(typologies={"rapid_chain": {"amount_by_token": {"ETH": 10}}})

    def state(rule: str, status: str) -> int:
        return len(ledger.listed(following, None, rule, status, None)[1])

    def told(since: int) -> list[tuple[str, str]]:
        found = [(one["rule"], one["change"]) for message in sent(tmp_path)[since:] for one in message["alerts"]]
        return sorted(one for one in found if one[0] != "data_quality")

    publish(following, tmp_path, None, chain)
    assert (state("large_transfer", "part"), state("finding", "open")) == (3, 1)
    assert told(0) == [("finding", "new"), ("large_transfer", "new")], "the other one is no part of it"
    parts = next(one for m in sent(tmp_path) for one in m["alerts"] if one["rule"] == "finding")["after"]["parts"]
    assert sorted(part["title"][:30] for part in parts) == [
        "40 ETH from 0x555555…5555 to 0",
        "40 ETH from 0x666666…6666 to 0",
        "40 ETH from 0x777777…7777 to 0",
    ]
    assert len(ledger.listed(following, None, "large_transfer", "open", None)[1]) == 2, "a head is found by its parts"
    count = len(sent(tmp_path))
    publish(following, tmp_path, None, [*chain[:2], transfer(22, hands[2], hands[3], 39, "2025-05-01T23:20:00Z")])
    assert told(count) == [("finding", "changed")], "a part that changes is told once, with its alert"
    count = len(sent(tmp_path))
    assert build(labelled, tmp_path / "in").told
    assert told(count) == [("finding", "withdrawn"), *[("large_transfer", "new")] * 3], "parts outlive their alert"
    assert (state("large_transfer", "part"), state("large_transfer", "open")) == (0, 4)


def test_a_history_is_one_digest_and_its_last_day_is_news(labelled: Settings, tmp_path: Path) -> None:
    hands = ["0x" + digit * 40 for digit in "567"]
    days = [transfer(100 + n, hands[n % 2], hands[2], 20 + n, f"2025-04-{n:02d}T12:00:00Z") for n in range(1, 10)]
    publish(labelled, tmp_path, 150, days)
    messages = [
        (message["type"], sorted(one["block_date"] for one in message["alerts"] if one["rule"] == "large_transfer"))
        for message in sent(tmp_path)
    ]
    assert sorted(messages) == [
        ("alert", ["2025-05-01"]), ("alert", ["2025-05-01"]),
        ("digest", [f"2025-04-{n:02d}" for n in range(1, 10)]),
    ]  # fmt: skip


def test_a_transfer_is_large_for_the_traffic_of_its_own_token(labelled: Settings, tmp_path: Path) -> None:
    own = labelled.with_changes(alerts={"transfer_by_token": {}, "transfer_least": 20})
    usual = [transfer(300 + n, USER, OTHER, 2, f"2025-04-{n % 28 + 1:02d}T12:00:00Z") for n in range(30)]
    small = [transfer(400, USER, OTHER, 19.9, "2025-04-29T12:00:00Z", symbol="OTHER")]
    publish(own, tmp_path, 19.9, [*usual, *small])
    assert large(own) == [], "15 is the largest of others, 19.9 under ten times the usual, and OTHER has no traffic"
    publish(own, tmp_path, 20, [*usual, *small])
    assert [row[0] for row in large(own)] == ["MEDIUM"], "no price, so nobody knows what it is worth"
    assert (
        "10 times the largest of the 30 days before" in ledger.listed(own, None, "large_transfer", None, None)[1][0][8]
    )


def test_whoever_was_told_is_told_when_it_matters_less(labelled: Settings, tmp_path: Path) -> None:
    channels = {"all": {"kind": "file", "path": tmp_path / "sent.jsonl", "min_severity": "HIGH"}}
    strict = labelled.with_changes(alerts={"channels": channels, "topic_minutes": 0})
    publish(strict, tmp_path, 150)
    publish(strict, tmp_path, 20)
    publish(strict, tmp_path, None)
    told = [
        (alert["change"], alert["severity"])
        for message in sent(tmp_path)
        for alert in message["alerts"]
        if alert["rule"] == "large_transfer"
    ]
    assert sorted(told) == [("changed", "MEDIUM"), ("new", "HIGH"), ("withdrawn", "MEDIUM")], (
        "and nobody is told of the other medium one"
    )


def test_the_last_audit_is_the_one_written_last_whatever_its_name_and_clock(labelled: Settings, tmp_path: Path) -> None:
    publish(labelled, tmp_path, 150)
    sql, values = discover()["data_quality"].candidates(labelled)
    with duckdb.connect(str(labelled.build_file)) as connection:
        before = connection.execute(sql, values).fetchall()
        connection.execute(
            "INSERT INTO ops.audits SELECT * REPLACE ('ffffffff-of-an-orchestrator' AS run_id, false AS is_success, "
            "'warning' AS severity, checked_at + INTERVAL 1 DAY AS checked_at) FROM ops.audits"
        )
        assert connection.execute(sql, values).fetchall() != before
        connection.execute(
            "INSERT INTO ops.audits SELECT * REPLACE ('0-written-last' AS run_id) FROM ops.audits "
            "WHERE run_id <> 'ffffffff-of-an-orchestrator'"
        )
        assert connection.execute(sql, values).fetchall() == before


def test_acknowledged_until_it_changes(labelled: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(labelled, tmp_path, 150)
    alert_id = ledger.listed(labelled, "HIGH", "large_transfer", None, None)[1][0][0]
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "--data-dir",
                str(labelled.data_dir),
                "alerts",
                "ack",
                alert_id[:8],
                "--by",
                "mira",
                "--reason",
                "known customer",
            ]
        )
    assert not ended.value.code
    assert capsys.readouterr().out == f"acknowledged {alert_id}\n"
    assert large(labelled)[0][1] == "acknowledged"
    publish(labelled, tmp_path, 160)
    assert large(labelled)[0] == ("HIGH", "open", "changed", 2)
    actions = ledger.shown(labelled, alert_id)["actions"]
    assert [(row["action"], row["author"], row["reason"]) for row in actions] == [
        ("acknowledge", "mira", "known customer")
    ]


def test_snoozed_until_a_day_and_told_then(labelled: Settings, tmp_path: Path) -> None:
    publish(labelled, tmp_path, 150)
    alert_id = ledger.listed(labelled, "HIGH", "large_transfer", None, None)[1][0][0]
    until = (datetime.now(UTC) + timedelta(days=3)).date()
    ledger.snooze(labelled, alert_id, until, "mira", "audit under way")
    count = len(sent(tmp_path))
    publish(labelled, tmp_path, 170)
    assert large(labelled)[0] == ("HIGH", "snoozed", "changed", 2)
    titles = [alert["title"] for message in sent(tmp_path)[count:] for alert in message["alerts"]]
    assert not [title for title in titles if title.startswith("170 ETH")]
    deliver(labelled, datetime(until.year, until.month, until.day, 0, 1, tzinfo=UTC))
    titles = [alert["title"] for message in sent(tmp_path)[count:] for alert in message["alerts"]]
    assert [title for title in titles if title.startswith("170 ETH")]
    with pytest.raises(UsageError, match="has begun"):
        ledger.snooze(labelled, alert_id, date(2020, 1, 1), "mira", "too late")


def test_an_allowed_pair_stays_in_the_ledger_and_is_not_sent(labelled: Settings, tmp_path: Path) -> None:
    ledger.allow(labelled, USER, "Harbour", (datetime.now(UTC) + timedelta(days=3)).date(), "mira", "treasury")
    publish(labelled, tmp_path, 150)
    assert large(labelled)[0] == ("HIGH", "open", "new", 1)
    titles = [alert["title"] for message in sent(tmp_path) for alert in message["alerts"]]
    assert not [title for title in titles if title.startswith("150 ETH")]
    assert [title for title in titles if title.startswith("15 ETH")]


def test_a_run_that_fails_is_an_alert_and_wrong_usage_is_not(labelled: Settings, tmp_path: Path) -> None:
    publish(labelled, tmp_path, 150)
    strict = labelled.with_changes(quality={"max_reject_share": 0.0, "warn_reject_share": 0.0})
    with pytest.raises(AuditFailed):
        publish(strict, tmp_path, 160, [transfer(8, USER, OTHER, "not a number")])
    columns, failed = ledger.listed(labelled, None, RUN_FAILED, None, None)
    assert len(failed) == 1
    assert "the audit failed" in failed[0][columns.index("title")]
    with pytest.raises(UsageError):
        build(labelled, tmp_path / "nowhere")
    assert len(ledger.listed(labelled, None, RUN_FAILED, None, None)[1]) == 1


def test_every_rule_gives_the_columns_of_the_room(labelled: Settings, tmp_path: Path) -> None:
    publish(labelled, tmp_path, 150)
    with duckdb.connect(str(labelled.build_file)) as connection:
        lend_words(connection)
        connection.execute("CREATE TEMP TABLE days_to_tell (block_date DATE)")
        connection.execute(f"ATTACH '{ledger.ledger_file(labelled)}' AS ledger (READ_ONLY)")
        for name, rule in discover().items():
            sql, values = rule.candidates(labelled)
            found = connection.execute(sql, values)
            assert [column[0] for column in found.description or ()] == list(COLUMNS), name
            json.dumps(rule.parameters(labelled), default=str)


def test_a_restored_warehouse_goes_on(labelled: Settings, tmp_path: Path) -> None:
    """What docs/operations.md says under Backup and restore."""
    publish(labelled, tmp_path, 150)
    before = ask(labelled, "SELECT count(*) FROM raw.transfers")
    shutil.copytree(labelled.data_dir, tmp_path / "backup", symlinks=True, ignore=shutil.ignore_patterns("build"))
    shutil.rmtree(labelled.data_dir)
    shutil.copytree(tmp_path / "backup", labelled.data_dir, symlinks=True)
    labelled.build_file.parent.mkdir()
    shutil.copyfile(labelled.published_link.resolve(), labelled.build_file)
    result = build(labelled, tmp_path / "in")
    assert (result.is_new, result.told) == (False, {})
    assert publish(labelled, tmp_path, 160)["changed"] >= 1
    assert ask(labelled, "SELECT count(*) FROM raw.transfers") == before


def test_the_channels_of_the_guide_are_settings(tmp_path: Path) -> None:
    from flow_pipeline.settings import load_settings
    from tests.conftest import ROOT

    guide = (ROOT / "docs" / "operations.md").read_text()
    (tmp_path / "netraflow.toml").write_text(guide.split("```toml")[1].split("```")[0])
    channels = load_settings(file=tmp_path / "netraflow.toml").alerts.channels
    assert {name: channel.kind for name, channel in channels.items()} == {
        "desk": "apprise",
        "case-tool": "webhook",
        "log": "file",
        "bus": "nats",
    }
