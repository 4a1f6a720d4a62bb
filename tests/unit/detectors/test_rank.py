"""The rank of a day: worked by hand, against a plain oracle, day by day, and how many ordinary days it flags."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest

from flow_pipeline.detectors.daily import budget_within, budgets, how_often, severities, short_history
from flow_pipeline.detectors.rank import Ranks, ranks
from flow_pipeline.settings import AnomalySettings

QUIET = [0.0] * 7
"""With seven quiet days before, the level stays 0 for seven days more, and a value is its own deviation."""


def ranked(series: list[list[float]], budget: float = 1.0, upward: bool = False, first: int = 7) -> Ranks:
    place = np.concatenate([np.arange(len(values)) for values in series])
    return ranks(np.concatenate(series), place, 28, 365, first, budget, upward)


def plain(values: list[float], upward: bool = False) -> list[float]:
    """E of each day of one series, as the definition says it."""
    deviations: list[float] = []
    found = []
    for t, value in enumerate(values):
        if t < 7:
            found.append(math.nan)
            continue
        away = value - statistics.median(values[max(0, t - 28) : t])
        own = max(away, 0.0) if upward else abs(away)
        before = deviations[-365:]
        at_least = sum(other >= own * (1 - 1e-9) for other in before)
        e_value = 365 * (1 + at_least) / (len(before) + 1)
        falling = sorted((other for other in before if other > 0), reverse=True)
        if at_least == 0 and falling:
            k = min(10, len(falling) - 1)
            slope = sum(math.log(falling[i] / falling[k]) for i in range(k))
            alpha = 1.0 if k < 3 else min(3.0, (k - 1) / slope) if slope else 3.0
            e_value *= (falling[0] / own) ** alpha
        deviations.append(own)
        found.append(e_value)
    return found


def random_series(rng: np.random.Generator) -> list[float]:
    size = int(rng.integers(1, 900))
    kind = rng.integers(0, 4)
    values = [
        rng.standard_t(2, size),
        rng.integers(-3, 4, size).astype(float),
        rng.standard_normal(size) * (rng.random(size) < 0.05),
        np.exp(2 * rng.standard_normal(size)) + np.arange(size) / 10,
    ][kind]
    return [float(value) for value in values]


def test_the_worked_series() -> None:
    found = ranked([[*QUIET, 1, -2, 4, 0, 1]])
    assert np.isnan(found.e_value[:7]).all()
    assert found.deviation[7:].tolist() == [1, 2, 4, 0, 1]
    assert found.history[7:].tolist() == [0, 1, 2, 3, 4]
    # None before; records of 2 after 1 and of 4 after 2; everything is at least 0; three are at least 1.
    assert found.e_value[7:].tolist() == pytest.approx([365, 365 / 2 * 1 / 2, 365 / 3 * 2 / 4, 365, 365 * 4 / 5])


def test_the_tail_of_a_record_is_hills() -> None:
    found = ranked([[*QUIET, 16, -8, 4, -2, 1, 32]])
    alpha = 3 / (10 * math.log(2))
    assert found.e_value[12] == pytest.approx(365 / 6 * (16 / 32) ** alpha)
    assert found.e_value[12] == pytest.approx(45.066, abs=5e-4)


def test_no_tail_is_taken_as_steeper_than_three() -> None:
    assert ranked([[*QUIET, 3, -3, 3, -3, 6]]).e_value[11] == pytest.approx(365 / 5 / 8)


def test_equal_sums_of_floats_are_ties() -> None:
    assert ranked([[*QUIET, 0.3, 0.1 + 0.2]]).e_value[8] == 365
    assert ranked([[*QUIET, 0.1 + 0.2, 0.3]]).e_value[8] == 365


def test_ranks_are_those_of_a_plain_oracle() -> None:
    rng = np.random.default_rng(11)
    world = [random_series(rng) for _ in range(40)]
    for upward in (False, True):
        found = ranked(world, upward=upward)
        expected = [value for values in world for value in plain(values, upward)]
        np.testing.assert_allclose(found.e_value, expected, rtol=1e-9)


@pytest.mark.parametrize("budget", [0.1, 1.0, 12.0, 100.0])
def test_the_limit_parts_anomalous_days_from_others(budget: float) -> None:
    rng = np.random.default_rng(12)
    found = ranked([random_series(rng) for _ in range(60)], budget)
    known = ~np.isnan(found.e_value) & (np.abs(found.e_value - budget) > 1e-6 * budget)
    beyond = np.nan_to_num(found.deviation, nan=0) > np.nan_to_num(found.limit, nan=np.inf) * (1 + 1e-6)
    # The first move after a still year is anomalous under every budget, and its limit says so.
    raised = budgets(found.e_value, found.history, AnomalySettings(alarms_per_year=budget))
    assert ((found.e_value < raised) == beyond)[known].all()
    assert beyond.any()


def test_a_day_never_depends_on_later_days() -> None:
    rng = np.random.default_rng(13)
    values = random_series(rng) + [5.0] * 50
    whole = ranked([values]).e_value
    for days in range(1, len(values), 37):
        np.testing.assert_array_equal(ranked([values[:days]]).e_value, whole[:days])


def test_series_never_reach_into_one_another() -> None:
    rng = np.random.default_rng(14)
    world = [random_series(rng) for _ in range(5)]
    alone = np.concatenate([ranked([values]).e_value for values in world])
    np.testing.assert_array_equal(ranked(world).e_value, alone)


def test_no_series_no_ranks() -> None:
    assert len(ranks(np.zeros(0), np.zeros(0, np.int64), 28, 365, 7, 1.0).e_value) == 0


SIZE, DAYS = 200, 1_096
KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "gaussian": lambda rng: rng.standard_normal((SIZE, DAYS)),
    "t3": lambda rng: rng.standard_t(3, (SIZE, DAYS)),
    "sparse": lambda rng: rng.standard_t(3, (SIZE, DAYS)) * (rng.random((SIZE, DAYS)) < 0.05),
    "lognormal": lambda rng: np.exp(2 * rng.standard_normal((SIZE, DAYS))) * rng.choice([-1, 1], (SIZE, DAYS)),
    "weekly": lambda rng: rng.standard_t(3, (SIZE, DAYS)) + 3 * np.sin(np.arange(DAYS) * 2 * np.pi / 7),
}


@pytest.mark.parametrize("kind", KINDS)
def test_ordinary_days_are_flagged_as_often_as_the_budget_says(kind: str) -> None:
    rng = np.random.default_rng(15)
    world = KINDS[kind](rng)
    for budget, upward in ((1.0, False), (1.0, True), (12.0, False)):
        place = np.tile(np.arange(DAYS), SIZE)
        e_values = ranks(world.ravel(), place, 28, 365, 7, budget, upward).e_value.reshape(SIZE, DAYS)
        alarms = e_values < budget
        later = alarms[:, 366:].sum() / (SIZE * (DAYS - 366) / 365) / budget
        assert 0.5 < later < 1.5, (budget, upward, later)
        assert alarms[:, :366].sum() / SIZE / budget < 1.5, "nor in the first year"


@pytest.mark.parametrize("kind", KINDS)
def test_jumps_beyond_the_record_of_a_year_are_found(kind: str) -> None:
    rng = np.random.default_rng(16)
    world = KINDS[kind](rng)
    at = rng.integers(400, DAYS, SIZE)
    for values, day in zip(world, at, strict=True):
        values[day] = 1.5 * (np.abs(values[day - 365 : day]).max() or 1.0) * rng.choice([-1, 1])
    e_values = ranks(world.ravel(), np.tile(np.arange(DAYS), SIZE), 28, 365, 7, 1.0).e_value.reshape(SIZE, DAYS)
    assert (e_values[np.arange(SIZE), at] < 1).mean() >= 0.99


def test_the_first_move_after_a_still_year_is_anomalous_under_every_budget() -> None:
    settings = AnomalySettings(alarms_per_year=0.1)
    found = ranked([[0.0] * 372 + [5.0, 5.0]], 0.1)
    assert found.e_value[372] == 365 / 366
    assert found.limit[372] == 0
    budget = budgets(found.e_value, found.history, settings)
    assert budget[372] == 1.0
    assert budget[[371, 373]].tolist() == [0.1, 0.1]
    assert severities(found.e_value[[372]], settings).to_pylist() == ["MEDIUM"]
    # A month of silence is no year: nothing is known of what the series does in the other eleven.
    early = ranked([[0.0] * 37 + [5.0]], 0.1)
    assert budgets(early.e_value, early.history, settings)[37] == 0.1
    assert math.isnan(early.limit[37])


def test_severity_is_the_share_of_the_budget() -> None:
    e_values = np.array([1.9, 0.2, 0.19, 0.02, 0.019, np.nan])
    expected = ["MEDIUM", "MEDIUM", "HIGH", "HIGH", "CRITICAL", "MEDIUM"]
    assert severities(e_values, AnomalySettings(alarms_per_year=2)).to_pylist() == expected


def test_a_short_history_says_what_it_asks_of_a_day() -> None:
    settings = AnomalySettings()
    assert short_history(None, settings) is None
    assert short_history(365, settings) is None
    assert short_history(52, settings.model_copy(update={"method": "robust"})) is None
    text = short_history(52, settings) or ""
    assert "52 days at most" in text
    assert "at least 1.9 times as far" in text, "(365 / 53)^(1/3)"


@pytest.mark.parametrize(
    ("per_week", "expected"),
    [(0, 0.1), (1, 0.2), (2, 0.3), (3, 0.5), (4, 1.0), (9, 1.0)],
)
def test_a_budget_of_alerts_picks_the_budget_of_the_days(per_week: int, expected: float) -> None:
    e_values = np.array([0.5, 0.1, 7.0, 0.2, 0.3, 0.3, 0.8, 0.1, math.nan])
    weeks = np.array([1, 1, 1, 1, 1, 2, 2, 2, 2])
    found = budget_within(e_values, weeks, per_week, 1.0)
    assert found == expected
    for week in (1, 2):
        assert (e_values[weeks == week] < found).sum() <= per_week


def test_a_budget_of_alerts_without_days_is_the_one_asked_for() -> None:
    assert budget_within(np.zeros(0), np.zeros(0, np.int64), 3, 1.0) == 1.0


def test_rates_are_said_in_words() -> None:
    shown = [how_often(value) for value in (0.00001, 0.0123, 0.9973, 2.345, 121.7)]
    assert shown == [
        "under 0.001 times a year",
        "0.012 times a year",
        "once a year",
        "2.3 times a year",
        "122 times a year",
    ]
