"""The flow kernel against the plain state machine, the worked numbers, conservation, and any split over days."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.tracing.kernel import COUNTS, State, advance
from tests.flow_oracle import Move, Tracker
from tests.worlds import GROUPS, IS_DESTINATION, IS_SOURCE, arrived, flow_rules, follow, line, moves_of


@pytest.mark.parametrize(("attribution", "amounts"), [("poison", [20, 20]), ("haircut", [5, 5]), ("fifo", [10])])
def test_ten_dirty_and_thirty_clean_pay_twenty_and_twenty(attribution: str, amounts: list[int]) -> None:
    moves = line((0, 5, 10), (6, 5, 30), (5, 1, 20), (5, 1, 20))
    assert [flow[2] for flow in follow(moves, attribution)] == amounts


def test_confidence_falls_by_hop_and_a_flow_dies_after_six() -> None:
    for hops in range(1, 8):
        people = [0, *range(10, 10 + hops - 1), 1]
        found = follow(line(*((a, b, 5) for a, b in pairwise(people))))
        if hops <= 6:
            assert [(flow[3], flow[4]) for flow in found] == [(hops, pytest.approx(0.85 ** (hops - 1)))]
        else:
            assert found == []
    assert round(0.85**5, 6) == pytest.approx(0.443705)


def test_an_untracked_middle_completes_and_one_group_never_does() -> None:
    assert [(flow[:2], flow[3], flow[4]) for flow in follow(line((0, 5, 3), (5, 1, 3)))] == [((0, 1), 2, 0.85)]
    assert follow(line((0, 5, 3), (5, 9, 3))) == []
    assert follow(line((0, 9, 3))) == []
    assert follow(line((0, 2, 3))) == [], "group 2 is no destination"
    assert [flow[:2] for flow in follow(line((2, 0, 3)))] == [(2, 0)]


@pytest.mark.parametrize(("limit", "name"), [(1_008, "max_age"), (144, "max_idle")])
def test_limits_hold_to_the_block(limit: int, name: str) -> None:
    for late, count in ((limit, 1), (limit + 1, 0)):
        moves = [Move(0, 0, 0, 0, 0, 5, Fraction(3)), Move(1, 1, 1, late, 5, 1, Fraction(3))]
        assert len(follow(moves, **{name: np.array([limit])})) == count


@pytest.mark.parametrize(("limit", "left"), [(3, 3), (2, 2), (4, 3)])
def test_pruning_keeps_the_most_confident(limit: int, left: int) -> None:
    moves = line((0, 5, 1), (0, 6, 1), (0, 7, 1), (7, 8, 1))
    result = advance(State.empty(6), moves_of(moves), flow_rules(max_flows=limit))
    assert (result.state.flows, int(result.counts[0][COUNTS.index("pruned")])) == (left, 3 - left)
    assert (result.state.confidence < 1).sum() == (left == 3)


def test_a_smaller_transfer_than_the_least_neither_starts_nor_moves_a_flow() -> None:
    least = {"min_units": np.array([2])}
    assert follow(line((0, 5, 1), (5, 1, 1)), **least) == []
    assert [flow[5] for flow in follow(line((0, 5, 3), (5, 1, "1.9"), (5, 1, 3)), **least)] == [(0, 2)]


MOVES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 2),
        st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9]),
        st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9]),
        st.sampled_from(["1", "2", "3.5", "0.3", "10"]),
    ),
    min_size=1,
    max_size=40,
)


def world(drawn: list[tuple[int, int, int, int, str]]) -> list[Move]:
    """Transfers of four days in the canonical order: ties are settled by what they say."""
    ordered = sorted(drawn, key=lambda row: (row[0], row[1], row[2], row[3], Fraction(row[4])))
    return [
        Move(n, day, order, day * 100 + order, a, b, Fraction(amount))
        for n, (day, order, a, b, amount) in enumerate(ordered)
    ]


LIMITS = st.fixed_dictionaries(
    {
        "max_hops": st.sampled_from([2, 3, 6]),
        "max_age": st.sampled_from([100, 250, 10**6]),
        "max_idle": st.sampled_from([1, 100, 10**6]),
        "max_flows": st.sampled_from([1, 3, 10**6]),
    }
)


@given(MOVES, st.sampled_from(["fifo", "haircut", "poison"]), LIMITS, st.sampled_from(["0", "1"]))
@budget(max_examples=1_500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_kernel_is_the_state_machine(
    drawn: list[tuple[int, int, int, int, str]], attribution: str, limits: dict[str, int], least: str
) -> None:
    moves = world(drawn)
    reference = Tracker(GROUPS, IS_SOURCE, IS_DESTINATION, attribution, Fraction(least), **limits)  # type: ignore[arg-type]
    reference.run(moves)
    given_rules = flow_rules(
        attribution,
        max_hops=limits["max_hops"],
        max_flows=limits["max_flows"],
        max_age=np.array([limits["max_age"]]),
        max_idle=np.array([limits["max_idle"]]),
        min_units=np.array([int(least)]),
    )
    result = advance(State.empty(limits["max_hops"]), moves_of(moves), given_rules)
    found = arrived(result)
    # Shares of a haircut are cut off at 1e-18 and rounded as floats are; a piece on the edge of the least amount may fall either way.
    if attribution == "haircut":
        assert len(found) == len(reference.arrived) or least != "0"
        if len(found) == len(reference.arrived):
            for one, other in zip(found, reference.arrived, strict=True):
                assert (*one[:2], *one[3:]) == (*other[:2], other[3], pytest.approx(other[4]), other[5])
                assert float(one[2]) == pytest.approx(float(other[2]), rel=1e-9)
    else:
        assert found == [(*flow[:4], pytest.approx(flow[4]), flow[5]) for flow in reference.arrived]
        assert dict(zip(COUNTS, result.counts.sum(axis=0).tolist(), strict=True)) == {
            name: reference.counts[name] for name in COUNTS
        }
    for source in range(3):
        left = sum(m.amount for m in moves if GROUPS.get(m.sender) == source and GROUPS.get(m.receiver) != source)
        if attribution != "poison":
            assert sum(flow[2] for flow in found if flow[0] == source) <= left
    at = {move.ref: (move.day, move.order) for move in moves}
    for flow in found:
        assert all(at[a] < at[b] for a, b in pairwise(flow[5])), "each hop comes after the last"


@given(MOVES, st.sampled_from(["fifo", "haircut", "poison"]), st.sets(st.integers(1, 3)), LIMITS)
@budget(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_split_over_days_is_all_at_once(
    drawn: list[tuple[int, int, int, int, str]], attribution: str, cuts: set[int], limits: dict[str, int]
) -> None:
    moves = world(drawn)
    limited = flow_rules(
        attribution, **{**limits, "max_age": np.array([limits["max_age"]]), "max_idle": np.array([limits["max_idle"]])}
    )
    whole = advance(State.empty(limits["max_hops"]), moves_of(moves), limited)
    state, found = State.empty(limits["max_hops"]), []
    for part in range(4):
        inside = [move for move in moves if sum(move.day >= cut for cut in cuts) == part]
        if inside:
            result = advance(state, moves_of(inside), limited, keep_states=bool(part % 2))
            state = result.state
            found += arrived(result)
    assert found == arrived(whole)
    for item in fields(State):
        assert np.array_equal(getattr(state, item.name), getattr(whole.state, item.name)), item.name


def test_a_lot_of_money_stays_exact() -> None:
    moves = line(
        (0, 5, "123456789012.000000000000000001"),
        (5, 6, "23456789012.000000000000000002"),
        (6, 1, "23456789012.000000000000000002"),
        (5, 1, "1e12"),
    )
    assert [flow[2] for flow in follow(moves)] == [
        Fraction("23456789012.000000000000000002"),
        Fraction("99999999999.999999999999999999"),
    ]
    assert replace(flow_rules(), max_hops=6).max_hops == 6
