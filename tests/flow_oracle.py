"""Group flows in plain Python from docs/detectors.md: dictionaries, lists and fractions, nothing of the kernel's."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from fractions import Fraction


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
    """The state machine."""

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
    held: dict[int, list[Lot]] = field(default_factory=lambda: defaultdict(list))
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
        """Flows that died are other money."""
        for i, lot in enumerate(self.held[address]):
            if why := self.too_old(lot, clock):
                self.counts[why] += 1
                self.held[address][i] = replace(lot, source=None)

    def step(self, move: Move) -> None:
        """One transfer."""
        if move.sender == move.receiver or move.amount < self.least or move.amount == 0:
            return
        here, there = self.groups.get(move.sender), self.groups.get(move.receiver)
        now = (move.day, move.order)
        pieces: list[Lot] = []
        if here is not None:
            if not self.is_source[here] or here == there:
                return
            self.counts["started"] += 1
            pieces = [Lot(here, move.amount, 1.0, move.clock, move.clock, now, (move.ref,))]
        elif any(lot.source is not None for lot in self.held[move.sender]):
            self.cleanse(move.sender, move.clock)
            if any(lot.source is not None for lot in self.held[move.sender]):
                pieces = self.taken(move, now)
        rest = move.amount
        for piece in pieces:
            if there is None:
                self.put(move.receiver, piece)
                rest -= piece.amount
            elif there == piece.source:
                self.counts["returned"] += 1
            elif not self.is_destination[there]:
                self.counts["absorbed"] += 1
            else:
                assert piece.source is not None
                self.counts["completed"] += 1
                self.arrived.append((piece.source, there, piece.amount, len(piece.path), piece.confidence, piece.path))
        lots = self.held[move.receiver]
        if there is None and self.attribution != "poison" and rest > 0 and any(lot.source is not None for lot in lots):
            lots.append(Lot(None, rest))

    def put(self, address: int, piece: Lot) -> None:
        """A flow arrives at an address that is in no group."""
        lots = self.held[address]
        if not any(lot.source is not None for lot in lots):
            lots.clear()
        if self.attribution == "poison":
            for i, lot in enumerate(lots):
                if lot.source == piece.source:
                    if (piece.confidence, -piece.started) > (lot.confidence, -lot.started):
                        lots[i] = piece
                    return
        lots.append(piece)

    def taken(self, move: Move, now: tuple[int, int]) -> list[Lot]:
        """What of the flows on the sender leaves with the transfer."""
        lots = self.held[move.sender]
        usable = [lot.source is None or lot.order < now for lot in lots]
        found: list[Lot] = []
        if self.attribution == "poison":
            best: dict[int, int] = {}
            for i, lot in enumerate(lots):
                if lot.source is not None and usable[i]:
                    rival = best.get(lot.source)
                    if rival is None or (lot.confidence, -lot.started) > (lots[rival].confidence, -lots[rival].started):
                        best[lot.source] = i
            for _, i in sorted(best.items()):
                if piece := self.passed_on(lots[i], move, now, move.amount):
                    lots[i] = replace(lots[i], moved=move.clock)
                    found.append(piece)
            return found
        total = sum(lot.amount for i, lot in enumerate(lots) if usable[i])
        share = min(Fraction(1), move.amount / total) if total else Fraction(0)
        left = move.amount
        for i, lot in enumerate(lots):
            if not usable[i] or left == 0:
                continue
            take = min(left, lot.amount if self.attribution == "fifo" else lot.amount * share)
            left -= take
            lots[i] = replace(lot, amount=lot.amount - take)
            if lot.source is not None and take > 0 and (piece := self.passed_on(lot, move, now, take)):
                found.append(piece)
        self.held[move.sender] = [lot for lot in lots if lot.amount > 0]
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
        """The end of a day."""
        for address in list(self.held):
            self.cleanse(address, clock)
        alive = [
            (lot.confidence, lot.started, lot.path[0], lot.path[-1], a, i)
            for a, lots in self.held.items()
            for i, lot in enumerate(lots)
            if lot.source is not None
        ]
        for *_, address, i in sorted(alive)[: max(0, len(alive) - self.max_flows)]:
            self.counts["pruned"] += 1
            self.held[address][i] = replace(self.held[address][i], source=None)
        self.held = defaultdict(
            list, {a: lots for a, lots in self.held.items() if any(lot.source is not None for lot in lots)}
        )
