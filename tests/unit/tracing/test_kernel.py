"""The worked numbers of the flow kernel: attribution, confidence, groups, limits, pruning, state."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from flow_pipeline.tracing.kernel import CLEAN, COUNTS, PARTS, Advance, State, advance
from tests.flow_oracle import Move
from tests.worlds import arrived, flow_rules, follow, line, moves_of


def followed(moves: list[Move], attribution: str = "fifo", **more: object) -> Advance:
    return advance(State.empty(6), moves_of(moves), flow_rules(attribution, **more))


def ends(result: Advance) -> dict[str, int]:
    """What became of flows, without what became of none."""
    return {name: n for name, n in zip(COUNTS, result.counts.sum(axis=0).tolist(), strict=True) if n}


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
    assert (result.state.confidence[result.state.source != CLEAN] < 1).sum() == (left == 3)


def test_a_smaller_transfer_than_the_least_neither_starts_nor_moves_a_flow() -> None:
    least = {"min_units": np.array([2])}
    assert follow(line((0, 5, 1), (5, 1, 1)), **least) == []
    assert [flow[5] for flow in follow(line((0, 5, 3), (5, 1, "1.9"), (5, 1, 3)), **least)] == [(0, 2)]


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


@pytest.mark.parametrize(("attribution", "first", "second"), [("fifo", 10, 0), ("haircut", 5, 5), ("poison", 20, 20)])
def test_what_of_each_payment_is_the_flow(attribution: str, first: int, second: int) -> None:
    """10 of a flow and 30 of other money come in, 20 and 20 go out."""
    moves = line((0, 5, 10), (6, 5, 30), (5, 7, 20), (5, 8, 20))
    state = followed(moves, attribution).state
    is_flow = state.source == 0
    held = {7: 0, 8: 0} | dict(zip(state.address[is_flow].tolist(), state.units[is_flow].tolist(), strict=True))
    assert (held[7], held[8]) == (first, second)
    assert (5 in held) == (attribution == "poison"), "poison stays where it was"
    to_a_group = line((0, 5, 10), (6, 5, 30), (5, 1, 20), (5, 1, 20))
    assert [flow[2] for flow in follow(to_a_group, attribution)] == [part for part in (first, second) if part]


def test_what_stays_behind_is_a_flow_still() -> None:
    state = followed(line((0, 5, 10), (5, 1, 4))).state
    assert (state.address.tolist(), state.units.tolist(), state.hops.tolist()) == ([5], [6], [1])
    assert state.path.tolist() == [[0, -1, -1, -1, -1, -1]]
    assert state.flows == 1


def test_what_became_of_flows_is_counted() -> None:
    assert ends(followed(line((0, 5, 3), (5, 1, 3)))) == {"started": 1, "moved": 1, "completed": 1}
    assert ends(followed(line((0, 5, 3), (5, 9, 3)))) == {"started": 1, "moved": 1, "returned": 1}
    assert ends(followed(line((0, 5, 3), (5, 2, 3)))) == {"started": 1, "moved": 1, "absorbed": 1}
    assert ends(followed(line((0, 5, 3), (5, 6, 3), (6, 1, 3)), max_hops=6, min_confidence=0.8)) == {
        "started": 1,
        "moved": 1,
        "low_confidence": 1,
    }
    assert ends(followed(line((0, 5, 1), (5, 1, 1)), min_units=np.array([2]))) == {}


@pytest.mark.parametrize(("limit", "name"), [("max_age", "too_old"), ("max_idle", "idle")])
def test_a_flow_dies_with_its_day_when_nobody_moves_it(limit: str, name: str) -> None:
    first, other = Move(0, 0, 0, 0, 0, 5, Fraction(3)), Move(1, 1, 1, 101, 6, 7, Fraction(1))
    dead = followed([first, other], **{limit: np.array([100])})
    assert (ends(dead), dead.alive.tolist(), dead.state.flows) == ({"started": 1, name: 1}, [1, 0], 0)
    assert followed([first, other], **{limit: np.array([101])}).alive.tolist() == [1, 1]


def test_of_equal_confidence_the_oldest_is_pruned() -> None:
    state = followed(line((0, 5, 1), (0, 6, 1), (0, 7, 1)), max_flows=2).state
    assert state.address[state.source != CLEAN].tolist() == [6, 7]


def test_transfers_without_an_order_among_them_do_not_feed_each_other() -> None:
    tied = [Move(0, 0, 0, 0, 0, 5, Fraction(3)), Move(1, 0, 0, 0, 5, 1, Fraction(3))]
    assert follow(tied) == []
    assert [flow[5] for flow in follow([tied[0], Move(1, 0, 1, 0, 5, 1, Fraction(3))])] == [(0, 1)]


def test_a_batch_goes_on_where_the_last_one_stopped() -> None:
    first = followed([Move(0, 0, 0, 0, 0, 5, Fraction(3))])
    second = advance(first.state, moves_of([Move(1, 1, 0, 1, 5, 1, Fraction(3))]), flow_rules())
    assert arrived(first) == []
    assert arrived(second) == [(0, 1, Fraction(3), 2, 0.85, (0, 1))]
    assert second.completed.day.tolist() == [1]


def test_states_of_every_day_are_kept_when_asked() -> None:
    moves = moves_of([Move(n, n, n, n, 0, 5 + n, Fraction(1)) for n in range(3)])
    kept = advance(State.empty(6), moves, flow_rules(), keep_states=True)
    assert [state.flows for state in kept.states] == kept.alive.tolist() == [1, 2, 3]
    assert kept.days.tolist() == [0, 1, 2]
    assert advance(State.empty(6), moves, flow_rules()).states == []


def test_parts_of_a_unit_are_kept() -> None:
    state = followed(line((0, 5, "1.5"), (5, 1, "0.75"))).state
    assert (state.units.tolist(), state.parts.tolist()) == ([0], [3 * PARTS // 4])
