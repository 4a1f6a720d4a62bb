"""Planted typologies, near misses just outside a threshold, and decoys that look like one and are none.

Planted addresses are fresh and funded from an exchange in parts, so that no amount or label gives them away; amounts
come from the token's own distribution, drawn again until the pattern's money threshold is met.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

HOUR, DAY = 3_600, 86_400
ETH = 0
DOLLARS = (1, 2)
"""Positions of the tokens in world.TOKENS that are dollars."""


@dataclass
class Event:
    """One planted pattern: rows of (second, sender, receiver, token, amount, belongs to the finding)."""

    typology: str
    kind: str
    note: str
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
        amount_of: Draws an amount of a token.
    """

    rng: np.random.Generator
    days: int
    fresh: int
    hot: np.ndarray
    bridge: int
    mixer: int
    amount_of: Callable[[int], float]

    def people(self, count: int) -> list[int]:
        """Fresh addresses."""
        self.fresh += count
        return list(range(self.fresh - count, self.fresh))

    def some(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def start(self, room: int) -> int:
        """A second after the second day that leaves room until the end."""
        return 2 * DAY + self.some(0, max(1, self.days * DAY - room - 2 * DAY - 1))

    def share(self, low: float, high: float) -> float:
        """A share."""
        return float(self.rng.uniform(low, high))

    def sum_of(self, token: int, least_eth: float) -> float:
        """An amount of the token's distribution; of ETH at least this much."""
        while True:
            amount = self.amount_of(token)
            if token != ETH or amount >= least_eth:
                return amount

    def token(self) -> int:
        """A token."""
        return self.some(0, 3)

    def event(
        self,
        typology: str,
        near: str | None,
        path: list[tuple[int, int, int, float]],
        token: int,
        beside: list[tuple[int, int, int, float]] | None = None,
    ) -> Event:
        """An event; the first senders are funded by one hot wallet each, in parts no pattern can include."""
        found = Event(typology, "near_miss" if near else "planted", near or "")
        found.rows = [(*row[:3], token, row[3], True) for row in path] + [
            (*row[:3], token, row[3], False) for row in beside or []
        ]
        receivers = {row[2] for row in found.rows}
        senders = {row[1]: row[0] for row in sorted(found.rows, reverse=True)}
        for sender, first in senders.items():
            if sender not in receivers and sender not in (self.bridge, self.mixer) and sender not in self.hot:
                total = sum(row[4] for row in found.rows if row[1] == sender)
                wallet = int(self.rng.choice(self.hot.ravel()))
                for part, lag in ((0.41, 9), (0.34, 7), (0.27, 5)):
                    found.rows.append(
                        (first - lag * HOUR - self.some(0, HOUR), wallet, sender, token, total * part, False)
                    )
        return found

    def path(
        self, people: list[int], gaps: list[int], shares: list[float], least_eth: float, token: int
    ) -> list[tuple[int, int, int, float]]:
        """Transfers along people, each a share of the one before."""
        at, amount, rows = self.start(sum(gaps) + DAY), self.sum_of(token, least_eth), []
        for i, (sender, receiver) in enumerate(itertools.pairwise(people)):
            at += gaps[i - 1] if i else 0
            amount *= shares[i - 1] if i else 1
            rows.append((at, sender, receiver, amount))
        return rows


def rapid_chain(p: Planter, near: int | None) -> Event:
    """Three to five hops within half an hour."""
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
        hops, gaps, note = 3, [1_000, 800], "takes exactly half an hour"
    return p.event("rapid_chain", note, p.path(p.people(hops + 1), gaps, shares, 6.0, token), token)


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
    return p.event("layered", note, p.path(p.people(hops + 1), gaps, shares, 8.0, token), token)


def circular(p: Planter, near: int | None) -> Event:
    """A circle of two to six hops within three days."""
    hops, token = p.some(2, 6), p.token()
    gaps = [p.some(2 * HOUR, 12 * HOUR) for _ in range(hops - 1)]
    note = None
    if near == 0:
        hops, gaps, note = 3, [40 * HOUR, 32 * HOUR + 1], "a second longer than 72 h"
    ring = p.people(hops)
    rows = p.path([*ring, ring[0]], gaps, [p.share(0.9, 1.0) for _ in gaps], 4.0, token)
    if near == 1:
        ring, note = p.people(3), "every hop before the one it would follow"
        rows = p.path([*ring, ring[0]], [8 * HOUR] * 2, [0.95, 0.95], 4.0, token)
        rows = [(when, *row[1:]) for when, row in zip([row[0] for row in reversed(rows)], rows, strict=True)]
    elif near == 2:
        hops = 7
        ring, note = p.people(hops), "seven hops"
        rows = p.path([*ring, ring[0]], [8 * HOUR] * 6, [0.7, 0.9, 0.7, 0.9, 0.7, 0.9], 4.0, token)
    return p.event("circular", note, rows, token)


def _fan(p: Planter, typology: str, near: int | None) -> Event:
    count, token, note, spread = p.some(5, 9), p.token(), None, 20 * HOUR
    base, even = p.sum_of(token, 12.0), 0.06
    if near == 0:
        count, note = 4, "four counterparties"
    elif near == 1:
        note, even = "sums that are not even", 0.75
    # Even sums just under the reporting threshold are structuring as well, and rightly found.
    while token in DOLLARS and 7_500 < base < 10_700:
        base = p.sum_of(token, 12.0)
    centre, others, at = p.people(1)[0], p.people(count), p.start(spread + 6 * DAY)
    rows = []
    for i, other in enumerate(others):
        when = at + (i * spread) // count + p.some(0, HOUR)
        if near == 2:
            note, when = "one counterparty a day", at + i * (DAY - 4 * HOUR)
        sign = 1 if i % 2 else -1
        amount = base * (1 + sign * p.share(even / 2, even))
        rows.append((when, centre, other, amount) if typology == "fan_out" else (when, other, centre, amount))
    return p.event(typology, note, rows, token)


def fan_out(p: Planter, near: int | None) -> Event:
    """One pays many even sums."""
    return _fan(p, "fan_out", near)


def fan_in(p: Planter, near: int | None) -> Event:
    """Many pay one even sums."""
    return _fan(p, "fan_in", near)


def structuring(p: Planter, near: int | None) -> Event:
    """Payments just under ten thousand dollars, from one address or into one."""
    count, token, note = p.some(5, 8), int(p.rng.choice(DOLLARS)), None
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
        other, when = others[i % len(others)], at + i * 2 * HOUR + p.some(0, HOUR)
        rows.append((when, centre, other, p.share(low, high)) if is_out else (when, other, centre, p.share(low, high)))
    return p.event("structuring", note, rows, token)


def peeling_chain(p: Planter, near: int | None) -> Event:
    """Four or five hops, a slice cut off at every middle address."""
    hops, token, note, peel = p.some(4, 5), p.token(), None, (0.03, 0.15)
    if near == 0:
        hops, note = 3, "three hops"
    elif near == 1:
        peel, note = (0.21, 0.25), "slices above a fifth"
    people, at, amount = p.people(hops + 1), p.start(4 * DAY), p.sum_of(token, 5.0)
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
        amount, paid = p.sum_of(token, 5.0), at + i * 2 * HOUR + p.some(0, HOUR)
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
    gathered = [p.sum_of(token, 5.0) for _ in range(ways_in)]
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
        note, amount = "half of what it paid then", p.sum_of(token, 1.0)
        rows = [(at, origin, p.mixer, amount), (at - HOUR, origin, p.people(1)[0], amount * p.share(0.9, 1.1))]
        return p.event("mixer_funnel", note, rows, token)
    if p.some(0, 2) == 0:
        return p.event(
            "mixer_funnel",
            None,
            [(at + i * 2 * HOUR, origin, p.mixer, p.sum_of(token, 1.0)) for i in range(p.some(1, 3))],
            token,
        )
    rows = []
    for i, hand in enumerate(p.people(p.some(2, 4))):
        amount, paid = p.sum_of(token, 1.0), at + i * HOUR
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
    people = [p.bridge, *p.people(middles), int(p.rng.choice(p.hot.ravel()))]
    return p.event("bridge_to_exchange", note, p.path(people, gaps, shares[:middles], 16.0, token), token)


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
        amount = p.amount_of(token)
        rows += [(at, payer, address, amount), (at + p.some(*lag), address, payee, amount * p.share(*left))]
        at += p.some(6 * HOUR, 48 * HOUR)
    return p.event("pass_through", note, rows, token)


PATTERNS: dict[str, Callable[[Planter, int | None], Event]] = {
    pattern.__name__: pattern
    for pattern in (
        rapid_chain, fan_out, fan_in, circular, layered, peeling_chain, structuring, scatter_gather, gather_scatter,
        mixer_funnel, bridge_to_exchange, pass_through,
    )
}  # fmt: skip


def decoys(p: Planter) -> list[Event]:
    """A salary batch, a market maker and an airdrop: none of them is laundering, and none may be flagged."""
    found = []
    employer, staff, at, token = p.people(1)[0], p.people(p.some(8, 15)), p.start(DAY), 1
    salaries = [(at + i * 60, employer, person, p.amount_of(token)) for i, person in enumerate(staff)]
    batch = p.event("fan_out", "a salary batch", salaries, token)
    maker, at, token, rows = p.people(1)[0], p.start(3 * DAY), p.token(), []
    for i in range(20):
        amount, (venue, other) = p.amount_of(token), p.rng.permutation(len(p.hot))[:2]
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
