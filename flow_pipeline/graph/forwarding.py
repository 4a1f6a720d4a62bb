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
    address: np.ndarray,
    token: np.ndarray,
    time: np.ndarray,
    is_payment: np.ndarray,
    amount: np.ndarray,
    judged_until: np.ndarray,
    span: int,
    least_share: float,
    receipts: int,
) -> Spans:
    """When addresses are known to pass on what they get: enough receipts judged, and the share holds for each token.

    A receipt is judged when its time is up. First in, first out: it is passed on as far as the payments until then
    exceed what came in before it.

    Args:
        address: Number of the address from 0 on, per receipt or payment; rows are sorted by address and time.
        token: Number of the token from 0 on.
        time: When it happened; receipts of one moment came in in the order of their rows, and are judged together.
        is_payment: True where the address pays.
        amount: What moves, 128-bit decimals of 18 places as pairs of 64-bit words, low word first.
        judged_until: Per address, the last moment at which a receipt of it is judged.
        span: Time in which a receipt must be passed on, in the unit of the times.
        least_share: Share from 0 to 1 that every token must reach.
        receipts: Receipts of which something was passed on that are needed.
    """
    tokens = int(token.max()) + 1 if len(token) else 0
    return Spans(*_spans(address, token, time, is_payment, amount, judged_until, span, least_share, receipts, tokens))


@njit(cache=True, nogil=True)
def _spans(address, token, time, is_payment, amount, judged_until, span, least_share, receipts, tokens):
    count = len(judged_until)
    known_from = np.full(count, NEVER)
    short_at = np.full(count, NEVER)
    found = np.zeros(count, np.int64)
    share = np.zeros(count)
    # Sums of 128 bits: as exact as the decimals, and in whatever order.
    paid = np.zeros(2 * tokens, np.uint64)
    filled = np.zeros(2 * tokens, np.uint64)
    passed_sum = np.zeros(2 * tokens, np.uint64)
    is_short = np.zeros(tokens, np.bool_)
    owner = np.full(tokens, -1)
    whole = np.zeros(4, np.uint64)
    passed = np.zeros(2, np.uint64)
    short = start = pay = 0
    for i in range(len(address)):
        who = address[i]
        if i == 0 or address[i - 1] != who:
            short, start, pay = 0, i, i
            whole[:] = 0
        until = time[i] + span
        if until <= judged_until[who] and not is_payment[i]:
            while pay < len(address) and address[pay] == who and time[pay] <= until:
                k = token[pay]
                if owner[k] != who:
                    owner[k] = who
                    is_short[k] = False
                    for sums in (paid, filled, passed_sum):
                        sums[2 * k : 2 * k + 2] = 0
                if is_payment[pay]:
                    _add(paid, k, amount, pay)
                pay += 1
            k = token[i]
            _passed_on(passed, paid, filled, k, amount, i)
            _add(filled, k, amount, i)
            _add(passed_sum, k, passed, 0)
            _add(whole, 0, passed, 0)
            _add(whole, 1, amount, i)
            found[who] += passed[0] != 0 or passed[1] != 0
        if i + 1 < len(address) and address[i + 1] == who and time[i + 1] == time[i]:
            continue
        is_judged = False
        while start <= i:
            if until <= judged_until[who] and not is_payment[start]:
                k = token[start]
                now = _number(passed_sum, k) < least_share * _number(filled, k)
                short += int(now) - int(is_short[k])
                is_short[k] = now
                is_judged = True
            start += 1
        if is_judged:
            share[who] = _number(whole, 0) / _number(whole, 1)
            if known_from[who] == NEVER:
                if short == 0 and found[who] >= receipts:
                    known_from[who] = until
            elif short > 0 and short_at[who] == NEVER:
                short_at[who] = until
    return known_from, short_at, found, share


@njit(cache=True, nogil=True)
def _passed_on(passed, paid, filled, k, amount, row):
    """What of an amount the payments reach beyond what is filled."""
    low, high = paid[2 * k], paid[2 * k + 1]
    passed[:] = 0
    if high > filled[2 * k + 1] or (high == filled[2 * k + 1] and low > filled[2 * k]):
        high -= filled[2 * k + 1] + np.uint64(low < filled[2 * k])
        low -= filled[2 * k]
        if high > amount[2 * row + 1] or (high == amount[2 * row + 1] and low > amount[2 * row]):
            low, high = amount[2 * row], amount[2 * row + 1]
        passed[0], passed[1] = low, high


@njit(cache=True, nogil=True)
def _add(sums, at, words, row):
    low = sums[2 * at] + words[2 * row]
    sums[2 * at + 1] += words[2 * row + 1] + np.uint64(low < words[2 * row])
    sums[2 * at] = low


@njit(cache=True, nogil=True)
def _number(sums, at):
    return (float(sums[2 * at + 1]) * 2.0**64 + float(sums[2 * at])) / 1e18
