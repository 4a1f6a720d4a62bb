"""Ordinary traffic, which looks like laundering often enough: chains, circles, fans, services, bots, spam, poisoning.

Every kind is drawn as groups of rows at once, by the rates of `rates`. Nobody here launders anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from flow_pipeline.simulation import rates
from flow_pipeline.simulation.ordinary import LEAST_UNIT, SPAM, SPOOF, TOKENS, amounts

DAY, HOUR = 86_400, 3_600
HOT_WALLETS = 3
DEPOSIT_SHARE, WITHDRAWAL_SHARE = 0.13, 0.14
"""Of transfers; a deposit is two, because it is swept. ETH: 53 % are paid by services, 27 % go to them."""
_INTERNAL_SHARE, _CROSS_SHARE, _BRIDGE_SHARE = 0.03, 0.02, 0.01
"""Hot wallets among themselves, exchanges among themselves, each direction of the bridge: assumptions, small."""
_TRANSFERS_PER_EMPLOYER, _TRANSFERS_PER_MAKER = 6_000, 3_000
"""One employer with a payroll and one market maker per so many transfers: assumptions."""
_PAYROLL_DAYS = 14
_STAFF = (8, 30)
_WEEKDAYS = np.array([1.05, 1.1, 1.1, 1.08, 1.02, 0.82, 0.78])


@dataclass
class People:
    """Who is who in a world, by address number.

    Attributes:
        rng: Source of chance.
        days: Length of the world.
        day_weight: Share of the traffic per day.
        first_user, users: Users are numbered one after the other; the deposit address of each follows after all.
        home: Exchange of each user.
        hot: Hot wallets per exchange.
        bridge, router: Labelled addresses.
        fresh: Next unused address number.
        lookalikes: Pairs of an address and the one it imitates.
        edges: Upper edges of the users' shares of the traffic.
    """

    rng: np.random.Generator
    days: int
    day_weight: np.ndarray
    first_user: int
    users: int
    home: np.ndarray
    hot: np.ndarray
    bridge: int
    router: int
    fresh: int
    edges: np.ndarray
    lookalikes: list[np.ndarray] = field(default_factory=list)

    def some(self, count: int) -> np.ndarray:
        """Users, the busy ones more often."""
        return self.first_user + np.minimum(np.searchsorted(self.edges, self.rng.random(count)), self.users - 1)

    def any(self, count: int) -> np.ndarray:
        """Users, each as often as another."""
        return self.first_user + self.rng.integers(0, self.users, count)

    def new(self, count: int) -> np.ndarray:
        """Addresses that stand nowhere else."""
        self.fresh += count
        return np.arange(self.fresh - count, self.fresh)

    def wallet(self, exchange: np.ndarray) -> np.ndarray:
        """A hot wallet of each exchange."""
        return np.asarray(self.hot[exchange, self.rng.integers(0, HOT_WALLETS, len(exchange))])

    def seconds(self, count: int) -> np.ndarray:
        """Moments of the world, by weekday and hour."""
        hours = 1 + 0.5 * np.sin((np.arange(24) - 8) / 24 * 2 * np.pi)
        day = self.rng.choice(self.days, count, p=self.day_weight)
        return day * DAY + self.rng.choice(24, count, p=hours / hours.sum()) * HOUR + self.rng.integers(0, HOUR, count)

    def tokens(self, count: int) -> np.ndarray:
        """Tokens of ordinary transfers."""
        return self.rng.choice(len(TOKENS), count, p=[item[2] for item in TOKENS])


@dataclass(frozen=True)
class Rows:
    """Transfers as columns: second, sender, receiver, token, amount."""

    ends: np.ndarray
    units: np.ndarray

    @classmethod
    def of(
        cls, second: np.ndarray, sender: np.ndarray, receiver: np.ndarray, token: np.ndarray, units: np.ndarray
    ) -> Rows:
        """Of columns."""
        return cls(np.stack([second.astype(np.int64), sender, receiver, token]), units)


def together(parts: list[Rows]) -> Rows:
    """All rows of all parts."""
    return Rows(np.concatenate([part.ends for part in parts], axis=1), np.concatenate([part.units for part in parts]))


def background(people: People, transfers: int) -> Rows:
    """Ordinary transfers, about so many."""
    p, per_1000 = people, transfers / 1_000
    parts = [
        *_exchanges(p, transfers),
        _passed_on(p, _count(p, rates.PASSED_ON_PER_1000 * per_1000)),
        _chains(p, _count(p, rates.RAPID_PER_1000 * per_1000)),
        _layers(p, _count(p, rates.LAYERED_PER_1000 * per_1000)),
        _circles(p, _count(p, rates.CIRCLES_PER_1000 * per_1000)),
        *_fans(p, transfers, per_1000),
        _gatherings(p, _count(p, rates.GATHERINGS_PER_1000 * per_1000)),
        _scatters(p, _count(p, rates.SCATTERS_PER_1000 * per_1000)),
        _passes(p, _count(p, rates.PASSES_PER_1000 * per_1000)),
        _market_makers(p, transfers),
        _traders(p, transfers),
        _wash_traders(p, _count(p, rates.WASH_PER_1000 * per_1000)),
        _invoices(p, _count(p, rates.INVOICES_PER_1000 * per_1000)),
        _spam(p, transfers),
    ]
    poisoned = max(3, int(transfers * rates.POISON_SHARE))
    payments = _payments(p, max(poisoned, transfers - poisoned - sum(len(part.units) for part in parts)))
    return together([*parts, payments, _poisoning(p, payments, poisoned)])


def day_weights(weekday: int, days: int) -> np.ndarray:
    """Share of the traffic per day of a world that begins on that weekday."""
    weights = _WEEKDAYS[(weekday + np.arange(days)) % 7]
    return np.asarray(weights / weights.sum())


def activity(rng: np.random.Generator, users: int) -> np.ndarray:
    """Upper edges of the users' shares of the traffic, a power law."""
    weights = 1.0 / np.arange(1, users + 1) ** rates.DEGREE_EXPONENT
    return np.cumsum(rng.permutation(weights / weights.sum()))


