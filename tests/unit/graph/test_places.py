"""Ends of transfers numbered among the addresses that a graph meets, when it meets few of all."""

from __future__ import annotations

import numpy as np
import pytest

from flow_pipeline.detection import graph


@pytest.mark.parametrize("some", [0, 10**6], ids=["sorted", "by a table"])
def test_ends_are_numbered_in_the_order_of_their_ids(some: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "_SOME", some)
    known, sender, receiver = graph._places(np.array([7, 3, 7]), np.array([3, 90, 12]), 100)
    assert (known.tolist(), sender.tolist(), receiver.tolist()) == ([3, 7, 12, 90], [1, 0, 1], [0, 3, 2])
