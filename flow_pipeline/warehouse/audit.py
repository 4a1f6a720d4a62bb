"""Auditing the build: run a stage's suite, keep every verdict in ops.audits, stop on a blocking one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from flow_pipeline.domain.errors import AuditFailed
from flow_pipeline.quality import STAGES, Verdict, audit
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.content import wrong_hashes
from flow_pipeline.warehouse.days import first_day_to_audit
from flow_pipeline.warehouse.faults import explained
from flow_pipeline.warehouse.stages import mark_audited
from flow_pipeline.warehouse.store import PUBLISHED_WAY_OUT, Connection, attach_published, open_published

_WAY_OUT = "look at ops.audits and raw.rejects in the build file, mend the input or the setting, run again"


def audit_stage(
    connection: Connection, stage: str, run_id: str, settings: Settings, is_accepted: bool = False
) -> list[Verdict]:
    """Verdicts of a stage, recorded in ops.audits; where the stage is accepted, its blocking expectations only warn."""
    with _measuring(connection, settings) as measure:
        found = audit(stage, lambda sql: _number(measure(sql)), settings.quality)
        verdicts = [verdict if verdict.is_success else _shown(verdict, measure, is_accepted) for verdict in found]
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


def audit_published(settings: Settings, path: Path | None = None) -> list[Verdict]:
    """Verdicts of every stage on all days of what is published, or of an earlier file; nothing is recorded.

    What is published is the measure of the stage `collapse`, which is left out.
    """
    with open_published(settings, path) as connection:
        measure = _measure(connection, settings, "", date.min)
        found = [
            verdict
            for stage in STAGES
            if stage != "collapse"
            for verdict in audit(stage, lambda sql: _number(measure(sql)), settings.quality)
        ]
        return [verdict if verdict.is_success else _shown(verdict, measure, False) for verdict in found]


@contextmanager
def _measuring(connection: Connection, settings: Settings) -> Iterator[Callable[[str], Any]]:
    """What gives the one value of an SQL text on the build file."""
    with attach_published(connection, settings) as catalog:
        yield _measure(connection, settings, catalog, first_day_to_audit(connection, settings.quality))


def _measure(connection: Connection, settings: Settings, catalog: str, first: date) -> Callable[[str], Any]:
    """What gives the one value of an SQL text with its places filled in; None where it can not be measured."""
    last = connection.execute("select coalesce(max(block_date), date '1970-01-01') from store.transfers").fetchone()

    def measure(sql: str) -> Any:
        text = sql.replace("{last_day}", str(last[0] if last else "")).replace("{published}", catalog)
        text = text.replace("{first_changed_day}", str(first))
        try:
            if "{wrong_hashes}" in text:
                wrong = wrong_hashes(connection) if first == date.min else []
                text = text.replace("{wrong_hashes}", str(len(wrong)))
            row = connection.execute(text).fetchone()
        except duckdb.Error as error:
            told = explained(error, settings.published_link.resolve(), PUBLISHED_WAY_OUT)
            if told and "{published}" in sql:
                raise told from error
            return None  # what can not be measured has not passed
        return row[0] if row else None

    return measure


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _shown(verdict: Verdict, measure: Callable[[str], Any], is_accepted: bool) -> Verdict:
    expectation = replace(verdict.expectation, severity="warning") if is_accepted else verdict.expectation
    shown = measure(expectation.shown) if expectation.shown else None
    return replace(verdict, expectation=expectation, shown=shown or "")


def stop_if_blocked(verdicts: list[Verdict]) -> None:
    """Raise when a blocking expectation failed.

    Raises:
        AuditFailed: names the expectation, the measured number and what passes.
    """
    if failed := _blocking(verdicts):
        raise AuditFailed(
            f"the audit failed and nothing was published: {'; '.join(map(_said, failed))}",
            "; ".join(dict.fromkeys(v.expectation.way_out or _WAY_OUT for v in failed)),
        )


def _blocking(verdicts: list[Verdict]) -> list[Verdict]:
    """Those that stop a run."""
    return [v for v in verdicts if not v.is_success and v.expectation.severity == "blocking"]


def _said(verdict: Verdict) -> str:
    expectation, observed = verdict.expectation, verdict.observed
    measured = "nothing" if observed is None else f"{observed:g}"
    named = f"{verdict.stage}.{expectation.name}: {verdict.shown or expectation.says}"
    return f"{named} (measured {measured}, allowed {expectation.allowed})"
