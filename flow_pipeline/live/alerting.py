"""From what the tip finds to alerts of the one ledger, each with the name that the daily build gives it.

What lives here: which events are alerts, which alerts stand, and the content by which a build confirms them. What must
not: what is suspicious (`live.detection`), the ledger itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flow_pipeline.alerts import watchlist
from flow_pipeline.alerts.rules import discover
from flow_pipeline.alerts.tip import TipAlert
from flow_pipeline.live.detection import Tip
from flow_pipeline.live.events import FINDING, Event
from flow_pipeline.live.knowledge import Knowledge, Watch, read_knowledge
from flow_pipeline.live.rules import LARGE, SANCTIONED
from flow_pipeline.live.steps import Batch, Fall, Finality, Step
from flow_pipeline.live.totals import Totals
from flow_pipeline.loading.labels import load_labels
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_run
from flow_pipeline.warehouse.store import open_build, open_published


def open_detection(settings: Settings, chains: Sequence[str]) -> Alerting:
    """Detection with what the published warehouse knows: labels, services, prices, what is rare.

    Where nothing is published it knows the labels: the shipped packs and those of the settings.

    Raises:
        FlowError: what is published is damaged, or a label file can not be read.
    """
    if published_run(settings) is not None:
        with open_published(settings) as connection:
            knowledge = read_knowledge(connection, settings, chains)
    else:
        with TemporaryDirectory() as folder, open_build(settings, Path(folder) / "labels.duckdb") as connection:
            load_labels(connection, settings)
            knowledge = read_knowledge(connection, settings, chains)
    knowledge = knowledge.watching(_watch_list(settings), chains)
    return Alerting(settings, knowledge, Totals(knowledge.ends))


def _watch_list(settings: Settings) -> Iterator[tuple[str | None, Watch]]:
    """What is watched, each with its chain, None for every chain."""
    columns, rows = watchlist.listed(settings)
    for row in rows:
        known = dict(zip(columns, row, strict=True))
        names = ("watch_id", "kind", "key", "owner", "reason", "first_day")
        yield known["chain"], Watch(*(known[name] for name in names))


class Alerting:
    """Detection, and the alerts that stand."""

    def __init__(self, settings: Settings, knowledge: Knowledge, totals: Totals) -> None:
        self.knowledge = knowledge
        self._settings, self._tip, self._totals = settings, Tip(settings, knowledge), totals
        self._alerts: dict[str, dict[str, TipAlert]] = {}
        self._named: dict[str, dict[str, str]] = {}
        self._bounds: dict[str, tuple[int, int]] = {}

    def take(self, step: Step) -> list[TipAlert]:
        """Alerts that are new or other than before, and those that stand no more."""
        self._totals.take(step)
        if isinstance(step, Batch):
            return self._told(step.source, self._tip.take(step), step.block is not None)
        if isinstance(step, Fall):
            return self._told(step.source, self._tip.fall(step), True)
        self._bounds[step.source] = (step.safe, step.final)
        events = self._tip.finality(step)
        self._forget(step)
        return self._told(step.source, events, True)

    def settle(self) -> list[TipAlert]:
        """Alerts of findings that grew and waited for room."""
        found = []
        for source, events in self._tip.settle().items():
            found += self._told(source, events, source in self._bounds)
        return found

    def _told(self, source: str, events: Iterable[Event], has_blocks: bool) -> list[TipAlert]:
        standing = self._alerts.setdefault(source, {})
        named = self._named.setdefault(source, {})
        found: list[TipAlert] = []

        def withdraw(alert_id: str | None) -> None:
            if (known := standing.pop(alert_id or "", None)) is not None:
                found.append(replace(known, is_standing=False))

        for event in events:
            if event.kind == "withdrawn":
                withdraw(event.alert_id)
                named.pop(event.finding_id or "", None)
                continue
            before = named.pop(event.replaces, None) if event.finding_id and event.replaces else event.replaces
            if before is not None and before != event.alert_id:
                withdraw(before)
            if not event.is_alert:
                withdraw(event.alert_id)
                continue
            if event.finding_id:
                named[event.finding_id] = event.alert_id
            alert = self._alert(source, event, has_blocks)
            if standing.get(event.alert_id) != alert:
                standing[event.alert_id] = alert
                found.append(alert)
        return found

    def _alert(self, source: str, event: Event, has_blocks: bool) -> TipAlert:
        rule = FINDING if event.finding_id else event.rule
        known = discover().get(rule)
        safe, final = self._bounds.get(source, (-1, -1))
        block = event.block_number
        finality = "final" if not has_blocks or (block is not None and block <= final) else "seen"
        if finality == "seen" and block is not None and block <= safe:
            finality = "safe"
        # Words may change with a label that came since; they are no news. A sum of all dealings is one each time.
        content: dict[str, Any] = {"tip": {"said": event.reason}}
        if event.finding_id:
            content = {"finding_id": event.finding_id, "moved_amount": event.amount}
        elif rule in _OF_TRANSFERS:
            content = {"amount": event.amount}
        return TipAlert(
            rule=rule,
            rule_version=known.VERSION if known else "1",
            subject=event.subject,
            topic=" ".join(filter(None, (event.rule, event.token, event.focus or event.from_address))),
            chain=event.chain,
            block_date=datetime.fromtimestamp(event.time / 1e6, UTC).date(),
            severity=str(event.severity),
            title=f"{event.rule}: {event.reason}" if event.finding_id else event.reason,
            content=content,
            source=source,
            block=block,
            finality=finality,
            rarity=event.rarity,
            stake_usd=event.amount_usd,
            from_address=event.from_address,
            to_address=event.to_address,
            baseline={
                "transfer_count": len(event.transfers),
                "transfers": [list(item) for item in event.transfers[:_TRANSFERS_LISTED]],
            },
        )

    def _forget(self, step: Finality) -> None:
        """Alerts that can not fall any more and are older than what is looked back on."""
        if not step.head_time:
            return
        oldest = step.head_time - round(self._settings.live.window_hours * 3_600_000_000)
        day = datetime.fromtimestamp(max(oldest, 0) / 1e6, UTC).date()
        standing = self._alerts.get(step.source, {})
        for alert_id in [
            name for name, alert in standing.items() if alert.block_date < day and (alert.block or 0) <= step.final
        ]:
            del standing[alert_id]

    def standing(self) -> dict[str, list[str]]:
        """Per source the ids of the alerts that stand."""
        return {source: list(alerts) for source, alerts in self._alerts.items()}

    def figures(self) -> dict[str, Any]:
        """What is held, what was dropped, and the day so far."""
        return {**asdict(self._tip.state), **self._totals.figures()}


_OF_TRANSFERS = (SANCTIONED, LARGE)
"""Rules whose alerts are about one transfer each."""
_TRANSFERS_LISTED = 50
"""Transfers that an alert lists beside their count; `netraflow finding` of the daily build shows thousands."""
