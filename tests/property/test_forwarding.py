"""The kernel that judges deposit addresses agrees with a plain restatement; shares are compared as floats, so that amounts are of like size."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flow_pipeline.graph.forwarding import NEVER, forwarding_spans

Receipt = tuple[int, int, int, int, int]
"""Address, token, time, amount and passed in 1e-18 units."""

UNIT = 10**18
RECEIPTS = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 2), st.integers(0, 6), st.sampled_from([UNIT // 4, UNIT, 3 * UNIT, 100 * UNIT]), st.sampled_from([0, 1, 2, 3, 4])
    ),
    max_size=30,
).map(lambda rows: sorted((a, t, at, amount, amount * quarter // 4) for a, t, at, amount, quarter in rows))


def words(values: list[int]) -> np.ndarray:
    return np.array([word for value in values for word in (value & (2**64 - 1), value >> 64)], np.uint64)


def plainly(rows: list[Receipt], share: Fraction, receipts: int) -> dict[int, tuple[int, int]]:
    """Per address from when it is known, and when it falls short."""
    found = {}
    for address in {row[0] for row in rows}:
        own = [row for row in rows if row[0] == address]
        for moment in sorted({row[2] for row in own}):
            until = [row for row in own if row[2] <= moment]
            tokens = {row[1] for row in until}
            holds = all(sum(row[4] for row in until if row[1] == t) >= share * sum(row[3] for row in until if row[1] == t) for t in tokens)
            if address not in found:
                if holds and sum(row[4] > 0 for row in until) >= receipts:
                    found[address] = (moment, NEVER)
            elif not holds and found[address][1] == NEVER:
                found[address] = (found[address][0], moment)
    return found


@given(RECEIPTS, st.sampled_from([Fraction(1, 2), Fraction(3, 4), Fraction(1)]), st.integers(1, 3))
@settings(max_examples=300, deadline=None)
def test_spans_are_those_of_the_definition(rows: list[Receipt], share: Fraction, receipts: int) -> None:
    rows = sorted(rows, key=lambda row: (row[0], row[2]))
    columns = [np.array([row[n] for row in rows], np.int64) for n in (0, 1, 2)]
    spans = forwarding_spans(*columns, words([row[4] for row in rows]), words([row[3] for row in rows]), float(share), receipts)
    found = {n: (int(spans.known_from[n]), int(spans.short_at[n])) for n in range(len(spans.known_from)) if spans.known_from[n] != NEVER}
    assert found == plainly(rows, share, receipts)
    for n in {row[0] for row in rows}:
        own = [row for row in rows if row[0] == n]
        assert spans.receipts[n] == sum(row[4] > 0 for row in own)
        assert abs(spans.share[n] - sum(row[4] for row in own) / sum(row[3] for row in own)) < 1e-12
