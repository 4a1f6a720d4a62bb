"""The kernel that judges deposit addresses agrees with a plain restatement; as shares are floats, amounts are alike."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flow_pipeline.graph.forwarding import NEVER, forwarding_spans

Move = tuple[int, int, int, int, bool]
"""Address, time, token, amount in 1e-18 units, and whether it is a payment."""
Judged = tuple[int, int, int, int, int]
"""Address, token, time of the verdict, amount and passed on."""

UNIT = 10**18
# the last amounts do not fit in one word
AMOUNTS = st.sampled_from([UNIT // 4, UNIT, 3 * UNIT, 18 * UNIT, 100 * UNIT])
MOVES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 2), AMOUNTS, st.booleans()), max_size=30
).map(lambda rows: sorted(rows, key=lambda row: row[:2]))


def words(values: list[int]) -> np.ndarray:
    return np.array([word for value in values for word in (value & (2**64 - 1), value >> 64)], np.uint64)


def judged(rows: list[Move], until: list[int], span: int) -> list[Judged]:
    """Receipts whose time is up, unit by unit: the line that receipts fill, as far as the payments empty it in time."""
    filled: dict[tuple[int, int], int] = defaultdict(int)
    found = []
    for address, time, token, amount, is_payment in rows:
        if is_payment or time + span > until[address]:
            continue
        paid = sum(row[3] for row in rows if row[4] and row[0] == address and row[2] == token and row[1] <= time + span)
        before = filled[address, token]
        found.append((address, token, time + span, amount, min(paid, before + amount) - min(paid, before)))
        filled[address, token] += amount
    return found


def plainly(rows: list[Judged], share: Fraction, receipts: int) -> dict[int, tuple[int, int]]:
    """Per address from when it is known, and when it falls short."""
    found = {}
    for address in {row[0] for row in rows}:
        own = [row for row in rows if row[0] == address]
        for moment in sorted({row[2] for row in own}):
            until = [row for row in own if row[2] <= moment]
            tokens = {row[1] for row in until}
            holds = all(
                sum(row[4] for row in until if row[1] == t) >= share * sum(row[3] for row in until if row[1] == t)
                for t in tokens
            )
            if address not in found:
                if holds and sum(row[4] > 0 for row in until) >= receipts:
                    found[address] = (moment, NEVER)
            elif not holds and found[address][1] == NEVER:
                found[address] = (found[address][0], moment)
    return found


@given(
    MOVES,
    st.lists(st.integers(0, 10), min_size=4, max_size=4),
    st.integers(0, 4),
    st.sampled_from([Fraction(1, 2), Fraction(3, 4), Fraction(1)]),
    st.integers(1, 3),
)
@settings(max_examples=500, deadline=None)
# 19 paid of 18 and 3 that came in: one is of the second receipt, and the difference crosses the border of a word
@example(
    [(0, 0, 0, 18 * UNIT, False), (0, 1, 0, 3 * UNIT, False), (0, 2, 0, 18 * UNIT, True), (0, 2, 0, UNIT, True)],
    [9] * 4,
    2,
    Fraction(1, 2),
    1,
)
def test_spans_are_those_of_the_definition(
    rows: list[Move], until: list[int], span: int, share: Fraction, receipts: int
) -> None:
    address, time, token = (np.array([row[n] for row in rows], np.int64) for n in (0, 1, 2))
    is_payment = np.array([row[4] for row in rows], bool)
    spans = forwarding_spans(
        address, token, time, is_payment, words([row[3] for row in rows]), np.array(until), span, float(share), receipts
    )
    verdicts = judged(rows, until, span)
    found = {
        n: (int(spans.known_from[n]), int(spans.short_at[n]))
        for n in range(len(spans.known_from))
        if spans.known_from[n] != NEVER
    }
    assert found == plainly(verdicts, share, receipts)
    for n in {row[0] for row in verdicts}:
        own = [row for row in verdicts if row[0] == n]
        assert spans.receipts[n] == sum(row[4] > 0 for row in own)
        assert abs(spans.share[n] - sum(row[4] for row in own) / sum(row[3] for row in own)) < 1e-12
