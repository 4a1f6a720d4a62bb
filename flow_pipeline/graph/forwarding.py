"""Since when, and until when, an address passes on what it gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Spans:
    """One row per address.

    Attributes:
        known_from: Time from which it is known to pass on what it gets, NEVER without one.
        short_at: Time after it at which one of its tokens first fell short, NEVER without one.
        receipts: Judged receipts of which something was passed on.
        share: Share of the judged receipts, all tokens together, that was passed on.
    """

    known_from: np.ndarray
    short_at: np.ndarray
    receipts: np.ndarray
    share: np.ndarray


def forwarding_spans(
    address: np.ndarray, token: np.ndarray, time: np.ndarray, passed: np.ndarray, amount: np.ndarray, least_share: float, receipts: int
) -> Spans:
    """When addresses are known to pass on what they get: enough receipts were judged, and the share holds for each token.

    Args:
        address: Number of the address from 0 on, per receipt; rows are sorted by address and time.
        token: Number of the token.
        time: When the receipt is judged; receipts of one moment are judged together.
        passed: How much of it was passed on, 128-bit decimals of 18 places as pairs of 64-bit words, low word first.
        amount: The receipt, likewise.
        least_share: Share from 0 to 1 that every token must reach.
        receipts: Receipts of which something was passed on that are needed.
    """
    if not len(address):
        nothing = np.empty(0, np.int64)
        return Spans(nothing, nothing, nothing, np.empty(0))
    pair = address.astype(np.int64) * (int(token.max()) + 1) + token
    _, slot = np.unique(pair, return_inverse=True)
    return Spans(*_spans(address, slot, time, passed, amount, least_share, receipts))


@njit(cache=True)
def _spans(address, slot, time, passed, amount, least_share, receipts):
    count = address[-1] + 1
    known_from = np.full(count, NEVER)
    short_at = np.full(count, NEVER)
    found = np.zeros(count, np.int64)
    share = np.zeros(count)
    slots = slot.max() + 1
    # Sums of 128 bits: as exact as the decimals, and in whatever order.
    passed_sum = np.zeros(2 * slots, np.uint64)
    amount_sum = np.zeros(2 * slots, np.uint64)
    is_short = np.zeros(slots, np.bool_)
    whole = np.zeros(4, np.uint64)
    short, i = 0, 0
    while i < len(address):
        who, moment = address[i], time[i]
        if i == 0 or address[i - 1] != who:
            short = 0
            whole[:] = 0
        stop = i
        while stop < len(address) and address[stop] == who and time[stop] == moment:
            _add(passed_sum, slot[stop], passed, stop)
            _add(amount_sum, slot[stop], amount, stop)
            _add(whole, 0, passed, stop)
            _add(whole, 1, amount, stop)
            found[who] += passed[2 * stop] != 0 or passed[2 * stop + 1] != 0
            stop += 1
        for k in range(i, stop):
            now = _number(passed_sum, slot[k]) < least_share * _number(amount_sum, slot[k])
            short += int(now) - int(is_short[slot[k]])
            is_short[slot[k]] = now
        share[who] = _number(whole, 0) / _number(whole, 1)
        if known_from[who] == NEVER:
            if short == 0 and found[who] >= receipts:
                known_from[who] = moment
        elif short > 0 and short_at[who] == NEVER:
            short_at[who] = moment
        i = stop
    return known_from, short_at, found, share


@njit(cache=True)
def _add(sums, at, words, row):
    low = sums[2 * at] + words[2 * row]
    sums[2 * at + 1] += words[2 * row + 1] + np.uint64(low < words[2 * row])
    sums[2 * at] = low


@njit(cache=True)
def _number(sums, at):
    return (float(sums[2 * at + 1]) * 2.0**64 + float(sums[2 * at])) / 1e18
