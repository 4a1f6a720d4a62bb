"""The day so far, for people who look: transfers and amounts per class, and what exchanges gained.

What lives here: sums of what came, day by day. What must not: anything that is told; these sums are not taken back when
a block falls, they are summed anew from the blocks that stand.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.live.knowledge import NO_ENDS, Ends
from flow_pipeline.live.steps import Batch, Fall, Finality, Step

_DAY = 86_400_000_000
_CLASSES = ("exchange", "bridge", "foreign", "domestic")
"""A transfer is of the first class that one of its ends has, else unlabelled."""
_SHOWN = 12


@dataclass
class _Part:
    """The sums of one batch: per class and token, and per exchange and token."""

    block: int | None
    day: int
    classes: list[tuple[str, str, int, Decimal]]
    exchanges: list[tuple[str, str, Decimal, Decimal]]


@dataclass
class _Source:
    day: int = -1
    settled: _Part | None = None
    parts: OrderedDict[int, _Part] = field(default_factory=OrderedDict)
    number: int = 0


class Totals:
    """The sums of every source's last day. Those of blocks that may fall are kept apart, block by block."""

    def __init__(self, ends: Mapping[str, Ends]) -> None:
        self._ends = ends
        self._sources: dict[str, _Source] = {}

    def take(self, step: Step) -> None:
        """Count a step."""
        of = self._sources.setdefault(step.source, _Source())
        if isinstance(step, Batch):
            if step.transfers.num_rows:
                self._add(of, step)
        elif isinstance(step, Fall):
            of.parts = OrderedDict((n, p) for n, p in of.parts.items() if p.block is None or p.block <= step.number)
        elif isinstance(step, Finality):
            for number in [n for n, p in of.parts.items() if p.block is not None and p.block <= step.final]:
                self._settle(of, of.parts.pop(number))

    def _add(self, of: _Source, batch: Batch) -> None:
        rows = batch.transfers
        last = pc.max(rows["block_timestamp"]).value
        if last is None:
            return
        day = last // _DAY
        if day > of.day:
            of.day, of.settled = day, None
            of.parts = OrderedDict((n, p) for n, p in of.parts.items() if p.day == day)
        block = batch.block.number if batch.block else None
        part = _Part(block, day, *_sums(rows, self._ends.get(batch.chain, NO_ENDS)))
        of.number += 1
        if block is None:
            self._settle(of, part)
        else:
            of.parts[of.number] = part

    def _settle(self, of: _Source, part: _Part) -> None:
        if part.day != of.day:
            return
        before = of.settled or _Part(None, of.day, [], [])
        of.settled = _Part(
            None, of.day, _merged(before.classes + part.classes, 2), _merged(before.exchanges + part.exchanges, 2)
        )

    def figures(self) -> dict[str, Any]:
        """`classes` and `netflow` of the day so far, the largest first; amounts are token units."""
        classes: list[Any] = []
        exchanges: list[Any] = []
        for of in self._sources.values():
            for part in [*([of.settled] if of.settled else []), *of.parts.values()]:
                if part.day == of.day:
                    classes += part.classes
                    exchanges += part.exchanges
        return {
            "classes": [
                {"token_symbol": token, "class": kind, "transfers": count, "amount": float(amount)}
                for kind, token, count, amount in sorted(_merged(classes, 2), key=lambda row: -row[2])[:_SHOWN]
            ],
            "netflow": [
                {
                    "exchange": exchange,
                    "token_symbol": token,
                    "inflow": float(inflow),
                    "outflow": float(outflow),
                    "netflow": float(inflow - outflow),
                }
                for exchange, token, inflow, outflow in sorted(
                    _merged(exchanges, 2), key=lambda row: -abs(row[2] - row[3])
                )[:_SHOWN]
            ],
        }


def _merged(rows: list[Any], keys: int) -> list[Any]:
    """Rows with the same first columns as one, the others summed."""
    found: dict[Any, list[Any]] = {}
    for row in rows:
        known = found.get(row[:keys])
        found[row[:keys]] = [a + b for a, b in zip(known, row[keys:], strict=True)] if known else list(row[keys:])
    return [(*key, *values) for key, values in found.items()]


def _sums(rows: pa.Table, ends: Ends) -> tuple[list[Any], list[Any]]:
    token = pc.fill_null(pc.coalesce(rows["token_symbol"], rows["token_address"]), "?")
    amount = pc.fill_null(rows["amount"], Decimal(0))
    places = [pc.index_in(rows[side].combine_chunks(), ends.addresses) for side in ("from_address", "to_address")]
    of_from, of_to = (ends.classes.take(place) for place in places)
    kind = pa.nulls(rows.num_rows, pa.string())
    for name in reversed(_CLASSES):
        has = pc.or_(pc.fill_null(pc.equal(of_from, name), False), pc.fill_null(pc.equal(of_to, name), False))
        kind = pc.if_else(has, pa.scalar(name), kind)
    table = pa.table(
        {
            "class": pc.fill_null(kind, "unlabelled"),
            "token": token,
            "amount": amount,
            "from": ends.exchanges.take(places[0]),
            "to": ends.exchanges.take(places[1]),
        }
    )
    grouped = table.group_by(["class", "token"]).aggregate([("amount", "count"), ("amount", "sum")])
    classes = [(row["class"], row["token"], row["amount_count"], row["amount_sum"]) for row in grouped.to_pylist()]
    # What moves between wallets of one exchange is no netflow.
    table = table.filter(pc.invert(pc.fill_null(pc.equal(table["from"], table["to"]), False)))
    exchanges = []
    for side, place in (("to", 0), ("from", 1)):
        moved = table.filter(pc.is_valid(table[side]))
        for row in moved.group_by([side, "token"]).aggregate([("amount", "sum")]).to_pylist():
            sums = [Decimal(0), Decimal(0)]
            sums[place] = row["amount_sum"]
            exchanges.append((row[side], row["token"], *sums))
    return classes, exchanges
