"""Auditing the build: run a stage's suite, keep every verdict in ops.audits, stop on a blocking one."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from flow_pipeline.domain.errors import AuditFailed
from flow_pipeline.quality import Verdict, audit
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.stages import mark_audited
from flow_pipeline.warehouse.store import Connection


def audit_stage(connection: Connection, stage: str, run_id: str, settings: Settings) -> list[Verdict]:
    """Verdicts of a stage, recorded in ops.audits."""
    last = connection.execute("select coalesce(max(block_date), date '1970-01-01') from store.transfers").fetchone()

    def measure(sql: str) -> float | None:
        try:
            row = connection.execute(sql.replace("{last_day}", str(last[0] if last else ""))).fetchone()
        except duckdb.Error:  # what can not be measured has not passed
            return None
        return None if row is None or row[0] is None else float(row[0])

    verdicts = audit(stage, measure, settings.quality)
    now = datetime.now(UTC).replace(tzinfo=None)
    connection.executemany(
        "insert into ops.audits values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                run_id,
                stage,
                v.expectation.name,
                v.expectation.says,
                v.expectation.severity,
                v.is_success,
                v.observed,
                v.expectation.allowed,
                now,
            ]
            for v in verdicts
        ],
    )
    if not _blocking(verdicts):
        mark_audited(connection, stage, settings)
    return verdicts


def stop_if_blocked(verdicts: list[Verdict]) -> None:
    """Raise when a blocking expectation failed.

    Raises:
        AuditFailed: names the expectation, the measured number and what passes.
    """
    if failed := _blocking(verdicts):
        raise AuditFailed(
            f"the audit failed and nothing was published: {'; '.join(map(_said, failed))}",
            "look at ops.audits and raw.rejects in the build file, mend the input or the setting, run again",
        )


def _blocking(verdicts: list[Verdict]) -> list[Verdict]:
    """Those that stop a run."""
    return [v for v in verdicts if not v.is_success and v.expectation.severity == "blocking"]


def _said(verdict: Verdict) -> str:
    expectation, observed = verdict.expectation, verdict.observed
    measured = "nothing" if observed is None else f"{observed:g}"
    named = f"{verdict.stage}.{expectation.name}: {expectation.says}"
    return f"{named} (measured {measured}, allowed {expectation.allowed})"
