"""Following flows between groups of addresses: one kernel for a day, a history or a stream.

A transfer out of a source group starts a flow; it sits on (token, address) and moves with the payments of that address
until it arrives in another group, dies, or is pruned. The line of an address holds all money seen there since its first
flow, until the address is empty; what dies or comes from elsewhere stands in it as other money. Days end nothing: they
are where states are kept and limits judged. `advance(state, transfers)` takes transfers in their order and returns the
state after them, so that any split into batches along days gives the same flows. Amounts are exact: whole units and
1e-18 parts as integers.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

CLEAN = -1
HINTS = 1 << 18
DAY_ROOM = 8
"""Flows alive within a day, as a multiple of those alive at its end: a busy day is pruned before memory is. There may
be twice as many lines, so that those without a flow are that many before they are dropped."""
PARTS = 1_000_000_000_000_000_000
"""Parts of a token unit."""
FIFO, HAIRCUT, POISON = range(3)
ATTRIBUTIONS = {"fifo": FIFO, "haircut": HAIRCUT, "poison": POISON}
COUNTS = (
    "started",
    "moved",
    "completed",
    "returned",
    "absorbed",
    "hop_limit",
    "low_confidence",
    "too_small",
    "too_old",
    "idle",
    "pruned",
    "dropped",
)
"""What became of flows: `returned` to their own group, `absorbed` by a group that is no destination; and of lines."""
(
    STARTED,
    MOVED,
    COMPLETED,
    RETURNED,
    ABSORBED,
    HOP_LIMIT,
    LOW_CONFIDENCE,
    TOO_SMALL,
    TOO_OLD,
    IDLE,
    PRUNED,
    DROPPED,
) = range(len(COUNTS))


@dataclass(frozen=True)
class Rules:
    """Limits of a flow; the clocks of `max_age` and `max_idle` are each token's own (seconds, or blocks on Bitcoin).

    Attributes:
        attribution: FIFO, HAIRCUT or POISON.
        max_hops: Transfers of a flow.
        decay: Confidence per further hop.
        min_confidence: A flow below it dies.
        max_flows: Flows alive at the end of a day, and lines without one; flows beyond are pruned, lowest confidence
            first, lines beyond dropped, those first whose newest money is oldest.
        max_age: Clock ticks from the first transfer, per token.
        max_idle: Clock ticks without moving, per token.
        day_ticks: Ticks of a day where the clock is the calendar's (86,400), 0 where it is the chain's; per token.
        min_units, min_parts: Smallest amount, per token.
        is_source, is_destination: Per group.
    """

    attribution: int
    max_hops: int
    decay: float
    min_confidence: float
    max_flows: int
    max_age: np.ndarray
    max_idle: np.ndarray
    day_ticks: np.ndarray
    min_units: np.ndarray
    min_parts: np.ndarray
    is_source: np.ndarray
    is_destination: np.ndarray


@dataclass(frozen=True)
class Moves:
    """Transfers in their order, all columns of one length.

    Attributes:
        day: Day number, ascending.
        rank: Order within this batch; equal where transfers have no order among them.
        clock: Seconds, or blocks on Bitcoin.
        token: Token number.
        sender, receiver: Address ids.
        units, parts: Amount.
        from_group, to_group: Group numbers, -1 for an address that is in none.
        ref: What names the transfer to the caller.
    """

    day: np.ndarray
    rank: np.ndarray
    clock: np.ndarray
    token: np.ndarray
    sender: np.ndarray
    receiver: np.ndarray
    units: np.ndarray
    parts: np.ndarray
    from_group: np.ndarray
    to_group: np.ndarray
    ref: np.ndarray


@dataclass(frozen=True)
class State:
    """What sits on addresses that a flow reached: lots in the order in which they came, account after account.

    Attributes:
        token, address: Whose the lot is.
        source: Group the flow left, CLEAN for other money.
        units, parts: Amount of the lot.
        hops: Transfers so far, 0 of other money.
        confidence: 1 at the first hop, 0 of other money.
        started, moved: Clock of the first and of the last transfer.
        path: Refs of the transfers so far, one row per lot, -1 behind them.
    """

    token: np.ndarray
    address: np.ndarray
    source: np.ndarray
    units: np.ndarray
    parts: np.ndarray
    hops: np.ndarray
    confidence: np.ndarray
    started: np.ndarray
    moved: np.ndarray
    path: np.ndarray

    @classmethod
    def empty(cls, max_hops: int) -> State:
        """Nothing is on its way."""
        return cls(*_columns(np.empty(0, HELD), np.empty((0, max_hops), np.int64)))

    def __len__(self) -> int:
        """Number of lots."""
        return len(self.token)

    @property
    def flows(self) -> int:
        """Lots that are flows."""
        return int(np.count_nonzero(self.source != CLEAN))


@dataclass(frozen=True)
class Completed:
    """Flows that arrived, in the order of arrival.

    Attributes:
        source, destination: Group numbers.
        token: Token number.
        units, parts: Amount that arrived.
        hops: Transfers.
        confidence: At arrival.
        day: Day of arrival.
        path: Refs of the transfers, one row per flow, -1 behind them.
    """

    source: np.ndarray
    destination: np.ndarray
    token: np.ndarray
    units: np.ndarray
    parts: np.ndarray
    hops: np.ndarray
    confidence: np.ndarray
    day: np.ndarray
    path: np.ndarray

    def __len__(self) -> int:
        """Number of flows."""
        return len(self.source)


@dataclass(frozen=True)
class Advance:
    """Result of a batch: the state after it, what arrived; per day what became of flows (COUNTS) and how many live."""

    state: State
    completed: Completed
    days: np.ndarray
    counts: np.ndarray
    alive: np.ndarray
    states: list[State] = field(default_factory=list)


def advance(state: State, moves: Moves, rules: Rules, keep_states: bool = False) -> Advance:
    """Follow flows through a batch of transfers.

    Args:
        state: What was on its way before.
        moves: Transfers; a day must not be split over two batches.
        rules: Limits in force.
        keep_states: Also return the state at the end of every day.
    """
    limits = Limits(*(getattr(rules, item.name) for item in fields(Rules)))
    columns = [getattr(moves, item.name) for item in fields(Moves)]
    days, begin = np.unique(moves.day, return_index=True)
    bounds = [*begin.tolist(), len(moves.day)]
    if not keep_states:
        state, done, counts, alive = _advanced(state, Transfer(*columns), bounds, limits)
        return Advance(state, done, days, counts, alive)
    states, parts, tallies, lives = [], [], [], []
    for first, last in pairwise(bounds):
        of_day = Transfer(*(column[first:last] for column in columns))
        state, done, counts, alive = _advanced(state, of_day, [0, last - first], limits)
        states.append(state)
        parts.append(done)
        tallies.append(counts)
        lives.append(alive)
    if not states:
        return advance(state, moves, rules)
    names = [item.name for item in fields(Completed)]
    completed = Completed(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    return Advance(state, completed, days, np.concatenate(tallies), np.concatenate(lives), states)


def _advanced(
    state: State, moves: Transfer, bounds: list[int], rules: Limits
) -> tuple[State, Completed, np.ndarray, np.ndarray]:
    # Columns in, columns out, records in between: one type to compile for, whatever a state was read from.
    held = np.empty(len(state), HELD)
    for name in HELD.names or ():
        held[name] = getattr(state, name)
    path = np.require(state.path, np.int64, ["C", "W"])
    held, path, arrivals, routes, counts, alive = _advance(held, path, moves, np.array(bounds, np.int64), rules)
    return State(*_columns(held, path)), Completed(*_columns(arrivals, routes)), counts, alive


def _columns(records: np.ndarray, paths: np.ndarray) -> list[np.ndarray]:
    return [*(records[name].copy() for name in records.dtype.names or ()), paths]


# What follows is compiled as one, from `_advance` on; `_follow` is the hot loop. Numba reads records and named tuples.
# A record is a place in an array, not a copy: to set its field is to change the array.

Transfer = namedtuple("Transfer", [item.name for item in fields(Moves)])  # type: ignore[misc]
"""The columns of Moves, or the values of one of them."""
Limits = namedtuple("Limits", [item.name for item in fields(Rules)])  # type: ignore[misc]
"""The fields of Rules."""

in_place = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
"""For a function that changes arrays in place and neither makes nor returns one. They are lent to it: it counts no
references (`_nrt`), which for the arrays of a ledger would cost more than what it does."""
allocating = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=True)
"""For a function that makes arrays."""
MIX = np.int64(-7046029254386353131)
"""2**64 divided by the golden ratio: a key times this is spread over the high bits."""


def _record(**kinds: str) -> np.dtype:
    return np.dtype(list(kinds.items()), align=True)


HELD = _record(
    token="i4", address="i4", source="i4", units="i8", parts="i8", hops="i1", confidence="f8", started="i8", moved="i8"
)
"""A row of State, but for its path."""
ARRIVAL = _record(
    source="i4", destination="i4", token="i4", units="i8", parts="i8", hops="i1", confidence="f8", day="i8"
)
"""A row of Completed, but for its path."""
ACCOUNT = _record(key="i8", head="i4", tail="i4", flows="i4")
"""A token on an address: its `_key`, the first and last lot of its line (-1: none), how many of them are flows."""
LOT = _record(
    units="i8", parts="i8", started="i8", moved="i8", rank="i8", confidence="f8", source="i4", behind="i4", hops="i1"
)
"""Money on an account: as in State, the rank of the transfer that brought it today (-1: earlier), the lot behind it."""
PIECE = _record(units="i8", parts="i8", started="i8", confidence="f8", source="i4", hops="i4", lot="i4")
"""What of a flow leaves with a transfer, as it is after this hop, and the lot that it was (-1: it starts)."""
TALLY = _record(living="i8", lines="i8", used="i8", spare="i8", pieces="i8", arrived="i8", stamp="i8", free="i4")
"""How many flows live, accounts have a line, accounts are used, lots are spare, pieces are at hand, flows arrived; the
stamp of the index, the first spare lot."""


class Ledger(NamedTuple):
    """All that changes while flows are followed. An array that grows makes another ledger: `_with_room`, `_rebuilt`.

    Attributes:
        accounts: ACCOUNT records: an open-addressing table of a power of two places; a free place has key -1.
        may_hold: Per `_hint` of a key: False says without a look at the table that the account is not in it.
        lots: LOT records. Those of an account stand in line through `behind`, the others in the free list.
        paths: Refs of the transfers so far, one row per lot.
        pieces: PIECE records of the transfer at hand, as many as there are lots.
        lot_by_first: Open-addressing table of the lots of a line by their first transfer, for `_place_copies`: a stamp
            in the high half, the lot in the low; a place with another stamp than the tally's is free.
        arrivals: ARRIVAL records.
        routes: Refs of the transfers, one row per arrival.
        counts: COUNTS of the day.
        tally: One TALLY record.
    """

    accounts: np.ndarray
    may_hold: np.ndarray
    lots: np.ndarray
    paths: np.ndarray
    pieces: np.ndarray
    lot_by_first: np.ndarray
    arrivals: np.ndarray
    routes: np.ndarray
    counts: np.ndarray
    tally: np.ndarray


@njit(cache=True, nogil=True)
def _advance(held, held_path, moves, bounds, rules):
    """Follow flows through days of transfers.

    Args:
        held: HELD records, account after account.
        held_path: Their paths, one row each.
        moves: Transfers, day after day.
        bounds: Where each day begins, and the end of the last.
        rules: Limits in force.

    Returns:
        HELD records and paths after the last day, ARRIVAL records and paths, COUNTS and living flows per day.
    """
    ledger = _opened(held, held_path, rules)
    days = len(bounds) - 1
    counts, alive = np.zeros((days, len(COUNTS)), np.int64), np.zeros(days, np.int64)
    for d in range(days):
        ledger = _follow_day(ledger, moves, bounds[d], bounds[d + 1], rules)
        ledger = _close_day(ledger, _clocks_at_end(moves, bounds[d], bounds[d + 1], rules), rules)
        alive[d] = ledger.tally[0].living
        for what in range(len(COUNTS)):
            counts[d, what] = ledger.counts[what]
            ledger.counts[what] = 0
    after, after_path = _in_order(ledger)
    arrived = ledger.tally[0].arrived
    return after, after_path, _resized(ledger.arrivals, arrived), _resized_paths(ledger.routes, arrived), counts, alive


@allocating
def _opened(held, held_path, rules):
    """A ledger with the lots of a state, each at the end of its account's line."""
    size, room = 2048, max(1024, 2 * len(held))
    while size < 4 * len(held):
        size *= 2
    ledger = Ledger(
        _no_accounts(size),
        np.zeros(HINTS, np.bool_),
        np.empty(room, LOT),
        np.empty((room, rules.max_hops), np.int64),
        np.empty(room, PIECE),
        _no_index(room),
        np.empty(1024, ARRIVAL),
        np.empty((1024, rules.max_hops), np.int64),
        np.zeros(len(COUNTS), np.int64),
        np.zeros(1, TALLY),
    )
    ledger.tally[0].free = -1
    _free_lots(ledger.lots, 0, ledger.tally[0])
    for i in range(len(held)):
        row = held[i]
        account = _account(ledger, _key(row.token, row.address))
        n = _add_lot(ledger, account)
        lot = ledger.lots[n]
        lot.source, lot.units, lot.parts, lot.hops = row.source, row.units, row.parts, row.hops
        lot.confidence, lot.started, lot.moved, lot.rank = row.confidence, row.started, row.moved, -1
        _copy_path(held_path, i, ledger.paths, n)
        if row.source >= 0:
            _count_flow(ledger, account)
    return ledger


