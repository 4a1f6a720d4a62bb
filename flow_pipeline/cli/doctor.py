"""`netraflow doctor`: what is wrong, and how to mend it."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, version

import typer

from flow_pipeline.cli.common import JsonOption, emit, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("doctor", epilog="Example: netraflow doctor")(doctor)


def doctor(context: typer.Context, as_json: JsonOption = False) -> None:
    """Versions, paths, lock, disk, labels; exit 1 when something needs mending."""
    from flow_pipeline.labels import label_files
    from flow_pipeline.questions.overview import size
    from flow_pipeline.warehouse.publish import published_run
    from flow_pipeline.warehouse.store import build_trouble, file_size, lock_holder, open_published

    settings = settings_of(context, builds=True)
    rows: list[list[object]] = []

    def say(what: str, state: str, mend: str = "") -> None:
        rows.append([what, state, mend or "–"])

    for package in ("netraflow", "duckdb", "dbt-core", "dbt-duckdb", "dagster", "great-expectations", "pyarrow"):
        try:
            say(package, version(package))
        except PackageNotFoundError:
            say(package, "missing", "run `make setup`")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data_dir).free
    needed = 3 * file_size(settings.build_file) + 100_000_000
    say(
        "data directory",
        f"{settings.data_dir.resolve()}, {free / 1e9:.1f} GB free",
        "" if free > needed else f"free at least {needed / 1e9:.1f} GB: a publish copies the build file",
    )
    stale = settings.build_file.with_name(settings.build_file.name + ".wal").exists()
    holder = lock_holder(settings)
    trouble = None if holder or stale else build_trouble(settings)
    say(
        "build file",
        f"{settings.build_file} ({file_size(settings.build_file) / 1e6:.1f} MB)",
        f"{trouble.message}: {trouble.hint}" if trouble else "",
    )
    say("lock", f"{holder}: another run is at work" if holder else "free")
    if stale and not holder:
        say("write-ahead log", "left by a killed run; the next run replays it")
    run = published_run(settings)
    if run is None:
        say("published", "nothing yet: run `netraflow analyze INPUT_DIR` or `netraflow demo`")
    elif not settings.published_link.exists():
        say("published", f"{settings.published_link} points at a missing file", "run again; it is copied anew")
    else:
        with open_published(settings) as connection:
            transfers, known_labels = size(connection)
        say("published", f"run {run}: {transfers:,} transfers, {known_labels:,} labels")
    paths = label_files(settings.labels.files)
    say("label sets", ", ".join(path.name for path in paths))
    emit(["what", "state", "to mend"], rows, as_json, False)
    if any(mend != "–" for _, _, mend in rows):
        raise typer.Exit(1)
