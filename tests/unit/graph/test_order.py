"""Transfers of one block: by transaction and log, by log alone, by amount and hash."""

from __future__ import annotations

import numpy as np
import pytest

from flow_pipeline.graph.order import known_places, time_order

Row = tuple[int, int, int, int, int, str]
"""transaction index, log index, token, units, parts, hash; all of one block"""


def ordered(rows: list[Row]) -> list[tuple[int, int]]:
    """Rows by position and their rank, in order."""
    place, index, token, units, parts = (np.array([row[n] for row in rows], np.int64) for n in range(5))
    hashes = np.array([row[5] for row in rows])
    same = np.zeros(len(rows), np.int64)
    keys = (same, same, known_places(same, same, token, place), index)
    order, rank = time_order(keys, (units, parts), lambda positions: (hashes[positions], hashes[positions]))
    return list(zip(order.tolist(), rank.tolist(), strict=True))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(1, 0, 0, 1, 0, "a"), (0, 9, 0, 1, 0, "b")], [(1, 1), (0, 2)]),
        ([(3, 7, 0, 1, 0, "a"), (3, 2, 0, 1, 0, "a")], [(1, 1), (0, 2)]),
        ([(-1, 7, 0, 1, 0, "a"), (-1, 2, 0, 1, 0, "b")], [(1, 1), (0, 2)]),
        ([(5, 2, 0, 1, 0, "a"), (-1, 3, 0, 1, 0, "b")], [(0, 1), (1, 2)]),
        ([(-1, -1, 0, 2, 0, "a"), (-1, -1, 0, 1, 5, "b")], [(1, 1), (0, 2)]),
        ([(-1, -1, 0, 1, 6, "a"), (-1, -1, 0, 1, 5, "b")], [(1, 1), (0, 2)]),
        ([(-1, -1, 0, 1, 0, "b"), (-1, -1, 0, 1, 0, "a")], [(1, 1), (0, 2)]),
        ([(-1, -1, 0, 1, 0, "a"), (-1, -1, 0, 1, 0, "a")], [(0, 1), (1, 1)]),
        ([(4, 1, 0, 1, 0, "a"), (2, 1, 0, 1, 0, "b"), (-1, 1, 1, 1, 0, "c")], [(2, 1), (1, 2), (0, 3)]),
        ([], []),
    ],
    ids=["transaction", "log", "log_alone", "mixed", "units", "parts", "hash", "none", "other_token", "nothing"],
)  # fmt: skip
def test_one_block(rows: list[Row], expected: list[tuple[int, int]]) -> None:
    assert ordered(rows) == expected
