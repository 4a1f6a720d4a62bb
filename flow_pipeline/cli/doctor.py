"""`netraflow doctor`: what is wrong, and how to mend it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flow_pipeline.cli.common import JsonOption, emit, settings_of

if TYPE_CHECKING:
    from flow_pipeline.domain.errors import FlowError
    from flow_pipeline.settings import Settings

Row = tuple[str, str, str]
"""What was looked at, its state, what to mend: empty where nothing is."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("doctor", epilog="Example: netraflow doctor")(doctor)


def doctor(
    context: typer.Context,
    with_audit: Annotated[
        bool, typer.Option("--audit", help="Audit every day of what is published, as runs do now and then.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Versions, files, lock, disk, labels; every file is read in whole; exit 1 when something needs mending."""
    from flow_pipeline.domain.errors import FlowError, UsageError

    try:
        settings = settings_of(context, builds=True)
    except UsageError as error:  # nothing else can be looked at
        raise FlowError(error.message, error.hint) from None
    looks = [_versions(), _directory(settings), _build(settings), _published(settings), _ledger(settings),
             _cases(settings), _tip(settings), _others(settings)]  # fmt: skip
    if with_audit:
        looks.append(_audits(settings))
    rows = [(what, state, mend or "–") for look in looks for what, state, mend in look]
    emit(["what", "state", "to mend"], rows, as_json, False)
    if any(mend != "–" for _, _, mend in rows):
        raise typer.Exit(1)


def _versions() -> Iterator[Row]:
    for package in ("netraflow", "duckdb", "dbt-core", "dbt-duckdb", "dagster", "great-expectations", "pyarrow"):
        try:
            yield package, version(package), ""
        except PackageNotFoundError:
            yield package, "missing", "run `make setup`"


def _directory(settings: Settings) -> Iterator[Row]:
    from flow_pipeline.warehouse.store import file_size, unwritable

    folder, what = settings.data_dir.resolve(), "data directory"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for place in (folder, *(folder / name for name in ("build", "published", "alerts", "exports"))):
            if place.exists():
                with tempfile.TemporaryFile(dir=place):
                    pass
    except OSError as error:
        yield what, str(folder), _mended(unwritable(folder, error))
        return
    free = shutil.disk_usage(folder).free
    needed = 3 * file_size(settings.build_file) + 100_000_000
    is_enough = free > needed
    mend = "" if is_enough else f"free at least {needed / 1e9:.1f} GB: a publish copies the build file"
    yield what, f"{folder}, {free / 1e9:.1f} GB free", mend


def _build(settings: Settings) -> Iterator[Row]:
    from flow_pipeline.warehouse.store import build_trouble, lock_holder

    stale = settings.build_file.with_name(settings.build_file.name + ".wal").exists()
    holder = lock_holder(settings)
    trouble = None if holder or stale else build_trouble(settings)
    yield "build file", _sized(settings.build_file), _mended(trouble)
    yield "lock", f"{holder}: another run is at work" if holder else "free", ""
    if stale and not holder:
        yield "write-ahead log", "left by a killed run; the next run replays it", ""


def _published(settings: Settings) -> Iterator[Row]:
    from flow_pipeline.questions.overview import size
    from flow_pipeline.warehouse.publish import published_run
    from flow_pipeline.warehouse.rollback import is_chosen, publications
    from flow_pipeline.warehouse.store import open_published

    run = published_run(settings)
    if run is None:
        yield "published", "nothing yet: run `netraflow analyze INPUT_DIR` or `netraflow demo`", ""
    elif not settings.published_link.exists():
        yield "published", f"{settings.published_link} points at a missing file", "run again; it is copied anew"
    for one in publications(settings):
        state, mend = f"run {one.run_id} ({one.size / 1e3:,.0f} kB)", _mended(one.damage)
        if one.is_in_force and not one.damage:
            with open_published(settings) as connection:
                transfers, known_labels = size(connection)
            state += f": {transfers:,} transfers, {known_labels:,} labels"
            state += "; gone back to with `netraflow rollback`" if is_chosen(settings) else ""
        elif one.damage and not one.is_in_force:
            mend = f"{one.damage.message}: remove it, nobody reads it"
        yield "published" if one.is_in_force else "published before", state, mend


def _audits(settings: Settings) -> Iterator[Row]:
    from flow_pipeline.warehouse.audit import audit_published

    if not settings.published_link.exists():
        return
    verdicts = audit_published(settings)
    failed = [verdict for verdict in verdicts if not verdict.is_success]
    yield "audit of every day", f"{len(verdicts) - len(failed)} of {len(verdicts)} expectations hold", ""
    for verdict in failed:
        mend = "run `netraflow rebuild`" if verdict.expectation.severity == "blocking" else ""
        yield f"{verdict.stage}.{verdict.expectation.name}", verdict.shown or verdict.expectation.says, mend


def _ledger(settings: Settings) -> Iterator[Row]:
    from flow_pipeline.alerts.ledger import WAY_OUT, ledger_file
    from flow_pipeline.warehouse.faults import HELD, damage_of

    path = ledger_file(settings)
    damage = damage_of(path, WAY_OUT) if path.exists() else None
    if damage and damage.hint == HELD:
        yield "alert ledger", f"{_sized(path)}: another process is at work on it", ""
    else:
        yield "alert ledger", _sized(path), _mended(damage)


def _cases(settings: Settings) -> Iterator[Row]:
    from flow_pipeline.domain.errors import FlowError
    from flow_pipeline.explorer.store.opening import cases_file, store_trouble

    try:
        path = cases_file(settings)
    except FlowError as error:
        yield "cases", "no database", _mended(error)
        return
    yield "cases", _sized(path) if path else "on a server", _mended(store_trouble(settings))


def _tip(settings: Settings) -> Iterator[Row]:
    from flow_pipeline.questions.tip import tip_status
    from flow_pipeline.warehouse.faults import HELD, damage_of

    path, status = settings.live_dir / "tip.duckdb", tip_status(settings)
    if not path.exists():
        yield "tip", "nothing was ever followed", ""
        return
    damage = damage_of(path, "move it away: what is not landed yet is read again from its source")
    if status and status["is_following"]:
        sources = ", ".join(f"{of['source']} up to {of['last_block'] or '…'}" for of in status["sources"])
        failing = "; ".join(f"{name}: {why}" for name, why in status["failing"].items())
        yield "tip", f"{_sized(path)}: followed by process {status['process']}: {sources}", failing
    elif damage and damage.hint == HELD:
        yield "tip", f"{_sized(path)}: another process holds it", "see whether that process hangs"
    else:
        yield "tip", f"{_sized(path)}: nothing follows", _mended(damage)


def _others(settings: Settings) -> Iterator[Row]:
    from flow_pipeline.alerts.agent import remembered
    from flow_pipeline.domain.errors import FlowError
    from flow_pipeline.labels import label_files
    from flow_pipeline.layers import memory_file
    from flow_pipeline.memory import refuse_vanished
    from flow_pipeline.scoring.registry import registry_trouble

    try:
        path, days = remembered(settings)
        yield "agent's memory", f"{_sized(path)}{f': {days:,} days' if path.exists() else ''}", ""
    except FlowError as error:
        yield "agent's memory", "damaged", _mended(error)
    memory = memory_file(settings.data_dir)
    try:
        refuse_vanished(settings)
        yield "what is remembered", _sized(memory), ""
    except FlowError as error:
        yield "what is remembered", _sized(memory), _mended(error)
    models = settings.data_dir / "models"
    yield "smart-money models", _sized(models / "mlflow.db"), _mended(registry_trouble(models))
    try:
        paths = label_files(settings.labels.files)
        yield "label sets", ", ".join(path.name for path in paths), ""
    except FlowError as error:
        yield "label sets", "missing", _mended(error)


def _sized(path: Path) -> str:
    return f"{path} ({path.stat().st_size / 1e3:,.0f} kB)" if path.exists() else f"{path}: none yet"


def _mended(trouble: FlowError | None) -> str:
    return f"{trouble.message}: {trouble.hint}" if trouble else ""
