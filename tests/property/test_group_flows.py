"""The flow kernel against the plain state machine, conservation, and any split over days."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.tracing.kernel import COUNTS, State, advance
from tests.flow_oracle import Move, Tracker
from tests.worlds import GROUPS, IS_DESTINATION, IS_SOURCE, arrived, flow_rules, moves_of

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
@budget(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
    # Shares of a haircut are cut off at 1e-18 and rounded as floats are;
    # a piece on the edge of the least amount may fall either way.
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


HOUR, DAY = 3_600, 86_400
AMOUNTS = ["1", "2", "3.5", "0.3", "10"]


def told(seed: int, hour: int) -> list[Move]:
    """A story of eighty transfers among five people and four groups, begun so many hours after midnight."""
    draw = Random(seed)
    moves, time = [], hour * HOUR
    for n in range(80):
        time += draw.choice([1, 1, 1, HOUR, 5 * HOUR, 13 * HOUR])
        sender = draw.choice([0, 0, 2, 3, 4, 5, 6, 7])
        receiver = draw.choice([at for at in (0, 1, 1, 3, 3, 4, 5, 6, 7, 9) if at != sender])
        moves.append(Move(n, time // DAY, n, time, sender, receiver, Fraction(draw.choice(AMOUNTS))))
    return moves


@pytest.mark.parametrize("attribution", ["fifo", "haircut", "poison"])
@given(st.integers(0, 10**9), st.sampled_from([(1, 1), (1, 3), (2, 3)]))
@budget(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_story_gives_the_same_flows_at_every_hour_of_a_day(
    attribution: str, seed: int, days: tuple[int, int]
) -> None:
    """The plain machine is never told that a day ended."""
    idle, age = (count * DAY for count in days)
    plain = Tracker(GROUPS, IS_SOURCE, IS_DESTINATION, attribution, max_age=age, max_idle=idle)
    for move in told(seed, 0):
        plain.step(move)
    limits = flow_rules(attribution, max_age=np.array([age]), max_idle=np.array([idle]), day_ticks=np.array([DAY]))
    stories = [moves_of(told(seed, hour)) for hour in range(24)]
    found = [arrived(advance(State.empty(6), story, limits)) for story in stories]
    assert [hour for hour in range(24) if found[hour] != found[0]] == []
    assert arrived(advance(State.empty(6), stories[seed % 24], limits, keep_states=True)) == found[0]
    assert [(*flow[:2], *flow[3:]) for flow in found[0]] == [
        (*flow[:2], flow[3], pytest.approx(flow[4]), flow[5]) for flow in plain.arrived
    ]
    exact = [float(flow[2]) for flow in plain.arrived]
    assert [float(flow[2]) for flow in found[0]] == pytest.approx(exact, rel=1e-9 if attribution == "haircut" else 0)
