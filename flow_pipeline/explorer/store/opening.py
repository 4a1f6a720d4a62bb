"""Opening the database of cases: made or brought up to date under a lock, one transaction at a time.

What lives here: the engine, migrations, what becomes of errors. What must not: what stands in the tables.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from flow_pipeline.domain.brokers import missing
from flow_pipeline.domain.errors import Conflict, FlowError, UsageError
from flow_pipeline.domain.text import harmless
from flow_pipeline.settings import Settings, secret
from flow_pipeline.warehouse.store import hold, unwritable

_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_READS = "is_read_only"
_POSTGRES_LOCK = 0x6E657472
"""Of the migrations in Postgres, where a lock file would be seen by one machine alone."""
_RESTORE = "restore it from a backup; nothing else has what people wrote"
_FAULTS = (
    ("locked", "raise explorer.busy_seconds, or find what holds it"),
    ("full", "free some room; what was written before stays"),
    ("readonly|unable to open", "make it readable and writable for this user, or give another data directory"),
    ("malformed|not a database", _RESTORE),
)


class Store:
    """The database of cases, to be kept for as long as a process lives; threads may share it.

    Args:
        settings: Where it is, and how long a write waits.

    Raises:
        UsageError: there is no such kind of database, or its client is not installed.
        FlowError: it can not be opened, or a later version wrote it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._url = _url_of(settings)
        self._is_file = self._url.get_backend_name() == "sqlite"
        self.name = str(self._url.database) if self._is_file else self._url.render_as_string(hide_password=True)
        try:
            self._engine = sa.create_engine(self._url, **self._options())
        except ModuleNotFoundError as error:
            raise missing(error.name or "psycopg") from None
        self._reader = self._engine.execution_options(**self._reading_options())
        if self._is_file:
            sa.event.listen(self._engine, "connect", _prepare)
            sa.event.listen(self._engine, "begin", _begin)
        try:
            with self._faults():
                self._bring_up_to_date()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction that may write: all of it or nothing.

        Raises:
            Conflict: somebody else changed in the meantime what it writes.
            FlowError: the database can not be written.
        """
        with self._faults(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One look at the database as it stands; it waits for no writer."""
        with self._faults(), Session(self._reader, expire_on_commit=False) as session, session.begin():
            yield session

    def _options(self) -> dict[str, Any]:
        if self._is_file:
            return {"connect_args": {"timeout": self.settings.explorer.busy_seconds}}
        seconds = max(1, round(self.settings.explorer.busy_seconds))
        options = f"-c timezone=UTC -c lock_timeout={seconds}s"
        return {
            "pool_pre_ping": True,
            "connect_args": {"connect_timeout": seconds, "application_name": "netraflow", "options": options},
        }

    def _reading_options(self) -> dict[str, Any]:
        return {_READS: True} if self._is_file else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def _bring_up_to_date(self) -> None:
        """Make the tables, or those that this version adds; several processes may come at once.

        Raises:
            FlowError: a later version wrote it.
        """
        with ExitStack() as held:
            if self._is_file:
                path = Path(str(self._url.database))
                held.enter_context(hold(path.with_suffix(".lock"), self.settings))
                _make_file(path, self.settings)
            connection = held.enter_context(self._engine.begin())
            if not self._is_file:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRES_LOCK)))
            migrate(connection, self.name)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except StaleDataError:
            raise Conflict("somebody else changed it in the meantime", "look at it again, then repeat") from None
        except sa.exc.DBAPIError as error:
            text = harmless((str(error.orig).strip().splitlines() or ["no answer"])[0], 300)
            hint = next((way for words, way in _FAULTS if any(word in text for word in words.split("|"))), "")
            fallback = "see whether its disk is well" if self._is_file else "see whether it runs and lets us in"
            raise FlowError(f"the database of cases {self.name}: {text}", hint or fallback) from None


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """The database of cases for one verb."""
    store = Store(settings)
    try:
        yield store
    finally:
        store.close()


def cases_file(settings: Settings) -> Path | None:
    """Where the database is, None for one that is no file."""
    url = _url_of(settings)
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def store_trouble(settings: Settings) -> FlowError | None:
    """Why the database of cases can not be used; None when it can, or where there is none. A file is read in whole."""
    try:
        path = cases_file(settings)
        if path and not path.exists():
            return None
        with open_store(settings) as store, store.reading() as session:
            said = str(session.scalar(sa.text("pragma integrity_check(1)"))) if path else "ok"
    except FlowError as error:
        return error
    return None if said == "ok" else FlowError(f"the database of cases {path} is damaged: {said}", _RESTORE)


def migrate(connection: Connection, name: str) -> None:
    """Bring the tables up to what this version knows, in the caller's transaction.

    Args:
        connection: In a transaction.
        name: The database, as refusals name it.

    Raises:
        FlowError: a later version wrote them.
    """
    config = Config()
    config.set_main_option("script_location", f"{__package__}:migrations")
    script = ScriptDirectory.from_config(config)
    found, latest = set(MigrationContext.configure(connection).get_current_heads()), set(script.get_heads())
    if later := found - {one.revision for one in script.walk_revisions()}:
        raise FlowError(
            f"a later version of netraflow wrote the database of cases {name}: its tables are of version "
            f"{', '.join(later)}, and this one knows up to {', '.join(latest)}",
            "use that version; nothing was changed",
        )
    if found != latest:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _url_of(settings: Settings) -> URL:
    """Where the database is.

    Raises:
        UsageError: it is no address, or of no kind that is known.
    """
    given = settings.explorer.database
    if not given:
        return URL.create("sqlite+pysqlite", database=str((settings.cases_dir / "cases.sqlite").absolute()))
    text = secret(given.removeprefix("env:")) if given.startswith("env:") else given
    hint = "write it as postgresql://user@host:port/database, or leave it out for SQLite in the data directory"
    try:
        url = make_url(text)
    except sa.exc.ArgumentError:
        raise UsageError("explorer.database: that is no address of a database", hint) from None
    kind = url.get_backend_name()
    if kind not in _DRIVERS or (kind == "sqlite" and url.database in (None, "", ":memory:")):
        raise UsageError(f"explorer.database: {harmless(kind, 60)} is no database that keeps cases", hint)
    return url.set(drivername=_DRIVERS[kind])


def _make_file(path: Path, settings: Settings) -> None:
    """The file, for its owner alone: it has hashes of passwords."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise unwritable(settings.data_dir, error) from None


def _prepare(connection: Any, record: Any) -> None:
    """A connection of SQLite that leaves transactions to `_begin`."""
    connection.isolation_level = None
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on", "trusted_schema = off"):
        connection.execute(f"pragma {pragma}")


def _begin(connection: Connection) -> None:
    """A writer takes its lock at once: one that reads first and writes later would find its reading outdated."""
    is_read_only = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("begin" if is_read_only else "begin immediate")
