"""Rolling baselines: who is in the window, and what has no deviation."""

from __future__ import annotations

import numpy as np

from flow_pipeline.detectors.rolling import baseline, positions_in_series, zscores


def test_equal_values_have_no_deviation_whatever_their_rounding() -> None:
    assert baseline(np.full(20, 0.1 + 0.2), np.arange(20), 7, include_self=True).std.tolist() == [0.0] * 20


def test_a_window_ends_at_its_row_or_before_it_and_stays_in_its_series() -> None:
    values = np.array([1.0, 3, 8, 100, 102])
    place = positions_in_series(np.array([True, False, False, True, False]))
    assert place.tolist() == [0, 1, 2, 0, 1]
    own = baseline(values, place, 2, include_self=True)
    assert own.count.tolist() == [1, 2, 2, 1, 2]
    assert own.mean.tolist() == [1, 2, 5.5, 100, 101]
    assert own.std.tolist() == [0, 1, 2.5, 0, 1]
    before = baseline(values, place, 2, include_self=False)
    assert before.count.tolist() == [0, 1, 2, 0, 1]
    np.testing.assert_array_equal(before.mean, [np.nan, 1, 2, np.nan, 100])


def test_the_median_and_its_deviation() -> None:
    found = baseline(np.array([1.0, 2, 4, 9]), np.arange(4), 3, include_self=True)
    assert found.median.tolist() == [1, 1.5, 2, 4]
    assert found.mad.tolist() == [0, 0.5, 1, 2]


def test_a_score_needs_a_baseline_that_moves() -> None:
    values, centre, spread = np.array([5.0, 5, 5]), np.array([1.0, 1, 1]), np.array([2.0, 0, 2])
    found = zscores(values, centre, spread, np.array([True, True, False]), factor=0.5)
    np.testing.assert_array_equal(found, [1, np.nan, np.nan])
