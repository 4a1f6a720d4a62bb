"""A new build file from the files of the load ledger, for a version that reads other columns of what was loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flow_pipeline.detection.flows import load_groups
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.engines import lake
from flow_pipeline.loading.ingest import load_recorded
from flow_pipeline.loading.labels import load_labels
from flow_pipeline.loading.ledger import Ledger, RecordedLoad, read_ledger, write_history
from flow_pipeline.memory import refuse_vanished
from flow_pipeline.pipeline import Progress, RunResult, build, failures_alert, publish, record, tell
from flow_pipeline.places import bring_files
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import new_run_id
from flow_pipeline.warehouse.store import open_build, run_lock


def rebuild(
    settings: Settings, without_gone: bool, say: Progress = lambda text: None, accepts_collapse: bool = False
) -> RunResult:
    """Load every file of the ledger into a new build file, put it in the place of the old one, build and publish.

    The old build file stays until the new one is loaded, and published files stay readable. A run killed before that
    leaves the old one; one killed after it is completed by the next run.

    Args:
        settings: Settings in force; label, price, token and group files are those of the settings.
        without_gone: Go on without the files that are gone.
        say: Called with each step, for progress.
        accepts_collapse: Publish, however much of what is published is lost.

    Raises:
        UsageError: there is no ledger, or files are gone.
        AuditFailed: a blocking expectation failed; nothing was published.
    """
    bring_files(settings)
    refuse_vanished(settings)
    with run_lock(settings), failures_alert(settings):
        ledger = read_ledger(settings)
        gone = [load for load in ledger.loads if load.is_gone]
        if gone and not without_gone:
            raise UsageError(
                f"gone from the files of the ledger: {name_loads(gone)}",
                "put them back, or leave their rows out with --without-gone",
            )
        result = _load_anew(settings, ledger, say)
        with open_build(settings):
            build(settings, result, Window(), say, accepts_collapse)
        publish(settings, result, say)
        record(settings, result, say)
    tell(settings, result, say)
    return result


def _load_anew(settings: Settings, ledger: Ledger, say: Progress) -> RunResult:
    fresh = settings.build_file.with_name("rebuilding.duckdb")
    for leftover in fresh.parent.glob(f"{fresh.name}*"):
        leftover.unlink()
    loads = [load for load in ledger.loads if not load.is_gone]
    changed = {load.path for load in loads if load.has_changed}
    with open_build(settings, fresh) as connection:
        lake.settle(connection, settings)

        def on_file(path: Path, place: int, count: int) -> None:
            lake.gather(connection, settings)
            say(f"load {place}/{count}: {path.name}")

        report = load_recorded(connection, loads, settings, on_file)
        lake.write(connection)
        for file in report.files:
            if file.path in changed:
                file.notes.insert(0, "the file has changed since it was loaded: its rows are those of today")
        write_history(connection, ledger)
        result = RunResult(new_run_id(settings, connection), report, load_labels(connection, settings))
        load_groups(connection, settings.tracing)
    # The log of a damaged file would be replayed into the one that takes its place.
    settings.build_file.with_name(settings.build_file.name + ".wal").unlink(missing_ok=True)
    fresh.replace(settings.build_file)
    return result


def name_loads(loads: Sequence[RecordedLoad], most: int = 5) -> str:
    """Files with the rows they had brought, and how many more there are."""
    named = [f"{load.path} ({load.rows:,} rows)" for load in loads[:most]]
    return ", ".join(named) + (f" and {len(loads) - most} more" if len(loads) > most else "")
