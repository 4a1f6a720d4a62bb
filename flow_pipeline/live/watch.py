"""The loop: steps of all feeds into detection at once, into the store twice a second, alerts into the one ledger.

What lives here: who waits for whom. What must not: how a source is read (feeds), what is suspicious (detection), how
alerts are told (alerts).

Alerts come from memory: nothing stands between a batch and its alerts but detection. The store's commit holds the rows
and the cursor, the ledger's comes behind it. Killed anywhere, the next start reads on at the cursor, rebuilds what is
in memory from the stored window, and hands on every alert that stands: the ledger knows which of them it has.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import pyarrow as pa

from flow_pipeline.alerts.delivery import Outcome, deliver
from flow_pipeline.alerts.ledger import LedgerUnavailable
from flow_pipeline.alerts.tip import TipAlert, settle, take, withdraw_missing
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.live.landing import land
from flow_pipeline.live.status import Status, write_status
from flow_pipeline.live.steps import Batch, Cursor, Feed, Finality, Hears, Step
from flow_pipeline.live.tip import TipStore, open_tip
from flow_pipeline.settings import Settings

MOST_WAITING = 256
"""Steps between a feed and detection; a feed that is faster waits."""


class Detection(Protocol):
    """What is found at the tip. It holds a window of transfers in memory and is rebuilt by replaying them."""

    def take(self, step: Step) -> list[TipAlert]:
        """Alerts that are new or other than before, and those that stand no more (`is_standing` false)."""

    def settle(self) -> list[TipAlert]:
        """What comes of looking at all that waits for room."""

    def standing(self) -> dict[str, list[str]]:
        """Per source the ids of the alerts that stand."""

    def figures(self) -> dict[str, object]:
        """What it holds, and what it dropped, for the status."""


@dataclass
class Told:
    """What the command shows: called as things happen, from the loop.

    Attributes:
        alert: An alert, and seconds since its batch arrived.
        status: The state of everything, once a second.
        note: A sentence for people.
    """

    alert: Callable[[TipAlert, float], None]
    status: Callable[[Status], None]
    note: Callable[[str], None]


@dataclass
class _Pending:
    steps: list[Step] = field(default_factory=list)
    alerts: list[TipAlert] = field(default_factory=list)
    rows: int = 0


class Watch:
    """One process that follows feeds until it is told to stop."""

    def __init__(self, settings: Settings, feeds: Sequence[Feed], detection: Detection, told: Told) -> None:
        self._settings, self._feeds, self._detection, self._told = settings, feeds, detection, told
        self._steps: asyncio.Queue[Step] = asyncio.Queue(MOST_WAITING)
        self._pending = _Pending()
        self._room = asyncio.Event()
        self._room.set()
        self.status = Status.of(feeds)
        self._stop, self._ending = asyncio.Event(), asyncio.Event()
        self._unsettled: dict[str, dict[str, tuple[int, str]]] = {}
        self._late: list[TipAlert] = []
        self._has_news, self._tried_at = False, 0.0

    def stop(self) -> None:
        """End after what is read so far is stored and told."""
        self._stop.set()

    async def run(self, until_block: int | None = None, seconds: float | None = None) -> Status:
        """Follow until stopped, until every chain is read up to a block, or for so many seconds.

        Raises:
            FlowError: a source can not be followed any further; what was read is stored and told.
        """
        with open_tip(self._settings) as store:
            await asyncio.to_thread(self._rebuild, store)
            cursors = {feed.source: store.cursor(feed.source) for feed in self._feeds}
            for source, cursor in cursors.items():
                self.status.begin(source, cursor)
            pumps = [asyncio.create_task(self._pump(feed, cursors[feed.source])) for feed in self._feeds]
            worker = asyncio.create_task(self._detect(until_block))
            writer = asyncio.create_task(self._write(store))
            teller = asyncio.create_task(self._tell())
            stopped = asyncio.create_task(self._stop.wait())
            ends: list[asyncio.Task[Any]] = [stopped, worker, writer, teller, *pumps]
            try:
                done, _ = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (stopped, *pumps, worker):
                    task.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await task
                self._hand_on(self._detection.settle(), 0.0)
                self._ending.set()
                await writer
                teller.cancel()
                with suppress(asyncio.CancelledError):
                    await teller
                await asyncio.to_thread(self._deliver)
            for task in done:
                if not task.cancelled() and (error := task.exception()):
                    raise error
            return self.status

    def _rebuild(self, store: TipStore) -> None:
        """Memory as it was: the stored window is taken again, and what the ledger has too much is withdrawn."""
        since = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=self._settings.live.window_hours)
        replayed: list[TipAlert] = []
        for feed in self._feeds:
            cursor = store.cursor(feed.source)
            if not cursor.blocks and not cursor.positions:
                continue
            # Data of the past are followed by the clock of their own blocks.
            last = store.last_time(feed.source)
            start = min(since, last - timedelta(hours=self._settings.live.window_hours)) if last else since
            for batch in store.window(feed.source, start):
                replayed += self._detection.take(batch)
            for row in store.summary():
                if row["source"] == feed.source:
                    replayed += self._detection.take(
                        Finality(feed.source, feed.chain, row["safe"], row["final"], row["head"] or 0, 0)
                    )
            mine = [alert for alert in replayed if alert.source == feed.source]
            self._note(take(self._settings, mine), mine)
            if landed := store.landed_day(feed.source):
                settle(self._settings, feed.source, -1, -1, landed)
            standing = self._detection.standing().get(feed.source, [])
            if withdraw_missing(self._settings, feed.source, standing, start.date()):
                self._has_news = True

    async def _pump(self, feed: Feed, cursor: Cursor) -> None:
        async for step in feed.follow(cursor):
            await self._steps.put(step)

    async def _detect(self, until_block: int | None) -> None:
        while True:
            try:
                async with asyncio.timeout(self._settings.live.commit_seconds):
                    step = await self._steps.get()
            except TimeoutError:
                # Nothing comes: there is room for what waited.
                self._hand_on(self._detection.settle(), 0.0)
                continue
            await self._room.wait()
            steps = [step, *self._also(step)]
            alerts = self._detection.take(_together(steps))
            self._pending.steps += steps
            for one in steps:
                self.status.note_step(one)
            self._hand_on(alerts, time.time() - step.arrived if isinstance(step, Batch) and step.arrived else 0.0)
            self._pending.rows += sum(one.transfers.num_rows for one in steps if isinstance(one, Batch))
            if self._pending.rows >= self._settings.live.rows_between_commits:
                self._room.clear()
            # How final its blocks are comes behind them.
            is_settled = isinstance(step, Finality) and self._steps.empty()
            if until_block is not None and is_settled and self.status.is_past(until_block):
                return
            if self._steps.empty():
                await asyncio.sleep(0)

    def _also(self, step: Step) -> list[Batch]:
        """Batches without blocks that wait behind one of the same source: looked at together they cost less."""
        found: list[Batch] = []
        if isinstance(step, Batch) and step.block is None:
            while not self._steps.empty() and _goes_with(step, self._steps._queue[0]):  # type: ignore[attr-defined]
                found.append(self._steps.get_nowait())  # type: ignore[arg-type]
        return found

    def _hand_on(self, alerts: Sequence[TipAlert], waited: float) -> None:
        """Show alerts, and keep them for the ledger."""
        for alert in alerts:
            self._told.alert(alert, waited)
            self.status.note_alert(alert, waited)
        self._pending.alerts += alerts

    def _taken(self) -> _Pending:
        pending, self._pending = self._pending, _Pending()
        self._room.set()
        return pending

    async def _write(self, store: TipStore) -> None:
        """Commit what came, twice a second, and the status with it; a last time when the others have ended."""
        landed_at, is_last = 0.0, False
        while not is_last:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.live.commit_seconds):
                    await self._ending.wait()
                    is_last = True
            await asyncio.to_thread(self._flush, store, self._taken())
            if is_last or time.monotonic() - landed_at >= self._settings.live.landing_seconds:
                landed_at = time.monotonic()
                await asyncio.to_thread(self._land, store)
            self.status.figures = self._detection.figures()
            self.status.is_over = is_last
            self._told.status(self.status)
            await asyncio.to_thread(write_status, self._settings, self.status)

    def _flush(self, store: TipStore, pending: _Pending) -> None:
        """Rows and cursor first, in one transaction, then the ledger."""
        if pending.steps:
            store.commit(pending.steps)
            for feed in self._feeds:
                if isinstance(feed, Hears):
                    feed.committed(store.cursor(feed.source))
        self._late = [*self._late, *pending.alerts]
        try:
            if self._late:
                self._note(take(self._settings, self._late), self._late)
                self._late = []
            for step in {step.source: step for step in pending.steps if isinstance(step, Finality)}.values():
                self._settle(step)
        except LedgerUnavailable as error:
            # A build compares with it, or somebody copies it: the alerts wait in memory, and are found anew if we end.
            if self._late and "ledger" not in self.status.failing:
                self._told.note(f"{error.message}; {len(self._late):,} alerts wait")
            self.status.failing["ledger"] = error.message
        else:
            self.status.failing.pop("ledger", None)

    def _note(self, counts: dict[str, int], alerts: Sequence[TipAlert]) -> None:
        """Remember which alerts may still fall, and have channels told."""
        for alert in alerts:
            open_ones = self._unsettled.setdefault(alert.source, {})
            open_ones[alert.alert_id] = (alert.block or 0, alert.finality)
            if not alert.is_standing or alert.finality == "final":
                del open_ones[alert.alert_id]
        self.status.note_ledger(counts)
        if counts:
            self._has_news = True

    def _settle(self, step: Finality) -> None:
        """Tell the ledger how final alerts are by now, where one of them is more so than before."""
        moved = {
            name: (block, "final" if block <= step.final else "safe")
            for name, (block, finality) in self._unsettled.get(step.source, {}).items()
            if block <= step.final or (block <= step.safe and finality == "seen")
        }
        if not moved:
            return
        settle(self._settings, step.source, step.safe, step.final)
        open_ones = self._unsettled[step.source] | moved
        self._unsettled[step.source] = {name: item for name, item in open_ones.items() if item[1] != "final"}

    def _deliver(self) -> None:
        """A channel that fails holds nothing up: what it was to be told waits in the ledger."""
        if not self._settings.alerts.channels:
            return
        try:
            outcome = deliver(self._settings)
        except FlowError as error:
            outcome = Outcome(errors={"ledger": error.message})
        for name, reason in outcome.errors.items():
            if self.status.failing.get(name) != reason:
                self._told.note(f"channel {name}: {reason}; its messages wait in the ledger")
        self.status.failing = {name: why for name, why in self.status.failing.items() if name == "ledger"}
        self.status.failing |= outcome.errors

    async def _tell(self) -> None:
        """Have channels told, beside everything else: one that is slow holds up no commit."""
        while True:
            await asyncio.sleep(self._settings.live.commit_seconds)
            waited = time.monotonic() - self._tried_at >= self._settings.alerts.retry_seconds
            if self._has_news or (self.status.failing and waited):
                self._has_news, self._tried_at = False, time.monotonic()
                await asyncio.to_thread(self._deliver)

    def _land(self, store: TipStore) -> None:
        """Write the days that are final as landing files, and forget what nobody looks back on."""
        last: dict[str, date] = {}
        for landing, path, count in land(self._settings, store):
            last[landing.source] = max(landing.day, last.get(landing.source, landing.day))
            self._told.note(f"{landing.source}: {landing.day} is final: {count:,} transfers in {path}")
        for source, day in last.items():
            # -1: landing says nothing new of blocks.
            settle(self._settings, source, -1, -1, day)
        for feed in self._feeds:
            if reached := store.last_time(feed.source):
                store.drop_landed(feed.source, reached - timedelta(hours=self._settings.live.window_hours))


def _goes_with(step: Batch, other: Step) -> bool:
    return isinstance(other, Batch) and other.block is None and other.source == step.source


def _together(steps: Sequence[Step]) -> Step:
    """One step of what came together; as old as its oldest part."""
    first, *others = steps
    if not others or not isinstance(first, Batch):
        return first
    parts = [step.transfers for step in steps if isinstance(step, Batch)]
    return replace(first, transfers=pa.concat_tables(parts))
