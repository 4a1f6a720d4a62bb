"""The agent's line for the terminal, and its archive of earlier months."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flow_pipeline.alerts.agent import Told, rotate
from flow_pipeline.settings import Settings

PAGE = Path("agent_report_2025-05-01.md")


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (Told(), "[OK] No new anomalies."),
        (Told(new=[{}], report=PAGE), f"[ALERT] 1 new anomalies. Report: {PAGE}"),
        (
            Told(changed=[{}, {}], withdrawn=[{}], report=PAGE),
            f"[ALERT] 0 new anomalies, 2 changed, 1 withdrawn. Report: {PAGE}",
        ),
    ],
)
def test_the_line_for_the_terminal(told: Told, line: str) -> None:
    assert told.line == line


def test_reports_of_earlier_months_move_into_the_archive(settings: Settings) -> None:
    folder = settings.data_dir / "agent"
    folder.mkdir(parents=True)
    for name in (
        "agent_report_2025-04-30_1.md",
        "agent_report_2024-12-01_1.md",
        "agent_report_2025-05-01_1.md",
        "memory.json",
    ):
        (folder / name).write_text(name)
    moved = rotate(settings, datetime(2025, 5, 2, tzinfo=UTC))
    assert [path.relative_to(folder / "archive").as_posix() for path in moved] == [
        "2024-12/agent_report_2024-12-01_1.md", "2025-04/agent_report_2025-04-30_1.md",
    ]  # fmt: skip
    assert moved[0].read_text() == "agent_report_2024-12-01_1.md"
    assert sorted(path.name for path in folder.iterdir()) == ["agent_report_2025-05-01_1.md", "archive", "memory.json"]
    assert rotate(settings, datetime(2025, 5, 2, tzinfo=UTC)) == []