@allocating
def _in_order(ledger):
    """HELD records and paths of all lots, account after account in the order of their keys."""
    accounts, lots = ledger.accounts, ledger.lots
    keys, used = np.empty(ledger.tally[0].used, np.int64), 0
    for at in range(len(accounts)):
        if accounts[at].key != -1:
            keys[used] = accounts[at].key
            used += 1
    _sort(keys, used)
    count, i = len(lots) - ledger.tally[0].spare, 0
    held, held_path = np.empty(count, HELD), np.empty((count, ledger.paths.shape[1]), np.int64)
    for key in keys:
        n = accounts[_slot(accounts, key)].head
        while n >= 0:
            row, lot = held[i], lots[n]
            row.token, row.address, row.source = key >> 32, key & 0xFFFFFFFF, lot.source
            row.units, row.parts, row.hops = lot.units, lot.parts, lot.hops
            row.confidence, row.started, row.moved = lot.confidence, lot.started, lot.moved
            for j in range(held_path.shape[1]):
                held_path[i, j] = ledger.paths[n, j] if j < lot.hops else -1
            i += 1
            n = lot.behind
    return held, held_path


# A day.


@allocating
def _follow_day(ledger, moves, first, last, rules):
    """Follow the transfers of a day, and make room for the pieces that find none; returns the ledger."""
    i = first
    while i < last:
        i = _follow(ledger, moves, i, last, rules)
        if i < last:
            move = _transfer(moves, i)
            ledger = _with_room(ledger)
            if not _has_place(ledger, move):
                size = len(ledger.accounts)
                ledger = _rebuilt(ledger, 2 * size if 4 * ledger.tally[0].lines > size else size)
            _put_pieces(ledger, move, rules)
            i += 1
    return ledger


