"""Planted typologies, near misses just outside a definition, and decoys that look like one and are none.

Planted addresses are fresh. A third of what is planted is smaller than most ordinary transfers, a third as large, and a
third so large that size alone tells it. The former two are funded from an exchange in parts; the money of the last was
there before the world began, or every theft would be an exchange's netflow as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from flow_pipeline.simulation.ordinary import Ordinary
from flow_pipeline.simulation.rates import INVOICES_PER_1000, LONGER_INVOICES

HOUR, DAY = 3_600, 86_400
DOLLARS = (1, 2)
"""Positions of the tokens in ordinary.TOKENS that are dollars."""
SIZES = SMALL, USUAL, LARGE = ("small", "usual", "large")
_ABOVE = {SMALL: (0.6, 0.95), USUAL: (0.02, 0.5)}
"""The share of ordinary transfers that are larger than one of such a size."""
_LARGE_ABOVE, _LARGER_EACH = 3e-5, 8.0
"""The same of the least of the large ones of a typology, and by how much each is rarer than the one before it in time:
equal ones within a month would hide one another."""
_ALONE_ABOVE = 6e-7
"""Of a single large transfer: the hops of other large patterns are large transfers too, and it is to be above them."""
_RUNGS = 5
"""How often a large pattern is rarer than the one before: more would be sums beyond any supply."""
_QUIET_DAYS = 31
"""Large ones come later, when a pool of thirty days is full: what none of 10,000 transfers equals is one in 10,000."""
_MAIN_SHARE = 0.25
"""Payments of less than this share of the largest are slices and say nothing about a pattern's size."""
_MINGLING = {
    "rapid_chain", "layered", "circular", "fan_out", "fan_in", "scatter_gather", "structuring", "large_transfer",
}  # fmt: skip
"""Patterns that stay what they are when their addresses pay somebody a little besides."""


@dataclass
class Event:
    """One planted pattern: rows of (second, sender, receiver, token, amount, belongs to the finding).

    Attributes:
        typology: What it is an instance of, or nearly.
        kind: planted, near_miss or decoy.
        note: What it misses, or what it is.
        size: small, usual or large, by the sums of ordinary transfers.
        above: Ordinary transfers, per 10,000, at least as large as its least, over how many of them it needs.
        largest_above: The same of its largest payment alone.
        rows: The rows.
    """

    typology: str
    kind: str
    note: str
    size: str = USUAL
    above: float = 0.0
    largest_above: float = 10_000.0
    rows: list[tuple[int, int, int, int, float, bool]] = field(default_factory=list)


