"""Brute force from the definitions of docs/detectors.md: plain Python, no arrays, nothing shared with the kernels.

A transfer is a tuple (number, seconds, order, sender, receiver, amount); "before" means a smaller order. Roles by
address decide what is terminal. Every function returns a set of findings; a finding is a frozenset of transfer numbers,
or a pair with more about it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

H = 3_600


@dataclass(frozen=True)
class T:
    """A transfer."""

    n: int
    at: int
    order: int
    sender: int
    receiver: int
    amount: Fraction


@dataclass
class World:
    """Transfers that are edges, and which addresses are terminal."""

    transfers: list[T]
    roles: dict[int, str] = field(default_factory=dict)
    hub_degree: int = 1_000

    def __post_init__(self) -> None:
        self.transfers = [
            t
            for t in self.transfers
            if t.sender != t.receiver
            and t.amount > 0
            and "burn" not in (self.roles.get(t.sender), self.roles.get(t.receiver))
        ]
        others: dict[int, set[int]] = defaultdict(set)
        for t in self.transfers:
            others[t.sender].add(t.receiver)
            others[t.receiver].add(t.sender)
        self.hubs = {a for a, known in others.items() if len(known) >= self.hub_degree}
        self.terminal = self.hubs | {a for a in others if a in self.roles}
        self.people = set(others)

    def outs(self, address: int) -> list[T]:
        """Payments of an address in order."""
        return sorted((t for t in self.transfers if t.sender == address), key=lambda t: t.order)

    def ins(self, address: int) -> list[T]:
        """Receipts of an address in order."""
        return sorted((t for t in self.transfers if t.receiver == address), key=lambda t: t.order)


def walks(world: World, first: T, fits: Callable[[T, T], bool], max_hops: int) -> Iterator[list[T]]:
    """Every path of distinct addresses from a first transfer, the path of one transfer included."""
    yield [first]
    stack = [[first]]
    while stack:
        path = stack.pop()
        last = path[-1]
        if last.receiver in world.terminal or len(path) == max_hops:
            continue
        seen = {path[0].sender} | {t.receiver for t in path}
        for t in world.transfers:
            if t.sender == last.receiver and t.order > last.order and t.receiver not in seen and fits(last, t):
                yield [*path, t]
                stack.append([*path, t])


def maximal_paths(
    world: World, fits: Callable[[T, T], bool], min_hops: int, max_hops: int = 32
) -> set[tuple[int, ...]]:
    """Paths that nothing can lengthen at either end."""
    found = set()
    for first in world.transfers:
        for path in walks(world, first, fits, max_hops):
            if len(path) < min_hops:
                continue
            seen = {first.sender} | {t.receiver for t in path}
            last = path[-1]
            goes_on = last.receiver not in world.terminal and any(
                t.sender == last.receiver and t.order > last.order and t.receiver not in seen and fits(last, t)
                for t in world.transfers
            )
            goes_before = first.sender not in world.terminal and any(
                t.receiver == first.sender and t.order < first.order and t.sender not in seen and fits(t, first)
                for t in world.transfers
            )
            if not goes_before and (not goes_on or len(path) == max_hops):
                found.add(tuple(t.n for t in path))
    return found


def carries(a: T, b: T) -> bool:
    """The second carries half to 105 % of the first."""
    return a.amount <= 2 * b.amount and b.amount <= Fraction(105, 100) * a.amount


def rapid_chains(world: World) -> set[tuple[int, ...]]:
    """Gaps under an hour, each hop half to 105 % of the one before."""
    return maximal_paths(world, lambda a, b: b.at - a.at < H and carries(a, b), 3)


def layered(world: World, min_hops: int = 6) -> set[tuple[int, ...]]:
    """Gaps up to 7 days, each hop 80 % to 100.5 % of the one before."""
    return maximal_paths(
        world,
        lambda a, b: (
            b.at - a.at <= 7 * 24 * H and Fraction(8, 10) * a.amount <= b.amount <= Fraction(1005, 1000) * a.amount
        ),
        min_hops,
    )


def cycles(world: World, span: int = 72 * H, max_hops: int = 6) -> set[tuple[int, ...]]:
    """Every instance of a temporal cycle, each hop half to 105 % of the one before."""
    found = set()
    plain = [t for t in world.transfers if t.sender not in world.terminal and t.receiver not in world.terminal]

    def extend(path: list[T]) -> None:
        last = path[-1]
        seen = {path[0].sender} | {t.receiver for t in path}
        for t in plain:
            if t.sender != last.receiver or t.order <= last.order or t.at - path[0].at > span or not carries(last, t):
                continue
            if t.receiver == path[0].sender:
                found.add(tuple(x.n for x in [*path, t]))
            elif t.receiver not in seen and len(path) + 1 < max_hops:
                extend([*path, t])

    for first in plain:
        extend([first])
    return found


def bridge_to_exchange(world: World) -> set[tuple[int, ...]]:
    """Two to four transfers from a bridge to an exchange within a day, each at least 80 % of the one before."""
    found = set()
    for first in world.transfers:
        if world.roles.get(first.sender) != "bridge":
            continue
        for path in walks(
            world, first, lambda a, b, first=first: b.at - first.at <= 24 * H and 10 * b.amount >= 8 * a.amount, 4
        ):
            if len(path) >= 2 and world.roles.get(path[-1].receiver) == "exchange":
                found.add(tuple(t.n for t in path))
    return found


def merged(windows: list[frozenset[int]]) -> set[frozenset[int]]:
    """Overlapping windows, in their order, as one."""
    groups: list[set[int]] = []
    for window in windows:
        if groups and groups[-1] & window:
            groups[-1] |= window
        else:
            groups.append(set(window))
    return {frozenset(group) for group in groups}


def trailing(
    world: World, side: str, window: int, least: int, distinct: bool, counts: Callable[[T], bool] = lambda t: True
) -> set[frozenset[int]]:
    """Merged trailing windows of one side of every address that is not terminal."""
    found: set[frozenset[int]] = set()
    for address in world.people - world.terminal:
        own = [t for t in (world.outs(address) if side == "out" else world.ins(address)) if counts(t)]
        windows = []
        for i, t in enumerate(own):
            inside = [x for x in own[: i + 1] if x.at >= t.at - window]
            size = len({x.receiver if side == "out" else x.sender for x in inside}) if distinct else len(inside)
            if size >= least:
                windows.append(frozenset(x.n for x in inside))
        found |= merged(windows)
    return found


def structuring(world: World, least: int = 5) -> set[tuple[str, frozenset[int]]]:
    """Five transfers in [8,000, 10,000) within a day, from one address or into one."""
    return {
        (side, group)
        for side in ("out", "in")
        for group in trailing(world, side, 24 * H, least, False, lambda t: 8_000 <= t.amount < 10_000)
    }


def scatter_gather(world: World, window: int = 72 * H, least: int = 3) -> set[frozenset[int]]:
    """Source, middles in before out, one target."""
    found: set[frozenset[int]] = set()
    plain = [t for t in world.transfers if t.sender not in world.terminal and t.receiver not in world.terminal]
    pairs: dict[tuple[int, int], list[tuple[T, T]]] = defaultdict(list)
    for a in plain:
        for b in plain:
            if a.receiver == b.sender and a.order < b.order and b.at - a.at <= window and b.receiver != a.sender:
                pairs[a.sender, b.receiver].append((a, b))
    for own in pairs.values():
        windows: list[frozenset[tuple[int, int]]] = []
        for _, end in sorted(own, key=lambda pair: pair[1].order):
            inside = [(a, b) for a, b in own if a.at >= end.at - window and b.at <= end.at]
            if len({a.receiver for a, _ in inside}) >= least:
                windows.append(frozenset((a.n, b.n) for a, b in inside))
        groups: list[set[tuple[int, int]]] = []
        for held in windows:
            if groups and groups[-1] & held:
                groups[-1] |= held
            else:
                groups.append(set(held))
        found |= {frozenset(n for pair in group for n in pair) for group in groups}
    return found


def gather_scatter(world: World, window: int = 72 * H, least: int = 3) -> set[frozenset[int]]:
    """Receipts, then, the gathering over, payments of 80 % to 100 %."""
    found: set[frozenset[int]] = set()
    for address in world.people - world.terminal:
        # of equal order a payment does not follow the receipt
        events = sorted(
            [(t.order, 0, t) for t in world.outs(address)] + [(t.order, 1, t) for t in world.ins(address)],
            key=lambda e: e[:2],
        )
        runs: list[tuple[int, list[T]]] = []
        for _, kind, t in events:
            if runs and runs[-1][0] == kind:
                runs[-1][1].append(t)
            else:
                runs.append((kind, [t]))
        for (kind, gathered), (_, scattered) in pairwise(runs):
            if kind != 1:
                continue
            for order in sorted({t.order for t in scattered}, reverse=True):
                outs = [t for t in scattered if t.order <= order]
                ins = [t for t in gathered if t.at >= outs[-1].at - window]
                total_in, total_out = sum(t.amount for t in ins), sum(t.amount for t in outs)
                if (
                    len({t.sender for t in ins}) >= least
                    and len({t.receiver for t in outs}) >= least
                    and Fraction(8, 10) * total_in <= total_out <= total_in
                ):
                    found.add(frozenset(t.n for t in [*ins, *outs]))
                    break
    return found


def peeling_chains(world: World, min_hops: int = 4) -> set[frozenset[int]]:
    """Four hops of a rest, with a peel at every middle address."""

    def paid(t: T) -> list[T]:
        return [x for x in world.outs(t.receiver) if x.order > t.order and x.at - t.at <= 48 * H]

    def rest_of(t: T) -> T | None:
        if t.receiver in world.terminal or not paid(t):
            return None
        rest = max(paid(t), key=lambda x: (x.amount, -x.order))
        peel = sum(x.amount for x in paid(t)) - rest.amount
        is_fit = (
            rest.amount >= Fraction(8, 10) * t.amount
            and 0 < peel <= Fraction(2, 10) * t.amount
            and rest.amount + peel <= Fraction(1005, 1000) * t.amount
        )
        return rest if is_fit and rest.receiver != t.sender else None

    rests = {t.n: rest_of(t) for t in world.transfers}
    found = set()
    for root in world.transfers:
        path = [root]
        while (
            (rest := rests[path[-1].n])
            and rest.receiver not in {root.sender} | {t.receiver for t in path}
            and len(path) < 32
        ):
            path.append(rest)
        if len(path) < min_hops:
            continue
        seen = {root.sender} | {t.receiver for t in path}
        if any(rests[t.n] == root and t.sender not in seen for t in world.transfers):
            continue
        peels = {x.n for a, b in pairwise(path) for x in paid(a) if x != b}
        found.add(frozenset(t.n for t in path) | peels)
    return found


def pass_through(world: World, least: int = 3) -> set[frozenset[int]]:
    """Three passes within thirty days, those to one exchange left out."""
    found: set[frozenset[int]] = set()
    for address in world.people - world.terminal:
        ins, outs = world.ins(address), world.outs(address)
        passes: list[tuple[list[T], list[T]]] = []
        moments = sorted({t.order for t in ins})
        for i, moment in enumerate(moments):
            until = moments[i + 1] if i + 1 < len(moments) else None
            got = [t for t in ins if t.order == moment]
            t, received = got[0], sum(t.amount for t in got)
            taken: list[T] = []
            for order in sorted({x.order for x in outs if x.order > t.order}):
                tied = [x for x in outs if x.order == order]
                if tied[0].at - t.at > H or (until is not None and order >= until):
                    break
                if sum(y.amount for y in [*taken, *tied]) > Fraction(1005, 1000) * received:
                    break
                taken += tied
            is_deposit = (
                bool(taken)
                and all(world.roles.get(x.receiver) == "exchange" for x in taken)
                and len({x.receiver for x in taken}) == 1
            )
            if taken and sum(x.amount for x in taken) >= Fraction(95, 100) * received and not is_deposit:
                passes.append((got, taken))
        windows = []
        for i, (_, outs_of) in enumerate(passes):
            inside = [p for p in passes[: i + 1] if p[0][0].at >= outs_of[-1].at - 30 * 24 * H]
            if len(inside) >= least:
                windows.append(frozenset(x.n for got, taken in inside for x in [*got, *taken]))
        found |= merged(windows)
    return found


def mixer_funnels(world: World, window: int = 72 * H) -> set[frozenset[int]]:
    """Routes of up to three transfers from an origin to a mixer, each at least half of the one before."""
    routes: dict[int, list[list[T]]] = defaultdict(list)

    def backwards(path: list[T]) -> None:
        routes[path[0].sender].append(path)
        if len(path) == 3:
            return
        for t in world.transfers:
            ends = {x.sender for x in path} | {path[-1].receiver}
            is_before = t.receiver == path[0].sender and t.order < path[0].order and path[-1].at - t.at <= window
            if is_before and t.sender not in world.terminal | ends and 2 * path[0].amount >= t.amount:
                backwards([t, *path])

    for t in world.transfers:
        if world.roles.get(t.receiver) == "mixer" and t.sender not in world.terminal:
            backwards([t])
    found: list[frozenset[int]] = []
    for origin, own in routes.items():
        arrivals = sorted({path[-1] for path in own}, key=lambda t: (t.at, t.order, t.n))
        windows: list[frozenset[int]] = []
        for number, arrival in enumerate(arrivals):
            inside = [t for t in arrivals[: number + 1] if t.at >= arrival.at - window]
            firsts = {path[0] for path in own if path[-1] in inside}
            held = [t for t in firsts if t.at >= arrival.at - window]
            sent, began = sum(t.amount for t in held), min((t.at for t in held), default=arrival.at)
            paid = sum(t.amount for t in world.outs(origin) if began <= t.at <= arrival.at)
            hands = {t.sender for t in inside} - {origin}
            if len(hands) >= 2 or (paid and min(sent, sum(t.amount for t in inside)) >= Fraction(8, 10) * paid):
                windows.append(frozenset(t.n for t in inside))
        found += [frozenset(t.n for path in own if path[-1].n in group for t in path) for group in merged(windows)]
    kept: set[frozenset[int]] = set()
    for group in found:
        if not any(group < other for other in found):
            kept.add(group)
    return kept