@in_place
def _follow(ledger, moves, first, last, rules):
    """Follow transfers from `first` to `last`, or to one whose pieces find no room; returns where it stopped.

    The pieces of that one are taken, and wait to be put.
    """
    for i in range(first, last):
        if _concerns_flows(ledger, moves, i, rules):
            move = _transfer(moves, i)
            _take_pieces(ledger, move, rules)
            if not (_has_room(ledger) and _has_place(ledger, move)):
                return i
            _put_pieces(ledger, move, rules)
    return last


@allocating
def _clocks_at_end(moves, first, last, rules):
    """Per token, the clock at which a day's flows are judged: its latest, or the end of the day on the calendar."""
    clocks = np.full(len(rules.max_age), np.int64(-1))
    for i in range(first, last):
        clocks[moves.token[i]] = max(clocks[moves.token[i]], moves.clock[i])
    for token in range(len(clocks)):
        if rules.day_ticks[token]:
            clocks[token] = max(clocks[token], (moves.day[last - 1] + 1) * rules.day_ticks[token])
    return clocks


@allocating
def _close_day(ledger, clocks, rules):
    """Old and idle flows die, what is too many is pruned and dropped; returns the ledger without what became empty."""
    for at in range(len(ledger.accounts)):
        account = ledger.accounts[at]
        if account.flows > 0:
            token = account.key >> 32
            _expire(ledger, account, clocks[token], rules.max_age[token], rules.max_idle[token])
            _tidy(ledger, account, rules)
    if ledger.tally[0].living > rules.max_flows:
        _prune(ledger, rules)
    _drop_lines(ledger, rules)
    ledger = _rebuilt(ledger, len(ledger.accounts))
    for hint in range(HINTS):
        ledger.may_hold[hint] = False
    for at in range(len(ledger.accounts)):
        account = ledger.accounts[at]
        if account.key != -1:
            ledger.may_hold[_hint(account.key)] = True
        n = account.head
        while n >= 0:
            ledger.lots[n].rank = -1
            n = ledger.lots[n].behind
    return ledger


