"""The stages in their order: load, build, detect, audit, publish, export.

What lives here: one function per stage and the run that puts them together, for the command line and for Dagster alike.
What must not: SQL, wording for people. Read more: docs/operations.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flow_pipeline.alerts.delivery import Outcome, deliver
from flow_pipeline.alerts.ledger import LedgerUnavailable, commit, compare, ledger_trouble, record_failure
from flow_pipeline.alerts.metrics import write_textfile
from flow_pipeline.alerts.rules import check_channels
from flow_pipeline.detection.address_clusters import find_address_clusters
from flow_pipeline.detection.clusters import add_patterns, measure_clusters
from flow_pipeline.detection.daily import run_all
from flow_pipeline.detection.entity_clusters import run_entity_clusters
from flow_pipeline.detection.findings import run_typologies
from flow_pipeline.detection.flows import load_groups, run_flows
from flow_pipeline.detection.risk import run_risk
from flow_pipeline.detection.stretches import check_memory
from flow_pipeline.detectors import daily, typology
from flow_pipeline.domain.errors import AuditFailed, FlowError, UsageError
from flow_pipeline.domain.markdown import row
from flow_pipeline.domain.text import harmless
from flow_pipeline.domain.windows import Window
from flow_pipeline.engines import builder, lake, searcher
from flow_pipeline.labels import LabelSet
from flow_pipeline.loading.ingest import LoadOptions, LoadReport, load_folder
from flow_pipeline.loading.labels import chains_without_labels, load_labels
from flow_pipeline.memory import complete, prepare, refuse_vanished
from flow_pipeline.places import bring_files, outgoing
from flow_pipeline.quality import Verdict
from flow_pipeline.questions.rows import Rows
from flow_pipeline.reports.exports import export_run, exports_are_of
from flow_pipeline.reports.report import reports_are_of, write_reports
from flow_pipeline.reports.targets import export_after_run
from flow_pipeline.settings import Settings
from flow_pipeline.wallets.features import run_wallet_features
from flow_pipeline.wallets.smart_money import run_smart_money
from flow_pipeline.wallets.trades import run_trades
from flow_pipeline.warehouse.audit import audit_stage, stop_if_blocked
from flow_pipeline.warehouse.days import adds_few, first_dirty_day, needs_build, plan_rebuild
from flow_pipeline.warehouse.faults import explained
from flow_pipeline.warehouse.publish import (
    last_recorded,
    new_run_id,
    published_run,
    record_publication,
    refresh_day_hashes,
    swap_in,
)
from flow_pipeline.warehouse.read_tables import fill_read_tables
from flow_pipeline.warehouse.rollback import is_chosen
from flow_pipeline.warehouse.stages import begin_marts, check_publishable, finish_marts
from flow_pipeline.warehouse.store import Connection, get_state, open_build, run_lock, set_state

Progress = Callable[[str], None]
Step = Callable[[Connection], None]
_UNTOLD = "alerts_wait"
"""State of the build file: what was published was not compared with the ledger of alerts."""
METRICS_HINT = "the run is published: `netraflow metrics --textfile FILE` writes them again"
REPORT_HINT = "the run is published and its alerts are sent: `netraflow report` writes the report again"


@dataclass
class RunResult:
    """What a run came to.

    Attributes:
        run_id: Name of the run, and of the file it published.
        load: What became of every file.
        labels: Label sets that were read anew.
        verdicts: Every expectation's verdict; empty when nothing was new.
        published: The file that readers now see.
        is_new: False when nothing had changed since the last publish.
        exports: CSV files written.
        reports: Report pages, Markdown files and folders of charts written.
        tell_failures: Why a report, the metrics file or an export to another system is missing, with its way out.
        told: New, changed and withdrawn alerts.
        delivery: What was sent of them.
    """

    run_id: str
    load: LoadReport
    labels: list[LabelSet] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    published: Path | None = None
    is_new: bool = True
    exports: list[Path] = field(default_factory=list)
    reports: list[Path] = field(default_factory=list)
    tell_failures: list[str] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    delivery: Outcome = field(default_factory=Outcome)


def run(
    settings: Settings,
    folder: str | Path,
    window: Window,
    options: LoadOptions,
    say: Progress = lambda text: None,
    also: Step | None = None,
    accepts_collapse: bool = False,
) -> RunResult:
    """The main job: a folder of transfers to an audited, published warehouse.

    Args:
        settings: Settings in force.
        folder: Input files.
        window: Days to read.
        options: What holds for this load alone.
        say: Called with each step, for progress.
        also: Writes more into the build file, in the transaction that records the publication.
        accepts_collapse: Publish, however much of what is published is lost.

    Raises:
        UsageError: the input or an option is wrong.
        AuditFailed: a blocking expectation failed; nothing was published.
        FlowError: anything else that stopped the run.
    """
    with run_lock(settings), failures_alert(settings):
        # Held open, the file's catalog is read once and not by every stage.
        with open_build(settings):
            result = load(settings, folder, window, options, say)
            if result.is_new:
                build(settings, result, window, say, accepts_collapse)
        if result.is_new:
            publish(settings, result, say, also)
            record(settings, result, say)
    tell(settings, result, say)
    return result


def build(
    settings: Settings,
    result: RunResult,
    window: Window,
    say: Progress = lambda text: None,
    accepts_collapse: bool = False,
) -> None:
    """Everything between loading and publishing: marts, detection and their audits.

    Raises:
        AuditFailed: a blocking expectation failed.
    """
    transform(settings, window, say)
    audit(settings, result, ("raw", "marts", "collapse"), say, ("collapse",) if accepts_collapse else ())
    detect(settings, say)
    sort_for_readers(settings, say)
    audit(settings, result, ("detection", "drift", "reading"), say)


def tell(settings: Settings, result: RunResult, say: Progress = lambda text: None) -> None:
    """Send the alerts that are due, then write what people read: nobody waits for a report to hear of an alert."""
    say("send alerts")
    waits = result.delivery.errors
    result.delivery = send_alerts(settings)
    result.delivery.errors |= waits
    if settings.reports.metrics_file:
        result.tell_failures += write_figures(settings, settings.reports.metrics_file)
    result.tell_failures += export_after_run(settings, say)
    run_id = published_run(settings)
    if settings.reports.each_run and run_id and not reports_are_of(settings, run_id):
        say("write the report")
        result.reports, failures = report(settings)
        result.tell_failures += failures


def write_figures(settings: Settings, file: Path) -> list[str]:
    """Write the metrics file of a run, which is published whatever becomes of it; gives why there is none."""
    try:
        with outgoing(file) as local:
            write_textfile(settings, local)
    except (OSError, FlowError) as error:
        reason = error.message if isinstance(error, FlowError) else f"{file}: {error.strerror or error}"
        return [f"the metrics could not be written ({reason}); {METRICS_HINT}"]
    return []


def report(settings: Settings) -> tuple[list[Path], list[str]]:
    """Write the reports of a run, which is published whatever becomes of them.

    Returns:
        What was written, and where it failed, why and the way out.
    """
    try:
        with run_lock(settings):
            return write_reports(settings), []
    except Exception as error:
        # Data of strangers make reports; a run does not fail by what they make of it, whatever that raises.
        reason = error.message if isinstance(error, FlowError) else f"{type(error).__name__}: {error}"
        return [], [f"the report could not be written ({harmless(reason, 500)}); {REPORT_HINT}"]


@contextmanager
def failures_alert(settings: Settings) -> Iterator[None]:
    """A run that fails is an alert. Wrong usage is not: whoever started it reads the refusal."""
    try:
        yield
    except Exception as error:
        told = explained(error) or error
        if not isinstance(error, UsageError):
            reason = told.message if isinstance(told, FlowError) else type(told).__name__
            with suppress(Exception):  # the ledger may lie on the same full disk; the first error is the one to tell
                record_failure(settings, new_run_id(settings), reason)
                send_alerts(settings)
        if told is error:
            raise
        raise told from error


def send_alerts(settings: Settings) -> Outcome:
    """Send what is due; what can not be sent waits in the ledger and never fails a run."""
    try:
        return deliver(settings)
    except FlowError as error:
        return Outcome(errors={"ledger": error.message})


def load(
    settings: Settings,
    folder: str | Path,
    window: Window,
    options: LoadOptions,
    say: Progress = lambda text: None,
    publish_leftover: bool = True,
) -> RunResult:
    """Load the folder and the labels. `is_new` says whether anything is left to build or to publish.

    With `publish_leftover`, what an interrupted run had recorded but not swapped in is swapped in now.
    """
    bring_files(settings)
    refuse_vanished(settings)
    typology.check_parameters(settings.typologies)
    daily.check_parameters(settings.anomalies)
    check_channels(settings)
    waiting = ledger_trouble(settings)
    with open_build(settings) as connection:
        run_id = new_run_id(settings, connection)
        lake.settle(connection, settings)

        def on_file(path: Path, place: int, count: int) -> None:
            lake.gather(connection, settings)
            say(f"load {place}/{count}: {path.name}")

        report = load_folder(connection, folder, window, settings, options, on_file)
        lake.write(connection)
        result = RunResult(run_id, report, load_labels(connection, settings))
        report.notes += chains_without_labels(connection)
        load_groups(connection, settings.tracing)
        recorded = last_recorded(connection)
        grows = window.last is not None and str(min(window.last, datetime.now(UTC).date())) > (
            get_state(connection, "last_day") or ""
        )
        is_untold = waiting is None and get_state(connection, _UNTOLD) == "yes"
        result.is_new = needs_build(connection, settings) or recorded is None or grows or is_untold
    if not result.is_new and publish_leftover:
        is_shown = recorded == published_run(settings)
        is_back = is_chosen(settings) and not is_shown
        if recorded and not ((is_shown or is_back) and settings.published_link.exists()):
            say("publish what an interrupted run had finished")
            _swap(settings, recorded)
        elif recorded and not is_back:
            prepare(settings, recorded)
            complete(settings)
        result.published = settings.published_link.resolve()
        if not exports_are_of(settings, published_run(settings) or ""):
            result.exports = export_run(settings)
        record(settings, result, say)
    return result


def describe_load(report: LoadReport) -> str:
    """The load report as a Markdown table."""
    lines = [
        "| file | status | format | read | loaded | duplicate | rejected | remarks |",
        "|---|---|---|---:|---:|---:|---:|---|",
    ]
    for file in report.files:
        remarks = "; ".join([*(f"{count} {reason}" for reason, count in file.reasons.items()), *file.notes])
        counts = (file.rows_read, file.rows_loaded, file.rows_duplicate, file.rows_rejected)
        lines.append(row((file.path.name, file.status, file.format, *counts, remarks)))
    return "\n".join(lines)


def describe_alerts(found: Rows, most: int = 20) -> str:
    """The first of listed alerts as a Markdown table."""
    columns, rows = found
    places = [columns.index(name) for name in ("severity", "rule", "block_date", "title", "alert_id")]
    lines = [row(one[place] for place in places) for one in rows[:most]]
    return "\n".join(["| severity | rule | day | what | alert |", "|---|---|---|---|---|", *lines])


def transform(settings: Settings, window: Window, say: Progress = lambda text: None) -> None:
    """Build the models for the days that need it."""
    say("build the marts")
    with open_build(settings) as connection:
        full = plan_rebuild(connection, window, settings)
        check_memory(connection, None if full else first_dirty_day(connection), settings)
        begin_marts(connection)
    builder(settings)(settings, full)
    with open_build(settings) as connection:
        finish_marts(connection, settings)


def detect(settings: Settings, say: Progress = lambda text: None) -> dict[str, int]:
    """Run every detector and score the addresses; row counts per table and findings per typology."""
    with open_build(settings) as connection:
        say("detect anomalies")
        counts = run_all(connection, settings)
        steps = (_follow_findings, _follow_groups)
        if adds_few(connection, settings.warehouse.side_by_side_transfers):
            # One computes while the other waits for a single-threaded step.
            with ThreadPoolExecutor(len(steps)) as threads:
                found = list(threads.map(lambda step: step(settings, say), steps))
        else:
            found = [step(settings, say) for step in steps]
        say("score addresses")
        counts |= {**found[0], **found[1], **run_risk(connection)}
        return counts | add_patterns(connection)


def sort_for_readers(settings: Settings, say: Progress = lambda text: None) -> dict[str, int]:
    """Bring the tables that the explorer reads up to date; row counts per table."""
    say("sort for readers")
    with open_build(settings) as connection:
        return fill_read_tables(connection, settings.explorer)


def _follow_findings(settings: Settings, say: Progress) -> dict[str, int]:
    """Typologies, trades and wallets; trades need to know the hubs that typologies find."""
    with open_build(settings) as connection:
        say("detect typologies")
        found = run_typologies(connection, settings, searcher(settings))
        counts = {name: of_it["kept"] for name, of_it in found.items()}
        say("follow trades")
        counts |= run_trades(connection, settings.smart_money) | run_wallet_features(connection, settings.smart_money)
        return counts | run_smart_money(connection, settings)


def _follow_groups(settings: Settings, say: Progress) -> dict[str, int]:
    """Deposit addresses, entities, the flows between groups and the graph around each entity."""
    with open_build(settings) as connection:
        say("find deposit addresses")
        counts = find_address_clusters(connection, settings.clusters) | run_entity_clusters(
            connection, settings.clusters
        )
        say("follow group flows")
        counts |= run_flows(connection, settings)
        say("analyse clusters")
        measure_clusters(connection, settings.clusters)
        return counts


def audit(
    settings: Settings,
    result: RunResult,
    stages: tuple[str, ...],
    say: Progress = lambda text: None,
    accepted: tuple[str, ...] = (),
) -> None:
    """Audit stages and stop on a blocking failure; expectations of accepted stages only warn.

    Raises:
        AuditFailed: nothing will be published.
    """
    for stage in stages:
        say(f"audit {stage}")
        with open_build(settings) as connection:
            verdicts = audit_stage(connection, stage, result.run_id, settings, stage in accepted)
        result.verdicts += verdicts
        stop_if_blocked(verdicts)


def publish(settings: Settings, result: RunResult, say: Progress = lambda text: None, also: Step | None = None) -> None:
    """Record the publication, swap the file in, write the exports."""
    with open_build(settings) as connection:
        check_publishable(connection, settings)
        say("compare with the alert ledger")
        refresh_day_hashes(connection)
        _compare(connection, settings, result)
        say("publish")
        record_publication(connection, settings, result.run_id, also)
    result.published = _swap(settings, result.run_id)
    result.exports = export_run(settings)


def _compare(connection: Connection, settings: Settings, result: RunResult) -> None:
    """What the build has to tell; where the ledger can not be written, the next run that can write it tells it."""
    try:
        compare(connection, settings, result.run_id)
        set_state(connection, _UNTOLD, "")
    except LedgerUnavailable as error:
        set_state(connection, _UNTOLD, "yes")
        result.delivery.errors["ledger"] = f"{error.message} ({error.hint})"


def _swap(settings: Settings, run_id: str) -> Path:
    """Show readers a run, and remember what it was built with; a process killed in between has done both or nothing."""
    prepare(settings, run_id)
    published = swap_in(settings, run_id)
    complete(settings)
    lake.prune(settings)
    return published


def record(settings: Settings, result: RunResult, say: Progress = lambda text: None) -> None:
    """Take what the publication changed into the alert ledger; where it can not be written, the next run does."""
    say("record alerts")
    try:
        result.told = commit(settings)
    except FlowError as error:
        result.delivery.errors["ledger"] = f"{error.message} ({error.hint})"


__all__ = [
    "AuditFailed",
    "RunResult",
    "audit",
    "describe_alerts",
    "describe_load",
    "detect",
    "load",
    "publish",
    "record",
    "report",
    "run",
    "sort_for_readers",
    "tell",
    "transform",
]
