"""Threads for kernels whose first edges are independent of one another.

A search from one edge knows nothing of the search from another, so that stretches of first edges can be searched beside
one another; compiled loops hold no interpreter lock. How many threads there are is said by who searches: one on a
worker that has one core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import numpy as np

T = TypeVar("T")
_THREADS = ContextVar("threads", default=1)
_PARTS = 8
"""Stretches for each thread: searches from some edges take far longer than from others."""
_LEAST = 50_000
"""Edges that are worth a stretch of their own: each begins with arrays over all vertices."""


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Kernels called in here may take so many threads."""
    before = _THREADS.set(count)
    try:
        yield
    finally:
        _THREADS.reset(before)


def over_stretches(count: int, search: Callable[[int, int], T]) -> list[T]:
    """What a search gives for each stretch of the numbers below `count`, in their order.

    Args:
        count: First edges.
        search: Given the first number of a stretch and the one behind its last; compiled, without the lock.
    """
    threads = _THREADS.get()
    parts = max(min(_PARTS * threads, count // _LEAST), 1) if threads > 1 else 1
    bounds = np.linspace(0, count, parts + 1).astype(np.int64).tolist()
    if parts == 1:
        return [search(0, count)]
    with ThreadPoolExecutor(threads) as pool:
        return [*pool.map(search, bounds[:-1], bounds[1:])]
