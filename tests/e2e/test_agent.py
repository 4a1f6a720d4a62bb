"""The agent tells each change once, whatever kills it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flow_pipeline.alerts.agent import look, rotate
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.settings import Settings
from tests.conftest import build, hearing_interrupts, label_file, transfer, write_csv

EXCHANGE, USER = "0x" + "e" * 40, "0x" + "1" * 40
SERIES = [10, -10, 20, -20, 10, -10, 1_000_000, 0, 5, -300]
TITLE = "| date | zscore | netflow | inflow | outflow | roll_mean | roll_std |"


def publish(settings: Settings, folder: Path, series: list[int]) -> Settings:
    """The worked series as daily netflow of one exchange, one file that later versions replace."""
    settings = settings.with_changes(
        labels={
            "files": (
                label_file(
                    folder / "l.csv",
                    [["ethereum", EXCHANGE, "Harbour", "exchange", "hot", 0.9, "test", "2020-01-01", ""]],
                ),
            )
        }
    )
    rows = []
    for day, netflow in enumerate(series):
        at = (datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
        ends = (USER, EXCHANGE) if netflow > 0 else (EXCHANGE, USER)
        # a day without netflow is active all the same
        rows += (
            [transfer(day, *ends, abs(netflow), at)]
            if netflow
            else [transfer(day, USER, EXCHANGE, 1, at), transfer(100 + day, EXCHANGE, USER, 1, at)]
        )
    write_csv(folder / "in" / "t.csv", rows)
    build(settings, folder / "in")
    return settings


def reports(settings: Settings) -> list[Path]:
    return sorted((settings.data_dir / "agent").glob("agent_report_*.md"))


def test_a_spike_is_told_once_and_a_correction_as_changed(settings: Settings, tmp_path: Path) -> None:
    given = publish(settings, tmp_path, SERIES)
    first = look(given, "inclusive", now=datetime(2025, 1, 11, 8, 0, 1, tzinfo=UTC))
    assert (
        first.line
        == f"[ALERT] 1 new anomalies. Report: {given.data_dir / 'agent' / 'agent_report_2025-01-11_080001Z.md'}"
    )
    text = first.report.read_text() if first.report else ""
    assert text.startswith(f"# Netflow Agent Report — 2025-01-11_080001Z (UTC)\n\n{TITLE}\n")
    assert "| 2025-01-07 | 2.449 | 1,000,000 | 1,000,000 | 0 | 142,857.143 | 349,927.106 |" in text
    assert "> Rule: |zscore| >= 2 triggers an alert" in text
    assert look(given, "inclusive").line == "[OK] No new anomalies."
    assert len(reports(given)) == 1
    publish(settings, tmp_path, [*SERIES[:6], 2_000_000, *SERIES[7:]])
    changed = look(given, "inclusive")
    assert (len(changed.new), len(changed.changed), len(changed.withdrawn)) == (0, 1, 0)
    assert "was told with netflow 1,000,000" in (changed.report.read_text() if changed.report else "")
    publish(settings, tmp_path, [*SERIES[:6], 11, *SERIES[7:]])
    withdrawn = look(given, "inclusive")
    assert [row["date"] for row in withdrawn.withdrawn] == ["2025-01-07"]
    assert "1 withdrawn" in withdrawn.line
    assert look(given, "inclusive").line == "[OK] No new anomalies."
    assert len(reports(given)) == 3


def test_by_rank_a_report_says_how_rare_a_day_is(settings: Settings, tmp_path: Path) -> None:
    given = publish(settings, tmp_path, [*SERIES[:6], 10, -16, 8, -4, 2, -1, 1, 10**9])
    text = report.read_text() if (report := look(given, "rank").report) else ""
    assert "| date | e_value | netflow | inflow | outflow | roll_median |" in text
    (row,) = (line for line in text.splitlines() if line.startswith("| 2025"))
    assert row.startswith("| 2025-01-14 | ")
    assert row.endswith(" | 1,000,000,000 | 1,000,000,000 | 0 | 1 |")
    assert "> Rule: e_value < 1 triggers an alert (method rank, window 28 days;" in text


@pytest.mark.parametrize("step", range(3))
def test_a_kill_at_any_step_neither_loses_nor_repeats(
    step: int, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, calls = publish(settings, tmp_path, SERIES), 0
    real = Path.replace

    def dies(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == step + 1:
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies)
        with contextlib.suppress(KeyboardInterrupt):
            look(given, "inclusive")
    told = [look(given, "inclusive") for _ in range(2)]
    assert told[1].line == "[OK] No new anomalies."
    assert len(reports(given)) == 1
    assert TITLE in reports(given)[0].read_text()


def test_reports_of_earlier_months_are_archived_and_not_forgotten(settings: Settings, tmp_path: Path) -> None:
    given = publish(settings, tmp_path, SERIES)
    report = look(given, "inclusive", now=datetime(2025, 1, 31, tzinfo=UTC)).report
    assert rotate(given, datetime(2025, 1, 31, tzinfo=UTC)) == []
    moved = rotate(given, datetime(2025, 2, 1, tzinfo=UTC))
    assert moved == [given.data_dir / "agent" / "archive" / "2025-01" / (report.name if report else "")]
    assert look(given, "inclusive").line == "[OK] No new anomalies."


def test_a_broken_memory_is_refused_and_kept(settings: Settings, tmp_path: Path) -> None:
    given = publish(settings, tmp_path, SERIES)
    memory = given.data_dir / "agent" / "memory.json"
    memory.parent.mkdir()
    memory.write_text("{")
    with pytest.raises(FlowError, match="memory"):
        look(given, "inclusive")
    assert memory.read_text() == "{"
    assert not reports(given)


def test_the_verb_loops_until_it_is_interrupted(settings: Settings, tmp_path: Path) -> None:
    given = publish(settings, tmp_path, SERIES)
    with hearing_interrupts():
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "flow_pipeline",
                "--data-dir",
                str(given.data_dir),
                "agent",
                "--method",
                "inclusive",
                "--loop",
                "--sleep",
                "0.2",
            ],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    with process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().strip() for _ in range(3)]
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 130
        finally:
            process.kill()
    assert lines[0].startswith("[ALERT] 1 new anomalies. Report: ")
    assert lines[1:] == ["[OK] No new anomalies."] * 2
    assert json.loads((given.data_dir / "agent" / "memory.json").read_text())["told"]
