"""The file ledger of a warehouse, read so that its files can be loaded again into a new build file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.settings import Settings
from flow_pipeline.sources.files import sha256_of
from flow_pipeline.warehouse.store import Connection, get_state, set_state, transaction

sql = statements(__package__)

HISTORY = ("ops.audits", "ops.publications", "ops.restatements", "ops.flow_restatements")
"""What runs have recorded: no file gives it again."""


@dataclass(frozen=True)
class RecordedLoad:
    """A load of a file: what it was read as, and what it brought.

    Attributes:
        path: The file as it was loaded.
        sha256: Of its bytes then.
        format: Source that read it.
        chain: Chain given to rows that do not name theirs.
        window: Days asked for.
        rows: Rows it loaded.
    """

    path: Path
    sha256: str
    format: str
    chain: str
    window: Window
    rows: int

    @property
    def is_gone(self) -> bool:
        """True when no file lies there any more."""
        return not self.path.is_file()

    @property
    def has_changed(self) -> bool:
        """True when the file holds other bytes than those that were loaded."""
        return not self.is_gone and sha256_of(self.path) != self.sha256


@dataclass(frozen=True)
class Ledger:
    """Every load in its order, the recorded history by table, and the last day asked for."""

    loads: list[RecordedLoad]
    history: dict[str, pa.Table]
    last_asked: str | None


def read_ledger(settings: Settings) -> Ledger:
    """The ledger of the build file, or of the published one where there is no build file or it is damaged.

    Raises:
        UsageError: there is neither, or neither can be read.
    """
    refusals = []
    for path, is_build in ((settings.build_file, True), (settings.published_link.resolve(), False)):
        if path.exists():
            try:
                with duckdb.connect(str(path), read_only=not is_build) as connection:
                    if is_build:  # what a killed run left in the log belongs to the file
                        connection.execute("force checkpoint")
                    return _ledger_of(connection)
            except duckdb.Error as error:
                refusals.append(f"{path} can not be read: {str(error).splitlines()[0]}")
    raise UsageError(
        "; ".join(refusals) or f"there is no warehouse in {settings.data_dir}",
        "remove what can not be read and run `netraflow analyze INPUT_DIR`: it loads the folder",
    )


def _ledger_of(connection: Connection) -> Ledger:
    loads = connection.execute(sql("ledger_loads")).fetchall()
    return Ledger(
        [
            RecordedLoad(Path(file), sha256, name, chain, Window(first, last), rows)
            for file, sha256, name, chain, first, last, rows in loads
        ],
        {table: connection.execute(f"select * from {table}").to_arrow_table() for table in HISTORY},
        get_state(connection, "last_asked"),
    )


def write_history(connection: Connection, ledger: Ledger) -> None:
    """Put the recorded history into a new build file, in the columns that both have."""
    with transaction(connection):
        for table, rows in ledger.history.items():
            known = {row[0] for row in connection.execute(f"describe {table}").fetchall()}
            connection.register("recorded", rows.select([name for name in rows.column_names if name in known]))
            connection.execute(f"insert into {table} by name select * from recorded")
            connection.unregister("recorded")
        if ledger.last_asked:
            set_state(connection, "last_asked", ledger.last_asked)
