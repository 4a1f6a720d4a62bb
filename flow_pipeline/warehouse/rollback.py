"""Back to an earlier publication: what there is, and the swap of the symlink to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.layers import write_whole
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.faults import damage_of
from flow_pipeline.warehouse.publish import point_at, published_file, published_run, published_runs
from flow_pipeline.warehouse.store import PUBLISHED_WAY_OUT, file_size, unwritable


@dataclass(frozen=True)
class Publication:
    """A published file that is kept.

    Attributes:
        run_id: The run that published it.
        published_at: When, UTC.
        first: First day built.
        last: Last day built.
        size: Bytes.
        is_in_force: Whether readers see it.
        damage: Why it can not be read, None when it can.
    """

    run_id: str
    published_at: datetime | None
    first: date | None
    last: date | None
    size: int
    is_in_force: bool
    damage: FlowError | None


def publications(settings: Settings) -> list[Publication]:
    """What there is to go back to, the latest run first; every file is read in whole."""
    return [_publication(settings, run_id) for run_id in published_runs(settings)]


def _publication(settings: Settings, run_id: str) -> Publication:
    path = published_file(settings, run_id)
    damage, row = damage_of(path, PUBLISHED_WAY_OUT), None
    if damage is None:
        with duckdb.connect(str(path), read_only=True) as connection:
            row = connection.execute(
                "select published_at, window_first, window_last from ops.publications where run_id = ? limit 1",
                [run_id],
            ).fetchone()
    at, first, last = row or (None, None, None)
    return Publication(run_id, at, first, last, file_size(path), run_id == published_run(settings), damage)


def roll_back(settings: Settings, run_id: str) -> Path:
    """Let readers see an earlier publication, or a later one again; the file.

    That somebody chose it is noted beside it, so that the next run leaves it until there is something new to publish.
    The caller holds the lock of runs.

    Raises:
        UsageError: there is no such publication.
        FlowError: its file is damaged, or the data directory can not be written.
    """
    known = published_runs(settings)
    if run_id not in known:
        raise UsageError(
            f"there is no publication of a run {run_id}",
            f"choose from {', '.join(known)}"
            if known
            else "none is kept: run `netraflow analyze INPUT_DIR`, or `netraflow rebuild`",
        )
    target = published_file(settings, run_id)
    if damage := damage_of(target, "choose another: `netraflow rollback` lists them"):
        raise damage
    try:
        write_whole(_note(settings), run_id)
        point_at(settings, target)
    except OSError as error:
        raise unwritable(settings.data_dir, error) from None
    return target


def is_chosen(settings: Settings) -> bool:
    """Whether readers see a publication that somebody went back to; a later publication ends that."""
    note = _note(settings)
    return note.is_file() and note.read_text(encoding="utf-8") == published_run(settings)


def _note(settings: Settings) -> Path:
    return settings.published_dir / "chosen"