def _count(p: People, mean: float) -> int:
    return max(1, int(p.rng.poisson(mean)))


def _lags(p: People, count: int) -> np.ndarray:
    drawn = np.exp(p.rng.normal(np.log(rates.LAG_MEDIAN_SECONDS), rates.LAG_LOG_SIGMA, count))
    return np.minimum(drawn, rates.LONGEST_LAG_SECONDS)


@dataclass(frozen=True)
class _Groups:
    """Rows in groups: number of each row's group, its place in it, and where the groups start."""

    of: np.ndarray
    place: np.ndarray
    start: np.ndarray

    @classmethod
    def sized(cls, size: np.ndarray) -> _Groups:
        start = np.concatenate([[0], np.cumsum(size)])
        of = np.repeat(np.arange(len(size)), size)
        return cls(of, np.arange(start[-1]) - start[of], start[:-1])

    def running(self, values: np.ndarray) -> np.ndarray:
        """The running sum of each group, its first value left out."""
        total = np.cumsum(np.where(self.place == 0, 0.0, values))
        return np.asarray(total - total[self.start][self.of])


def _lengths(p: People, count: int, least: int, longer: float, most: int) -> np.ndarray:
    """Group sizes of which each is one more with the same chance."""
    return np.minimum(least + p.rng.geometric(1 - longer, count) - 1, most)


def _handed_on(
    p: People, hops: np.ndarray, lag: np.ndarray, share: np.ndarray, closes: bool, second: np.ndarray | None = None
) -> Rows:
    """Sums handed on along users; where it closes, the last pays the first."""
    g = _Groups.sized(hops)
    count = len(hops)
    token = p.tokens(count)
    start = p.seconds(count) if second is None else second
    vertices = p.any(int(hops.sum()) + count)
    first = g.start + np.arange(count)
    at = first[g.of] + g.place
    receiver = vertices[at + 1]
    if closes:
        is_last = g.place == hops[g.of] - 1
        receiver = np.where(is_last, vertices[first[g.of]], receiver)
    units = amounts(p.rng, token)[g.of] * np.exp(g.running(np.log(share)))
    return Rows.of(start[g.of] + g.running(lag), vertices[at], receiver, token[g.of], np.maximum(units, LEAST_UNIT))


