"""No curve of precision, recall or false alarms falls below what is committed in docs/measured-typologies.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmark.cards import MEASURED, measured_curves
from tests.conftest import ROOT

ROOM = 1e-3
"""Figures are rounded to four digits."""


def committed() -> dict[str, list[dict[str, Any]]]:
    measured = json.loads((ROOT / MEASURED).read_text())
    return {"all": measured["all"], **{name: found["curve"] for name, found in measured["typologies"].items()}}


def below(found: dict[str, list[dict[str, Any]]], floor: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Each figure that is worse than its floor, in words."""
    worse = []
    for name, points in floor.items():
        for least, point in zip(points, found[name], strict=True):
            for key in ("precision", "recall", "recall_above"):
                if least[key] is not None and (point[key] is None or point[key] < least[key] - ROOM):
                    worse.append(f"{name} at {least['budget']:g}: {key} {point[key]} under {least[key]}")
            if point["wrong_per_1000"] > least["wrong_per_1000"] + ROOM:
                worse.append(
                    f"{name} at {least['budget']:g}: {point['wrong_per_1000']} false alarms in 1,000 over "
                    f"{least['wrong_per_1000']}"
                )
    return worse


def test_no_curve_falls_below_what_is_committed(tmp_path: Path) -> None:
    assert below(measured_curves(tmp_path), committed()) == [], (
        "where it is meant, `make measure-cards docs` commits it"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recall": 0.4}, "fan_in at 1: recall 0.4 under 0.5"),
        ({"recall_above": None}, "fan_in at 1: recall_above None under 1.0"),
        ({"wrong_per_1000": 2.0}, "fan_in at 1: 2.0 false alarms in 1,000 over 1.0"),
        ({"precision": 0.9, "recall": 0.6, "wrong_per_1000": 0.5}, None),
    ],
)
def test_a_worse_figure_is_named_and_a_better_one_is_none(change: dict[str, Any], said: str | None) -> None:
    floor = {"budget": 1.0, "precision": 0.8, "recall": 0.5, "recall_above": 1.0, "wrong_per_1000": 1.0}
    assert below({"fan_in": [floor | change]}, {"fan_in": [floor]}) == ([said] if said else [])