@allocating
def _prune(ledger, rules):
    """Turn flows beyond `max_flows` into other money: lowest confidence first, of equal ones the oldest."""
    keep = rules.max_flows
    living = ledger.tally[0].living
    places, numbers = np.empty(living, np.int64), np.empty(living, np.int64)
    confidence, started = np.empty(living, np.float64), np.empty(living, np.int64)
    first, last = np.empty(living, np.int64), np.empty(living, np.int64)
    found = 0
    for at in range(len(ledger.accounts)):
        n = ledger.accounts[at].head if ledger.accounts[at].flows > 0 else -1
        while n >= 0:
            lot = ledger.lots[n]
            if lot.source >= 0:
                places[found], numbers[found] = at, n
                confidence[found], started[found] = lot.confidence, lot.started
                first[found], last[found] = ledger.paths[n, 0], ledger.paths[n, lot.hops - 1]
                found += 1
            n = lot.behind
    order = np.argsort(last, kind="mergesort")
    order = order[np.argsort(first[order], kind="mergesort")]
    order = order[np.argsort(started[order], kind="mergesort")]
    order = order[np.argsort(confidence[order], kind="mergesort")]
    for k in order[: found - keep]:
        _forget_flow(ledger, ledger.accounts[places[k]], ledger.lots[numbers[k]])
    ledger.counts[PRUNED] += living - keep
    for place in places:
        _tidy(ledger, ledger.accounts[place], rules)


@allocating
def _drop_lines(ledger, rules):
    """Drop lines without a flow beyond `max_flows`: those first whose newest money is oldest, of equal ones by key.

    Clocks of tokens are not each other's: the age of money is counted in its token's `max_idle`, from the newest money.
    """
    accounts, lots, keep = ledger.accounts, ledger.lots, rules.max_flows
    if ledger.tally[0].lines <= keep:
        return
    newest, without = np.full(len(rules.max_idle), np.iinfo(np.int64).min), 0
    for at in range(len(accounts)):
        account = accounts[at]
        if account.head >= 0:
            without += account.flows == 0
            token = account.key >> 32
            newest[token] = max(newest[token], lots[account.tail].moved)
    if without <= keep:
        return
    age, places, found = np.empty(without, np.float64), np.empty(without, np.int64), 0
    for at in range(len(accounts)):
        account = accounts[at]
        if account.head >= 0 and account.flows == 0:
            token = account.key >> 32
            age[found] = (newest[token] - lots[account.tail].moved) / rules.max_idle[token]
            places[found] = at
            found += 1
    limit = np.partition(age, keep - 1)[keep - 1]
    last_key = _key_at(accounts, places[age == limit], keep - np.count_nonzero(age < limit))
    for k in range(without):
        account = accounts[places[k]]
        if age[k] > limit or (age[k] == limit and account.key > last_key):
            _clear_account(ledger, account)
    ledger.counts[DROPPED] += without - keep


@allocating
def _key_at(accounts, places, rank):
    """The rank-th smallest key, from 1, of accounts at places."""
    keys = np.empty(len(places), np.int64)
    for k in range(len(places)):
        keys[k] = accounts[places[k]].key
    keys.sort()
    return keys[rank - 1]


@in_place
def _expire(ledger, account, now, max_age, max_idle):
    """Turn flows of an account that are too old or have rested too long into other money."""
    n = account.head
    while n >= 0:
        lot = ledger.lots[n]
        if lot.source >= 0:
            is_old = now - lot.started > max_age
            if is_old or now - lot.moved > max_idle:
                _forget_flow(ledger, account, lot)
                ledger.counts[TOO_OLD if is_old else IDLE] += 1
        n = lot.behind


# A transfer.


@in_place
def _transfer(moves, i):
    """The values of the i-th transfer."""
    return Transfer(
        moves.day[i],
        moves.rank[i],
        moves.clock[i],
        moves.token[i],
        moves.sender[i],
        moves.receiver[i],
        moves.units[i],
        moves.parts[i],
        moves.from_group[i],
        moves.to_group[i],
        moves.ref[i],
    )


