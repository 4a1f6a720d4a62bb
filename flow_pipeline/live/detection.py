"""Detection at the tip: batches in, events out, from memory alone.

What lives here: the state of every source, and which of its changes are told. What must not: stores, the ledger,
channels, the loop.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

import pyarrow as pa

from flow_pipeline.detectors.typology import parameters_of, typologies
from flow_pipeline.graph.prepare import NEVER
from flow_pipeline.graph.tip import Limits, Window
from flow_pipeline.live.events import Event
from flow_pipeline.live.findings import Bounds, Change, Findings, Standing
from flow_pipeline.live.knowledge import Knowledge, Label
from flow_pipeline.live.measures import Teller, instance_of
from flow_pipeline.live.netflow import Netflow
from flow_pipeline.live.rules import Rules
from flow_pipeline.live.steps import Batch, Fall, Finality
from flow_pipeline.live.tracing import Tracing
from flow_pipeline.nodes import TRANSFERS
from flow_pipeline.settings import Settings

_HOUR = 3_600_000_000
_GROWN = 1.5
"""A finding that grew is told anew when it is so many times as large, or another verdict."""


@dataclass
class _Source:
    """What is known of one source."""

    window: Window
    findings: Findings
    rules: Rules
    teller: Teller
    tracing: Tracing
    netflow: Netflow
    hashes: dict[int, str] = field(default_factory=dict)
    alerts: deque[Event] = field(default_factory=deque)
    told: dict[str, tuple[Event, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """How the tip stands.

    Attributes:
        transfers: Held in memory.
        bytes: Memory for them.
        dropped: Left out because memory was short, not because they were old.
        standing: Findings that stand.
        waiting: Addresses whose findings grew and are judged again when there is room.
        beyond: Searches given up because too many transfers were around.
    """

    transfers: int
    bytes: int
    dropped: int
    standing: int
    waiting: int
    beyond: int


class Tip:
    """What stands at the tip of every source, and what to tell of it.

    A source is begun with its first batch; replaying the last `live.window_hours` before is how a restart gets its
    state back.
    """

    def __init__(self, settings: Settings, knowledge: Knowledge, warm_up: bool = True) -> None:
        self._settings, self._knowledge = settings, knowledge
        self._sources: dict[str, _Source] = {}
        if warm_up:
            _warm_up(settings)

    @property
    def state(self) -> Told:
        """Numbers to show."""
        sources = self._sources.values()
        return Told(
            sum(len(source.window) for source in sources),
            sum(source.window.nbytes for source in sources),
            sum(source.window.dropped for source in sources),
            sum(1 for source in sources for _ in source.findings.standing),
            sum(source.findings.waiting for source in sources),
            sum(source.findings.beyond for source in sources),
        )

    @property
    def standing(self) -> dict[str, Standing]:
        """Findings that stand, by their names."""
        return {item.finding_id: item for source in self._sources.values() for item in source.findings.standing}

    def take(self, batch: Batch) -> list[Event]:
        """What a batch brings."""
        source = self._source(batch.source, batch.chain)
        if batch.block is not None:
            source.hashes[batch.block.number] = batch.block.hash
        alerts = source.rules.take(batch)
        came = source.window.take(batch.transfers, batch.block.number if batch.block else None)
        alerts += source.tracing.take(came, source.hashes)
        for event in source.netflow.take(came):
            block = batch.block
            alerts.append(replace(event, block_number=block.number, block_hash=block.hash) if block else event)
        if batch.block is not None:
            source.alerts.extend(alerts)
        return [*alerts, *self._tell(source, source.findings.take(came))]

    def fall(self, fall: Fall) -> list[Event]:
        """What no longer stands without the blocks above a number."""
        source = self._source(fall.source, fall.chain)
        source.hashes = {number: found for number, found in source.hashes.items() if number <= fall.number}
        gone = []
        while source.alerts and (source.alerts[-1].block_number or 0) > fall.number:
            gone.append(source.alerts.pop())
        source.rules.fall(gone)
        still = {event.alert_id for event in source.alerts}
        withdrawn = [replace(event, kind="withdrawn") for event in gone if event.alert_id not in still]
        fallen, left = source.window.fall(fall.number)
        source.tracing.fall()
        source.netflow.fall()
        return [*withdrawn, *self._tell(source, source.findings.fall(fallen, left))]

    def finality(self, step: Finality) -> list[Event]:
        """What can not fall any more needs no memory; what waits is judged."""
        source = self._source(step.source, step.chain)
        while source.alerts and (source.alerts[0].block_number or 0) <= step.final:
            source.alerts.popleft()
        source.hashes = {number: found for number, found in source.hashes.items() if number > step.final}
        return []

    def settle(self) -> dict[str, list[Event]]:
        """Judge everything that waits for room, per source: for a moment in which nothing comes, and at the end."""
        return {name: self._tell(source, source.findings.settle()) for name, source in self._sources.items()}

    def _source(self, name: str, chain: str) -> _Source:
        if name not in self._sources:
            self._sources[name] = _begun(self._settings, self._knowledge, chain)
            for source in self._sources.values():
                source.window.share(self._settings.live.state_bytes // len(self._sources))
        return self._sources[name]

    def _tell(self, source: _Source, changes: list[Change]) -> list[Event]:
        events = []
        for change in changes:
            before, after = change.before, change.after
            if after is None:
                if before is not None and (known := source.told.pop(before.finding_id, None)) is not None:
                    events.append(replace(known[0], kind="withdrawn"))
                continue
            replaced = before.finding_id if before is not None and before.finding_id != after.finding_id else None
            known = source.told.pop(replaced, None) if replaced else source.told.get(after.finding_id)
            told_by = (
                instance_of(after, source.findings.of_day(after)) if typologies()[after.typology].IS_PATH else None
            )
            if known is not None and replaced is None and not _is_other(known, after, source.teller, told_by):
                continue
            rows = source.window.told(source.window.position(after.serials))
            event = source.teller.tell(after, rows, replaced, told_by, source.hashes)
            # Of what is no alert, its withdrawal names it and no more: there may be very many.
            kept = event if event.is_alert else replace(event, addresses=(), transfers=(), reason="")
            source.told[after.finding_id] = (kept, len(event.transfers))
            events.append(event)
        for name in source.findings.rested:
            source.told.pop(name, None)
        source.findings.rested.clear()
        return events


def _is_other(known: tuple[Event, int], after: Standing, teller: Teller, told_by: str | None) -> bool:
    """True when a finding that grew is worth telling again."""
    event, transfers = known
    if len(after.serials) >= _GROWN * transfers:
        return True
    return event.is_suspicious is not True and told_by is None and teller.is_rare(after)


def _begun(settings: Settings, knowledge: Knowledge, chain: str) -> _Source:
    common, live = settings.typologies, settings.live
    common = common.model_copy(update={"max_findings": min(common.max_findings, live.search_findings)})
    limits = Limits(
        round(live.window_hours * _HOUR),
        live.state_bytes,
        common.service_counterparties,
        common.service_window,
        common.hub_degree,
    )
    window = Window(knowledge.addresses(chain), limits)
    findings = Findings(window, chain, common, Bounds(live.judged_transfers, live.search_transfers))
    parameters = {name: parameters_of(name, common) for name in typologies()}
    teller = Teller(chain, knowledge, settings.verdicts, parameters)
    return _Source(
        window,
        findings,
        Rules(chain, knowledge, settings),
        teller,
        Tracing(chain, knowledge, live, window),
        Netflow(chain, knowledge, settings.verdicts, window),
    )


def _warm_up(settings: Settings) -> None:
    """Have every kernel compiled before the first batch waits for it."""
    always = (0, int(NEVER))
    labels = {"0": (Label(*always, "mixer", "made"),), "1": (Label(*always, "exchange", "made"),)}
    source = _begun(settings, Knowledge({"": labels}), "")
    for number in range(2):
        rows = [_made(number, place, place % 41, (place * 3 + 1) % 41) for place in range(60)]
        came = source.window.take(pa.Table.from_pylist(rows, TRANSFERS), number)
        source.findings.take(came)
        source.tracing.take(came, {})
    source.findings.fall(*source.window.fall(0))


def _made(number: int, place: int, sender: int, receiver: int) -> dict[str, object]:
    return {
        "block_number": number,
        "block_timestamp": number * 60_000_000 + place,
        "transaction_index": place,
        "tx_hash": f"{number} {place}",
        "transfer_index": 0,
        "token_symbol": "USDT",
        "from_address": str(sender),
        "to_address": str(receiver),
        "amount": 9_000 + place,
    }
