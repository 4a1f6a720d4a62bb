"""Traced money at the tip: what sanctioned addresses, mixers and thieves paid, told when it reaches an exchange.

No rule of the daily build tells single transfers of it; group flows do the accounts. It is told at once because money
that reached an exchange can still be held there.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from flow_pipeline.alerts.rules import TRACED_MONEY
from flow_pipeline.graph import EXCHANGE
from flow_pipeline.graph.tip import Taken, Window
from flow_pipeline.graph.traced import Carried, carry, forget
from flow_pipeline.live.events import Event, exact, in_words, moment, named, short_address
from flow_pipeline.live.knowledge import Knowledge, KnownToken, Label
from flow_pipeline.settings import LiveSettings

_KNOWN = ("sanctioned", "exploit", "mixer")


class Tracing:
    """Traced money of one source."""

    def __init__(self, chain: str, knowledge: Knowledge, settings: LiveSettings, window: Window) -> None:
        self._chain, self._knowledge, self._settings, self._window = chain, knowledge, settings, window
        found: dict[str, tuple[Label, ...]] = dict(knowledge.sanctioned)
        for address, labels in knowledge.labels.get(chain, {}).items():
            if own := tuple(label for label in labels if label.category in _KNOWN):
                found[address] = (*found.get(address, ()), *own)
        self._known = found

    def take(self, came: Taken, hashes: dict[int, str]) -> list[Event]:
        """What of it came to an exchange, or is more than the limit."""
        if not self._known or came.last == came.first:
            return []
        return list(self._events(came.first, self._carried(came.first, came.last), hashes))

    def fall(self) -> None:
        """Follow what is held from the beginning: what fell moved nothing."""
        if self._known:
            forget(self._window)
            self._carried(self._window.first, self._window.size)

    def _carried(self, first: int, last: int) -> Carried:
        columns = self._window.edges
        senders, of = np.unique(columns.sender[first:last], return_inverse=True)
        labels = [self._known.get(self._window.text(vertex)) for vertex in senders.tolist()]
        is_known = np.array([label is not None for label in labels], np.bool_)[of]
        for at in np.flatnonzero(is_known).tolist():
            time = int(columns.time[first + at])
            is_known[at] = any(label.holds(time) for label in labels[of[at]] or ())
        return carry(self._window, first, last, is_known, self._settings.traced_hops)

    def _events(self, first: int, carried: Carried, hashes: dict[int, str]) -> Iterator[Event]:
        columns = self._window.edges
        new = slice(first, first + len(carried.amount))
        share = carried.amount / np.maximum(columns.amount[new], 1e-300)
        is_cashed = (columns.receiver_role[new] == EXCHANGE) & (carried.hops > 1)
        for at in np.flatnonzero((share >= self._settings.traced_share) & (carried.hops > 1)).tolist():
            position = first + at
            contract, symbol = self._window.tokens[self._window.vertices.token[columns.sender[position]]]
            known = self._knowledge.tokens.get((self._chain, contract or symbol or ""), KnownToken())
            usd = None if known.usd is None else float(carried.amount[at]) * known.usd
            limit = self._settings.traced_usd
            if not is_cashed[at] and (usd is None or limit is None or usd < limit):
                continue
            row = self._window.told(np.array([position]))[0]
            label = self._label(int(carried.origin[at]), row["time"])
            receiver = self._knowledge.label(self._chain, row["to_address"], row["time"])
            token = known.symbol or symbol or contract
            amount = Decimal(repr(float(carried.amount[at])))
            reason = (
                f"{in_words(amount)} of {in_words(row['amount'])} {token or '?'} that "
                f"{short_address(row['from_address'])} paid {receiver.entity if receiver else 'on'} at "
                f"{moment(row['time'])} came from {label} over {int(carried.hops[at])} transfers"
            )
            subject = "|".join(
                str(part)
                for part in (self._chain, row["tx_hash"], row["transfer_index"], row["from_address"], row["to_address"])
            )
            yield Event(
                "alert",
                TRACED_MONEY,
                named(TRACED_MONEY, subject),
                subject,
                self._chain,
                token,
                contract,
                row["block_number"] if row["block_number"] >= 0 else None,
                hashes.get(row["block_number"]),
                row["time"],
                row["from_address"],
                row["from_address"],
                row["to_address"],
                (row["from_address"], row["to_address"]),
                exact(row["amount"]),
                usd,
                ((row["tx_hash"], row["transfer_index"]),),
                reason,
                "HIGH" if is_cashed[at] else "MEDIUM",
                None,
                True,
            )

    def _label(self, vertex: int, time: int) -> str:
        """Whose money it is."""
        labels = self._known.get(self._window.text(vertex), ())
        label = next((item for item in labels if item.holds(time)), labels[0] if labels else None)
        return f"{label.entity}, labelled {label.category}" if label else "a labelled address"
