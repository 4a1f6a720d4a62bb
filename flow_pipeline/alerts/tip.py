"""Alerts of the tip in the one ledger: taken as they come, told by the same channels, withdrawn when their block falls.

An alert of the tip has the id that the daily build gives it. Until the landing file of its day is loaded no build
compares it; then the build confirms, changes or withdraws it, and nobody is told twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import md5
from typing import Any

import pyarrow as pa

from flow_pipeline import __version__
from flow_pipeline.alerts.ledger import as_utc, open_ledger, take_revisions
from flow_pipeline.alerts.rules import WITHOUT_RULE, discover
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection, transaction

sql = statements(__package__)


@dataclass(frozen=True)
class TipAlert:
    """An alert as of the tip: the columns of a rule's candidates, and where in which chain it comes from.

    Attributes:
        rule: Its kind, one of those of the build or one that only the tip has.
        subject: What it is about, as the rule identifies it; with the rule it makes the id.
        content: What is compared, as the rule of the build writes it.
        baseline: Against what it stands out.
        source: The cursor it was read by.
        block: Height of its last block; None in a stream without blocks.
        finality: seen, safe or final.
        is_standing: False when it is withdrawn: its block fell, or a longer finding stands for it.
    """

    rule: str
    rule_version: str
    subject: str
    topic: str
    chain: str
    block_date: date
    severity: str
    title: str
    content: Mapping[str, Any]
    source: str
    block: int | None
    finality: str
    rarity: float | None = None
    stake_usd: float | None = None
    from_address: str | None = None
    to_address: str | None = None
    from_entity: str | None = None
    to_entity: str | None = None
    baseline: Mapping[str, Any] = field(default_factory=dict)
    labels: Sequence[Mapping[str, Any]] = ()
    is_standing: bool = True

    @property
    def alert_id(self) -> str:
        """The id of the alert, the same as of the build's."""
        return md5(f"{self.rule}|{self.subject}".encode()).hexdigest()[:16]


def take(settings: Settings, alerts: Sequence[TipAlert], now: datetime | None = None) -> dict[str, int]:
    """Take alerts into the ledger, the last of those with one id: how many are new, changed and withdrawn.

    What the ledger has already changes nothing, so that whoever starts anew may hand on all that stands.
    """
    last = {alert.alert_id: alert for alert in alerts}
    if not last:
        return {}
    moment = as_utc(now)
    with open_ledger(settings) as connection:
        connection.register("tip_alerts", pa.Table.from_pylist([_row(settings, a) for a in last.values()], _COLUMNS))
        with transaction(connection):
            values = {"now": moment, "per_week": settings.alerts.per_week}
            connection.execute(sql("tip_revisions"), values)
            connection.execute(sql("tip_moved"))
            # What lies further back than a week of holidays is history, as when a chain is followed from long ago.
            take_revisions(connection, settings, moment.date() - timedelta(days=settings.alerts.news_days))
        counts = connection.execute("select change, count(*) from new_revisions group by change order by change")
        return dict(counts.fetchall())


def settle(settings: Settings, source: str, safe: int, final: int, landed: date | None = None) -> int:
    """Say how final the alerts of a source are by now; how many that concerned.

    Args:
        settings: Where the ledger is.
        source: The cursor they were read by.
        safe: Blocks up to this one are safe.
        final: Blocks up to this one are final.
        landed: The last day whose landing file is written: the next build that loads it compares its alerts.
    """
    with open_ledger(settings) as connection:
        values = {"source": source, "safe": safe, "final": final, "landed": landed}
        return len(connection.execute(sql("tip_settled"), values).fetchall())


def withdraw_missing(
    settings: Settings, source: str, standing: Collection[str], since: date, now: datetime | None = None
) -> int:
    """Withdraw what the ledger has of a source, not final, and the tip does not find any more; how many.

    A process that was killed between its own commit and the ledger's leaves such alerts behind.

    Args:
        settings: Where the ledger is.
        source: The cursor they were read by.
        standing: Ids that stand.
        since: First day that the tip looks back on.
        now: Time of the change; else the present.
    """
    with open_ledger(settings) as connection:
        connection.register("standing", pa.table({"alert_id": pa.array(sorted(standing), pa.string())}))
        with transaction(connection):
            connection.execute(sql("tip_missing"), {"source": source, "since": since, "now": as_utc(now)})
            take_revisions(connection, settings)
        return _count(connection)


def _count(connection: Connection) -> int:
    row = connection.execute("select count(*) from new_revisions").fetchone()
    return int(row[0]) if row else 0


def _row(settings: Settings, alert: TipAlert) -> dict[str, Any]:
    rule = discover().get(alert.rule)
    says, parameters = (rule.SAYS, rule.parameters(settings)) if rule else (WITHOUT_RULE[alert.rule].says, {})
    explanation = {
        "what": alert.title,
        "baseline": alert.baseline,
        "rule": {"name": alert.rule, "version": alert.rule_version, "says": says, "parameters": parameters},
        "labels": list(alert.labels),
        "software": f"netraflow {__version__}",
        "tip": {"source": alert.source, "block_number": alert.block},
    }
    given = {name: getattr(alert, name) for name in _COLUMNS.names if hasattr(alert, name)}
    return {
        **given,
        "content": json.dumps(alert.content, separators=(",", ":"), ensure_ascii=False),
        "explanation": json.dumps(explanation, default=str, ensure_ascii=False),
    }


_COLUMNS = pa.schema(
    [
        *(
            (name, pa.string())
            for name in (
                "alert_id", "rule", "rule_version", "subject", "topic", "chain", "severity", "title", "from_address",
                "to_address", "from_entity", "to_entity", "content", "explanation", "finality",
            )
        ),
        ("block_date", pa.date32()),
        ("rarity", pa.float64()),
        ("stake_usd", pa.float64()),
        ("is_standing", pa.bool_()),
    ]
)  # fmt: skip
