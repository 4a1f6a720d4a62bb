"""Parquet files: one per part of a table, each swapped in whole; the manifest, which comes last, has their marks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.places import Folder
from flow_pipeline.reports.targets import WHOLE, Change, Grain, Table
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection

_MANIFEST = "manifest.json"
_BATCH = 100_000


@contextmanager
def open_parquet(connection: Connection, place: str, settings: Settings) -> Iterator[ParquetTarget]:
    """A folder with a folder of files per relation.

    Raises:
        FlowError: it can not be written.
    """
    folder = Folder(place)
    try:
        with folder.staging() as staged:
            yield ParquetTarget(connection, folder, staged, settings)
    except OSError as error:
        raise FlowError(
            f"{place} can not be written: {error.strerror or error}", "check the folder and the room on its disk"
        ) from None


class ParquetTarget:
    """See `Target`."""

    def __init__(self, connection: Connection, folder: Folder, staged: Path, settings: Settings) -> None:
        self.connection, self.folder, self.staged, self.settings = connection, folder, staged, settings
        self.manifest: dict[str, Any] = json.loads(folder.read(_MANIFEST) or '{"tables": {}}')
        if "by" not in self.manifest and self.manifest["tables"]:
            raise FlowError(
                f"{folder.shown(_MANIFEST)} is of another export", "give another folder with --out, or move it away"
            )
        self.moves: list[tuple[Path, str]] = []
        self.drops: list[str] = []

    def shows(self, run_id: str, tables: Sequence[str]) -> bool:
        """See `Target`."""
        return all(self._entry(name).get("run_id") == run_id for name in tables)

    def grain(self, table: Table) -> Grain:
        """A table stays cut as it is."""
        held = self._entry(table.name).get("grain", WHOLE)
        return table.grain(self.settings) if table.rows_per_day is None or held == WHOLE else held

    def held(self, table: Table, parts: Sequence[str]) -> dict[str, int]:
        """See `Target`."""
        return {part: one["mark"] for part, one in self._entry(table.name).get("parts", {}).items()}

    def write(self, change: Change, run_id: str) -> None:
        """Stage a file per part that changed."""
        for part in change.stale:
            name = f"{change.table.name}/{part}.parquet"
            staged = self.staged / f"{len(self.moves)}.parquet"
            self._fill(change, part, staged)
            self.moves.append((staged, name))
        self.drops += [f"{change.table.name}/{part}.parquet" for part in change.gone]

    def finish(self, changes: Sequence[Change], run_id: str) -> None:
        """Swap the staged files in, remove those of parts that are gone, and write the manifest."""
        tables = self.manifest["tables"]
        hashes = {name: _fingerprint(staged) for staged, name in self.moves}
        for change in changes:
            before = self._entry(change.table.name).get("parts", {})
            tables[change.table.name] = {
                "run_id": run_id,
                "grain": change.grain,
                "rows": change.count,
                "parts": {
                    part: {
                        **(hashes.get(f"{change.table.name}/{part}.parquet") or before[part]),
                        "rows": change.rows[part],
                        "mark": mark,
                    }
                    for part, mark in change.marks.items()
                },
            }
        for staged, name in self.moves:
            self.folder.put(staged, name)
        for name in self.drops:
            self.folder.drop(name)
        manifest = self.staged / _MANIFEST
        manifest.write_text(json.dumps({"by": "netraflow export --to parquet", "tables": tables}, indent=1) + "\n")
        self.folder.put(manifest, _MANIFEST)

    def _entry(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.manifest["tables"].get(name, {})
        return found

    def _fill(self, change: Change, part: str, file: Path) -> None:
        """A file with the rows of a part; each column has its comment."""
        query = change.table.select(change.grain, [part])
        reader = self.connection.execute(query).to_arrow_reader(_BATCH)
        schema = pa.schema(
            (
                field.with_metadata({"comment": column.comment})
                for field, column in zip(reader.schema, change.table.columns, strict=True)
            ),
            metadata={"comment": change.table.comment},
        )
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as read:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(read, "sha256").hexdigest()}
