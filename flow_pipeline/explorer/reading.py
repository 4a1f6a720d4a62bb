"""The one owner of connections to published files in a process that serves many readers.

A second connection with other settings to a file that is open in a process is refused by DuckDB, and lives as long as
nobody publishes. So one object opens each file once, lends a cursor to each request, follows the symlink with every
request, and closes a file that is no longer current when its last reader is done.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_file, published_runs
from flow_pipeline.warehouse.store import (
    UNSAFE_OPTIMIZERS,
    Connection,
    lend_macros,
    published_faults,
    published_path,
)
from flow_pipeline.warehouse.transfers import lend_lake


class Gone(FlowError):
    """The publication that was asked for is no longer kept."""


class TooLong(FlowError):
    """A question took longer than it may."""


@dataclass(frozen=True)
class Snapshot:
    """A cursor on one published file, for one request.

    Attributes:
        connection: Read-only, with no way to files or the network.
        run: The run that published the file.
    """

    connection: Connection
    run: str


@dataclass
class _File:
    """A published file that is open: its readers, and cursors that nobody uses."""

    path: Path
    connection: Connection
    readers: int = 0
    free: list[Connection] = field(default_factory=list)

    def close(self) -> None:
        """Close the file; DuckDB lets go of it with its last cursor."""
        for cursor in (*self.free, self.connection):
            cursor.close()


class Reading:
    """Lends snapshots of the published files.

    Args:
        settings: Where they are, and how much memory and time answers may take.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._files: dict[str, _File] = {}

    @contextmanager
    def snapshot(self, run: str | None = None) -> Iterator[Snapshot]:
        """A snapshot of what is published now, or of an earlier run that is still kept.

        Raises:
            UsageError: nothing is published yet.
            Gone: the run is no longer kept.
            TooLong: a question took longer than `explorer.answer_seconds`.
            FlowError: the file is damaged, or lacks what is asked for.
        """
        name, file, cursor = self._take(run)
        timer = threading.Timer(self._settings.explorer.answer_seconds, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            with published_faults(file.path):
                yield Snapshot(cursor, name)
        except duckdb.InterruptException:
            raise TooLong(
                f"the question took longer than {self._settings.explorer.answer_seconds:g} s",
                "ask for fewer days, hops or rows; or raise explorer.answer_seconds",
            ) from None
        finally:
            timer.cancel()
            self._give_back(name, file, cursor)

    def close(self) -> None:
        """Close every file."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _take(self, run: str | None) -> tuple[str, _File, Connection]:
        with self._lock:
            # Between the look at the symlink and the opening the file may have been dropped for a newer one.
            for is_last in (False, True):
                path = self._path(run)
                name = path.stem.removeprefix("warehouse-")
                try:
                    file = self._files.get(name) or self._opened(path)
                except duckdb.IOException:
                    if is_last or run is not None:
                        raise
                    continue
                break
            self._files[name] = file
            file.readers += 1
            if run is None:
                self._close_unused(name)
            if file.free:
                return name, file, file.free.pop()
            cursor = file.connection.cursor()
            lend_macros(cursor)
            return name, file, cursor

    def _path(self, run: str | None) -> Path:
        if run is None:
            return published_path(self._settings)
        # A name that leads elsewhere is not asked of the disk.
        if run not in published_runs(self._settings):
            raise Gone(
                f"run {run} is no longer kept",
                "start again from the first page; warehouse.keep_published says how many are kept",
            )
        return published_file(self._settings, run).resolve()

    def _opened(self, path: Path) -> _File:
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 1,
            "memory_limit": self._settings.explorer.memory_limit,
            "disabled_optimizers": UNSAFE_OPTIMIZERS,
        }
        with published_faults(path):
            connection = duckdb.connect(str(path), read_only=True, config=config)
            # Another reader of this process may have it open, with the same settings, which are locked.
            if not connection.execute("select current_setting('lock_configuration')").fetchall()[0][0]:
                connection.execute("set global TimeZone = 'UTC'")
                lend_lake(connection)
                connection.execute("set enable_external_access = false")
                connection.execute("set lock_configuration = true")
        return _File(path, connection)

    def _give_back(self, name: str, file: _File, cursor: Connection) -> None:
        with self._lock:
            file.readers -= 1
            file.free.append(cursor)
            current = self._settings.published_link
            if current.exists() and current.resolve() != file.path:
                self._close_unused(current.resolve().stem.removeprefix("warehouse-"))

    def _close_unused(self, current: str) -> None:
        """Close files that nobody reads and that are not current."""
        for name in [name for name, file in self._files.items() if name != current and not file.readers]:
            self._files.pop(name).close()
