"""A table of Postgres: a copy of what it has, then what is inserted, out of a logical slot.

What lives here: slot, copy, log positions, the text of test_decoding. What must not: what columns mean.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from flow_pipeline.domain.brokers import missing
from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.text import harmless
from flow_pipeline.live.feeds import FeedOptions
from flow_pipeline.live.rows import Rules, rules_of
from flow_pipeline.live.steps import Batch, Cursor, Feed, Step
from flow_pipeline.live.streams import Patience, Refusals, address_of, in_thread
from flow_pipeline.live.tables import Columns, columns_of, rows_of
from flow_pipeline.nodes import TRANSFERS
from flow_pipeline.settings import Settings

if TYPE_CHECKING:
    from psycopg import Connection

NAME = "postgres"
SAYS = "a table of Postgres into which transfers are inserted"

COPIED = "copy"
"""The partition of the table's copy; its position is a byte of the file that holds it."""
_VALUE = re.compile(r"""("(?:[^"]|"")*"|[^\s\[]+)\[((?:[^\[\]]|\[\])*)\]:('(?:[^']|'')*'|\S+)""")
"""A column of a row as test_decoding writes it: name, type, value."""

sql = statements(__package__)


async def open_feed(options: FeedOptions, settings: Settings) -> Feed:
    """A feed of one table.

    Raises:
        UsageError: no database or table is named, or the client is not installed.
        FlowError: the database does not answer, writes no logical log, or has no such table of transfers.
    """
    try:
        import psycopg
    except ImportError:
        raise missing("psycopg") from None
    if not options.topic:
        raise UsageError("no table is named", "give --topic SCHEMA.TABLE")
    address = address_of(options, "postgresql://user@127.0.0.1/database")
    feed = PostgresFeed(address, options.topic, canonical_chain(options.chain or settings.sources.chain), settings)
    try:
        await in_thread(feed.look)
    except psycopg.OperationalError as error:
        raise FlowError(
            f"the database does not let us in: {feed.shown(error)}",
            "check --server; a password comes from PGPASSWORD, or with the whole address from --server env:NAME",
        ) from None
    return feed


