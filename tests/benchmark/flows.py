"""Group flows against a plain Python state machine, ratios of one run: `make bench-flows`.

More transfers: `make bench-flows ARGS="--transfers 1000000"`. Generated payments among people with power-law activity,
200 groups of ten addresses that take part in a tenth of them. The plain machine is the tests' own, of the same
definition, on whole numbers, over the first transfers of the same data.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from flow_pipeline.tracing.kernel import FIFO, HAIRCUT, Moves, Rules, State, advance
from tests.flow_oracle import Move, Tracker

GROUPS, MEMBERS, DAYS = 200, 10, 90


def payments(count: int, seed: int) -> Moves:
    """Transfers in time order; addresses below GROUPS * MEMBERS belong to groups."""
    rng = np.random.default_rng(seed)
    people = count // 4 + GROUPS * MEMBERS
    weights = 1.0 / np.arange(1, people + 1) ** 0.7
    edges = np.cumsum(weights / weights.sum())
    ends = [np.minimum(np.searchsorted(edges, rng.random(count)), people - 1) for _ in range(2)]
    seconds = np.sort(rng.integers(0, DAYS * 86_400, count))
    # members are spread over the ranks of activity, so that groups are busy and quiet
    member = np.full(people, -1, np.int32)
    member[rng.choice(people // 20, GROUPS * MEMBERS, replace=False)] = np.arange(GROUPS * MEMBERS) % GROUPS
    return Moves(
        seconds // 86_400, np.arange(count), seconds, np.zeros(count, np.int32),
        ends[0].astype(np.int32), ends[1].astype(np.int32),
        np.maximum(np.exp(rng.normal(3, 1.4, count)).astype(np.int64), 1), np.zeros(count, np.int64),
        member[ends[0]], member[ends[1]], np.arange(count),
    )  # fmt: skip


def rules(attribution: int) -> Rules:
    """The defaults of the settings."""
    one = np.ones(1, np.int64)
    return Rules(
        attribution,
        6,
        0.85,
        0.3,
        10_000,
        604_800 * one,
        86_400 * one,
        86_400 * one,
        0 * one,
        0 * one,
        np.ones(GROUPS, bool),
        np.ones(GROUPS, bool),
    )


def head(moves: Moves, count: int) -> Moves:
    """The first transfers, whole days of them."""
    last = int(np.searchsorted(moves.day, moves.day[min(count, len(moves.day) - 1)]))
    return Moves(*(getattr(moves, name)[:last] for name in Moves.__dataclass_fields__))


def plain(moves: Moves) -> tuple[float, int]:
    """Seconds and flows of the plain machine."""
    groups = dict(zip(moves.sender.tolist(), moves.from_group.tolist(), strict=True)) | dict(
        zip(moves.receiver.tolist(), moves.to_group.tolist(), strict=True)
    )
    tracker = Tracker(
        {a: g for a, g in groups.items() if g >= 0},
        [True] * GROUPS,
        [True] * GROUPS,
        max_age=604_800,
        max_idle=86_400,
        max_flows=10_000,
    )
    columns = (moves.ref, moves.day, moves.rank, moves.clock, moves.sender, moves.receiver, moves.units)
    made = [Move(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    started = time.perf_counter()
    for day in range(int(moves.day[-1]) + 1):
        today = made[int(np.searchsorted(moves.day, day)) : int(np.searchsorted(moves.day, day + 1))]
        for move in today:
            tracker.step(move)
        if today:
            tracker.close((day + 1) * 86_400)
    return time.perf_counter() - started, len(tracker.arrived)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--transfers", type=int, default=10_000_000)
    given = parser.parse_args()
    moves = payments(given.transfers, 1)
    advance(State.empty(6), head(moves, 1_000), rules(FIFO))
    for name, attribution in (("fifo", FIFO), ("haircut", HAIRCUT)):
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            result = advance(State.empty(6), moves, rules(attribution))
            seconds.append(time.perf_counter() - started)
        ours = float(np.median(seconds))
        print(
            f"{name}, {given.transfers:,} transfers, {GROUPS} groups: {ours:.2f} s = "
            f"{given.transfers / ours / 1e6:.1f} M transfers/s, {len(result.completed):,} flows arrived"
        )
    part = head(moves, min(300_000, given.transfers))
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        result = advance(State.empty(6), part, rules(FIFO))
        seconds.append(time.perf_counter() - started)
    theirs, arrived = plain(part)
    print(
        f"plain Python, fifo, the first {len(part.day):,}: {theirs:.2f} s = {theirs / np.median(seconds):.0f} x ours, "
        f"{arrived:,} flows against {len(result.completed):,}"
    )


if __name__ == "__main__":
    main()
