"""What published days would become under more labels, before anything is changed; and the change itself, recorded."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.loading.labels import load_labels
from flow_pipeline.memory import refuse_vanished
from flow_pipeline.pipeline import Progress, RunResult, run, transform
from flow_pipeline.places import bring_files
from flow_pipeline.questions.restatements import moved_days
from flow_pipeline.questions.rows import Rows
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import copy_file
from flow_pipeline.warehouse.restatements import keep_restatement
from flow_pipeline.warehouse.store import open_build, run_lock


def preview(settings: Settings, labels: tuple[Path, ...], say: Progress = lambda text: None) -> Rows:
    """Exchange days that would move under additional label sets; nothing of the warehouse is touched.

    Args:
        settings: Settings of the published warehouse.
        labels: Label files to add.
        say: Called with each step.

    Returns:
        Columns and rows: day, chain, token, exchange, and netflow, inflow, outflow before and after.

    Raises:
        UsageError: nothing is published yet, or a label file can not be read.
    """
    published = settings.published_link
    if not published.exists():
        raise UsageError(f"there is no published warehouse at {published}", "run `netraflow analyze INPUT_DIR` first")
    bring_files(settings.with_files(labels=labels))
    refuse_vanished(settings)
    with run_lock(settings), tempfile.TemporaryDirectory(prefix="restate-", dir=settings.build_file.parent) as name:
        trial = settings.with_files(labels=labels).model_copy(update={"data_dir": Path(name)})
        trial.build_file.parent.mkdir(parents=True, exist_ok=True)
        copy_file(settings.build_file, trial.build_file)
        with open_build(trial) as connection:
            say("read the labels")
            load_labels(connection, trial)
            transform(trial, Window(), say)
            return moved_days(connection, published)


def apply(
    settings: Settings,
    labels: tuple[Path, ...],
    moved: Rows,
    say: Progress = lambda text: None,
    accepts_collapse: bool = False,
) -> RunResult:
    """Publish under the additional label sets, and keep what moved in ops.restatements."""
    names = ", ".join(path.name for path in labels)
    keep = partial(keep_restatement, labels=names, columns=moved[0], rows=moved[1]) if moved[1] else None
    with tempfile.TemporaryDirectory(prefix="nothing-new-") as empty:
        trial = settings.with_files(labels=labels)
        return run(trial, Path(empty), Window(), LoadOptions(), say, keep, accepts_collapse)