class PostgresFeed:
    """One table. The position is the place in the log behind the last transaction that was taken."""

    def __init__(self, address: str, table: str, chain: str, settings: Settings) -> None:
        schema, _, name = table.rpartition(".")
        self.address, self.schema, self.name = address, schema or "public", name
        self.chain, self.settings = chain, settings
        self.table = f"{self.schema}.{self.name}"
        self.source = f"postgres:{self.table}"
        mark = hashlib.sha256(f"{self.table} {settings.data_dir.resolve()}".encode()).hexdigest()[:8]
        self.slot = f"netraflow_{re.sub(r'[^a-z0-9]+', '_', name.lower())[:40]}_{mark}"
        self._committed: int | None = None

    def committed(self, cursor: Cursor) -> None:
        """What is stored: the server may forget its log up to there."""
        self._committed = cursor.positions.get("", self._committed)

    async def follow(self, cursor: Cursor) -> AsyncIterator[Step]:
        """Steps from the cursor on; see `Feed`."""
        import psycopg

        patience = Patience(f"the database of {self.source}", self.settings)
        refusals = Refusals(self.source, self.settings)
        place = cursor.positions.get("")
        with rules_of(self.chain, self.settings) as rules:
            if place is None:
                columns, spool = await self._copied(cursor.positions.get(COPIED), patience)
                start = cursor.positions.get(COPIED, 0)
                while part := await in_thread(self._part, spool, start):
                    start += len(part)
                    table = await in_thread(_of_copy, part, columns.used)
                    rows = await in_thread(self._transfers, rules, refusals, columns, table, COPIED, start)
                    yield self._batch(rows, COPIED, start)
                place = _number(spool.stem.rpartition("-")[2].replace("_", "/"))
                yield self._batch(TRANSFERS.empty_table(), "", place)
            self._committed = cursor.positions.get("")
            while True:
                try:
                    with closing(await in_thread(self._connect)) as connection:
                        await in_thread(self._check_slot, connection, place)
                        while True:
                            columns, changes = await in_thread(self._changes, connection, place)
                            patience.is_back()
                            if changes is None:
                                await asyncio.sleep(self._pause(place))
                                continue
                            end, table, others = changes
                            for what in others:
                                refusals.refuse(
                                    "", end, f"{what}: transfers are added and never changed", what.encode()
                                )
                            rows = await in_thread(self._transfers, rules, refusals, columns, table, "", end)
                            yield self._batch(rows, "", end)
                            place = end
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    await patience.after(self.shown(error))
                except psycopg.Error as error:
                    raise self._refusal(error) from None

    async def _copied(self, taken: int | None, patience: Patience) -> tuple[Columns, Path]:
        """The file of the table's copy, made where it is not there yet; a database that is away is waited for."""
        import psycopg

        while True:
            try:
                columns = await in_thread(self.look)
                return columns, await in_thread(self._copy, columns, taken)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                await patience.after(self.shown(error))
            except psycopg.Error as error:
                raise self._refusal(error) from None
            except OSError as error:
                raise FlowError(
                    f"{self.source}: its copy can not lie in {self.settings.live_dir}: {error.strerror or error}",
                    "check the folder and the space left",
                ) from None

    def _refusal(self, error: Exception) -> FlowError:
        return FlowError(
            f"{self.source}: the database refuses: {self.shown(error)}",
            "the role needs REPLICATION, and SELECT on the table",
        )

    def _pause(self, place: int) -> float:
        """Seconds until the next look. Until what was taken is stored, the slot shows it again and not what follows."""
        live = self.settings.live
        return live.poll_seconds if self._committed == place else min(live.poll_seconds, live.commit_seconds / 5)

    def _batch(self, rows: pa.Table, partition: str, position: int) -> Batch:
        return Batch(self.source, self.chain, None, rows, partition, position, time.time())

    def shown(self, error: Exception) -> str:
        """What the client says, in a line and without the password."""
        from psycopg.conninfo import conninfo_to_dict

        text = (str(error).strip().splitlines() or [type(error).__name__])[0]
        for name in ("password", "sslpassword"):
            word = conninfo_to_dict(self.address).get(name)
            text = text.replace(str(word), "…") if word else text
        return harmless(text, 300)

    def _connect(self, **more: str) -> Connection[Any]:
        """A connection whose values are written in one way.

        Raises:
            UsageError: the address can not be read.
        """
        import psycopg

        try:
            return psycopg.connect(
                self.address,
                autocommit=True,
                connect_timeout=10,
                application_name="netraflow",
                tcp_user_timeout=30_000,
                options="-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1",
                **more,  # type: ignore[arg-type]
            )
        except psycopg.ProgrammingError:
            raise UsageError(
                "the address of the database can not be read", "write it as postgresql://user@host:port/database"
            ) from None

    def look(self) -> Columns:
        """Which column of the table is what.

        Raises:
            FlowError: the server writes no logical log, or has no such table of transfers.
        """
        with closing(self._connect()) as connection:
            level = _one(connection, "select current_setting('wal_level')")
            if level != "logical":
                raise FlowError(
                    f"{self.source}: the server's wal_level is {level}, which does not tell of rows",
                    "set wal_level = logical in postgresql.conf and restart the server",
                )
            names = self._names(connection)
        if not names:
            raise FlowError(
                f"the database has no table {self.table} that we may read", "give --topic SCHEMA.TABLE, grant SELECT"
            )
        return columns_of(names, self.table, self.settings.sources)

    def _names(self, connection: Connection[Any]) -> list[str]:
        found = connection.execute(_asked(sql("postgres_columns")), {"schema": self.schema, "name": self.name})
        return [row[0] for row in found.fetchall()]

    # ------------------------------------------------------------------------------------------- the copy

    def _copy(self, columns: Columns, taken: int | None) -> Path:
        """The file that holds the table as it was when the slot was made; its name says where the log goes on.

        Raises:
            FlowError: a part of an earlier copy was taken, and the rest is gone.
        """
        folder = self.settings.live_dir
        folder.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            exists = _one(connection, "select count(*) from pg_replication_slots where slot_name = %s", self.slot)
            found = sorted(folder.glob(f"{self.slot}-*.copy"))
            if exists and len(found) == 1:
                return found[0]
            if taken is not None:
                raise FlowError(
                    f"{self.source}: its copy in {folder} was taken up to byte {taken}, and is no longer there",
                    "move data/live/tip.duckdb away: the table is copied anew",
                )
            for path in (*found, *folder.glob(f"{self.slot}.part")):
                path.unlink()
            if exists:
                connection.execute("select pg_drop_replication_slot(%s)", [self.slot])
        with closing(self._connect(replication="database")) as replication:
            place, snapshot = self._make_slot(replication)
            part = folder / f"{self.slot}.part"
            # The snapshot lives as long as nothing else is asked on the connection that made it.
            with closing(self._connect()) as connection:
                self._write_copy(connection, columns, snapshot, part)
        path = folder / f"{self.slot}-{place.replace('/', '_')}.copy"
        part.rename(path)
        return path

    def _make_slot(self, replication: Connection[Any]) -> tuple[str, str]:
        """A new slot, as its place in the log and the name of a snapshot of that moment.

        Raises:
            FlowError: the role may not, or there is no room for one more.
        """
        from psycopg.pq import ExecStatus

        statement = f'CREATE_REPLICATION_SLOT "{self.slot}" LOGICAL test_decoding EXPORT_SNAPSHOT'
        result = replication.pgconn.exec_(statement.encode())
        if result.status != ExecStatus.TUPLES_OK:
            raise FlowError(
                f"{self.source}: no slot can be made: {harmless(result.get_error_message().strip(), 200)}",
                "the role needs REPLICATION, the server room in max_replication_slots and max_wal_senders",
            )
        place, snapshot = result.get_value(0, 1), result.get_value(0, 2)
        assert place is not None
        assert snapshot is not None
        return place.decode(), snapshot.decode()

    def _write_copy(self, connection: Connection[Any], columns: Columns, snapshot: str, path: Path) -> None:
        from psycopg import sql as words

        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            connection.execute(words.SQL("set transaction snapshot {}").format(words.Literal(snapshot)))
            statement = words.SQL("copy (select {} from {}) to stdout").format(
                words.SQL(", ").join(words.SQL("{}::text").format(words.Identifier(name)) for name in columns.used),
                words.Identifier(self.schema, self.name),
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy, path.open("wb") as file:
                for data in copy:
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())

    def _part(self, path: Path, start: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            text = file.read(self.settings.live.part_bytes)
            end = text.rfind(b"\n") + 1
            return text[:end] if end else text + file.readline()

    # ------------------------------------------------------------------------------------------- the log

    def _check_slot(self, connection: Connection[Any], place: int) -> None:
        """See that the slot still has what comes next.

        Raises:
            FlowError: it is gone, or is past it.
        """
        row = connection.execute(
            "select confirmed_flush_lsn::text, wal_status from pg_replication_slots where slot_name = %s", [self.slot]
        ).fetchone()
        way_out = "move data/live/tip.duckdb away: the table is copied anew"
        if row is None:
            raise FlowError(f"{self.source}: its slot {self.slot} was dropped, and what came since is unknown", way_out)
        if row[1] == "lost" or row[0] is None:
            raise FlowError(
                f"{self.source}: the server has dropped its log behind {_text(place)}, which was not read",
                f"{way_out}; a larger max_slot_wal_keep_size keeps it for later outages",
            )
        if _number(row[0]) > place:
            raise FlowError(
                f"{self.source}: the slot {self.slot} is at {row[0]}, and what was read ends at {_text(place)}: "
                "somebody else has read from it",
                way_out,
            )

    def _changes(
        self, connection: Connection[Any], place: int
    ) -> tuple[Columns, tuple[int, pa.Table, list[str]] | None]:
        """What the log has behind a place: where it ends, rows that were inserted, and what else happened."""
        if self._committed is not None:
            connection.execute(
                "select pg_replication_slot_advance(%s, %s::pg_lsn) from pg_replication_slots "
                "where slot_name = %s and confirmed_flush_lsn < %s::pg_lsn",
                [self.slot, _text(self._committed), self.slot, _text(self._committed)],
            )
            # The place behind the copy is stored, and with it the copy.
            for path in self.settings.live_dir.glob(f"{self.slot}-*.copy"):
                path.unlink()
        columns = columns_of(self._names(connection), self.table, self.settings.sources)
        values = {
            "slot": self.slot,
            "most": self.settings.live.rows_at_once,
            "schema": self.schema,
            "name": self.name,
        }
        found = connection.execute(_asked(sql("postgres_changes")), values).fetchall()
        end, inserted, others = _transactions(found, place)
        if end is None:
            return columns, None
        rows = [_row(text) for text in inserted]
        if rows and (gone := [name for name in columns.used if not any(name in row for row in rows)]):
            raise FlowError(
                f"{self.source}: rows up to {_text(end)} have no column {gone[0]}", "has the table changed? Name the "
                "columns in [sources.map] of the settings"
            )  # fmt: skip
        made = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns.used}
        return columns, (end, pa.table(made), others)

    def _transfers(
        self, rules: Rules, refusals: Refusals, columns: Columns, table: pa.Table, partition: str, position: int
    ) -> pa.Table:
        """Transfers of rows of the table; those that are none are refused with their reason.

        Raises:
            FlowError: a row is none, and settings say to stop.
        """
        if not table.num_rows:
            return TRANSFERS.empty_table()
        texts, reasons = rows_of(table, columns, self.chain)
        judged = rules.judge(texts)
        told = [one or other for one, other in zip(reasons, judged.column("reason").to_pylist(), strict=True)]
        if any(told):
            for place, reason in enumerate(told):
                if reason:
                    body = repr(table.slice(place, 1).to_pylist()[0]).encode()
                    refusals.refuse(partition, position, f"row {place + 1}: {reason}", body)
            judged = judged.filter(pa.array([reason is None for reason in told]))
        return judged.drop_columns(["source_row", "reason"]).cast(TRANSFERS)


