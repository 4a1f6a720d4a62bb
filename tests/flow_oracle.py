"""Group flows in plain Python from docs/detectors.md: dictionaries, lists and fractions, nothing of the kernel's.

It knows days for one thing only: where the limits of memory are judged. `follow` without `close` knows none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction

DAY_ROOM = 8
"""Flows alive within a day, as a multiple of those alive at its end; lines twice as many."""


@dataclass(frozen=True)
class Move:
    """A transfer: `order` is equal where transfers have no order among them."""

    ref: int
    day: int
    order: int
    clock: int
    sender: int
    receiver: int
    amount: Fraction


@dataclass(frozen=True)
class Lot:
    """Money on an address; source None is other money."""

    source: int | None
    amount: Fraction
    confidence: float = 0.0
    started: int = 0
    moved: int = 0
    order: tuple[int, int] = (-1, -1)
    path: tuple[int, ...] = ()


@dataclass
class Tracker:
    """The state machine. `held` has the line of every address that has one."""

    groups: dict[int, int]
    is_source: list[bool]
    is_destination: list[bool]
    attribution: str = "fifo"
    least: Fraction = Fraction(0)
    max_hops: int = 6
    decay: float = 0.85
    min_confidence: float = 0.3
    max_age: int = 10**9
    max_idle: int = 10**9
    max_flows: int = 10**9
    held: dict[int, list[Lot]] = field(default_factory=dict)
    arrived: list[tuple[int, int, Fraction, int, float, tuple[int, ...]]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def run(self, moves: list[Move]) -> None:
        """Whole days of transfers in their order."""
        for day in sorted({move.day for move in moves}):
            today = [move for move in moves if move.day == day]
            for move in today:
                self.step(move)
            self.close(max(move.clock for move in today))

    def too_old(self, lot: Lot, clock: int) -> str | None:
        """Why a flow is dead by now."""
        if lot.source is None:
            return None
        return (
            "too_old" if clock - lot.started > self.max_age else "idle" if clock - lot.moved > self.max_idle else None
        )

    def cleanse(self, address: int, clock: int) -> None:
        """Flows that died are other money; poison knows no other money."""
        line = []
        for lot in self.held.get(address, []):
            if why := self.too_old(lot, clock):
                self.counts[why] += 1
                line.append(replace(lot, source=None))
            else:
                line.append(lot)
        self.keep(address, line)

    def keep(self, address: int, line: list[Lot]) -> None:
        """The line of an address from now on, none when it is empty."""
        line = [lot for lot in line if lot.amount > 0 and (lot.source is not None or self.attribution != "poison")]
        self.held.pop(address, None)
        if line:
            self.held[address] = line

    def step(self, move: Move) -> None:
        """One transfer."""
        if move.sender == move.receiver or move.amount < self.least or move.amount == 0:
            return
        here, there = self.groups.get(move.sender), self.groups.get(move.receiver)
        now = (move.day, move.order)
        pieces: list[Lot] = []
        if here is not None and self.is_source[here]:
            if here == there:
                return
            self.counts["started"] += 1
            pieces = [Lot(here, move.amount, 1.0, move.clock, move.clock, now, (move.ref,))]
        elif here is None and move.sender in self.held:
            self.cleanse(move.sender, move.clock)
            pieces = self.taken(move, now)
        if there is None and pieces and self.attribution == "poison":
            self.cleanse(move.receiver, move.clock)
        for piece in pieces:
            if there is None:
                self.put(move.receiver, piece)
            elif there == piece.source:
                self.counts["returned"] += 1
            elif not self.is_destination[there]:
                self.counts["absorbed"] += 1
            else:
                assert piece.source is not None
                self.counts["completed"] += 1
                self.arrived.append((piece.source, there, piece.amount, len(piece.path), piece.confidence, piece.path))
        rest = move.amount - sum(piece.amount for piece in pieces)
        if there is None and self.attribution != "poison" and rest > 0 and move.receiver in self.held:
            self.held[move.receiver].append(Lot(None, rest, moved=move.clock))
        self.bound(DAY_ROOM * self.max_flows, 2 * DAY_ROOM * self.max_flows)

    def put(self, address: int, piece: Lot) -> None:
        """A flow arrives at an address that is in no group. Poison: one flow per first transfer, the more confident."""
        line = self.held.setdefault(address, [])
        if self.attribution == "poison":
            for i, lot in enumerate(line):
                if lot.path[0] == piece.path[0]:
                    if piece.confidence > lot.confidence:
                        line[i] = piece
                    return
        line.append(piece)

    def taken(self, move: Move, now: tuple[int, int]) -> list[Lot]:
        """What of the flows on the sender leaves with the transfer."""
        line = list(self.held.get(move.sender, []))
        usable = [lot.source is None or lot.order < now for lot in line]
        found: list[Lot] = []
        total = sum(lot.amount for lot, may in zip(line, usable, strict=True) if may)
        share = min(Fraction(1), move.amount / total) if total else Fraction(0)
        left = move.amount
        for i, lot in enumerate(line):
            if not usable[i]:
                continue
            if self.attribution == "poison":
                if piece := self.passed_on(lot, move, now, move.amount):
                    line[i] = replace(lot, moved=move.clock)
                    found.append(piece)
                continue
            take = min(left, lot.amount) if self.attribution == "fifo" else lot.amount * share
            left -= take
            line[i] = replace(lot, amount=lot.amount - take)
            if lot.source is not None and take > 0 and (piece := self.passed_on(lot, move, now, take)):
                found.append(piece)
        self.keep(move.sender, line)
        return found

    def passed_on(self, lot: Lot, move: Move, now: tuple[int, int], amount: Fraction) -> Lot | None:
        """A flow one hop further, or nothing when it dies."""
        if len(lot.path) >= self.max_hops:
            self.counts["hop_limit"] += 1
        elif lot.confidence * self.decay < self.min_confidence:
            self.counts["low_confidence"] += 1
        elif amount < self.least:
            self.counts["too_small"] += 1
        else:
            self.counts["moved"] += 1
            return Lot(
                lot.source, amount, lot.confidence * self.decay, lot.started, move.clock, now, (*lot.path, move.ref)
            )
        return None

    def close(self, clock: int) -> None:
        """The end of a day: what is dead is counted, what is too much dropped."""
        for address in list(self.held):
            self.cleanse(address, clock)
        self.bound(self.max_flows, self.max_flows, is_day_over=True)

    def bound(self, flows: int, lines: int, is_day_over: bool = False) -> None:
        """Prune and drop down to `max_flows` when there are more flows or lines; at the end of a day of lines without
        a flow."""
        if self.max_flows == 10**9:
            return
        alive = [
            (lot.confidence, lot.started, lot.path[0], lot.path[-1], a, i)
            for a, line in self.held.items()
            for i, lot in enumerate(line)
            if lot.source is not None
        ]
        if len(alive) > flows:
            for *_, address, i in sorted(alive)[: len(alive) - self.max_flows]:
                self.counts["pruned"] += 1
                self.held[address][i] = replace(self.held[address][i], source=None)
            for address in list(self.held):
                self.keep(address, self.held[address])
        if not is_day_over and len(self.held) <= lines:
            return
        without = [
            (-max(lot.moved for lot in line), address)
            for address, line in self.held.items()
            if all(lot.source is None for lot in line)
        ]
        for _, address in sorted(without)[self.max_flows :]:
            self.counts["dropped"] += 1
            del self.held[address]
