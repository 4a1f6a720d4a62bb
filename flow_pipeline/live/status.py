"""What a process that follows shows: counted as steps come, written beside the store once a second.

The store is open in one process and locks out all others, so that `netraflow live`, Dagster and Prometheus read this
(`questions.tip`).
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from flow_pipeline.alerts.tip import TipAlert
from flow_pipeline.live.steps import Batch, Cursor, Fall, Feed, Finality, Step
from flow_pipeline.settings import Settings

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histogram, seconds."""
BLOCKS_SHOWN = 12
ALERTS_SHOWN = 20


@dataclass
class SourceStatus:
    """One source.

    Attributes:
        head: Height of the chain; None in a stream without blocks.
        last_block: The last block taken.
        last_time: Microseconds since 1970 of the last transfer or block taken.
        head_time: The same of the head.
        transfers: Transfers taken since the process began.
        blocks: Blocks, or messages, since then.
        reorganisations: Times that blocks fell since then.
        deepest: Most blocks that fell at once.
    """

    source: str
    chain: str
    head: int | None = None
    last_block: int | None = None
    last_time: int | None = None
    head_time: int | None = None
    safe: int = -1
    final: int = -1
    transfers: int = 0
    blocks: int = 0
    reorganisations: int = 0
    deepest: int = 0

    @property
    def lag_blocks(self) -> int | None:
        """Blocks behind the head."""
        return None if self.head is None or self.last_block is None else max(self.head - self.last_block, 0)

    @property
    def lag_seconds(self) -> float | None:
        """Seconds between the time of the last block taken and now."""
        return None if self.last_time is None else max(time.time() - self.last_time / 1e6, 0.0)


@dataclass
class Status:
    """Everything a process that follows knows of itself."""

    sources: dict[str, SourceStatus]
    started: float = field(default_factory=time.time)
    alerts: dict[str, int] = field(default_factory=dict)
    ledger: dict[str, int] = field(default_factory=dict)
    last_blocks: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=BLOCKS_SHOWN))
    last_alerts: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=ALERTS_SHOWN))
    latency: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    latency_sum: float = 0.0
    failing: dict[str, str] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)
    is_over: bool = False

    @classmethod
    def of(cls, feeds: Sequence[Feed]) -> Status:
        """Nothing yet, of some feeds."""
        return cls({feed.source: SourceStatus(feed.source, feed.chain) for feed in feeds})

    def begin(self, source: str, cursor: Cursor) -> None:
        """Where a source is read up to before the process reads on."""
        if cursor.blocks:
            of, last = self.sources[source], cursor.blocks[-1]
            of.last_block, of.last_time = last.number, last.time

    def note_step(self, step: Step) -> None:
        """Count a step."""
        of = self.sources[step.source]
        if isinstance(step, Finality):
            of.head, of.head_time, of.safe, of.final = step.head, step.head_time, step.safe, step.final
        elif isinstance(step, Fall):
            depth = (of.last_block or step.number) - step.number
            of.reorganisations, of.deepest, of.last_block = of.reorganisations + 1, max(of.deepest, depth), step.number
            standing = [
                row for row in self.last_blocks if row["source"] != step.source or row.get("number", -1) <= step.number
            ]
            self.last_blocks.clear()
            self.last_blocks.extend([*standing, {"source": step.source, "fell_to": step.number, "depth": depth}])
        else:
            self._note_batch(of, step)

    def _note_batch(self, of: SourceStatus, step: Batch) -> None:
        count = step.transfers.num_rows
        of.transfers, of.blocks = of.transfers + count, of.blocks + 1
        if step.block:
            of.last_block, of.last_time = step.block.number, step.block.time
            self.last_blocks.append(
                {
                    "source": step.source,
                    "number": step.block.number,
                    "hash": step.block.hash,
                    "time": step.block.time,
                    "transfers": count,
                }
            )
        elif count:
            of.last_time = step.transfers["block_timestamp"][count - 1].value

    def note_alert(self, alert: TipAlert, waited: float) -> None:
        """Count an alert, and how long after its batch it came."""
        word = "told" if alert.is_standing else "withdrawn"
        self.alerts[word] = self.alerts.get(word, 0) + 1
        place = next((place for place, bound in enumerate(BUCKETS) if waited <= bound), len(BUCKETS))
        self.latency[place] += 1
        self.latency_sum += waited
        self.last_alerts.append(
            {
                "alert_id": alert.alert_id,
                "severity": alert.severity,
                "title": alert.title,
                "finality": alert.finality,
                "is_standing": alert.is_standing,
            }
        )

    def note_ledger(self, counts: dict[str, int]) -> None:
        """Count what the ledger took."""
        for change, count in counts.items():
            self.ledger[change] = self.ledger.get(change, 0) + count

    def is_past(self, block: int) -> bool:
        """True when every source is read up to a block; one without blocks never is."""
        reached = [of.last_block for of in self.sources.values() if of.last_block is not None]
        return len(reached) == len(self.sources) and all(last >= block for last in reached)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it: with lags, times and rates as of now."""
        seconds = max(time.time() - self.started, 1e-9)
        return {
            "written_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "started_at": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
            "process": os.getpid(),
            "is_over": self.is_over,
            "sources": [
                {
                    **asdict(of),
                    "lag_blocks": of.lag_blocks,
                    "lag_seconds": of.lag_seconds,
                    "transfers_per_second": of.transfers / seconds,
                }
                for of in self.sources.values()
            ],
            "alerts": self.alerts,
            "ledger": self.ledger,
            "last_blocks": list(self.last_blocks),
            "last_alerts": list(self.last_alerts),
            "latency": {"bounds": list(BUCKETS), "counts": self.latency, "sum": self.latency_sum},
            "failing": self.failing,
            "detection": self.figures,
        }


def write_status(settings: Settings, status: Status) -> None:
    """Replace the status file whole: whoever reads it never sees half of one."""
    path = settings.live_dir / "status.json"
    incoming = path.with_suffix(".incoming")
    incoming.write_text(json.dumps(status.as_dict(), default=str), encoding="utf-8")
    incoming.replace(path)