def _transactions(rows: Sequence[tuple[int, str]], place: int) -> tuple[int | None, list[str], list[str]]:
    """Whole transactions behind a place: the end of the last, rows that were inserted, other changes of the table."""
    end: int | None = None
    inserted: list[str] = []
    others: list[str] = []
    waiting: list[str] = []
    for number, text in rows:
        if text.startswith("BEGIN"):
            waiting = []
        elif not text.startswith("COMMIT"):
            waiting.append(text)
        elif number > place:
            end = number
            for change in waiting:
                _, _, rest = change.partition(": ")
                (inserted if rest.startswith("INSERT: ") else others).append(rest)
    return end, inserted, [text[:200] for text in others]


def _row(text: str) -> dict[str, str | None]:
    """A row as test_decoding writes it: `INSERT: id[integer]:1 name[text]:'it''s'`."""
    row: dict[str, str | None] = {}
    for name, _, value in _VALUE.findall(text.removeprefix("INSERT: ")):
        plain = name[1:-1].replace('""', '"') if name.startswith('"') else name
        if value.startswith("'"):
            row[plain] = value[1:-1].replace("''", "'")
        else:
            row[plain] = None if value == "null" else value
    return row


_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _of_copy(part: bytes, names: Sequence[str]) -> pa.Table:
    """Lines of COPY's text format as columns of text."""
    table = csv.read_csv(
        pa.py_buffer(part),
        read_options=csv.ReadOptions(column_names=list(names), use_threads=False, block_size=max(len(part), 1)),
        parse_options=csv.ParseOptions(delimiter="\t", quote_char=False, escape_char=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=["\\N"], strings_can_be_null=True
        ),
    )
    for place, name in enumerate(names):
        column = table.column(name)
        if pc.any(pc.match_substring(column, "\\")).as_py():
            texts = [None if text is None else _unescaped(text) for text in column.to_pylist()]
            table = table.set_column(place, name, pa.array(texts, pa.string()))
    return table


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)


def _one(connection: Connection[Any], statement: LiteralString, *values: str) -> Any:
    row = connection.execute(statement, values or None).fetchone()
    return row[0] if row else None


def _asked(statement: str) -> Any:
    """A statement of a file, with its values as psycopg writes them."""
    return re.sub(r"\$(\w+)", r"%(\1)s", statement.replace("%", "%%"))


def _number(place: str) -> int:
    """`16/B374D848` as a number."""
    high, _, low = place.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def _text(place: int) -> str:
    return f"{place >> 32:X}/{place & 0xFFFFFFFF:X}"
