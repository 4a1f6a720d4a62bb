"""What charts of pages say: years where there are several, no band where none is known, few lines."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flow_pipeline.explorer import charts

START = date(2021, 12, 1)


def days(count: int, step: int = 1, **more: Any) -> list[dict[str, Any]]:
    known = {"netflow": Decimal(-3), "inflow": Decimal(1), "outflow": Decimal(4), "low": None, "high": None}
    row = {**known, "e_value": None, "is_anomalous": False, **more}
    return [{"block_date": START + timedelta(days=n * step), **row} for n in range(count)]


@pytest.mark.parametrize(("count", "step", "format"), [(5, 1, "%d %b"), (10, 7, "%d %b %Y"), (60, 1, "%b %Y")])
def test_days_of_several_years_say_which(count: int, step: int, format: str) -> None:
    spec = charts.netflow(days(count, step))
    assert [layer["encoding"]["x"]["axis"]["format"] for layer in spec["layer"]] == [format]


def test_the_band_and_the_rings_are_there_where_they_are_known() -> None:
    spec = charts.netflow(days(3, low=Decimal(-100), high=Decimal(100), is_anomalous=True))
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["area", "bar", "point"]
    assert [row["low"] for row in spec["data"]["values"]] == pytest.approx([-3.6] * 3), "cut to what the bars need"


def test_five_tokens_of_most_days_are_drawn() -> None:
    rows = [
        {
            "block_date": date(2025, 1, 1) + timedelta(days=n),
            "token_symbol": f"T{t}",
            "token_address": None,
            "change": 1,
        }
        for t in range(8)
        for n in range(t + 1)
    ]
    assert {row["token_symbol"] for row in charts.busiest(rows)} == {"T3", "T4", "T5", "T6", "T7"}
