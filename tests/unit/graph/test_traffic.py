"""Traffic: whom most of a day's transfers touch, the largest transfers, and findings that tell the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.graph.disjoint import instances, stories
from flow_pipeline.graph.largest import largest_transfers
from flow_pipeline.graph.traffic import busiest
from tests.unit.graph.small import letters, small_graph

DAY = 24 * 60


@budget(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(3, 4), st.integers(0, 4), st.integers(5, 7)), max_size=40))
def test_the_busiest_touch_more_than_half(rows: list[tuple[int, int, int, int]]) -> None:
    columns = [np.array([row[n] for row in rows], np.int64) for n in range(4)]
    found = set(zip(*(column.tolist() for column in busiest(*columns)), strict=True))
    for chain in (0, 1):
        for day in (3, 4):
            ends = [(a, b) for c, d, a, b in rows if (c, d) == (chain, day)]
            touched = Counter(end for pair in ends for end in set(pair))
            most = {(chain, day, end) for end, count in touched.items() if 2 * count > len(ends)}
            assert most == {key for key in found if key[:2] == (chain, day)}


def test_a_sender_has_one_large_transfer_a_day_and_services_have_none() -> None:
    graph = small_graph(
        [(0, "AB", 5), (1, "AC", 7), (2, "AD", 7), (3, "AX", 900), (4, "XB", 900), (5, "BC", 1), (DAY, "AB", 2)],
        {"X": "exchange"},
    )
    assert letters(graph, largest_transfers(graph, 100)) == ["AC", "BC", "AB"]
    assert letters(graph, largest_transfers(graph, 1)) == ["AC", "AB"], "the largest of each day"


def test_the_first_finding_that_holds_a_thing_tells_it() -> None:
    start, things = np.array([0, 2, 4, 6, 7]), np.array([0, 1, 1, 2, 2, 3, 0])
    assert instances(start, things).tolist() == [-1, 0, -1, 0], "the third shares only with one that is not kept"
    assert instances(np.array([0]), np.empty(0, np.int64)).tolist() == []


def test_of_the_instances_of_one_the_first_are_kept_and_the_others_counted() -> None:
    start, things = np.array([0, 2, 3, 4, 5, 6]), np.array([0, 1, 1, 0, 1, 2])
    is_kept, left_out = stories(start, things, 1)
    assert is_kept.tolist() == [True, True, False, False, True]
    assert left_out.tolist() == [2, 0, 0, 0, 0]
