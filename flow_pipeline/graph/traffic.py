"""Traffic of the days: whom most of a day's transfers touch."""

from __future__ import annotations

import numpy as np
from numba import njit

_COUNTERS = 3
"""Addresses that can each be at more than a quarter of all ends: more than half of the transfers touch such a one."""


def busiest(chain: np.ndarray, day: np.ndarray, sender: np.ndarray, receiver: np.ndarray) -> tuple[np.ndarray, ...]:
    """Addresses that touch more than half of the transfers of a chain and day.

    Counters that meet and cancel find candidates (Misra and Gries, 1982, Science of Computer Programming 2), a second
    pass counts those: no table of all addresses is needed.

    Args:
        chain: Chain number, from 0 (transfers).
        day: Day number (transfers).
        sender, receiver: Addresses (transfers).

    Returns:
        Chain, day and address of each.
    """
    if not len(day):
        return tuple(np.empty(0, np.int64) for _ in range(3))
    first = int(day.min())
    chains = int(chain.max()) + 1
    held, most = _heavy(chain, day - first, sender, receiver, chains, int(day.max()) - first + 1)
    slot, counter = np.nonzero(most)
    return slot % chains, slot // chains + first, held[slot, counter]


@njit(cache=True, nogil=True)
def _heavy(chain, day, sender, receiver, chains, days):
    held, left = np.zeros((days * chains, _COUNTERS), np.int64), np.zeros((days * chains, _COUNTERS), np.int64)
    for i in range(len(day)):
        s = day[i] * chains + chain[i]
        for address in (sender[i], receiver[i]):
            free = -1
            for k in range(_COUNTERS):
                if left[s, k] == 0:
                    free = k
                elif held[s, k] == address:
                    left[s, k] += 1
                    free = -2
                    break
            if free == -1:
                for k in range(_COUNTERS):
                    left[s, k] -= 1
            elif free >= 0:
                held[s, free], left[s, free] = address, 1
    touched, total = np.zeros_like(left), np.zeros(days * chains, np.int64)
    for i in range(len(day)):
        s = day[i] * chains + chain[i]
        total[s] += 1
        for k in range(_COUNTERS):
            if left[s, k] > 0 and (held[s, k] == sender[i] or held[s, k] == receiver[i]):
                touched[s, k] += 1
    return held, 2 * touched > total.reshape(-1, 1)