@in_place
def _concerns_flows(ledger, moves, i, rules):
    """Whether the i-th transfer may start a flow or change a line, or finds too many flows alive. Most do not."""
    token, units, parts = moves.token[i], moves.units[i], moves.parts[i]
    if moves.sender[i] == moves.receiver[i] or (units == 0 and parts == 0):
        return False
    if _less(units, parts, rules.min_units[token], rules.min_parts[token]):
        return False
    leaves, enters = moves.from_group[i], moves.to_group[i]
    if leaves >= 0 and rules.is_source[leaves]:
        return enters != leaves
    if leaves < 0 and ledger.may_hold[_hint(_key(token, moves.sender[i]))]:
        return True
    if enters < 0 and ledger.may_hold[_hint(_key(token, moves.receiver[i]))]:
        return True
    return ledger.tally[0].living > DAY_ROOM * rules.max_flows


@in_place
def _take_pieces(ledger, move, rules):
    """Fill `pieces` with the flow that a transfer starts, or with what it takes of flows on the sender's account."""
    ledger.tally[0].pieces = 0
    if move.from_group >= 0:
        if rules.is_source[move.from_group]:
            _add_piece(ledger, -1, move.units, move.parts, move, rules)
            ledger.counts[STARTED] += 1
        return
    key = _key(move.token, move.sender)
    if not ledger.may_hold[_hint(key)]:
        return
    account = ledger.accounts[_slot(ledger.accounts, key)]
    if account.head < 0:
        return
    if account.flows > 0:
        _expire(ledger, account, move.clock, rules.max_age[move.token], rules.max_idle[move.token])
    if rules.attribution == POISON:
        _take_copies(ledger, account, move, rules)
    elif rules.attribution == HAIRCUT and account.flows > 0:
        _take_shares(ledger, account, move, rules)
    else:
        _take_first(ledger, account, move.units, move.parts, move, rules)
    if ledger.tally[0].pieces == 0:
        _tidy(ledger, account, rules)


@in_place
def _take_first(ledger, account, left_units, left_parts, move, rules):
    """Take an amount from an account's lots in line; parts of flows become pieces."""
    n = account.head
    while n >= 0 and (left_units > 0 or left_parts > 0):
        lot = ledger.lots[n]
        if lot.source < 0 or lot.rank < move.rank:
            units, parts = lot.units, lot.parts
            if _less(left_units, left_parts, units, parts):
                units, parts = left_units, left_parts
            left_units, left_parts = _minus(left_units, left_parts, units, parts)
            lot.units, lot.parts = _minus(lot.units, lot.parts, units, parts)
            if lot.source >= 0 and (units > 0 or parts > 0):
                _pass_on(ledger, n, units, parts, move, rules)
        n = lot.behind


@in_place
def _take_shares(ledger, account, move, rules):
    """Take of each flow on an account its share, and the rest of a transfer's amount from other money.

    The share is the transfer's of all that its sender holds; flows of the same rank are not there yet. It is of the
    exact sum, and no other money has a share of its own, so that it matters to none in how many lots that stands.
    A flow gives more than its share where all that is behind it would not do.
    """
    lots, units, parts = ledger.lots, np.int64(0), np.int64(0)
    n = account.head
    while n >= 0:
        if lots[n].source < 0 or lots[n].rank < move.rank:
            units, parts = _plus(units, parts, lots[n].units, lots[n].parts)
        n = lots[n].behind
    if units == 0 and parts == 0:
        return
    share = min(1.0, (move.units + move.parts / PARTS) / (units + parts / PARTS))
    left_units, left_parts = move.units, move.parts
    n = account.head
    while n >= 0:
        lot = lots[n]
        if lot.source >= 0 and lot.rank < move.rank:
            units, parts = _minus(units, parts, lot.units, lot.parts)
            take_units, take_parts = _part_of(lot, share)
            if _less(units, parts, left_units, left_parts):
                need_units, need_parts = _minus(left_units, left_parts, units, parts)
                if _less(take_units, take_parts, need_units, need_parts):
                    take_units, take_parts = _least(need_units, need_parts, lot.units, lot.parts)
            take_units, take_parts = _least(take_units, take_parts, left_units, left_parts)
            left_units, left_parts = _minus(left_units, left_parts, take_units, take_parts)
            lot.units, lot.parts = _minus(lot.units, lot.parts, take_units, take_parts)
            if take_units > 0 or take_parts > 0:
                _pass_on(ledger, n, take_units, take_parts, move, rules)
        n = lot.behind
    n = account.head
    while n >= 0:
        lot = lots[n]
        if lot.source < 0:
            take_units, take_parts = _least(left_units, left_parts, lot.units, lot.parts)
            left_units, left_parts = _minus(left_units, left_parts, take_units, take_parts)
            lot.units, lot.parts = _minus(lot.units, lot.parts, take_units, take_parts)
        n = lot.behind


@in_place
def _part_of(lot, share):
    """The amount of a share of a lot, never more than the lot."""
    if share >= 1.0:
        return lot.units, lot.parts
    amount = (lot.units + lot.parts / PARTS) * share
    units = np.int64(amount)
    parts = min(np.int64((amount - units) * PARTS), PARTS - 1)
    return _least(units, parts, lot.units, lot.parts)


@in_place
def _take_copies(ledger, account, move, rules):
    """Poison: every flow on an account goes along as the whole amount of a transfer, and stays too."""
    n = account.head
    while n >= 0:
        lot = ledger.lots[n]
        if lot.source >= 0 and lot.rank < move.rank and _pass_on(ledger, n, move.units, move.parts, move, rules):
            lot.moved = move.clock
        n = lot.behind


