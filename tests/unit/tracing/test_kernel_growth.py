"""The flow kernel where its arrays grow, where many groups meet, and what it is compiled for."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest

from flow_pipeline.tracing import kernel
from flow_pipeline.tracing.kernel import ATTRIBUTIONS, COUNTS, PARTS, POISON, Moves, Rules, State, advance
from tests.flow_oracle import Move, Tracker

GROUPS = 300
PEOPLE = 6_000


def columns(moves: list[Move]) -> Moves:
    """Addresses below GROUPS are groups of one."""
    amount = [int(move.amount * PARTS) for move in moves]
    sender = np.array([move.sender for move in moves], np.int32)
    receiver = np.array([move.receiver for move in moves], np.int32)
    return Moves(
        day=np.array([move.day for move in moves], np.int64),
        rank=np.array([move.order for move in moves], np.int64),
        clock=np.array([move.clock for move in moves], np.int64),
        token=np.zeros(len(moves), np.int32),
        sender=sender,
        receiver=receiver,
        units=np.array([value // PARTS for value in amount], np.int64),
        parts=np.array([value % PARTS for value in amount], np.int64),
        from_group=np.where(sender < GROUPS, sender, -1).astype(np.int32),
        to_group=np.where(receiver < GROUPS, receiver, -1).astype(np.int32),
        ref=np.array([move.ref for move in moves], np.int64),
    )


def rules(attribution: int) -> Rules:
    one = np.ones(1, np.int64)
    return Rules(
        attribution=attribution,
        max_hops=6,
        decay=0.85,
        min_confidence=0.3,
        max_flows=10**6,
        max_age=10**9 * one,
        max_idle=10**9 * one,
        day_ticks=0 * one,
        min_units=0 * one,
        min_parts=0 * one,
        is_source=np.ones(GROUPS, bool),
        is_destination=np.ones(GROUPS, bool),
    )


def crowd(seed: int, count: int) -> list[Move]:
    """Transfers of two days in which thousands of accounts hold flows, so that every table grows."""
    rng = np.random.default_rng(seed)
    sender = np.where(rng.random(count) < 0.4, rng.integers(0, GROUPS, count), rng.integers(GROUPS, PEOPLE, count))
    receiver = np.where(rng.random(count) < 0.2, rng.integers(0, GROUPS, count), rng.integers(GROUPS, PEOPLE, count))
    amount = rng.integers(1, 40, count)
    return [
        Move(n, 2 * n // count, n, n, int(sender[n]), int(receiver[n]), Fraction(int(amount[n]), 4))
        for n in range(count)
    ]


@pytest.mark.parametrize("attribution", ["fifo", "poison"])
def test_tables_that_grow_follow_as_the_state_machine_does(attribution: str) -> None:
    moves = crowd(1, 24_000)
    groups = {group: group for group in range(GROUPS)}
    reference = Tracker(groups, [True] * GROUPS, [True] * GROUPS, attribution)
    reference.run(moves)
    result = advance(State.empty(6), columns(moves), rules(ATTRIBUTIONS[attribution]))
    assert dict(zip(COUNTS, result.counts.sum(axis=0).tolist(), strict=True)) == {
        name: reference.counts[name] for name in COUNTS
    }
    done = result.completed
    assert [
        (source, destination, Fraction(units * PARTS + parts, PARTS), hops, tuple(path[:hops]))
        for source, destination, units, parts, hops, path in zip(
            done.source.tolist(),
            done.destination.tolist(),
            done.units.tolist(),
            done.parts.tolist(),
            done.hops.tolist(),
            done.path.tolist(),
            strict=True,
        )
    ] == [(*flow[:4], flow[5]) for flow in reference.arrived]
    flows = sum(lot.source is not None for held in reference.held.values() for lot in held)
    assert result.state.flows == flows > 2_048, "more than the first lots hold"
    assert len(np.unique(result.state.address)) > 1_024, "more than the first table of accounts takes"
    assert len(done) > 1_024, "more than the first arrivals hold"


def test_flows_of_hundreds_of_groups_leave_one_account_at_once() -> None:
    person = GROUPS
    moves = [Move(group, 0, group, group, group, person, Fraction(1)) for group in range(1, GROUPS)]
    moves.append(Move(GROUPS, 0, GROUPS, GROUPS, person, 0, Fraction(5)))
    done = advance(State.empty(6), columns(moves), rules(POISON)).completed
    assert done.source.tolist() == list(range(1, GROUPS))
    assert set(done.units.tolist()) == {5}
    assert done.path[:, :2].tolist() == [[group, GROUPS] for group in range(1, GROUPS)]


def test_it_is_compiled_once_wherever_a_state_is_from() -> None:
    moves = columns(crowd(2, 400))
    first = advance(State.empty(6), moves, rules(ATTRIBUTIONS["fifo"]))
    compiled = len(kernel._advance.signatures)
    read = {}
    for item in fields(State):
        column = getattr(first.state, item.name)
        read[item.name] = (
            np.asfortranarray(column) if item.name == "path" else column.astype(column.dtype.newbyteorder())
        )
        read[item.name].setflags(write=False)
    again = advance(State(**read), moves, rules(ATTRIBUTIONS["fifo"]))
    same = advance(first.state, moves, rules(ATTRIBUTIONS["fifo"]))
    assert len(kernel._advance.signatures) == compiled
    for item in fields(State):
        assert np.array_equal(getattr(again.state, item.name), getattr(same.state, item.name)), item.name
