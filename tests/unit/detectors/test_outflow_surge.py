"""Outflow surges: by rank, by an amount of the user, both or neither."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from flow_pipeline.detectors import outflow_surge
from flow_pipeline.settings import AnomalySettings
from tests.unit.detectors.small import series

UNEVEN = [10.0, 12, 8, 10, 11, 9, 10, 15, 14, 13, 12, 11]


def surges(outflow: list[float], **settings: object) -> list[dict[str, object]]:
    table = series([0] * len(outflow), outflow=outflow, symbol="ETH")
    asked = table.drop_columns(["scope_type", "netflow", "inflow", "is_active", "has_every_day"])
    found: pa.Table = outflow_surge.detect(asked, AnomalySettings(**settings))["outflow_surges"]  # type: ignore[arg-type]
    return found.to_pylist()


def test_a_surge_is_a_rare_day_above_the_level() -> None:
    (row,) = surges([*UNEVEN, 4_000.0])
    # Five days before were above their level of 10, 10, 10, 10.5 and 11 by 5, 4, 3, 1.5 and 0: of the four the least is
    # the foot of the tail, k = 3.
    alpha = 2 / math.log(5 * 4 * 3 / 1.5**3)
    assert (row["rule"], row["baseline_mean"], row["excess"]) == ("rank", 11.0, 3_989.0)
    assert row["e_value"] == pytest.approx(365 / 6 * (5 / 3_989) ** alpha)


def test_a_day_without_outflow_is_no_surge() -> None:
    assert surges([10.0] * 400 + [0.0]) == []


def test_an_amount_of_the_user_makes_a_surge_however_often_it_happens() -> None:
    weekly = [10.0] * 10 + [110.0] + [10.0] * 5 + [110.0]
    assert surges(weekly) == []
    found = surges(weekly, surge_amount_by_token={"ETH": 100})
    assert [(row["block_date"].day, row["rule"], row["surge_amount"]) for row in found] == [  # type: ignore[attr-defined]
        (11, "amount", 100.0),
        (17, "amount", 100.0),
    ]
    assert surges(weekly, surge_amount_by_token={"ETH": 100.01, "XYZ": 1}) == []
    assert [row["rule"] for row in surges([*UNEVEN, 4_000.0], surge_amount_by_token={"ETH": 100})] == ["both"]
