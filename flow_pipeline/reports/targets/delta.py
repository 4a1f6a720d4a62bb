"""Delta tables by delta-rs: each change of a table is one commit, which also carries the marks of its parts.

The mark of a part is the version of an application transaction, `netraflow/2025-05-01`, as the protocol of Delta has
them for writers that must not write twice. The table `netraflow_runs` has, for each run, the version of each table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.places import is_object
from flow_pipeline.reports.targets import GONE, UNDATED, WHOLE, Change, Grain, Table, first_days, local_or_remote
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.extensions import missing
from flow_pipeline.warehouse.lake import delta_options
from flow_pipeline.warehouse.store import Connection

RUNS = "netraflow_runs"
_APP = "netraflow"
_BATCH = 50_000
_RUNS = pa.schema(
    [
        pa.field("run_id", pa.string(), metadata={"comment": "run that published the tables"}),
        pa.field("exported_at", pa.timestamp("us", "UTC"), metadata={"comment": "when it was exported"}),
        pa.field("table_name", pa.string(), metadata={"comment": "table, as in the published file"}),
        pa.field("delta_version", pa.int64(), metadata={"comment": "version of the Delta table that shows the run"}),
        pa.field("row_count", pa.int64(), metadata={"comment": "rows of the table"}),
    ]
)


@contextmanager
def open_delta(connection: Connection, place: str, settings: Settings) -> Iterator[DeltaTarget]:
    """A folder of Delta tables, one per relation.

    Raises:
        UsageError: deltalake is not installed, or there are no credentials.
        FlowError: what holds the tables refuses.
    """
    try:
        from deltalake.exceptions import DeltaError
    except ImportError:
        raise missing("deltalake") from None
    try:
        yield DeltaTarget(connection, place, settings)
    except (DeltaError, OSError) as error:
        said = " ".join(re.sub(r"\x1b\[\d+m|↳", "", str(error)).split())[:300]
        raise FlowError(
            f"{place}: Delta tables can not be written: {said}",
            "check the folder or the bucket and its credentials, and that no other export is at work; then export "
            "again: what was written stays",
        ) from None


class DeltaTarget:
    """See `Target`."""

    def __init__(self, connection: Connection, place: str, settings: Settings) -> None:
        self.connection, self.settings = connection, settings
        self.root = local_or_remote(place)
        self.options = delta_options() if is_object(place) else None

    def shows(self, run_id: str, tables: Sequence[str]) -> bool:
        """See `Target`."""
        runs = self._open(RUNS)
        if runs is None:
            return False
        of_run = runs.to_pyarrow_table(filters=[("run_id", "=", run_id)]).sort_by("exported_at").to_pylist()
        versions = {row["table_name"]: row["delta_version"] for row in of_run}
        if not versions.keys() >= set(tables):
            return False
        return all((held := self._open(name)) and held.version() == versions[name] for name in tables)

    def grain(self, table: Table) -> Grain:
        """Of a table that is there, its partitions tell it."""
        held = self._open(table.name)
        if held is None or table.rows_per_day is None:
            return table.grain(self.settings)
        return "day" if held.metadata().partition_columns == ["block_date"] else "month"

    def held(self, table: Table, parts: Sequence[str]) -> dict[str, int]:
        """See `Target`.

        Raises:
            FlowError: somebody else wrote the table.
        """
        held = self._open(table.name)
        if held is None:
            return {}
        if held.transaction_version(_APP) is None:
            raise FlowError(
                f"{self._place(table.name)} is a Delta table that netraflow did not write",
                "give another folder with --out, or move the table away",
            )
        known = dict.fromkeys([*parts, *self._parts_of(held), UNDATED, WHOLE])
        marks = {part: held.transaction_version(f"{_APP}/{part}") for part in known}
        return {part: mark for part, mark in marks.items() if mark is not None}

    def write(self, change: Change, run_id: str) -> None:
        """Replace the parts that changed; a table with other columns is written anew."""
        from deltalake import Schema, write_deltalake

        schema = self._schema(change.table)
        held = self._open(change.table.name)
        is_new = held is None or held.schema().to_json() != Schema.from_arrow(schema).to_json()
        for number, (parts, gone) in enumerate(self._steps(change)):
            begins = is_new and number == 0
            write_deltalake(
                self._place(change.table.name),
                self._rows(change, parts, schema),
                mode="overwrite",
                partition_by=["block_date"] if change.grain == "day" else None,
                schema_mode="overwrite" if begins and held is not None else None,
                predicate=None if begins or change.grain == WHOLE else _predicate(change.grain, [*parts, *gone]),
                name=change.table.name,
                description=change.table.comment,
                storage_options=self.options,
                commit_properties=self._properties(
                    run_id, {part: change.marks[part] for part in parts} | dict.fromkeys(gone, GONE)
                ),
            )

    def finish(self, changes: Sequence[Change], run_id: str) -> None:
        """Add the run to `netraflow_runs`, with the version of each table that shows it."""
        from deltalake import write_deltalake

        names = [change.table.name for change in changes]
        versions = [table.version() if (table := self._open(name)) else None for name in names]
        count, now = len(names), datetime.now(UTC)
        rows = [[run_id] * count, [now] * count, names, versions, [change.count for change in changes]]
        write_deltalake(
            self._place(RUNS),
            pa.table(rows, schema=_RUNS),
            mode="append",
            description="one row per run and table: the version of the table that shows the run",
            storage_options=self.options,
            commit_properties=self._properties(run_id, {}),
        )

    def _place(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _open(self, name: str) -> Any:
        from deltalake import DeltaTable

        place = self._place(name)
        return (
            DeltaTable(place, storage_options=self.options) if DeltaTable.is_deltatable(place, self.options) else None
        )

    def _properties(self, run_id: str, marks: dict[str, int]) -> Any:
        from deltalake import CommitProperties, Transaction

        stamp = int(re.sub(r"\D", "", run_id.partition("-")[0]) or 0)
        transactions = [Transaction(_APP, stamp)]
        transactions += [Transaction(f"{_APP}/{part}", mark) for part, mark in marks.items()]
        return CommitProperties(custom_metadata={"netraflow.run_id": run_id}, app_transactions=transactions)

    def _parts_of(self, held: Any) -> list[str]:
        """Days or months that a table may hold, by its partitions or the statistics of its files."""
        if held.metadata().partition_columns:
            return [str(one["block_date"]) for one in held.partitions() if one["block_date"]]
        actions = pa.table(held.get_add_actions(flatten=True))
        if "min.block_date" not in actions.column_names:
            return []
        days = [
            day for end in ("min", "max") for day in actions[f"{end}.block_date"].to_pylist() if isinstance(day, date)
        ]
        return _months(min(days), max(days)) if days else []

    def _steps(self, change: Change) -> Iterator[tuple[list[str], list[str]]]:
        """Parts to write and parts to drop of each commit: together no more rows than a commit may have."""
        step: list[str] = []
        gone, rows = change.gone, 0
        for part in change.stale:
            if step and rows + change.rows[part] > self.settings.exports.rows_per_commit:
                yield step, gone
                step, gone, rows = [], [], 0
            step.append(part)
            rows += change.rows[part]
        if step or gone:
            yield step, gone

    def _schema(self, table: Table) -> pa.Schema:
        """The columns of a table as Arrow has them, each with its comment."""
        empty = self.connection.execute(f"{table.select(WHOLE, [])} limit 0").to_arrow_table()
        return pa.schema(
            field.with_metadata({"comment": column.comment})
            for field, column in zip(empty.schema, table.columns, strict=True)
        )

    def _rows(self, change: Change, parts: list[str], schema: pa.Schema) -> pa.RecordBatchReader:
        query = change.table.select(change.grain, parts or [""])
        reader = self.connection.execute(query).to_arrow_reader(_BATCH)
        return pa.RecordBatchReader.from_batches(
            schema, (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader)
        )


def _predicate(grain: Grain, parts: Sequence[str]) -> str:
    """The condition on `block_date` that holds for the rows of parts."""
    dated = [part for part in parts if part != UNDATED]
    said = ["block_date is null"] if len(dated) < len(parts) else []
    if grain == "day" and dated:
        said.append(f"block_date in ({', '.join(map(repr, dated))})")
    elif dated:
        ranges = map(first_days, dated)
        said += [f"(block_date >= '{first}' and block_date < '{after}')" for first, after in ranges]
    return " or ".join(said)


def _months(first: date, last: date) -> list[str]:
    """The months from that of one day to that of another."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [f"{first.year + n // 12}-{n % 12 + 1:02d}" for n in range(first.month - 1, first.month - 1 + count)]
