"""The score by hand, its parts, its rules; windows against a plain restatement."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.scoring.smart_money import CATEGORIES, INPUTS, score
from flow_pipeline.scoring.trailing import (
    first_rows,
    rows_of,
    running_falls,
    trailing_distinct,
    wallet_order,
    window_max,
    window_sums,
)
from flow_pipeline.settings import SmartMoneySettings, load_settings

RULES = SmartMoneySettings()
WORKED: dict[str, Any] = {
    "volume_usd": 20_000.0, "profit_consistency": 1.0, "profit_consistency_low": 0.84, "profit_consistency_high": 1.0,
    "tx_per_day": 10.0, "gas_efficiency": 0.9, "recipient_count": 50,
    "mev_tx_share": 0.1, "round_trip_share": 0.0, "active_days": 30, "priced_share": 1.0, "sent_count": 300,
    "mev_tx_count": 30, "weekday_share": 0.7, "hour_concentration": 0.1,
    "tx_count": 300, "trade_count": 150, "realised_usd": 900.0,
}  # fmt: skip


def scored(**changes: Any) -> dict[str, Any]:
    row = WORKED | changes
    table = pa.table({name: pa.array([value], pa.float64()) for name, value in row.items()})
    return {name: values[0] for name, values in score(table, RULES).to_pydict().items()}


def test_the_worked_wallet() -> None:
    found = scored()
    parts = {name.removesuffix("_part"): round(value, 6) for name, value in found.items() if name.endswith("_part")}
    assert parts == {
        "volume": 0.25,
        "profit_consistency": 0.2,
        "activity": 0.15,
        "gas_efficiency": 0.15,
        "diversity": 0.1,
        "mev": 0.075,
    }
    assert found["formula_score"] == pytest.approx(0.925, abs=1e-12)
    assert found["confidence"] == 1.0
    assert found["is_smart"]


@pytest.mark.parametrize("part", INPUTS)
def test_each_part_rises_with_its_input_and_is_nothing_without_it(part: str) -> None:
    column = INPUTS[part]
    steps = [scored(**{column: WORKED[column] * factor})["formula_score"] for factor in (0, 0.25, 0.5, 1, 2, 4)]
    assert steps == sorted(steps)
    assert steps[0] < steps[-1]
    assert scored(**{column: None})[f"{part}_part"] == 0


def test_what_comes_back_earns_nothing() -> None:
    assert scored(round_trip_share=1.0)["formula_score"] == 0
    assert scored(round_trip_share=0.5)["formula_score"] == pytest.approx(0.4625)
    assert scored(round_trip_share=1.0)["category"] == "wash_trader"


def test_busy_without_a_profit_is_not_listed() -> None:
    assert not scored(realised_usd=None, mev_tx_share=0, profit_consistency=None)["is_smart"]
    assert not scored(realised_usd=-1)["is_smart"]


def test_the_interval_is_wide_where_little_is_known() -> None:
    sure, lucky, nothing = (
        scored(profit_consistency_low=low, profit_consistency_high=high, profit_consistency=at)
        for low, high, at in ((0.84, 1, 1), (0.34, 1, 1), (None, None, None))
    )
    assert lucky["score_high"] - lucky["score_low"] > 3 * (sure["score_high"] - sure["score_low"])
    assert nothing["score_high"] - nothing["score_low"] == pytest.approx(0.2), "it may be all or nothing"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "active_trader"),
        ({"mev_tx_share": 0.2}, "mev_bot"),
        ({"mev_tx_share": 0.2, "mev_tx_count": 2}, "active_trader"),
        ({"weekday_share": 1.0, "hour_concentration": 0.7}, "institution"),
        ({"weekday_share": 1.0, "hour_concentration": 0.7, "active_days": 9}, "active_trader"),
        ({"volume_usd": 1e6}, "whale"),
        ({"trade_count": 9}, "retail"),
        ({"round_trip_share": 0.5, "mev_tx_share": 0.9}, "wash_trader"),
        ({"round_trip_share": 0.5, "sent_count": 3}, "active_trader"),
    ],
)
def test_categories_by_their_rules(changes: dict[str, Any], expected: str) -> None:
    assert scored(**changes)["category"] == expected


def test_categories_do_not_depend_on_the_order_of_rows() -> None:
    rows = [WORKED, WORKED | {"mev_tx_share": 0.9}, WORKED | {"trade_count": 1}, WORKED | {"volume_usd": 5e6}]

    def of(order: list[int]) -> list[str]:
        table = pa.table({name: pa.array([rows[n][name] for n in order], pa.float64()) for name in WORKED})
        return score(table, RULES)["category"].to_pylist()  # type: ignore[no-any-return]

    one = of([0, 1, 2, 3])
    assert one == ["active_trader", "mev_bot", "retail", "whale"]
    assert of([3, 1, 0, 2]) == [one[n] for n in (3, 1, 0, 2)]
    assert set(one) <= set(CATEGORIES)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weights": {"volume": 0.5}}, "weights must not be negative and must add up to 1; they add up to 1.25"),
        ({"weights": {"fame": 0.5}}, "there is no part fame"),
        ({"full_marks": {"mev": 0}}, "full_marks must be above 0"),
    ],
)
def test_a_score_that_can_not_be_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_settings().with_changes(smart_money=changes)


def test_single_weights_keep_the_others() -> None:
    weights = load_settings().with_changes(smart_money={"weights": {"volume": 0.2, "mev": 0.2}}).smart_money.weights
    assert weights == RULES.weights | {"volume": 0.2, "mev": 0.2}


WALLET_DAYS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=60, unique=True).map(
    sorted
)


@hypothesis_settings(deadline=None)
@given(WALLET_DAYS, st.sampled_from([1, 7, 30]), st.randoms(use_true_random=False))
def test_windows_as_counted_one_by_one(rows: list[tuple[int, int]], days: int, random: Any) -> None:
    wallet, day = (np.array(column) for column in zip(*rows, strict=True))
    start = np.searchsorted(wallet, wallet)
    values = np.array([[random.randrange(100), random.random()] for _ in rows])
    falls = np.array([random.choice([math.nan, random.random()]) for _ in rows])
    inside = [
        [j for j in range(len(rows)) if wallet[j] == wallet[i] and day[i] - days < day[j] <= day[i]]
        for i in range(len(rows))
    ]
    wanted = np.flatnonzero(np.array([random.random() < 0.7 for _ in rows]))
    first = first_rows(wanted, start, day, days)
    mixed = np.array(random.sample(range(len(rows)), len(rows)))
    order = wallet_order(wallet[mixed], day[mixed])
    np.testing.assert_array_equal(mixed[order], np.arange(len(rows)))
    own = np.stack([wanted, first])
    for column in (values[:, 0].astype(np.int32), values[:, 1], values[:, 1] > 0.5):
        sums = window_sums(own, wanted, column)
        np.testing.assert_allclose(sums, [column[wanted], [column[inside[i]].sum() for i in wanted]], rtol=1e-12)
    totals = [values[start[i] : i + 1, 1].cumsum() - 0.5 * np.arange(1, i - start[i] + 2) for i in range(len(rows))]
    np.testing.assert_allclose(
        running_falls(wallet, values[:, 1] - 0.5), [max(0, *total) - total[-1] for total in totals], atol=1e-12
    )
    largest = [max((falls[j] for j in inside[i] if not math.isnan(falls[j])), default=math.nan) for i in wanted]
    np.testing.assert_array_equal(window_max(first, wanted, falls), largest)
    met = sorted({(i, random.randrange(4)) for i in range(len(rows)) for _ in range(random.randrange(3))})
    again = [
        min((int(day[j]) for j, who in met if who == contact and wallet[j] == wallet[i] and j > i), default=9_999_999)
        for i, contact in met
    ]
    row = np.array([i for i, _ in met], np.int64)
    np.testing.assert_array_equal(rows_of(wallet, day, wallet[row], day[row]), row)
    recent = [[j for j in inside[i] if day[j] == day[i]] for i in range(len(rows))]
    distinct = [[len({contact for j, contact in met if j in near[i]}) for i in wanted] for near in (recent, inside)]
    np.testing.assert_array_equal(
        trailing_distinct(start, day, row, np.array(again, np.int64), (1, days), wanted), distinct
    )
