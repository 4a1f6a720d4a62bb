"""Netflow of the day so far: told when an exchange leaves the range that its days before allow.

The range is the one by which the last published day was judged; the day that is over is judged by the daily build,
under the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from flow_pipeline.graph import EXCHANGE
from flow_pipeline.graph.paths import DAY
from flow_pipeline.graph.tip import Taken, Window
from flow_pipeline.live.events import Event, in_words, named
from flow_pipeline.live.knowledge import Knowledge, Range
from flow_pipeline.settings import VerdictSettings

NETFLOW = "netflow_anomaly"


@dataclass
class _Running:
    """A day of an exchange so far."""

    netflow: float = 0.0
    told: bool = False


class Netflow:
    """Netflow of one source's exchanges."""

    def __init__(self, chain: str, knowledge: Knowledge, verdicts: VerdictSettings, window: Window) -> None:
        self._chain, self._knowledge, self._verdicts, self._window = chain, knowledge, verdicts, window
        self._days: dict[tuple[int, str, str], _Running] = {}

    def take(self, came: Taken) -> list[Event]:
        """Exchanges that left their range with what came."""
        if not self._knowledge.ranges or came.first == came.last:
            return []
        return list(self._told(self._add(came.first, came.last)))

    def fall(self) -> None:
        """Sum what is held once more; what was told may be told again."""
        if self._knowledge.ranges:
            self._days.clear()
            self._add(self._window.first, self._window.size)

    def _add(self, first: int, last: int) -> dict[tuple[int, str, str], int]:
        """Add transfers from and to exchanges; the days they are of, with the last moment of each."""
        columns, changed = self._window.edges, dict[tuple[int, str, str], int]()
        for sign, role, entity, other, vertex in (
            (1, columns.receiver_role, columns.receiver_entity, columns.sender_entity, columns.receiver),
            (-1, columns.sender_role, columns.sender_entity, columns.receiver_entity, columns.sender),
        ):
            at = first + np.flatnonzero(role[first:last] == EXCHANGE)
            at = at[entity[at] != other[at]]
            for position in at.tolist():
                time = int(columns.time[position])
                label = self._knowledge.label(self._chain, self._window.text(int(vertex[position])), time)
                contract, symbol = self._window.tokens[self._window.vertices.token[vertex[position]]]
                if label is None:
                    continue
                key = (time // DAY, contract or symbol or "", label.entity)
                self._days.setdefault(key, _Running()).netflow += sign * float(columns.amount[position])
                changed[key] = max(changed.get(key, 0), time)
        return changed

    def _told(self, changed: dict[tuple[int, str, str], int]) -> Iterator[Event]:
        for (day, token, exchange), time in changed.items():
            running = self._days[day, token, exchange]
            known = self._knowledge.ranges.get((self._chain, token, exchange))
            if known is None or running.told or abs(running.netflow - known.median) <= known.limit:
                continue
            running.told = True
            yield self._event(day, token, exchange, running.netflow, known, time)

    def _event(self, day: int, token: str, exchange: str, netflow: float, known: Range, time: int) -> Event:
        block_date = datetime.fromtimestamp(day * 86_400, UTC).date()
        subject = f"{self._chain}|{token}|{exchange}|{block_date}"
        side = "net onto" if netflow > known.median else "net off"
        symbol = known.symbol or token
        return Event(
            "alert",
            NETFLOW,
            named(NETFLOW, subject),
            subject,
            self._chain,
            symbol,
            known.token_address,
            None,
            None,
            time,
            None,
            None,
            None,
            (),
            f"{abs(netflow):.6f}",
            None,
            (),
            f"{exchange}: {in_words(abs(netflow))} {symbol} {side} the exchange on {block_date} so far; its days "
            f"before allow {in_words(known.median - known.limit)} to {in_words(known.median + known.limit)}",
            "MEDIUM",
            1.0,
            True,
        )