def _shares(p: People, count: int) -> np.ndarray:
    """What people hand on of what they got: half of them nearly all, as in the chains of ETH."""
    return np.where(p.rng.random(count) < 0.5, p.rng.uniform(0.95, 1.0, count), p.rng.uniform(0.5, 1.05, count))


def _passed_on(p: People, count: int) -> Rows:
    """Withdrawals that are paid on within the hour."""
    user, token, second = p.some(count), p.tokens(count), p.seconds(count)
    units = amounts(p.rng, token)
    out = Rows.of(second, p.wallet(p.home[user - p.first_user]), user, token, units)
    later = second + np.minimum(_lags(p, count), HOUR - 1)
    return together(
        [out, Rows.of(later, user, p.some(count), token, np.maximum(units * _shares(p, count), LEAST_UNIT))]
    )


def _chains(p: People, count: int) -> Rows:
    hops = _lengths(p, count, 3, rates.LONGER_SHARE, 12)
    total = int(hops.sum())
    return _handed_on(p, hops, np.minimum(_lags(p, total), HOUR - 1), _shares(p, total), False)


def _layers(p: People, count: int) -> Rows:
    hops = _lengths(p, count, 6, rates.LONGER_SHARE, 12)
    total = int(hops.sum())
    return _handed_on(p, hops, p.rng.uniform(HOUR, 2 * DAY, total), p.rng.uniform(0.9, 1.0, total), False)


def _circles(p: People, count: int) -> Rows:
    hops = _lengths(p, count, 2, rates.LONGER_CIRCLES, 6)
    total = int(hops.sum())
    return _handed_on(p, hops, p.rng.uniform(60, 11 * HOUR, total), _shares(p, total), True)


def _exchanges(p: People, transfers: int) -> list[Rows]:
    """Withdrawals, deposits to addresses that are swept within the hour, wallets among themselves, the bridge."""
    count = int(transfers * WITHDRAWAL_SHARE)
    user = p.some(count)
    home = p.home[user - p.first_user]
    # one wallet pays a user, as exchanges keep them in groups; deposits are swept into any
    paying = p.hot[home, user % HOT_WALLETS]
    token = p.tokens(count)
    withdrawals = Rows.of(p.seconds(count), paying, user, token, amounts(p.rng, token))
    count = int(transfers * DEPOSIT_SHARE)
    user = p.some(count)
    wallet, token, second = p.wallet(p.home[user - p.first_user]), p.tokens(count), p.seconds(count)
    units = amounts(p.rng, token)
    deposits = Rows.of(second, user, user + p.users, token, units)
    sweeps = Rows.of(second + p.rng.integers(300, HOUR, count), user + p.users, wallet, token, units)
    inside, across, bridged = (int(transfers * share) for share in (_INTERNAL_SHARE, _CROSS_SHARE, 2 * _BRIDGE_SHARE))
    count = inside + across
    exchange = p.rng.integers(0, len(p.hot), count)
    place = p.rng.integers(0, HOT_WALLETS, count)
    other = (exchange + p.rng.integers(1, len(p.hot), count)) % len(p.hot)
    is_inside = np.arange(count) < inside
    receiver = np.where(is_inside, p.hot[exchange, (place + 1) % HOT_WALLETS], p.hot[other, 0])
    token = p.tokens(count)
    moved = Rows.of(p.seconds(count), p.hot[exchange, place], receiver, token, amounts(p.rng, token))
    user, token = p.some(bridged), p.tokens(bridged)
    is_in = np.arange(bridged) % 2 == 0
    bridge = np.full(bridged, p.bridge)
    crossed = Rows.of(
        p.seconds(bridged),
        np.where(is_in, bridge, user),
        np.where(is_in, user, bridge),
        token,
        amounts(p.rng, token),
    )
    return [withdrawals, deposits, sweeps, moved, crossed]


