"""Sanctions from a list to an alert: no amount, limit or allow-list holds a transfer with a listed address back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flow_pipeline.alerts import ledger
from flow_pipeline.settings import Settings
from tests.conftest import ask, build, transfer, write_csv
from tests.worlds import address

LISTED, USER, OTHER, HARBOUR = (address(name) for name in ("listed", "user", "other", "harbour"))
REMARKS = (
    '1,"SOMEBODY, Some","individual","CYBER2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    f'"Digital Currency Address - ETH {LISTED};"\n'
)


def world(settings: Settings, folder: Path, rows: list[list[object]]) -> Settings:
    (folder / "sdn_2024-03-04.csv").write_text(REMARKS)
    write_csv(folder / "in" / "t.csv", rows)
    channels = {"all": {"kind": "file", "path": folder / "sent.jsonl", "min_severity": "MEDIUM"}}
    return settings.with_changes(labels={"files": (folder / "sdn_2024-03-04.csv",)}, alerts={"channels": channels})


def told(settings: Settings) -> list[dict[str, Any]]:
    columns, rows = ledger.listed(settings, None, "sanctioned_transfer", "all", None)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_each_transfer_with_a_listed_address_is_critical_whatever_its_amount(
    settings: Settings, tmp_path: Path
) -> None:
    rows = [
        transfer(1, USER, LISTED, "0.000000000000000001"),
        transfer(2, LISTED, USER, 0, symbol="XYZ"),
        transfer(3, LISTED, LISTED, 1),
        transfer(4, USER, LISTED, 3, chain="polygon"),
        transfer(5, USER, OTHER, 9),
    ]
    given = world(settings, tmp_path, rows)
    ledger.allow(given, USER, LISTED, (datetime.now(UTC) + timedelta(days=3)).date(), "mira", "settlement")
    build(given, tmp_path / "in")
    alerts = told(given)
    assert [alert["severity"] for alert in alerts] == ["CRITICAL"] * 4
    titles = [alert["title"].split()[0] for alert in alerts]
    assert titles == ["3", "1", "1e-18", "0"], "without dollars the largest amount is read first"
    assert all("SOMEBODY, Some, OFAC SDN list of 2024-03-04, known from 2024-03-04" in a["title"] for a in alerts)
    labels = ledger.shown(given, alerts[0]["alert_id"])["explanation"]["labels"]
    assert [label["source"] for label in labels] == ["OFAC SDN list of 2024-03-04"]
    messages = [json.loads(line) for line in (tmp_path / "sent.jsonl").read_text().splitlines()]
    sent = [alert["alert_id"] for message in messages for alert in message["alerts"]]
    assert {alert["alert_id"] for alert in alerts} <= set(sent)
    assert build(given, tmp_path / "in").told == {}
    (label,) = ask(
        given, f"SELECT source, known_from::date::varchar, label_set FROM raw.labels WHERE address = '{LISTED}'"
    )
    assert label == ("OFAC SDN list of 2024-03-04", "2024-03-04", "sdn_2024-03-04.csv")


def test_a_label_of_another_category_and_more_confidence_hides_no_sanction(settings: Settings, tmp_path: Path) -> None:
    given = world(settings, tmp_path, [transfer(1, USER, LISTED, 1)])
    (tmp_path / "more.csv").write_text(
        "chain,address,entity,category,confidence,valid_from\n"
        f"ethereum,{LISTED},Harbour,exchange,1.0,2020-01-01\n"
        f"ethereum,{USER},Old list,sanctioned,1.0,2019-01-01\n"
    )
    files = {"files": (tmp_path / "sdn_2024-03-04.csv", tmp_path / "more.csv"), "sanctions_confidence": 0.2}
    build(given.with_changes(labels=files), tmp_path / "in")
    (alert,) = told(given)
    assert "SOMEBODY" in alert["title"]
    assert "Old list" in alert["title"]


def test_a_sanction_that_had_ended_or_not_begun_says_nothing_of_a_transfer(settings: Settings, tmp_path: Path) -> None:
    given = world(settings, tmp_path, [transfer(1, USER, HARBOUR, 1), transfer(2, OTHER, USER, 1)])
    (tmp_path / "more.csv").write_text(
        "chain,address,entity,category,valid_from,valid_to\n"
        f"ethereum,{HARBOUR},Was,sanctioned,2019-01-01,2020-01-01\n"
        f"ethereum,{OTHER},Will be,sanctioned,2025-05-02,\n"
    )
    build(given.with_changes(labels={"files": (tmp_path / "more.csv",)}), tmp_path / "in")
    assert told(given) == []