@allocating
def _sort(array, count):
    """Sort the first values of an array."""
    array[:count].sort()


@in_place
def _pass_on(ledger, n, units, parts, move, rules):
    """Add a part of a lot to `pieces`, unless the flow dies here; counts which, and returns whether it goes on."""
    lot = ledger.lots[n]
    if lot.hops >= rules.max_hops:
        ledger.counts[HOP_LIMIT] += 1
        return False
    if lot.confidence * rules.decay < rules.min_confidence:
        ledger.counts[LOW_CONFIDENCE] += 1
        return False
    if _less(units, parts, rules.min_units[move.token], rules.min_parts[move.token]):
        ledger.counts[TOO_SMALL] += 1
        return False
    _add_piece(ledger, n, units, parts, move, rules)
    ledger.counts[MOVED] += 1
    return True


@in_place
def _add_piece(ledger, n, units, parts, move, rules):
    """Add to `pieces` what a transfer takes of lot `n`, or starts for -1."""
    piece = ledger.pieces[ledger.tally[0].pieces]
    ledger.tally[0].pieces += 1
    piece.lot, piece.units, piece.parts = n, units, parts
    if n < 0:
        piece.source, piece.hops, piece.confidence, piece.started = move.from_group, 1, 1.0, move.clock
    else:
        lot = ledger.lots[n]
        piece.source, piece.hops = lot.source, lot.hops + 1
        piece.confidence, piece.started = lot.confidence * rules.decay, lot.started


@in_place
def _put_pieces(ledger, move, rules):
    """Bring the pieces to the receiver, drop what was emptied at the sender, and put the rest of the amount in line."""
    tally = ledger.tally[0]
    if move.to_group >= 0:
        for p in range(tally.pieces):
            _arrive(ledger, ledger.pieces[p], move, rules)
    elif tally.pieces > 0:
        account = _account(ledger, _key(move.token, move.receiver))
        if rules.attribution == POISON:
            _place_copies(ledger, account, move, rules)
        else:
            for p in range(tally.pieces):
                _place(ledger, account, ledger.pieces[p], move)
    if tally.pieces > 0 and move.from_group < 0:
        _tidy(ledger, ledger.accounts[_slot(ledger.accounts, _key(move.token, move.sender))], rules)
    if move.to_group < 0 and rules.attribution != POISON:
        key = _key(move.token, move.receiver)
        if ledger.may_hold[_hint(key)]:
            _place_rest(ledger, ledger.accounts[_slot(ledger.accounts, key)], move)
    if tally.living > DAY_ROOM * rules.max_flows:
        _prune(ledger, rules)
    if tally.lines > 2 * DAY_ROOM * rules.max_flows:
        _drop_lines(ledger, rules)


@in_place
def _arrive(ledger, piece, move, rules):
    """A piece comes to a group: its own, one that absorbs it, or a destination, which makes it an arrival."""
    if move.to_group == piece.source:
        ledger.counts[RETURNED] += 1
        return
    if not rules.is_destination[move.to_group]:
        ledger.counts[ABSORBED] += 1
        return
    ledger.counts[COMPLETED] += 1
    tally = ledger.tally[0]
    row = ledger.arrivals[tally.arrived]
    row.source, row.destination, row.token, row.day = piece.source, move.to_group, move.token, move.day
    row.units, row.parts, row.hops, row.confidence = piece.units, piece.parts, piece.hops, piece.confidence
    _write_path(ledger, piece, move.ref, ledger.routes, tally.arrived)
    tally.arrived += 1


@in_place
def _place(ledger, account, piece, move):
    """A piece joins the end of an account's line."""
    n = _add_lot(ledger, account)
    _count_flow(ledger, account)
    _fill(ledger, n, piece, move)


@in_place
def _fill(ledger, n, piece, move):
    """A piece becomes a lot."""
    lot = ledger.lots[n]
    lot.source, lot.units, lot.parts, lot.hops = piece.source, piece.units, piece.parts, piece.hops
    lot.confidence, lot.started, lot.moved, lot.rank = piece.confidence, piece.started, move.clock, move.rank
    _write_path(ledger, piece, move.ref, ledger.paths, n)


@in_place
def _place_copies(ledger, account, move, rules):
    """Poison: pieces join an account's line, but for those of a flow that is there as confident already.

    A flow is its first transfer. The pieces of a transfer are of different flows: none has to be looked for among them.
    """
    if account.flows > 0:
        _expire(ledger, account, move.clock, rules.max_age[move.token], rules.max_idle[move.token])
        _tidy(ledger, account, rules)
    ledger.tally[0].stamp += 1
    stamp = ledger.tally[0].stamp << 32
    n = account.head
    while n >= 0:
        ledger.lot_by_first[_place_in_index(ledger, ledger.paths[n, 0])] = stamp | n
        n = ledger.lots[n].behind
    for p in range(ledger.tally[0].pieces):
        piece = ledger.pieces[p]
        found = ledger.lot_by_first[_place_in_index(ledger, ledger.paths[piece.lot, 0] if piece.lot >= 0 else move.ref)]
        n = found & 0xFFFFFFFF
        if found < stamp:
            _place(ledger, account, piece, move)
        elif piece.confidence > ledger.lots[n].confidence:
            _fill(ledger, n, piece, move)


