"""Publishing: content hashes, a checkpointed copy under a new name, and one atomic swap of a symlink."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.content import KEPT, content_hashes, forget_hashes
from flow_pipeline.warehouse.days import first_day_to_audit, mark_built
from flow_pipeline.warehouse.describe import describe
from flow_pipeline.warehouse.faults import faults_of
from flow_pipeline.warehouse.stages import carry_over
from flow_pipeline.warehouse.store import Connection, open_build, open_published, transaction

sql = statements(__package__)

_STAMP = "%Y%m%dT%H%M%S"
_FILES = "warehouse-*.duckdb"
_FICLONE = 0x40049409
"""Of linux/fs.h."""
_DIRECT = getattr(os, "O_DIRECT", 0)
_PIECE = 8 << 20
"""Bytes copied at once, a multiple of every disk's block."""


def new_run_id(settings: Settings, connection: Connection | None = None) -> str:
    """A run's name: its start in UTC and a random tail, always behind the names of all runs before it.

    Where the clock was set back, a second after the last of them is its start.

    Args:
        settings: Where published files are.
        connection: The build file, with what is recorded in it.
    """
    known = [run for run in (*published_runs(settings), connection and last_recorded(connection)) if run]
    start = datetime.now(UTC).replace(tzinfo=None)
    with suppress(ValueError):  # a file that somebody named by hand has no time
        start = max(start, datetime.strptime(max(known, default="").split("-")[0], _STAMP) + timedelta(seconds=1))
    return f"{start:{_STAMP}}-{secrets.token_hex(3)}"


def record_publication(
    connection: Connection, settings: Settings, run_id: str, also: Callable[[Connection], None] | None = None
) -> None:
    """Write the content hash of every table into ops.publications, do what `also` does, and forget the dirty days.

    What stands in the file is described anew where it changed.

    All in one transaction; the hashes of changed days are refreshed before.
    """
    with transaction(connection):
        if also:
            also(connection)
        first, last = _built_window(connection)
        now = datetime.now(UTC).replace(tzinfo=None)
        if first_day_to_audit(connection, settings.quality) == date.min:
            forget_hashes(connection, *KEPT)
        for name, (count, mark) in content_hashes(connection).items():
            connection.execute(
                "insert into ops.publications values (?, ?, ?, ?, ?, ?, ?)",
                [run_id, now, first, last, name, count, mark],
            )
        describe(connection)
        mark_built(connection, settings.quality)
        carry_over(connection, settings)


def _built_window(connection: Connection) -> tuple[date | None, date | None]:
    """First and last day of the published calendar."""
    row = connection.execute(
        "select min(block_date), (select max(value)::date from store.state where key = 'last_day') "
        "from store.day_hashes"
    ).fetchone()
    return (row[0], row[1]) if row else (None, None)


def refresh_day_hashes(connection: Connection) -> None:
    """Hash the transfers of the days that changed."""
    connection.execute("delete from store.day_hashes where block_date in (select block_date from store.dirty_days)")
    connection.execute(sql("publish_day_hashes"))


def last_recorded(connection: Connection) -> str | None:
    """Run id of the last publication recorded in the build file."""
    row = connection.execute("select max(run_id) from ops.publications").fetchone()
    return row[0] if row else None


def published_run(settings: Settings) -> str | None:
    """Run id of the file that readers see, None before the first publish."""
    if not settings.published_link.is_symlink():
        return None
    return settings.published_link.readlink().stem.removeprefix("warehouse-")


def first_published_day(settings: Settings) -> date | None:
    """First day with a transfer of what readers see; None where there is none, or where it can not be read."""
    with suppress(FlowError, duckdb.Error), open_published(settings) as connection:
        row = connection.execute("select min(block_date) from store.day_hashes").fetchone()
        return row[0] if row else None
    return None


def last_published_day(settings: Settings) -> date:
    """Last day with a transfer of what readers see; today where there is none, or where it can not be read."""
    with suppress(FlowError, duckdb.Error), open_published(settings) as connection:
        return last_day(connection)
    return datetime.now(UTC).date()