@dataclass
class Planter:
    """Draws times, amounts and fresh addresses for planted patterns.

    Attributes:
        rng: Source of chance.
        days: Length of the world.
        fresh: Next unused address number.
        hot: Hot wallets that fund and receive.
        bridge, mixer: Labelled addresses.
        ordinary: What sums are ordinary.
        users: First number of those who live here, and the one after the last.
        size: Of the pattern that is planted.
        number, of: How many of its typology and size were planted before, and are in all.
        above: The share of ordinary transfers that are larger than its sums.
    """

    rng: np.random.Generator
    days: int
    fresh: int
    hot: np.ndarray
    bridge: int
    mixer: int
    ordinary: Ordinary
    users: tuple[int, int]
    size: str = USUAL
    number: int = 0
    of: int = 1
    above: float = 0.5

    def turn_to(self, typology: str, size: str, number: int = 0, of: int = 1) -> None:
        """The next pattern is of this size, and the `number`th `of` those of its typology and size, from 0."""
        self.size, self.number, self.of = size, number, of
        if size == LARGE:
            least = _ALONE_ABOVE if typology == "large_transfer" else _LARGE_ABOVE
            self.above = least / _LARGER_EACH ** min(number, _RUNGS)
        else:
            self.above = self.share(*_ABOVE[size])

    def people(self, count: int) -> list[int]:
        """Fresh addresses."""
        self.fresh += count
        return list(range(self.fresh - count, self.fresh))

    def some(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def start(self, room: int) -> int:
        """A second after the second day that leaves room until the end; of large ones after the quiet days, in turn."""
        last = self.days * DAY - room - 1
        first = 2 * DAY
        if self.size == LARGE:
            first = min(_QUIET_DAYS * DAY, max(first, last - DAY))
            step = (last - first) // self.of
            first, last = first + self.number * step, first + (self.number + 1) * step
        return first + self.some(0, max(1, last - first))

    def share(self, low: float, high: float) -> float:
        """A share."""
        return float(self.rng.uniform(low, high))

    def sum_of(self, token: int) -> float:
        """An amount of the size that is planted, give or take a tenth."""
        return self.ordinary.amount(token, self.above) * self.share(0.9, 1.1)

    def token(self) -> int:
        """A token."""
        return self.some(0, 3)

    def cash_in(self, token: int) -> int:
        """A hot wallet of another exchange than the one whose netflow of the token is planted, or both would be one."""
        return int(self.hot[(token + self.some(1, len(self.hot) - 1)) % len(self.hot), self.some(0, 2)])

    def event(
        self,
        typology: str,
        near: str | None,
        path: list[tuple[int, int, int, float]],
        token: int,
        beside: list[tuple[int, int, int, float]] | None = None,
    ) -> Event:
        """An event; the first senders are funded by one hot wallet each, in parts no pattern can include."""
        found = Event(typology, "near_miss" if near else "planted", near or "", self.size)
        found.rows = [(*row[:3], token, row[3], True) for row in path] + [
            (*row[:3], token, row[3], False) for row in beside or []
        ]
        found.above = self._above(typology, [row[3] for row in path], token)
        found.largest_above = 10_000 * self.ordinary.share_above(token, max(row[3] for row in path))
        if self.size != LARGE:
            found.rows += self._funding(found.rows)
        if near is None and typology in _MINGLING:
            found.rows += self._besides(path, token)
        return found

    def _above(self, typology: str, paid: list[float], token: int) -> float:
        if typology == "structuring":
            return float(10 * INVOICES_PER_1000 * LONGER_INVOICES ** (len(paid) - 5))
        main = [amount for amount in paid if amount >= _MAIN_SHARE * max(paid)]
        return 10_000 * self.ordinary.share_above(token, min(main)) / len(main)

    def _funding(
        self, rows: list[tuple[int, int, int, int, float, bool]]
    ) -> list[tuple[int, int, int, int, float, bool]]:
        receivers, found = {row[2] for row in rows}, []
        senders = {row[1]: row[0] for row in sorted(rows, reverse=True)}
        for sender, first in senders.items():
            if sender not in receivers and sender not in (self.bridge, self.mixer) and sender not in self.hot:
                total = sum(row[4] for row in rows if row[1] == sender)
                wallet = int(self.rng.choice(self.hot.ravel()))
                found += [
                    (first - lag * HOUR - self.some(0, HOUR), wallet, sender, rows[0][3], total * part, False)
                    for part, lag in ((0.41, 9), (0.34, 7), (0.27, 5))
                ]
        return found

    def _besides(
        self, path: list[tuple[int, int, int, float]], token: int
    ) -> list[tuple[int, int, int, int, float, bool]]:
        """Two of its addresses also pay somebody else a little then, so that it does not stand alone in the traffic."""
        least, last = min(row[3] for row in path), max(row[0] for row in path)
        payers = sorted({row[1] for row in path})
        return [
            (
                self.some(path[0][0], last) + HOUR,
                int(self.rng.choice(payers)),
                self.some(self.users[0], self.users[1] - 1),
                token,
                least * self.share(0.02, 0.08),
                False,
            )
            for _ in range(2)
        ]

    def path(
        self, people: list[int], gaps: list[int], shares: list[float], token: int
    ) -> list[tuple[int, int, int, float]]:
        """Transfers along people, each a share of the one before."""
        at, amount, rows = self.start(sum(gaps) + DAY), self.sum_of(token), []
        for i, (sender, receiver) in enumerate(itertools.pairwise(people)):
            at += gaps[i - 1] if i else 0
            amount *= shares[i - 1] if i else 1
            rows.append((at, sender, receiver, amount))
        return rows


def rapid_chain(p: Planter, near: int | None) -> Event:
    """Three to five hops within the hour each."""
    hops, token = p.some(3, 5), p.token()
    gaps, shares = [p.some(60, 400) for _ in range(hops - 1)], [p.share(0.75, 1.0) for _ in range(hops - 1)]
    note = None
    if near == 0:
        hops, gaps, note = 3, [3_600, p.some(60, 400)], "a gap of exactly an hour"
    elif near == 1:
        shares[p.some(0, 1) if hops == 3 else 1], hops, note = 0.49, 3, "a hop below half of the one before"
        shares = [shares[0], 0.49]
        gaps = gaps[:2]
    elif near == 2:
        hops, gaps, shares, note = 3, [1_000, 800], [1.06, 1.0], "a hop above 105 % of the one before"
    return p.event("rapid_chain", note, p.path(p.people(hops + 1), gaps, shares, token), token)


def layered(p: Planter, near: int | None) -> Event:
    """Six to eight hops of nearly the same sum."""
    hops, token = p.some(6, 8), p.token()
    note = None
    if near == 0:
        hops, note = 5, "five hops"
    shares = [p.share(0.88, 1.0) for _ in range(hops - 1)]
    if near == 1:
        hops, shares, note = 6, [0.95, 0.95, 0.79, 0.95, 0.95], "a hop below 80 % of the one before"
    elif near == 2:
        hops, shares, note = 6, [0.95, 0.95, 1.01, 0.95, 0.95], "a hop above 100.5 % of the one before"
    gaps = [p.some(3 * HOUR, 30 * HOUR) for _ in range(hops - 1)]
    return p.event("layered", note, p.path(p.people(hops + 1), gaps, shares, token), token)


def circular(p: Planter, near: int | None) -> Event:
    """A circle of two to six hops within three days."""
    hops, token = p.some(2, 6), p.token()
    gaps = [p.some(2 * HOUR, 12 * HOUR) for _ in range(hops - 1)]
    note = None
    if near == 0:
        hops, gaps, note = 3, [40 * HOUR, 32 * HOUR + 1], "a second longer than 72 h"
    ring = p.people(hops)
    rows = p.path([*ring, ring[0]], gaps, [p.share(0.9, 1.0) for _ in gaps], token)
    if near == 1:
        ring, note = p.people(3), "every hop before the one it would follow"
        rows = p.path([*ring, ring[0]], [8 * HOUR] * 2, [0.95, 0.95], token)
        rows = [(when, *row[1:]) for when, row in zip([row[0] for row in reversed(rows)], rows, strict=True)]
    elif near == 2:
        hops = 7
        ring, note = p.people(hops), "seven hops"
        rows = p.path([*ring, ring[0]], [8 * HOUR] * 6, [0.7, 0.9, 0.7, 0.9, 0.7, 0.9], token)
    return p.event("circular", note, rows, token)


def _fan(p: Planter, typology: str, near: int | None) -> Event:
    count, token, note, spread = p.some(5, 9), p.token(), None, 20 * HOUR
    base = p.sum_of(token)
    if near == 0:
        count, note = 4, "four counterparties"
    # Even sums just under the reporting threshold are structuring as well, and rightly found.
    while token in DOLLARS and 7_500 < base < 10_700:
        base *= p.share(0.5, 0.7)
    centre, others, at = p.people(1)[0], p.people(count), p.start(spread + 6 * DAY)
    if near == 1:
        others, note = [*others[:4], others[0], others[1]], "six payments, four counterparties"
    rows = []
    for i, other in enumerate(others):
        when = at + (i * spread) // len(others) + p.some(0, HOUR)
        if near == 2:
            note, when = "one counterparty a day", at + i * (DAY - 4 * HOUR)
        amount = base * p.share(0.8, 1.2)
        rows.append((when, centre, other, amount) if typology == "fan_out" else (when, other, centre, amount))
    return p.event(typology, note, rows, token)


def fan_out(p: Planter, near: int | None) -> Event:
    """One pays many."""
    return _fan(p, "fan_out", near)


def fan_in(p: Planter, near: int | None) -> Event:
    """Many pay one."""
    return _fan(p, "fan_in", near)


def structuring(p: Planter, near: int | None) -> Event:
    """Payments just under ten thousand dollars, from one address or into one."""
    token, note = int(p.rng.choice(DOLLARS)), None
    # its sums are what they are: a large one has more of them
    count = {SMALL: 5, USUAL: p.some(5, 7), LARGE: 40 + 20 * p.number}[p.size]
    low, high = 8_000.0, 9_999.0
    if near == 0:
        count, note = 4, "four payments"
    elif near == 1:
        low, high, note = 7_000.0, 7_999.0, "below the band"
    elif near == 2:
        low, high, note = 10_000.0, 10_000.0, "at the threshold"
    centre, others, at, is_out = p.people(1)[0], p.people(p.some(2, 4)), p.start(DAY), p.some(0, 1)
    rows = []
    for i in range(count):
        other, when = others[i % len(others)], at + i * DAY // (2 * count) + p.some(0, HOUR)
        rows.append((when, centre, other, p.share(low, high)) if is_out else (when, other, centre, p.share(low, high)))
    return p.event("structuring", note, rows, token)


def peeling_chain(p: Planter, near: int | None) -> Event:
    """Four or five hops, a slice cut off at every middle address."""
    hops, token, note, peel = p.some(4, 5), p.token(), None, (0.03, 0.15)
    if near == 0:
        hops, note = 3, "three hops"
    elif near == 1:
        peel, note = (0.21, 0.25), "slices above a fifth"
    people, at, amount = p.people(hops + 1), p.start(4 * DAY), p.sum_of(token)
    rows = [(at, people[0], people[1], amount)]
    for i in range(1, hops):
        at += p.some(2 * HOUR, 10 * HOUR)
        slices = p.some(1, 2)
        cut = amount * p.share(*peel)
        rows += [(at - p.some(60, HOUR), people[i], p.people(1)[0], cut / slices) for _ in range(slices)]
        amount -= cut
        if near == 2:
            note, amount = "more than two days at every hand", amount
            at += 49 * HOUR
        rows.append((at, people[i], people[i + 1], amount))
    return p.event("peeling_chain", note, rows, token)


def scatter_gather(p: Planter, near: int | None) -> Event:
    """One source, three or four middles, one target."""
    count, token, note = p.some(3, 4), p.token(), None
    if near == 0:
        count, note = 2, "two middles"
    (source, target), middles, at = p.people(2), p.people(count), p.start(6 * DAY)
    rows = []
    for i, middle in enumerate(middles):
        amount, paid = p.sum_of(token), at + i * 2 * HOUR + p.some(0, HOUR)
        on = paid + p.some(4 * HOUR, 20 * HOUR)
        if near == 1 and i >= 2:
            note, on = "only two middles are paid before they pay", paid - 2 * HOUR
        elif near == 2:
            note, on = "takes more than 72 h", paid + 73 * HOUR
        rows += [(paid, source, middle, amount), (on, middle, target, amount * p.share(0.9, 1.0))]
    if near == 1:
        note = "only two middles are paid before they pay"
    return p.event("scatter_gather", note, rows, token)


def gather_scatter(p: Planter, near: int | None) -> Event:
    """Three or four sources, one middle, three or four targets."""
    ways_in, ways_out, token, note, kept = p.some(3, 4), p.some(3, 4), p.token(), None, p.share(0.85, 0.98)
    if near == 0:
        ways_in, note = 2, "two sources"
    elif near == 1:
        kept, note = 0.75, "three quarters of it go on"
    elif near == 2:
        kept, note = 1.05, "more goes on than came in"
    middle, at = p.people(1)[0], p.start(4 * DAY)
    gathered = [p.sum_of(token) for _ in range(ways_in)]
    rows = [
        (at + i * 3 * HOUR + p.some(0, HOUR), source, middle, amount)
        for i, (source, amount) in enumerate(zip(p.people(ways_in), gathered, strict=True))
    ]
    rows += [
        (at + 20 * HOUR + i * 3 * HOUR + p.some(0, HOUR), middle, target, sum(gathered) * kept / ways_out)
        for i, target in enumerate(p.people(ways_out))
    ]
    return p.event("gather_scatter", note, rows, token)


def mixer_funnel(p: Planter, near: int | None) -> Event:
    """One origin's money brought to the mixer by several hands, or nearly all of somebody's."""
    token, note, at = p.token(), None, p.start(5 * DAY)
    origin = p.people(1)[0]
    if near is not None:
        # who pays a mixer by his own hand is never a near miss
        (hand,), amount, hot = p.people(1), p.sum_of(token), p.cash_in(token)
        note, rows = (
            ("by way of an exchange", [(at, origin, hot, amount), (at + HOUR, hot, p.mixer, 0.98 * amount)]),
            ("out of the mixer", [(at, p.mixer, origin, amount), (at + HOUR, origin, hand, 0.98 * amount)]),
            ("to who was paid by the mixer", [(at, p.mixer, hand, amount), (at + HOUR, origin, hand, amount)]),
        )[near]
        return p.event("mixer_funnel", note, rows, token)
    if p.some(0, 2) == 0:
        return p.event(
            "mixer_funnel",
            None,
            [(at + i * 2 * HOUR, origin, p.mixer, p.sum_of(token)) for i in range(p.some(1, 3))],
            token,
        )
    rows = []
    for i, hand in enumerate(p.people(p.some(2, 4))):
        amount, paid = p.sum_of(token), at + i * HOUR
        rows += [
            (paid, origin, hand, amount),
            (paid + p.some(2 * HOUR, 20 * HOUR), hand, p.mixer, amount * p.share(0.95, 1.0)),
        ]
    return p.event("mixer_funnel", None, rows, token)


def bridge_to_exchange(p: Planter, near: int | None) -> Event:
    """From the bridge through one to three hands onto an exchange within a day."""
    middles, token, note = p.some(1, 3), p.token(), None
    gaps, shares = [p.some(4_000, 6 * HOUR) for _ in range(middles)], [p.share(0.88, 1.0) for _ in range(middles)]
    if near == 0:
        middles, gaps, note = 1, [DAY + 1], "a second more than a day"
    elif near == 1:
        shares[-1], note = 0.79, "a hop below 80 % of the one before"
    elif near == 2:
        middles, gaps, shares, note = 4, [2 * HOUR] * 4, [0.95] * 4, "four hands"
    people = [p.bridge, *p.people(middles), p.cash_in(token)]
    return p.event("bridge_to_exchange", note, p.path(people, gaps, shares[:middles], token), token)


def pass_through(p: Planter, near: int | None) -> Event:
    """Three to five passes within the hour each."""
    count, token, note, left, lag = p.some(3, 5), p.token(), None, (0.96, 1.0), (600, 3_000)
    if near == 0:
        count, note = 2, "two passes"
    elif near == 1:
        left, note = (0.85, 0.94), "a twentieth and more stays"
    elif near == 2:
        lag, note = (3_700, 5_000), "it takes more than an hour"
    payer, address, payee = p.people(3)
    at, rows = p.start(12 * DAY), []
    for _ in range(count):
        amount = p.sum_of(token)
        rows += [(at, payer, address, amount), (at + p.some(*lag), address, payee, amount * p.share(*left))]
        at += p.some(6 * HOUR, 48 * HOUR)
    return p.event("pass_through", note, rows, token)


def large_transfer(p: Planter, near: int | None) -> Event:
    """One payment among people."""
    token, note, at = p.token(), None, p.start(DAY)
    (sender, receiver, other), amount = p.people(3), p.sum_of(token)
    rows, beside = [(at, sender, receiver, amount)], []
    if near == 0:
        rows, note = [(at, sender, p.cash_in(token), amount)], "to an exchange"
    elif near == 1:
        rows, note = [(at, p.cash_in(token), receiver, amount)], "from an exchange"
    elif near == 2:
        note, beside = "its sender pays more that day", [(at + 60, sender, other, 1.2 * amount)]
    return p.event("large_transfer", note, rows, token, beside)


PATTERNS: dict[str, Callable[[Planter, int | None], Event]] = {
    pattern.__name__: pattern
    for pattern in (
        rapid_chain, fan_out, fan_in, circular, layered, peeling_chain, structuring, scatter_gather, gather_scatter,
        mixer_funnel, bridge_to_exchange, pass_through, large_transfer,
    )
}  # fmt: skip


def decoys(p: Planter) -> list[Event]:
    """A salary batch, a market maker and an airdrop: none of them is laundering, and none may be flagged."""
    found = []
    p.turn_to("", USUAL)
    employer, staff, at, token = p.people(1)[0], p.people(p.some(8, 15)), p.start(DAY), 1
    salaries = [(at + i * 60, employer, person, p.sum_of(token)) for i, person in enumerate(staff)]
    batch = p.event("fan_out", "a salary batch", salaries, token)
    maker, at, token, rows = p.people(1)[0], p.start(3 * DAY), p.token(), []
    for i in range(20):
        amount, (venue, other) = p.sum_of(token), p.rng.permutation(len(p.hot))[:2]
        rows += [
            (at + i * 2 * HOUR, int(p.hot[venue, 0]), maker, amount),
            (at + i * 2 * HOUR + 1_200, maker, int(p.hot[other, 0]), amount * p.share(0.97, 1.0)),
        ]
    market = p.event("pass_through", "a market maker", rows, token)
    source, at = p.people(1)[0], p.start(DAY)
    airdrop = p.event(
        "fan_out", "an airdrop", [(at + i, source, person, 60.0) for i, person in enumerate(p.people(1_050))], 3
    )
    for event in (batch, market, airdrop):
        event.kind = "decoy"
        found.append(event)
    return found