@in_place
def _place_in_index(ledger, ref):
    """Place of a first transfer in the index, or the free place where it belongs."""
    index, mask = ledger.lot_by_first, len(ledger.lot_by_first) - 1
    at = ((ref * MIX) >> 20) & mask
    while index[at] >> 32 == ledger.tally[0].stamp and ledger.paths[index[at] & 0xFFFFFFFF, 0] != ref:
        at = (at + 1) & mask
    return at


@in_place
def _place_rest(ledger, account, move):
    """What of a transfer is no flow stands in line behind those that are, or joins other money at the line's end."""
    if account.head < 0:
        return
    units, parts = move.units, move.parts
    for p in range(ledger.tally[0].pieces):
        units, parts = _minus(units, parts, ledger.pieces[p].units, ledger.pieces[p].parts)
    if units == 0 and parts == 0:
        return
    lot = ledger.lots[account.tail]
    if lot.source < 0:
        lot.units, lot.parts = _plus(lot.units, lot.parts, units, parts)
        lot.moved = move.clock
        return
    n = _add_lot(ledger, account)
    lot = ledger.lots[n]
    lot.source, lot.units, lot.parts, lot.hops = CLEAN, units, parts, 0
    lot.confidence, lot.started, lot.moved, lot.rank = 0.0, 0, move.clock, move.rank


@in_place
def _copy_path(paths, row, others, other):
    """Write a path over another."""
    for j in range(paths.shape[1]):
        others[other, j] = paths[row, j]


@in_place
def _write_path(ledger, piece, ref, paths, row):
    """Write the path of a piece: that of the lot it was, this transfer, -1 behind them."""
    for j in range(paths.shape[1]):
        paths[row, j] = ref if j == piece.hops - 1 else -1 if j >= piece.hops else ledger.paths[piece.lot, j]


@in_place
def _tidy(ledger, account, rules):
    """Take out of a line lots without an amount, and under poison those that are no flows; make one of other money.

    In line that is money side by side; under haircut all of it, which has no place in line.
    """
    lots, is_poison = ledger.lots, rules.attribution == POISON
    had_line = account.head >= 0
    n, before, other = account.head, np.int32(-1), np.int32(-1)
    while n >= 0:
        lot = lots[n]
        following = lot.behind
        if lot.source < 0 and other >= 0:
            lots[other].units, lots[other].parts = _plus(lots[other].units, lots[other].parts, lot.units, lot.parts)
            lots[other].moved = max(lots[other].moved, lot.moved)
            lot.units, lot.parts = 0, 0
        if (lot.units == 0 and lot.parts == 0) or (is_poison and lot.source < 0):
            if lot.source >= 0:
                _forget_flow(ledger, account, lot)
            if before < 0:
                account.head = following
            else:
                lots[before].behind = following
            if account.tail == n:
                account.tail = before
            _free_lot(ledger, n)
        else:
            before = n
            if lot.source < 0:
                other = n
            elif rules.attribution == FIFO:
                other = np.int32(-1)
        n = following
    if had_line and account.head < 0:
        ledger.tally[0].lines -= 1


# Lots.


@in_place
def _add_lot(ledger, account):
    """A lot from the free list, put at the end of an account's line; returns its number. Whoever calls fills it."""
    tally, lots = ledger.tally[0], ledger.lots
    n = tally.free
    tally.free = lots[n].behind
    tally.spare -= 1
    lots[n].behind = -1
    if account.head < 0:
        account.head = n
        tally.lines += 1
    else:
        lots[account.tail].behind = n
    account.tail = n
    return n


@in_place
def _free_lot(ledger, n):
    """Give a lot back to the free list."""
    tally = ledger.tally[0]
    ledger.lots[n].behind = tally.free
    tally.free = n
    tally.spare += 1


@in_place
def _free_lots(lots, first, tally):
    """Put all lots from the first on into the free list."""
    for n in range(first, len(lots)):
        lots[n].behind = n + 1 if n + 1 < len(lots) else tally.free
    tally.free = first
    tally.spare += len(lots) - first


@in_place
def _count_flow(ledger, account):
    """A lot of an account became a flow."""
    account.flows += 1
    ledger.tally[0].living += 1


@in_place
def _forget_flow(ledger, account, lot):
    """A flow becomes other money."""
    lot.source, lot.hops, lot.confidence, lot.started = CLEAN, 0, 0.0, 0
    account.flows -= 1
    ledger.tally[0].living -= 1


# Accounts.


@in_place
def _key(token, address):
    """What names an account."""
    return (np.int64(token) << 32) | address


@in_place
def _slot(accounts, key):
    """Place of a key in the table, or the free place where it belongs."""
    mask = len(accounts) - 1
    at = ((key * MIX) >> 20) & mask
    while accounts[at].key != key and accounts[at].key != -1:
        at = (at + 1) & mask
    return at


@in_place
def _hint(key):
    """Place of a key in `may_hold`."""
    return ((key * MIX) >> 44) & (HINTS - 1)


@allocating
def _no_accounts(size):
    """A table of free places."""
    accounts = np.zeros(size, ACCOUNT)
    for at in range(size):
        accounts[at].key, accounts[at].head, accounts[at].tail = -1, -1, -1
    return accounts


@allocating
def _no_index(lots):
    """An index of free places, more than half of which stay free whatever lots are on one account."""
    size = 2048
    while size < 2 * lots:
        size *= 2
    return np.zeros(size, np.int64)


