"""Since when an address is known to pass on what it gets, worked by hand: 10 come in, and what is paid in time."""

from __future__ import annotations

import numpy as np
import pytest

from flow_pipeline.graph.forwarding import NEVER, forwarding_spans

UNIT = 10**18
Row = tuple[int, int, int, str]
"""Address, time, amount, `in` or `out`."""


def spans(rows: list[Row], until: int = 100, span: int = 10, receipts: int = 1) -> list[tuple[int, int, int, float]]:
    """known_from, short_at, receipts and share of each address, for one token and a share of nine tenths."""
    amounts = [row[2] * UNIT for row in rows]
    found = forwarding_spans(
        address=np.array([row[0] for row in rows], np.int64),
        token=np.zeros(len(rows), np.int64),
        time=np.array([row[1] for row in rows], np.int64),
        is_payment=np.array([row[3] == "out" for row in rows], bool),
        amount=np.array([word for value in amounts for word in (value % 2**64, value >> 64)], np.uint64),
        judged_until=np.full(max((row[0] for row in rows), default=-1) + 1, until),
        span=span,
        least_share=0.9,
        receipts=receipts,
    )
    columns = (found.known_from, found.short_at, found.receipts, found.share)
    return [tuple(column[i].item() for column in columns) for i in range(len(found.share))]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 0, 10, "in"), (0, 5, 10, "out")], (10, NEVER, 1, 1.0)),
        ([(0, 0, 10, "in"), (0, 10, 9, "out")], (10, NEVER, 1, 0.9)),
        ([(0, 0, 10, "in"), (0, 10, 8, "out")], (NEVER, NEVER, 1, 0.8)),
        ([(0, 0, 10, "in"), (0, 11, 10, "out")], (NEVER, NEVER, 0, 0.0)),
        ([(0, 0, 10, "in"), (0, 5, 10, "out"), (0, 20, 10, "in")], (10, 30, 1, 0.5)),
        ([(0, 0, 10, "in"), (0, 5, 30, "out"), (0, 20, 10, "in")], (10, NEVER, 2, 1.0)),
        ([(0, 95, 10, "in"), (0, 96, 10, "out")], (NEVER, NEVER, 0, 0.0)),
    ],
    ids=["all", "just enough", "too little", "too late", "then falls short", "paid ahead", "its time is not up"],
)
def test_one_address(rows: list[Row], expected: tuple[int, int, int, float]) -> None:
    assert spans(rows) == [expected]


def test_enough_receipts_are_needed() -> None:
    rows: list[Row] = [(0, 0, 10, "in"), (0, 1, 10, "out"), (0, 20, 10, "in"), (0, 21, 10, "out")]
    assert [spans(rows, receipts=least)[0][0] for least in (1, 2, 3)] == [10, 30, NEVER]


def test_addresses_do_not_know_each_other() -> None:
    rows: list[Row] = [(0, 0, 10, "in"), (1, 1, 10, "out"), (2, 0, 20, "in"), (2, 3, 20, "out")]
    assert [row[0] for row in spans(rows)] == [NEVER, NEVER, 10]
    assert spans([]) == []