def last_day(connection: Connection) -> date:
    """Last day with a transfer of a published file; today where there is none."""
    row = connection.execute("select max(block_date) from store.day_hashes").fetchone()
    return row[0] if row and row[0] else datetime.now(UTC).date()


def published_runs(settings: Settings) -> list[str]:
    """Run ids of the published files that are kept, the latest first."""
    return sorted((path.stem.removeprefix("warehouse-") for path in settings.published_dir.glob(_FILES)), reverse=True)


def published_file(settings: Settings, run_id: str) -> Path:
    """Where a run's file is published."""
    return settings.published_dir / f"warehouse-{run_id}.duckdb"


def swap_in(settings: Settings, run_id: str) -> Path:
    """Copy the closed build file to its published name and point the symlink at it.

    A process killed anywhere in here leaves the old file published; the next run swaps the recorded one in.

    Raises:
        FlowError: the build file was not closed cleanly, or the disk has no room for its copy.
    """
    wal = settings.build_file.with_name(settings.build_file.name + ".wal")
    if wal.exists():
        with open_build(settings) as connection:
            connection.execute("force checkpoint")
    if wal.exists():
        raise FlowError(
            f"{wal} is left after the checkpoint", "stop the process that has the build file open, then run again"
        )
    settings.published_dir.mkdir(parents=True, exist_ok=True)
    target = published_file(settings, run_id)
    for stale in settings.published_dir.glob(".incoming-*"):
        stale.unlink()
    incoming = settings.published_dir / f".incoming-{run_id}"
    try:
        with faults_of(settings.published_dir, ""):
            copy_file(settings.build_file, incoming)
            if settings.warehouse.sync_to_disk:
                _sync(incoming)
    except BaseException:
        incoming.unlink(missing_ok=True)
        raise
    incoming.chmod(0o444)
    incoming.replace(target)
    point_at(settings, target)
    _prune(settings)
    return target


def point_at(settings: Settings, target: Path) -> None:
    """Let readers open another published file from now on: one atomic swap of the symlink."""
    link = settings.published_link.with_name(f".{settings.published_link.name}.{target.stem}")
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(target, settings.published_link.parent))
    link.replace(settings.published_link)
    if settings.warehouse.sync_to_disk:
        _sync(settings.published_link.parent)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file: for nothing where the file system shares blocks, else past the page cache where it can.

    No room has to be made for what does not go through the cache.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with source.open("rb", buffering=0) as read, mmap.mmap(-1, _PIECE) as piece, memoryview(piece) as view:
        try:
            write = os.open(target, flags | _DIRECT, 0o644)
        except OSError:
            write = os.open(target, flags, 0o644)
        try:
            with suppress(OSError):
                fcntl.ioctl(write, _FICLONE, read.fileno())
                return
            size, done = os.fstat(read.fileno()).st_size, 0
            while done < size:
                count = os.preadv(read.fileno(), [piece], done)
                if count == 0:
                    raise FlowError(
                        f"{source} became shorter while it was copied",
                        "stop the process that writes to it, then run again",
                    )
                with view[:count] as part:  # released by hand: an error keeps its frame, and the frame the piece
                    done += _write(write, part, done)
        finally:
            os.close(write)


def _write(handle: int, piece: memoryview, at: int) -> int:
    """Write in place; what a file system does not take directly, as less than a block, goes through the cache."""
    try:
        return os.pwrite(handle, piece, at)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        fcntl.fcntl(handle, fcntl.F_SETFL, fcntl.fcntl(handle, fcntl.F_GETFL) & ~_DIRECT)
        return os.pwrite(handle, piece, at)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(settings: Settings) -> None:
    """Drop published files beyond the kept ones; a reader that has one open keeps it until it closes."""
    current = settings.published_link.resolve()
    files = sorted((path for path in settings.published_dir.glob(_FILES) if path.resolve() != current), reverse=True)
    for path in files[settings.warehouse.keep_published - 1 :]:
        path.unlink()