def _fans(p: People, transfers: int, per_1000: float) -> list[Rows]:
    """Shops that many pay and payers who pay many, some days a week; people who do so once; payrolls."""
    parts = [_payrolls(p, max(1, transfers // _TRANSFERS_PER_EMPLOYER))]
    for rate, is_in in ((rates.FAN_OUTS_PER_1000, False), (rates.FAN_INS_PER_1000, True)):
        once = _count(p, rate * per_1000 * rates.FANS_OF_STRANGERS)
        parts.append(_many(p, p.any(once), np.arange(once), is_in))
        again = _count(p, rate * per_1000 * (1 - rates.FANS_OF_STRANGERS))
        firms = p.new(max(2, round(again / (rates.FAN_DAYS_A_WEEK * p.days / 7))))
        parts.append(_many(p, firms, p.rng.integers(0, len(firms), again), is_in))
    return parts


def _many(p: People, firms: np.ndarray, which: np.ndarray, is_in: bool) -> Rows:
    """A day of each of `which`, positions in `firms`."""
    fans = len(which)
    g = _Groups.sized(_lengths(p, fans, 5, rates.FAN_LONGER_SHARE, 60))
    total = len(g.of)
    token_of = p.tokens(len(firms))
    token = token_of[which][g.of]
    other, firm = p.any(total), firms[which][g.of]
    second = p.seconds(fans)[g.of] // DAY * DAY + p.rng.integers(0, DAY, total)
    # what one firm sells costs about the same
    price = amounts(p.rng, token_of, with_dust=False)
    units = np.maximum(price[which][g.of] * np.exp(p.rng.normal(0, 1.0, total)), LEAST_UNIT)
    sender, receiver = (other, firm) if is_in else (firm, other)
    return Rows.of(second, sender, receiver, token, units)


def _payrolls(p: People, firms: int) -> Rows:
    """An employer is funded by its exchange and pays its staff the next morning."""
    staff = p.rng.integers(*_STAFF, firms)
    paydays = max(1, (p.days - 2) // _PAYROLL_DAYS)
    employer = p.new(firms)
    g = _Groups.sized(np.repeat(staff, paydays))
    of_firm = np.repeat(np.arange(firms), paydays)
    worker_start = np.concatenate([[0], np.cumsum(staff)])[:-1]
    workers = p.any(int(staff.sum()))
    token = p.rng.integers(1, 3, firms)
    salary = np.exp(p.rng.normal(np.log(3_000), 0.3, len(workers)))
    who = worker_start[of_firm][g.of] + g.place
    payday = p.rng.integers(1, _PAYROLL_DAYS, firms)[of_firm] + np.tile(np.arange(paydays), firms) * _PAYROLL_DAYS
    start = np.minimum(payday, p.days - 1) * DAY + 9 * HOUR
    paid = Rows.of(start[g.of] + g.place * 60, employer[of_firm][g.of], workers[who], token[of_firm][g.of], salary[who])
    needed = np.bincount(g.of, salary[who], len(start))
    exchange = p.rng.integers(0, len(p.hot), firms)[of_firm]
    funded = Rows.of(start - 12 * HOUR, p.wallet(exchange), employer[of_firm], token[of_firm], needed)
    return together([paid, funded])


def _gatherings(p: People, count: int) -> Rows:
    """Treasuries: several pay in, most of it is paid out to several."""
    ins, outs = _lengths(p, count, 3, rates.LONGER_SHARE, 12), _lengths(p, count, 3, rates.LONGER_SHARE, 12)
    token, centre, start = p.tokens(count), p.any(count), p.seconds(count)
    base = amounts(p.rng, token)
    g, h = _Groups.sized(ins), _Groups.sized(outs)
    paid_in = base[g.of] * np.exp(p.rng.normal(0, 0.7, len(g.of)))
    total = np.bincount(g.of, paid_in, count) * p.rng.uniform(0.75, 1.0, count)
    weight = np.exp(p.rng.normal(0, 0.7, len(h.of)))
    paid_out = total[h.of] * weight / np.bincount(h.of, weight, count)[h.of]
    came = Rows.of(
        start[g.of] + p.rng.integers(0, 20 * HOUR, len(g.of)), p.any(len(g.of)), centre[g.of], token[g.of], paid_in
    )
    went = Rows.of(
        start[h.of] + p.rng.integers(20 * HOUR, 50 * HOUR, len(h.of)),
        centre[h.of],
        p.any(len(h.of)),
        token[h.of],
        paid_out,
    )
    return together([came, went])


def _scatters(p: People, count: int) -> Rows:
    """Families and firms: one pays several, who pay one."""
    g = _Groups.sized(_lengths(p, count, 3, rates.LONGER_SHARE, 12))
    total = len(g.of)
    token, source, target, middle = p.tokens(count), p.any(count), p.any(count), p.any(total)
    second = p.seconds(count)[g.of] + p.rng.integers(0, 20 * HOUR, total)
    units = amounts(p.rng, token)[g.of] * np.exp(p.rng.normal(0, 0.7, total))
    later = second + p.rng.integers(HOUR, 40 * HOUR, total)
    return together(
        [
            Rows.of(second, source[g.of], middle, token[g.of], units),
            Rows.of(later, middle, target[g.of], token[g.of], units * _shares(p, total)),
        ]
    )


def _passes(p: People, count: int) -> Rows:
    """Go-betweens: what comes in leaves within the hour, several times a month."""
    g = _Groups.sized(_lengths(p, count, 3, rates.LONGER_SHARE, 12))
    total = len(g.of)
    token, between = p.tokens(count), p.new(count)
    second = p.seconds(count)[g.of] + g.place * DAY + p.rng.integers(0, 20 * HOUR, total)
    units = amounts(p.rng, token)[g.of] * np.exp(p.rng.normal(0, 0.7, total))
    later = second + np.minimum(_lags(p, total), HOUR - 1)
    return together(
        [
            Rows.of(second, p.any(total), between[g.of], token[g.of], units),
            Rows.of(later, between[g.of], p.any(total), token[g.of], units * p.rng.uniform(0.95, 1.0, total)),
        ]
    )


def _market_makers(p: People, transfers: int) -> Rows:
    """From one exchange to another within minutes, all the time, in sums of one size."""
    makers, trips = max(1, transfers // _TRANSFERS_PER_MAKER), max(1, int(transfers * rates.MARKET_MAKING_SHARE / 2))
    which, second = p.rng.integers(0, makers, trips), p.seconds(trips)
    maker, token_of = p.new(makers), p.tokens(makers)
    size = amounts(p.rng, token_of, with_dust=False)
    units = size[which] * np.exp(p.rng.normal(0, 0.3, trips))
    here = p.rng.integers(0, len(p.hot), trips)
    there = (here + p.rng.integers(1, len(p.hot), trips)) % len(p.hot)
    return together(
        [
            Rows.of(second, p.hot[here, 0], maker[which], token_of[which], units),
            Rows.of(
                second + p.rng.integers(60, 1_800, trips),
                maker[which],
                p.hot[there, 0],
                token_of[which],
                units * p.rng.uniform(0.97, 1.0, trips),
            ),
        ]
    )


def _traders(p: People, transfers: int) -> Rows:
    """Swaps at a router, one token in and another out in one block, and bots that get a little more of the same."""
    swaps, rounds = (max(1, int(transfers * share / 2)) for share in (rates.DEX_SHARE, rates.BOT_SHARE))
    count = swaps + rounds
    bots = p.new(max(1, transfers // _TRANSFERS_PER_MAKER))
    who = np.where(np.arange(count) < swaps, p.some(count), bots[p.rng.integers(0, len(bots), count)])
    paid, second = p.tokens(count), p.seconds(count)
    got = np.where(np.arange(count) < swaps, (paid + 1 + p.rng.integers(0, len(TOKENS) - 1, count)) % len(TOKENS), paid)
    units, router = amounts(p.rng, paid), np.full(count, p.router)
    worth = np.exp(np.array([item[3] for item in TOKENS]))
    back = units * worth[got] / worth[paid] * np.where(got == paid, p.rng.uniform(1.0, 1.01, count), 0.997)
    return together([Rows.of(second, who, router, paid, units), Rows.of(second, router, who, got, back)])


def _wash_traders(p: People, count: int) -> Rows:
    """Two or three who pay each other in a round, several times a day, at about the same sum."""
    rounds = p.rng.integers(3, 10, count)
    hops = np.repeat(p.rng.integers(2, 4, count), rounds)
    g, of_ring = _Groups.sized(hops), np.repeat(np.arange(count), rounds)
    ring = p.new(3 * count).reshape(count, 3)
    token, day = p.tokens(count), p.seconds(count)
    second = day[of_ring][g.of] + _Groups.sized(rounds).place[g.of] * 2 * HOUR + g.place * 300
    sender = ring[of_ring[g.of], g.place]
    receiver = ring[of_ring[g.of], (g.place + 1) % hops[g.of]]
    units = amounts(p.rng, token, with_dust=False)[of_ring[g.of]] * p.rng.uniform(0.97, 1.03, len(g.of))
    return Rows.of(second, sender, receiver, token[of_ring[g.of]], units)


def _invoices(p: People, count: int) -> Rows:
    """Firms whose bills lie just under ten thousand dollars, several on one day."""
    g = _Groups.sized(_lengths(p, count, 5, rates.LONGER_INVOICES, 12))
    total = len(g.of)
    second = p.seconds(count)[g.of] // DAY * DAY + p.rng.integers(8 * HOUR, 18 * HOUR, total)
    token = p.rng.integers(1, 3, count)
    return Rows.of(second, p.any(total), p.any(count)[g.of], token[g.of], p.rng.uniform(8_000, 9_999, total))


def _spam(p: People, transfers: int) -> Rows:
    """A token that nobody asked for, sent to many by one."""
    count = max(1, int(transfers * rates.SPAM_SHARE))
    spammers = p.new(max(1, transfers // 20_000))
    which = p.rng.integers(0, len(spammers), count)
    second = p.seconds(len(spammers))[which] // DAY * DAY + p.rng.integers(0, DAY, count)
    return Rows.of(second, spammers[which], p.any(count), np.full(count, SPAM), np.full(count, 1_000.0))


def _payments(p: People, count: int) -> Rows:
    """People pay people, each of whom both pays and is paid."""
    token = p.tokens(count)
    return Rows.of(p.seconds(count), p.some(count), p.some(count), token, amounts(p.rng, token))


def _poisoning(p: People, payments: Rows, count: int) -> Rows:
    """Minutes after a payment, one from or to an address that looks like the payee: of nothing, of dust, or of a fake.

    A payment of nothing, and that of a token which calls itself USDT, say that the victim made it.
    """
    second, victim, payee, token = payments.ends[:, p.rng.integers(0, payments.ends.shape[1], count)]
    fake = p.new(count)
    p.lookalikes.append(np.stack([fake, payee]))
    kind = np.arange(count) % 3
    is_tiny, is_spoof = kind == 1, kind == 2
    units = np.where(is_spoof, amounts(p.rng, np.ones(count, np.int64)), np.where(is_tiny, 10 * LEAST_UNIT, 0.0))
    return Rows.of(
        second + p.rng.integers(30, HOUR, count),
        np.where(is_tiny, fake, victim),
        np.where(is_tiny, victim, fake),
        # the coin itself has no contract that would tell of a payment of nothing
        np.where(is_spoof, SPOOF, np.maximum(token, 1)),
        units,
    )
