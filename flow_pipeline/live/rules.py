"""Rules on single transfers at the tip: what the daily build says of a transfer, said when it comes.

The subjects are those of `alerts/rules/sql`, so that an alert keeps its name. Rows are chosen by columns; only the few
that a rule is about are looked at one by one. What must not live here: what needs more than the transfer, what is
known, and the day so far.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import md5
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.alerts.rules import MIXER_CONTACT
from flow_pipeline.graph.paths import DAY
from flow_pipeline.live.events import Event, exact, in_words, moment, named, short_address
from flow_pipeline.live.knowledge import Knowledge, KnownToken, Watch
from flow_pipeline.live.steps import Batch
from flow_pipeline.scoring.severity import WORDS, severity
from flow_pipeline.settings import Settings

SANCTIONED, EXPLOIT, LARGE = "sanctioned_transfer", "exploit_contact", "large_transfer"
WATCHED = "watched"
_TOUCHED = {"exploit": (EXPLOIT, "HIGH"), "mixer": (MIXER_CONTACT, "MEDIUM")}
"""Kind of alert, and how severe it is, by the category that was dealt with."""
_UNKNOWN = KnownToken()


@dataclass
class _Touches:
    """Dealings with a label so far."""

    transfers: int = 0
    others: set[str] = field(default_factory=set)
    told: int = 0


class Rules:
    """The rules of one chain."""

    def __init__(self, chain: str, knowledge: Knowledge, settings: Settings) -> None:
        self._chain, self._knowledge, self._settings = chain, knowledge, settings
        self._sanctioned = pa.array(list(knowledge.sanctioned), pa.string())
        self._touched = pa.chunked_array([knowledge.of_category(chain, name) for name in _TOUCHED]).combine_chunks()
        self._watched = pa.array(list(knowledge.watched.get(chain, {})), pa.string())
        self._touches: dict[str, _Touches] = {}
        self._largest: dict[tuple[str, int], tuple[float, str]] = {}

    def take(self, batch: Batch) -> list[Event]:
        """What the rules say of a batch."""
        if not batch.transfers.num_rows:
            return []
        return [*self._sanctions(batch), *self._touches_of(batch), *self._watches(batch), *self._large(batch)]

    def fall(self, told: list[Event]) -> None:
        """Forget the largest of the day where they fell, and count dealings from what comes again."""
        gone = {event.alert_id for event in told}
        for event in told:
            self._touches.pop(event.subject, None)
        self._largest = {key: known for key, known in self._largest.items() if known[1] not in gone}

    def _sanctions(self, batch: Batch) -> Iterator[Event]:
        for row, occurrence in _met(batch.transfers, self._sanctioned, with_symbol=True):
            time = _time(row)
            said = sorted(
                {
                    label.entity
                    for end in (row["from_address"], row["to_address"])
                    for label in self._knowledge.sanctioned.get(end, ())
                    if label.holds(time)
                }
            )
            if said:
                token = row["token_address"] or row["token_symbol"] or ""
                reason = f"{self._told(row)}: sanctioned ({'; '.join(said)})"
                yield self._event(batch, row, SANCTIONED, _subject(batch, row, token, occurrence), "CRITICAL", reason)

    def _touches_of(self, batch: Batch) -> Iterator[Event]:
        """Dealings with exploited addresses and with mixers, one alert per label, told anew with more.

        Ordinary people deal with a mixer all day: its alert is of a day, and told anew with twice as many.
        """
        dealt: dict[tuple[str, str], tuple[str, list[dict[str, Any]]]] = {}
        for row, _ in _met(batch.transfers, self._touched, with_symbol=True):
            if not row["amount"] or row["from_address"] == row["to_address"]:
                continue
            for end, other in (
                (row["from_address"], row["to_address"]),
                (row["to_address"], row["from_address"]),
            ):
                label = self._knowledge.label(self._chain, end, _time(row))
                if label is None or label.category not in _TOUCHED:
                    continue
                about = f"{self._chain}|{label.entity}"
                if label.category == "mixer":
                    about += f"|{moment(_time(row))[:10]}"
                touches = self._touches.setdefault(about, _Touches())
                touches.transfers += 1
                touches.others.add(other)
                dealt.setdefault((about, label.entity), (label.category, []))[1].append(row)
        for (about, entity), (category, rows) in dealt.items():
            touches, (rule, word) = self._touches[about], _TOUCHED[category]
            if category == "mixer" and touches.transfers < 2 * touches.told:
                continue
            touches.told = touches.transfers
            reason = (
                f"{len(touches.others)} addresses in {touches.transfers} transfers with {entity}, labelled {category}, "
                f"the last at {moment(_time(rows[-1]))}"
            )
            yield self._event(batch, rows[-1], rule, about, word, reason)

    def _watches(self, batch: Batch) -> Iterator[Event]:
        """What the watch list's addresses do: one alert per watch and day, told anew with twice as many transfers."""
        dealt: dict[str, tuple[Watch, list[dict[str, Any]]]] = {}
        for row, _ in _met(batch.transfers, self._watched, with_symbol=True):
            if not row["amount"] or row["from_address"] == row["to_address"]:
                continue
            day = moment(_time(row))[:10]
            sent, received = (self._watches_of(row, end) for end in ("from_address", "to_address"))
            # What an entity moves between its own addresses is in both.
            for watch in sent ^ received:
                if day < watch.first_day.isoformat():
                    continue
                subject = f"{watch.watch_id}|{self._chain}|{day}"
                touches = self._touches.setdefault(subject, _Touches())
                touches.transfers += 1
                touches.others.add(row["to_address"] if watch in sent else row["from_address"])
                dealt.setdefault(subject, (watch, []))[1].append(row)
        for subject, (watch, rows) in dealt.items():
            touches = self._touches[subject]
            if touches.transfers < 2 * touches.told:
                continue
            touches.told = touches.transfers
            name = short_address(watch.key) if watch.kind == "address" else watch.key
            counted = "1 transfer" if touches.transfers == 1 else f"{touches.transfers} transfers"
            reason = (
                f"watched {name}: {counted} so far, the last {self._told(rows[-1])} ({watch.owner}: {watch.reason})"
            )
            yield self._event(batch, rows[-1], WATCHED, subject, "MEDIUM", reason)

    def _watches_of(self, row: dict[str, Any], end: str) -> set[Watch]:
        """The watches of one end of a transfer; those of an entity where the address is its own at that time."""
        found = self._knowledge.watched.get(self._chain, {}).get(row[end] or "", ())
        owner = (self._owner(row[end], _time(row)) or "").lower() if found else ""
        return {watch for watch in found if watch.kind == "address" or watch.key.lower() == owner}

    def _large(self, batch: Batch) -> Iterator[Event]:
        rows = batch.transfers
        codes = pc.fill_null(pc.coalesce(rows["token_address"], rows["token_symbol"]), "").combine_chunks()
        amounts = pc.fill_null(rows["amount"].cast(pa.float64()), 0.0).to_numpy()
        given = pc.fill_null(rows["amount_usd"].cast(pa.float64()), np.nan).to_numpy()
        plain = pc.fill_null(pc.not_equal(rows["from_address"], rows["to_address"]), False).to_numpy()
        for token in codes.unique().to_pylist():
            known = self._knowledge.tokens.get((self._chain, token), _UNKNOWN)
            mine = np.flatnonzero(pc.equal(codes, token).to_numpy(zero_copy_only=False) & plain)
            if not len(mine):
                continue
            symbol = known.symbol or rows["token_symbol"][int(mine[0])].as_py()
            yield from self._large_of(batch, mine, amounts[mine], given[mine], token, symbol, known)

    def _large_of(
        self,
        batch: Batch,
        rows: np.ndarray,
        amount: np.ndarray,
        given: np.ndarray,
        token: str,
        symbol: str | None,
        known: KnownToken,
    ) -> Iterator[Event]:
        """Of one token what is above its limit, else what is many times the largest of the days before."""
        alerts = self._settings.alerts
        own_price = known.usd is not None and not known.is_spoof
        usd = amount * float(known.usd or 0) if own_price else np.full(len(amount), np.nan) if known.is_spoof else given
        limits = alerts.transfer_by_token.get(symbol or "")
        by_usd = np.isfinite(usd) & (limits is None) & bool(alerts.transfer_usd)
        if limits is not None:
            size, bounds = amount, np.array(limits)
        else:
            size, bounds = np.where(by_usd, usd, -np.inf), np.array(alerts.transfer_usd or (np.inf,) * 3)
        for at in np.flatnonzero(size > bounds[0]).tolist():
            word = WORDS[1 + int((size[at] > bounds[1:]).sum())]
            if (event := self._large_event(batch, int(rows[at]), symbol, word, bounds[0] / size[at], "")) is not None:
                yield event
        if limits is not None or alerts.transfer_times is None or known.largest is None or known.is_spoof:
            return
        times = np.where(by_usd, 0.0, amount / known.largest)
        at = int(np.argmax(times))
        day = int(pc.cast(batch.transfers["block_timestamp"][int(rows[at])], pa.int64()).as_py() // DAY)
        before = self._largest.get((token, day))
        if times[at] < alerts.transfer_times or (before and amount[at] <= before[0]):
            return
        rarity = alerts.transfer_times / times[at] if np.isfinite(usd[at]) else 1.0
        verdicts = self._settings.verdicts
        word = WORDS[
            int(
                severity(
                    np.array([True]), np.array([rarity]), usd[at : at + 1], verdicts.small_usd, verdicts.large_usd
                )[0]
            )
        ]
        said = f", {in_words(times[at])} times the largest of the {alerts.transfer_days} days before"
        last = before[1] if before else None
        event = self._large_event(batch, int(rows[at]), symbol, word, float(rarity), said, last)
        if event is not None:
            self._largest[token, day] = (float(amount[at]), event.alert_id)
            yield event

    def _large_event(
        self,
        batch: Batch,
        at: int,
        symbol: str | None,
        word: str,
        rarity: float,
        said: str,
        replaces: str | None = None,
    ) -> Event | None:
        """None for moves between wallets of one entity."""
        row = batch.transfers.slice(at, 1).to_pylist()[0]
        names = [self._owner(row[end], _time(row)) for end in ("from_address", "to_address")]
        if names[0] is not None and names[0] == names[1]:
            return None
        same = _same(batch.transfers, row, with_symbol=False)
        subject = _subject(batch, row, row["token_address"] or "", _occurrence(same, at))
        row["token_symbol"] = symbol
        return self._event(batch, row, LARGE, subject, word, self._told(row) + said, rarity, replaces)

    def _owner(self, address: str | None, time: int) -> str | None:
        label = self._knowledge.label(self._chain, address, time)
        return label.entity if label else None

    def _usd(self, row: dict[str, Any]) -> float | None:
        known = self._knowledge.tokens.get((self._chain, row["token_address"] or row["token_symbol"] or ""), _UNKNOWN)
        if row["amount"] is not None and known.usd is not None:
            return float(row["amount"]) * known.usd
        return None if known.is_spoof or row["amount_usd"] is None else float(row["amount_usd"])

    def _told(self, row: dict[str, Any]) -> str:
        """A transfer in words."""
        time, usd = _time(row), self._usd(row)
        ends = [self._owner(row[end], time) or short_address(row[end]) for end in ("from_address", "to_address")]
        amount = in_words(row["amount"]) if row["amount"] is not None else "an unknown amount of"
        worth = f" ({in_words(usd)} USD)" if usd is not None else ""
        token = row["token_symbol"] or row["token_address"] or "?"
        return f"{amount} {token}{worth} from {ends[0]} to {ends[1]} at {moment(time)}"

    def _event(
        self,
        batch: Batch,
        row: dict[str, Any],
        rule: str,
        subject: str,
        word: str,
        reason: str,
        rarity: float | None = None,
        replaces: str | None = None,
    ) -> Event:
        return Event(
            "alert",
            rule,
            named(rule, subject),
            subject,
            self._chain,
            row["token_symbol"] or row["token_address"],
            row["token_address"],
            row["block_number"],
            batch.block.hash if batch.block else None,
            _time(row),
            None,
            row["from_address"],
            row["to_address"],
            tuple(end for end in (row["from_address"], row["to_address"]) if end),
            exact(row["amount"]),
            self._usd(row),
            ((row["tx_hash"], row["transfer_index"]),),
            reason,
            word,
            rarity,
            word != "LOW",
            replaces=replaces,
        )


def _met(rows: pa.Table, addresses: pa.Array, with_symbol: bool) -> Iterator[tuple[dict[str, Any], int]]:
    """Rows with one of some addresses, each with its number among those that say the same but for the amount."""
    if not len(addresses):
        return
    sides = (pc.is_in(rows[end], value_set=addresses) for end in ("from_address", "to_address"))
    is_met = pc.or_(*sides)
    if not pc.any(is_met).as_py():
        return
    found = rows.filter(is_met).to_pylist()
    found.sort(key=lambda row: (row["amount"] is None, row["amount"]))
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in found:
        seen[_place(row, with_symbol)] += 1
        yield row, seen[_place(row, with_symbol)]


def _place(row: dict[str, Any], with_symbol: bool) -> tuple[Any, ...]:
    token = row["token_address"] or (row["token_symbol"] if with_symbol else None)
    tx = row["tx_hash"] or row["block_timestamp"]
    return tx, row["transfer_index"], token, row["from_address"], row["to_address"]


def _same(rows: pa.Table, row: dict[str, Any], with_symbol: bool) -> list[tuple[int, Decimal | None]]:
    """Positions and amounts of the rows that say the same as one but for the amount."""
    if row["tx_hash"] is None:
        near = np.flatnonzero(pc.is_null(rows["tx_hash"]).to_numpy())
    else:
        near = np.flatnonzero(pc.fill_null(pc.equal(rows["tx_hash"], row["tx_hash"]), False).to_numpy())
    others = zip(near.tolist(), rows.take(pa.array(near)).to_pylist(), strict=True)
    return [(at, other["amount"]) for at, other in others if _place(other, with_symbol) == _place(row, with_symbol)]


def _occurrence(same: list[tuple[int, Decimal | None]], at: int) -> int:
    order = sorted(same, key=lambda item: (item[1] is None, item[1] or 0, item[0]))
    return 1 + [place for place, _ in order].index(at)


def _subject(batch: Batch, row: dict[str, Any], token: str, occurrence: int) -> str:
    """What the alert about a transfer is about, as the rule's SELECT makes it."""
    tx = row["tx_hash"] if row["tx_hash"] is not None else f"at {_written(row['block_timestamp'])}"
    index = -1 if row["transfer_index"] is None else row["transfer_index"]
    parts = (batch.chain, tx, index, token, row["from_address"], row["to_address"], occurrence)
    return md5("|".join(str(part) for part in parts if part is not None).encode(), usedforsecurity=False).hexdigest()


def _written(time: datetime) -> str:
    """A time as the engine writes it."""
    text = time.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{time.microsecond:06d}".rstrip("0") if time.microsecond else text


def _time(row: dict[str, Any]) -> int:
    """Microseconds since 1970."""
    return int(np.datetime64(row["block_timestamp"], "us").astype(np.int64))
