"""Charts are drawn in a process that may die or hang: that fails one chart, and the next is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flow_pipeline.reports import charts
from flow_pipeline.reports.drawing import ChartFailed, Painter
from flow_pipeline.settings import AnomalySettings

SPEC = {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a", "type": "quantitative"}}}
NAME = '"\n+alert(1)+"\\'


def test_a_chart_is_drawn_and_one_that_can_not_be_is_told() -> None:
    def breaks() -> dict[str, Any]:
        raise ValueError("no\x1b such data")

    with Painter(60) as painter:
        drawn = painter.draw(lambda: SPEC, png=True)
        assert drawn.svg.startswith("<svg")
        assert drawn.png.startswith(b"\x89PNG")
        with pytest.raises(ChartFailed, match=r"ValueError: no\\x1b such data"):
            painter.draw(breaks)
        with pytest.raises(ChartFailed, match="not JSON compliant"):
            painter.draw(lambda: {"data": {"values": [{"a": float("nan")}]}})
        with pytest.raises(ChartFailed):
            painter.draw(lambda: {"mark": 7})
        assert painter.draw(lambda: SPEC).svg == drawn.svg


def test_a_process_that_dies_or_hangs_fails_one_chart(tmp_path: Path) -> None:
    program = tmp_path / "painter.py"
    program.write_text(
        "import os, sys, time\n"
        "for line in sys.stdin:\n"
        "    if 'die' in line: os.abort()\n"
        "    if 'hang' in line: time.sleep(60)\n"
        '    print(\'{"svg": "s", "png": ""}\', flush=True)\n'
    )
    with Painter(5, program) as painter:
        assert painter.draw(dict).svg == "s"
        with pytest.raises(ChartFailed, match="the process that draws ended"):
            painter.draw(lambda: {"die": 1})
        assert painter.draw(dict).svg == "s"
    with Painter(0.5, program) as painter, pytest.raises(ChartFailed, match=r"within 0.5 s \(reports.chart_seconds\)"):
        painter.draw(lambda: {"hang": 1})


def test_what_strangers_wrote_is_data_and_never_another_part_of_a_chart() -> None:
    days = pd.date_range("2025-05-01", periods=3)
    scores = pd.DataFrame(
        {"block_date": days, "scope": NAME, "token": NAME, "netflow": [1.0, -2.0, 3.0], "inflow": 1.0, "outflow": 1.0,
         "e_value": 1.0, "low": -1.0, "high": 1.0, "is_anomalous": [False, True, False]}
    )  # fmt: skip
    destinations = pd.DataFrame({"token": NAME, "receiver": [NAME], "category": [NAME], "amount": [1.0]})
    pairs = pd.DataFrame(
        {"source_group": [NAME], "destination_group": [f"{NAME}2"], "amount": [1.0], "risk": 1.0, "token": NAME}
    )
    rules = AnomalySettings()
    for chart in (
        charts.netflow_with_band(scores, rules), charts.rarity_chart(scores, rules), charts.inflow_outflow(scores),
        charts.top_destinations(destinations), charts.sankey(pairs),
    ):  # fmt: skip
        spec = chart.to_dict(validate=False)
        assert "alert(1)" in str(spec)
        assert _outside_data(spec) == []
        assert spec["config"]["aria"] is False
        assert _outside_data(charts.embedded(chart)) == []


def _outside_data(part: Any) -> list[str]:
    """Texts of strangers in a chart, those among its data left out."""
    if isinstance(part, dict):
        return [one for key, value in part.items() if key not in ("datasets", "values") for one in _outside_data(value)]
    if isinstance(part, list):
        return [one for value in part for one in _outside_data(value)]
    return [part] if isinstance(part, str) and "alert(1)" in part else []
