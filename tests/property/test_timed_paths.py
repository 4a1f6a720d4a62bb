"""Paths in the order of time against a search of all sequences of transfers, in worlds of every shape."""

from __future__ import annotations

from itertools import pairwise, permutations, product

from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.graph.timed_paths import Step, timed_paths

STEP = st.tuples(st.integers(0, 8), st.integers(0, 4), st.integers(0, 4))
"""Time, sender, receiver: 0 pays, 1 is paid."""


def world(rows: list[tuple[int, int, int]]) -> list[Step]:
    """Two transfers of one time are of one rank: nothing says which was first."""
    return [
        Step(at, at, sender, receiver, ref) for ref, (at, sender, receiver) in enumerate(rows) if sender != receiver
    ]


def all_of_them(steps: list[Step], hops: int, within: int) -> dict[tuple[int, ...], tuple[int, int]]:
    """Every sequence of distinct addresses that money can have gone: its first beginning, and the end of that."""
    found: dict[tuple[int, ...], tuple[int, int]] = {}
    for length in range(1, hops + 1):
        for between in permutations((2, 3, 4), length - 1):
            addresses = (0, *between, 1)
            legs = [[step for step in steps if (step.sender, step.receiver) == leg] for leg in pairwise(addresses)]
            passages = [
                (chosen[0].at, chosen[-1].at)
                for chosen in product(*legs)
                if all(a.rank <= b.rank for a, b in pairwise(chosen)) and chosen[-1].at - chosen[0].at <= within
            ]
            if passages:
                found[addresses] = min(passages)
    return found


@budget(max_examples=400, deadline=None)
@given(rows=st.lists(STEP, max_size=14), hops=st.integers(1, 4), within=st.integers(0, 8))
def test_every_path_is_found_once_and_by_its_first_passage(
    rows: list[tuple[int, int, int]], hops: int, within: int
) -> None:
    steps = world(rows)
    by_ref = {step.ref: step for step in steps}
    found = timed_paths(steps, 0, 1, hops, within, most=1000, effort=10**6)
    shown = {}
    for refs in found.paths:
        legs = [by_ref[ref] for ref in refs]
        assert all(a.receiver == b.sender and a.rank <= b.rank for a, b in pairwise(legs))
        addresses = (legs[0].sender, *(leg.receiver for leg in legs))
        assert addresses not in shown
        shown[addresses] = (legs[0].at, legs[-1].at)
    assert shown == all_of_them(steps, hops, within)
    lengths = [(len(refs), by_ref[refs[-1]].rank) for refs in found.paths]
    assert lengths == sorted(lengths)
    assert not found.is_cut


@budget(max_examples=100, deadline=None)
@given(rows=st.lists(STEP, max_size=30), most=st.integers(1, 3), effort=st.integers(1, 30))
def test_bounds_cut_the_end_of_the_list_and_say_so(rows: list[tuple[int, int, int]], most: int, effort: int) -> None:
    steps = world(rows)
    whole = timed_paths(steps, 0, 1, 4, 8, most=1000, effort=10**6).paths
    assert timed_paths(steps, 0, 1, 4, 8, most=most, effort=10**6).paths == whole[:most]
    tried = timed_paths(steps, 0, 1, 4, 8, most=1000, effort=effort)
    assert set(tried.paths) <= set(whole)
    assert tried.is_cut or tried.paths == whole


def test_what_is_known_of_the_order_within_a_moment_counts() -> None:
    onward = [Step(1, 5, 0, 2, 1), Step(2, 5, 2, 1, 2)]
    assert timed_paths(onward, 0, 1, 2, 0, 9, 99).paths == [(1, 2)]
    backward = [Step(2, 5, 0, 2, 1), Step(1, 5, 2, 1, 2)]
    assert timed_paths(backward, 0, 1, 2, 0, 9, 99).paths == []
