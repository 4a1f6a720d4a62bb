"""The tip's own store: rows and the cursor that they were read at, in one transaction, in a file of its own.

What lives here: `data/live/tip.duckdb` and all that is asked of it. What must not: feeds, detection, alerts. One
process writes it; who looks from outside reads the status beside it (`live/status.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import LIVE_TABLES
from flow_pipeline.live.steps import Batch, Cursor, Fall, Finality, Step
from flow_pipeline.nodes import Block
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.faults import faults_of
from flow_pipeline.warehouse.store import Connection, hold, transaction

WAY_OUT = "move the file away: what is not landed yet is read again from its source"

sql = statements(__package__)


@dataclass(frozen=True)
class Landing:
    """A day of a source that is final and not landed, or not wholly.

    Attributes:
        source: The source.
        chain: Its chain.
        day: The UTC day.
        last_seq: The last row of it; what is landed later goes into another file.
    """

    source: str
    chain: str
    day: date
    last_seq: int


@contextmanager
def open_tip(settings: Settings) -> Iterator[TipStore]:
    """The store, for the one process that follows.

    Raises:
        FlowError: another process follows with this data directory, or the file is damaged.
    """
    path = settings.live_dir / "tip.duckdb"
    with ExitStack() as held:
        held.enter_context(hold(settings.live_dir / "tip.lock", settings))
        held.enter_context(faults_of(path, WAY_OUT))
        connection = held.enter_context(closing(duckdb.connect(str(path), config={"threads": 1})))
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema if not exists live")
        for table in reversed(LIVE_TABLES):
            connection.execute(table.ddl)
        yield TipStore(connection, settings)


class TipStore:
    """What was read of every source, and where to go on."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings
        row = connection.execute("select coalesce(max(seq), 0) from live.rows").fetchone()
        self._seq = row[0] if row else 0

    def cursor(self, source: str) -> Cursor:
        """Where a source is read up to; nothing for one that was never followed."""
        rows = self._connection.execute(
            "select number, hash, parent, epoch_us(block_timestamp) from live.blocks where source = ? order by number",
            [source],
        ).fetchall()
        positions = self._connection.execute(
            "select partition, position from live.cursor where source = ?", [source]
        ).fetchall()
        final = self._connection.execute("select final from live.sources where source = ?", [source]).fetchone()
        return Cursor(tuple(Block(*row) for row in rows), dict(positions), final[0] if final else -1)

    def commit(self, steps: Iterable[Step]) -> None:
        """Take steps in their order, all or none of them.

        Raises:
            FlowError: a batch does not follow on the block before it.
        """
        with transaction(self._connection):
            for kind, run in groupby(steps, type):
                if kind is Batch:
                    self._add([step for step in run if isinstance(step, Batch)])
                    continue
                for step in run:
                    if isinstance(step, Fall):
                        self._fall(step)
                    elif isinstance(step, Finality):
                        self._settle(step)

    def _add(self, batches: Sequence[Batch]) -> None:
        for source in dict.fromkeys(batch.source for batch in batches):
            of_source = [batch for batch in batches if batch.source == source]
            self._know(source, next((batch for batch in of_source if batch.block), of_source[0]))
        filled = [batch for batch in batches if batch.transfers.num_rows]
        if filled:
            parts = []
            for batch in filled:
                count = batch.transfers.num_rows
                more: dict[str, Any] = {
                    "seq": pa.array(range(self._seq + 1, self._seq + count + 1), pa.int64()),
                    "chain": pa.repeat(pa.scalar(batch.chain), count),
                    "source": pa.repeat(pa.scalar(batch.source), count),
                    "block_hash": pa.repeat(pa.scalar(batch.block.hash if batch.block else None, pa.string()), count),
                    "partition": pa.repeat(pa.scalar(batch.partition), count),
                    "is_landed": pa.repeat(pa.scalar(False), count),
                }
                self._seq += count
                table = batch.transfers
                for name, column in more.items():
                    table = table.append_column(name, column)
                parts.append(table)
            self._connection.register("arrived", pa.concat_tables(parts))
            self._connection.execute(
                "insert into live.rows by name select *, block_timestamp::date as block_date from arrived"
            )
            self._connection.unregister("arrived")
        blocks = [
            {
                "source": batch.source,
                "number": batch.block.number,
                "hash": batch.block.hash,
                "parent": batch.block.parent,
                "block_timestamp": _moment(batch.block.time),
                "transfer_count": batch.transfers.num_rows,
            }
            for batch in batches
            if batch.block
        ]
        if blocks:
            self._connection.register("taken", pa.Table.from_pylist(blocks, _BLOCKS))
            if misfit := self._connection.execute(sql("tip_misfits")).fetchone():
                raise FlowError(
                    f"{blocks[0]['source']}: {misfit[0]}", "the source is read again from the last block kept"
                )
            self._connection.execute("insert into live.blocks by name select * from taken")
            self._connection.unregister("taken")
            self._forget({batch.source for batch in batches if batch.block})
        for batch in batches:
            if batch.position is not None:
                self._go_on(batch.source, batch.partition, batch.position)

    def _know(self, source: str, batch: Batch) -> None:
        self._connection.execute(
            """
                insert into live.sources select $source, $chain, $has_blocks, -1, -1, null, null, 0, 0, null
                where $source not in (select source from live.sources)
            """,
            {"source": source, "chain": batch.chain, "has_blocks": batch.block is not None},
        )
        # A stream of blocks may begin with a message that is of none.
        self._connection.execute(
            "update live.sources set arrived_at = ?, has_blocks = has_blocks or ? where source = ?",
            [datetime.now(UTC).replace(tzinfo=None), batch.block is not None, source],
        )

    def _go_on(self, source: str, partition: str, position: int) -> None:
        values = [source, partition]
        self._connection.execute("delete from live.cursor where source = ? and partition = ?", values)
        self._connection.execute("insert into live.cursor values (?, ?, ?)", [*values, position])

    def _forget(self, sources: Iterable[str]) -> None:
        for source in sources:
            self._connection.execute(
                """
                    delete from live.blocks where source = $source
                        and number <= (select max(number) from live.blocks where source = $source) - $kept
                        and number < (select final from live.sources where source = $source)
                """,
                {"source": source, "kept": self._settings.live.kept_blocks},
            )

    def _fall(self, fall: Fall) -> None:
        values = {"source": fall.source, "number": fall.number}
        final = self._connection.execute(
            "select final from live.sources where source = ? and final > ?", [fall.source, fall.number]
        ).fetchone()
        if final:
            raise FlowError(
                f"{fall.source}: blocks above {fall.number} fell, and they were final up to {final[0]}",
                "the node follows another chain than before; ask another one, or move data/live/tip.duckdb away",
            )
        depth = self._connection.execute(
            "select count(*) from live.blocks where source = $source and number > $number", values
        ).fetchone()
        self._connection.execute("delete from live.rows where source = $source and block_number > $number", values)
        self._connection.execute("delete from live.blocks where source = $source and number > $number", values)
        self._connection.execute(
            """
                update live.sources set reorganisations = reorganisations + 1, deepest = greatest(deepest, $depth),
                    safe = least(safe, $number)
                where source = $source
            """,
            {**values, "depth": depth[0] if depth else 0},
        )

    def _settle(self, step: Finality) -> None:
        self._connection.execute(
            """
                update live.sources set safe = greatest(safe, $safe), final = greatest(final, $final), head = $head,
                    head_timestamp = $time
                where source = $source
            """,
            {
                "source": step.source,
                "safe": step.safe,
                "final": step.final,
                "head": step.head,
                "time": _moment(step.head_time),
            },
        )

    def window(self, source: str, since: datetime) -> Iterator[Batch]:
        """Rows since a moment as batches, block by block, to rebuild what is held in memory."""
        rows = self._connection.execute(sql("tip_window"), {"source": source, "since": since}).to_arrow_table()
        parts = rows.column("part").to_numpy()
        start = 0
        while start < len(parts):
            stop = start + int((parts[start:] == parts[start]).argmin() or len(parts) - start)
            table = rows.slice(start, stop - start)
            first = table.slice(0, 1).to_pylist()[0]
            block = None
            if first["block_hash"] is not None:
                time = int(first["block_timestamp"].replace(tzinfo=UTC).timestamp() * 1_000_000)
                block = Block(first["block_number"], first["block_hash"], None, time)
            yield Batch(source, first["chain"], block, table.select(_TRANSFERS), first["partition"])
            start = stop

    def due_landings(self) -> list[Landing]:
        """Days of which every transfer is final and whose rows are not landed, in order."""
        values = {
            "grace": timedelta(minutes=self._settings.live.late_minutes),
            "now": datetime.now(UTC).replace(tzinfo=None),
        }
        rows = self._connection.execute(sql("tip_due_landings"), values).fetchall()
        return [Landing(*row) for row in rows]

    def rows_of(self, landing: Landing) -> pa.Table:
        """The rows of a landing file, in order, with `chain` and `block_hash`."""
        values = {"source": landing.source, "day": landing.day, "last": landing.last_seq}
        return self._connection.execute(sql("tip_landing_rows"), values).to_arrow_table()

    def note_landing(self, landing: Landing) -> None:
        """A landing file is written: its rows are not landed again, and leave the store once detection is past them."""
        with transaction(self._connection):
            self._connection.execute(
                "update live.rows set is_landed = true where source = ? and block_date = ? and seq <= ?",
                [landing.source, landing.day, landing.last_seq],
            )

    def landed_day(self, source: str) -> date | None:
        """The last day of a source that a landing file has whole."""
        row = self._connection.execute(
            "select max(block_date) from (select block_date from live.rows where source = ? "
            "group by block_date having bool_and(is_landed))",
            [source],
        ).fetchone()
        return row[0] if row else None

    def drop_landed(self, source: str, before: datetime) -> None:
        """Forget rows of a source that are landed and older than a moment."""
        self._connection.execute(
            "delete from live.rows where source = ? and is_landed and block_timestamp < ?", [source, before]
        )

    def last_time(self, source: str) -> datetime | None:
        """Time of the last block, or transfer, of a source."""
        row = self._connection.execute(sql("tip_last_time"), {"source": source}).fetchone()
        return row[0] if row else None

    def summary(self) -> list[dict[str, Any]]:
        """One row per source: how far it is read, how final, what was lost to reorganisations."""
        result = self._connection.execute(sql("tip_summary"))
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


_BLOCKS = pa.schema(
    [
        ("source", pa.string()),
        ("number", pa.int64()),
        ("hash", pa.string()),
        ("parent", pa.string()),
        ("block_timestamp", pa.timestamp("us")),
        ("transfer_count", pa.int64()),
    ]
)
_TRANSFERS = [
    "block_number",
    "block_timestamp",
    "transaction_index",
    "tx_hash",
    "transfer_index",
    "token_address",
    "token_symbol",
    "from_address",
    "to_address",
    "amount",
    "amount_usd",
]


def _moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC).replace(tzinfo=None) + timedelta(microseconds=microseconds)
