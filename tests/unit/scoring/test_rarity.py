"""Rarity against the definition in plain Python, rolling medians, and the words for severity."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.scoring.rarity import middle_ranks, ranked, rarity, rarity_of_profile
from flow_pipeline.scoring.severity import WORDS, score, severity


def expected(pool: list[float], strength: float) -> float:
    """The definition: counted within the pool, and beyond its eleventh largest by a Pareto tail."""
    known = sorted(pool, reverse=True)
    stronger = sum(x >= strength * (1 - 1e-9) for x in known)
    if not known:
        return 1.0
    if len(known) <= 10:
        return stronger + 1.0 if strength <= known[0] else known[0] / strength
    u = known[10]
    if strength <= u:
        return float(stronger)
    logs = sum(math.log(x / u) for x in known[:10])
    return 10 * (strength / u) ** -(min(1.5, 9 / logs) if logs else 1.5)


POOLS = st.lists(
    st.tuples(st.sampled_from([1.0, 2.0, 2.5, 7.0, 40.0, 900.0]), st.integers(0, 5)), min_size=1, max_size=40
)


@budget(deadline=None)
@given(POOLS, st.sampled_from([0.2, 1.0, 1.8, 5.0, 14.0]))
def test_rarity_is_what_the_definition_says(findings: list[tuple[float, int]], limit: float) -> None:
    strength = np.array([size for size, _ in findings])
    focus = np.array([who for _, who in findings])
    found = rarity(strength, focus, np.arange(len(findings)), limit)
    for i, (size, who) in enumerate(findings):
        pool = [other for other, about in findings if about != who]
        assert found.expected[i] == pytest.approx(expected(pool, size))
        assert (found.pool_size[i], found.place[i]) == (len(pool), 1 + sum(x >= size * (1 - 1e-9) for x in pool))
        if math.isfinite(found.needed[i]):
            assert expected(pool, found.needed[i] * 1.001) < limit or not pool
            assert found.needed[i] == 0 or expected(pool, found.needed[i] * 0.999) >= limit * (1 - 1e-3)


def test_worked_rarities() -> None:
    pool = np.array([100.0, 50.0, 25.0])
    found = rarity(np.append(pool, [400.0, 50.0]), np.array([0, 1, 2, 3, 4]), np.array([3, 4]), 1.0)
    assert found.expected.tolist() == [0.25, 4.0], "above the largest of four others; counted among them, and one"
    assert found.place.tolist() == [1, 4]
    alone = rarity(np.array([5.0, 9.0]), np.array([1, 1]), np.array([0]), 1.0)
    assert (alone.expected.tolist(), alone.pool_size.tolist()) == ([1.0], [0]), "others about the same say nothing"


def test_a_profile_knows_its_largest_findings_and_how_many_there_were() -> None:
    largest = np.arange(110.0, 0, -10)
    found = rarity_of_profile(np.array([200.0, 10.0, 5.0]), largest, 500, 1.0)
    logs = sum(math.log(x / 10) for x in largest[:10])
    assert found.expected[0] == pytest.approx(10 * 20.0 ** -min(1.5, 9 / logs))
    assert found.expected[1:].tolist() == [500, 500], "below the known ones it could be any"
    assert rarity_of_profile(np.array([4.0, 1.0]), np.array([2.0]), 1, 1.0).expected.tolist() == [0.5, 2.0]


@budget(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([1.0, 1.5, 2.0, 9.0]), st.integers(1, 3)), max_size=30))
def test_a_rolling_median_is_that_of_the_days_before(rows: list[tuple[int, float, int]]) -> None:
    rows = sorted(rows, key=lambda row: row[1])
    day, amount, count = (np.array([row[n] for row in rows]) for n in range(3))
    for at in range(12):
        inside = [a for d, a, n in rows if at - 3 <= d <= at for _ in range(n)]
        if not inside:
            continue
        ranks = np.concatenate(middle_ranks(np.array([len(inside)])))
        bounds = (np.zeros(2, np.int64), np.full(2, len(rows)), np.full(2, at - 3), np.full(2, at))
        found, within = ranked(amount, day, count, *bounds, ranks)
        assert amount[found].mean() == statistics.median(inside)
        below = [sum(a < amount[place] for a in inside) for place in found]
        assert (within + below).tolist() == ranks.tolist(), "its rank among the equal ones"


def test_words_follow_rarity_and_dollars() -> None:
    rare = np.array([0.5, 0.09, 0.009, 0.5, 0.5, 0.009, np.nan, 5.0])
    usd = np.array([np.nan, np.nan, np.nan, 2e6, 500.0, 9e9, np.nan, 9e9])
    is_suspicious = np.array([True] * 7 + [False])
    words = [WORDS[place] for place in severity(is_suspicious, rare, usd, 10_000, 1_000_000)]
    assert words == ["MEDIUM", "HIGH", "CRITICAL", "HIGH", "LOW", "CRITICAL", "MEDIUM", "LOW"]
    assert score(np.array([0.0, 1.0, np.nan])).tolist() == [1.0, 0.5, 0.0]