@in_place
def _account(ledger, key):
    """The account of a key, entered in the table where it is new. Whoever calls saw to it that there is room."""
    account = ledger.accounts[_slot(ledger.accounts, key)]
    if account.key == -1:
        account.key = key
        ledger.may_hold[_hint(key)] = True
        ledger.tally[0].used += 1
    return account


@in_place
def _clear_account(ledger, account):
    """Free all lots of an account without a flow."""
    n = account.head
    if n >= 0:
        ledger.tally[0].lines -= 1
    while n >= 0:
        following = ledger.lots[n].behind
        _free_lot(ledger, n)
        n = following
    account.head, account.tail = -1, -1


@in_place
def _has_place(ledger, move):
    """Whether the account that the pieces of a transfer go to is in the table, or the table has room for it."""
    if move.to_group >= 0 or ledger.tally[0].pieces == 0:
        return True
    accounts = ledger.accounts
    if 2 * (ledger.tally[0].used + 1) <= len(accounts):
        return True
    return accounts[_slot(accounts, _key(move.token, move.receiver))].key != -1


# Growth.


@allocating
def _rebuilt(ledger, size):
    """The ledger with a table of `size` places. Accounts without a line are forgotten."""
    old, accounts, used = ledger.accounts, _no_accounts(size), 0
    for at in range(len(old)):
        if old[at].head >= 0:
            accounts[_slot(accounts, old[at].key)] = old[at]
            used += 1
    ledger.tally[0].used = used
    return Ledger(
        accounts,
        ledger.may_hold,
        ledger.lots,
        ledger.paths,
        ledger.pieces,
        ledger.lot_by_first,
        ledger.arrivals,
        ledger.routes,
        ledger.counts,
        ledger.tally,
    )


@in_place
def _has_room(ledger):
    """Whether the pieces at hand and a rest find lots, or rows as arrivals."""
    tally = ledger.tally[0]
    return tally.pieces < tally.spare and tally.arrived + tally.pieces <= len(ledger.arrivals)


@allocating
def _with_room(ledger):
    """The ledger with room for the pieces at hand: what is too short is at least doubled."""
    tally, lots, paths, pieces, index = ledger.tally[0], ledger.lots, ledger.paths, ledger.pieces, ledger.lot_by_first
    if tally.pieces >= tally.spare:
        first, size = len(lots), 2 * len(lots) + tally.pieces
        lots, paths, pieces = _resized(lots, size), _resized_paths(paths, size), _resized(pieces, size)
        index = _no_index(size)
        _free_lots(lots, first, tally)
    arrivals, routes = ledger.arrivals, ledger.routes
    if tally.arrived + tally.pieces > len(arrivals):
        size = 2 * len(arrivals) + tally.pieces
        arrivals, routes = _resized(arrivals, size), _resized_paths(routes, size)
    return Ledger(
        ledger.accounts,
        ledger.may_hold,
        lots,
        paths,
        pieces,
        index,
        arrivals,
        routes,
        ledger.counts,
        ledger.tally,
    )


@allocating
def _resized(array, size):
    """A copy with more places at its end, or fewer."""
    copy = np.empty(size, array.dtype)
    for i in range(min(size, len(array))):
        copy[i] = array[i]
    return copy


@allocating
def _resized_paths(paths, size):
    """A copy with more rows at its end, or fewer."""
    copy = np.empty((size, paths.shape[1]), np.int64)
    for i in range(min(size, len(paths))):
        _copy_path(paths, i, copy, i)
    return copy


# Amounts: whole units and 1e-18 parts, 0 <= parts < PARTS.


@in_place
def _less(units, parts, other_units, other_parts):
    """Whether an amount is less than another."""
    return units < other_units or (units == other_units and parts < other_parts)


@in_place
def _least(units, parts, other_units, other_parts):
    """The lesser of two amounts."""
    if _less(units, parts, other_units, other_parts):
        return units, parts
    return other_units, other_parts


@in_place
def _minus(units, parts, less_units, less_parts):
    """An amount less another that is not larger."""
    units, parts = units - less_units, parts - less_parts
    if parts < 0:
        return units - 1, parts + PARTS
    return units, parts


@in_place
def _plus(units, parts, more_units, more_parts):
    """The sum of two amounts."""
    units, parts = units + more_units, parts + more_parts
    if parts >= PARTS:
        return units + 1, parts - PARTS
    return units, parts


@njit(cache=True, nogil=True)
def split_decimals(words):
    """Whole units and 1e-18 parts of 128-bit numbers, low word first: divided twice by 1e9 in 32-bit steps."""
    count = len(words) // 2
    units, parts = np.empty(count, np.int64), np.empty(count, np.int64)
    billion = np.uint64(1_000_000_000)
    limb = np.empty(4, np.uint64)
    for i in range(count):
        low, high = words[2 * i], words[2 * i + 1]
        limb[0], limb[1] = high >> np.uint64(32), high & np.uint64(0xFFFFFFFF)
        limb[2], limb[3] = low >> np.uint64(32), low & np.uint64(0xFFFFFFFF)
        first, second = np.uint64(0), np.uint64(0)
        for turn in range(2):
            rest = np.uint64(0)
            for k in range(4):
                value = (rest << np.uint64(32)) | limb[k]
                limb[k] = value // billion
                rest = value % billion
            if turn == 0:
                first = rest
            else:
                second = rest
        units[i] = np.int64((limb[2] << np.uint64(32)) | limb[3])
        parts[i] = np.int64(second * billion + first)
    return units, parts
