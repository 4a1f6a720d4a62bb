"""Paths that money can have gone in the order of time, from one address to another, the fewest transfers first."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

_NEVER = 1 << 62


class Step(NamedTuple):
    """A transfer between two addresses.

    Attributes:
        rank: Place in the order of time; equal where nothing says which of two came first.
        at: Its time, in the units of `within`.
        sender, receiver: Addresses.
        ref: What names it to the caller.
    """

    rank: int
    at: int
    sender: int
    receiver: int
    ref: int


@dataclass(frozen=True)
class Found:
    """Paths as the refs of their transfers; `is_cut` when the search ended before all were looked at."""

    paths: list[tuple[int, ...]]
    is_cut: bool


def timed_paths(
    steps: Sequence[Step], source: int, target: int, hops: int, within: int, most: int, effort: int
) -> Found:
    """Paths over distinct addresses, none of whose transfers is before the one before it.

    Each sequence of addresses is one path; it is shown by its first passage: of the transfers from the source that
    leave time for the rest the earliest, and then at each address the first one that can follow. Paths of as many
    transfers are in the order in which their first passages arrive.

    Args:
        steps: Transfers, in any order.
        source: Where the money begins.
        target: Where it ends.
        hops: Most transfers of a path.
        within: Most time from the first transfer to the last.
        most: Most paths.
        effort: Most transfers that are tried on: some lead back to an address that was passed, and of as many hops all
            paths have to be known before the first to arrive are.
    """
    ordered = sorted(steps)
    ends = _ends(ordered, source, target, hops)
    search = _Search(ordered, source, target, within, ends, effort)
    paths: list[tuple[int, ...]] = []
    for length in range(1, hops + 1):
        found = sorted(search.of_length(length))
        paths += [refs for _, refs in found[: most - len(paths)]]
        if len(paths) >= most or search.effort <= 0:
            break
    return Found(paths, search.effort <= 0)


class _Departures(NamedTuple):
    """From an address with so many transfers to go: ranks of departures, falling, and the earliest end of each.

    A later departure that ends no later makes an earlier one useless for whoever comes before both; kept are those
    that end earlier than all that depart later.
    """

    ranks: list[int]
    ends: list[int]


def _ends(ordered: Sequence[Step], source: int, target: int, hops: int) -> list[dict[int, _Departures]]:
    """Per number of transfers to go and address, when the target can be reached by which departure."""
    table: list[dict[int, _Departures]] = [{} for _ in range(hops + 1)]
    for _, same in groupby(reversed(ordered), key=lambda step: step.rank):
        group = [step for step in same if step.sender != target and step.receiver != source]
        for left in range(1, hops + 1):
            for step in group:
                if left == 1:
                    end = step.at if step.receiver == target else _NEVER
                else:
                    end = _end(table[left - 1].get(step.receiver), step.rank)
                known = table[left].setdefault(step.sender, _Departures([], []))
                if end < (known.ends[-1] if known.ends else _NEVER):
                    known.ranks.append(-step.rank)
                    known.ends.append(end)
    return table


def _end(known: _Departures | None, rank: int) -> int:
    """The earliest end of what departs at a rank or after it."""
    if known is None:
        return _NEVER
    place = bisect_left(known.ranks, -rank + 1)
    return known.ends[place - 1] if place else _NEVER


class _Search:
    """All paths of one length, address by address."""

    def __init__(
        self,
        ordered: Sequence[Step],
        source: int,
        target: int,
        within: int,
        ends: list[dict[int, _Departures]],
        effort: int,
    ) -> None:
        self.source, self.target, self.within, self.ends, self.effort = source, target, within, ends, effort
        self.onward: dict[int, dict[int, list[Step]]] = defaultdict(lambda: defaultdict(list))
        for step in ordered:
            self.onward[step.sender][step.receiver].append(step)

    def of_length(self, length: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The rank at which each path of a length first arrives, and its refs."""
        for receiver, steps in self.onward[self.source].items():
            yield from self._extended((self.source, receiver), [(step.at, (step,)) for step in steps], length - 1)

    def _extended(
        self, addresses: tuple[int, ...], passages: list[tuple[int, tuple[Step, ...]]], left: int
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Go on from passages over a sequence of addresses that can still arrive in time.

        Args:
            addresses: Passed so far.
            passages: When each began and its transfers, in the order of beginnings.
            left: Transfers to go.
        """
        self.effort -= len(passages)
        here = addresses[-1]
        if self.effort <= 0 or here in addresses[:-1] or (here == self.target) != (left == 0):
            return
        if left == 0:
            passages = [found for found in passages if found[1][-1].at - found[0] <= self.within]
            if passages:
                first = passages[0][1]
                yield first[-1].rank, tuple(step.ref for step in first)
            return
        known = self.ends[left].get(here)
        alive = [found for found in passages if _end(known, found[1][-1].rank) - found[0] <= self.within]
        if not alive:
            return
        for receiver, steps in self.onward[here].items():
            ranks = [step.rank for step in steps]
            onward = []
            for began, passed in alive:
                place = bisect_left(ranks, passed[-1].rank)
                if place < len(steps):
                    onward.append((began, (*passed, steps[place])))
            if onward:
                yield from self._extended((*addresses, receiver), onward, left - 1)
