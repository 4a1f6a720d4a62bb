"""Labels in two times: when they held, and when they became known; and restatements, shown before they are made."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from flow_pipeline.settings import Settings
from tests.conftest import U, V, ask, build, hashes, transfer, write_csv
from tests.worlds import command

COLUMNS = ["chain", "address", "entity", "category", "label", "confidence", "source", "valid_from", "known_from"]


def label(path: Path, known: str) -> Path:
    return write_csv(path, [["ethereum", V, "Harbour", "exchange", "hot", 0.9, "test", "2020-01-01", known]], COLUMNS)


def netflow(settings: Settings) -> list[tuple[object, ...]]:
    return ask(
        settings, "SELECT block_date::VARCHAR, exchange, netflow FROM marts.fct_daily_exchange_netflow ORDER BY 1"
    )


def test_a_build_as_known_on_a_day_uses_what_was_known_then(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 5, at="2025-05-01")])
    path = label(tmp_path / "l.csv", "2025-06-01")
    words = ("--data-dir", settings.data_dir, "analyze", tmp_path / "in", "--labels", path)
    assert command(*words, "--as-known-on", "2025-05-31") == 0
    assert netflow(settings) == []
    assert command(*words, "--as-known-on", "2025-06-01") == 0
    assert netflow(settings) == [("2025-05-01", "Harbour", 5)]
    assert command(*words) == 0
    assert netflow(settings) == [("2025-05-01", "Harbour", 5)]
    assert command(*words, "--as-known-on", "yesterday") == 2


def test_a_restatement_is_shown_before_anything_changes_and_kept_when_it_does(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 5, at="2025-05-01"), transfer(2, V, U, 2, at="2025-05-02")])
    build(settings, tmp_path / "in")
    path, before = label(tmp_path / "l.csv", "2025-06-01"), hashes(settings)
    assert command("--data-dir", settings.data_dir, "restate", "--labels", path) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [
        (row["block_date"], row["exchange"], row["netflow_before"], Decimal(row["netflow_after"])) for row in shown
    ] == [
        ("2025-05-01", "Harbour", None, 5),
        ("2025-05-02", "Harbour", None, -2),
    ]
    assert (hashes(settings), netflow(settings)) == (before, [])
    assert command("--data-dir", settings.data_dir, "restate", "--labels", path, "--apply") == 0
    assert netflow(settings) == [("2025-05-01", "Harbour", 5), ("2025-05-02", "Harbour", -2)]
    assert ask(
        settings, "SELECT labels, block_date::VARCHAR, netflow_before, netflow_after FROM ops.restatements ORDER BY 2"
    ) == [
        ("l.csv", "2025-05-01", None, 5),
        ("l.csv", "2025-05-02", None, -2),
    ]
    assert command("--data-dir", settings.data_dir, "restate", "--labels", tmp_path / "none.csv") == 2
