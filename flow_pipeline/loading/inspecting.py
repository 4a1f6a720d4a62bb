"""How a file would be read, without loading it: its format, the column of each field, the decisions, the first rows."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.candidates import make_candidates
from flow_pipeline.loading.companions import load_companions
from flow_pipeline.loading.ingest import LoadOptions, make_words
from flow_pipeline.loading.lake import kind_of, land
from flow_pipeline.loading.relations import OF_ONE_FILE, TOKEN_CONTRACTS, TOKEN_DECIMALS
from flow_pipeline.loading.strangers import said_of
from flow_pipeline.loading.understanding import Understood, understand
from flow_pipeline.places import bring_files, brought
from flow_pipeline.settings import Settings
from flow_pipeline.sources.containers import container_of, unpacked
from flow_pipeline.sources.evidence import Decision
from flow_pipeline.sources.files import InputFile
from flow_pipeline.sources.maps import named
from flow_pipeline.warehouse.relations import dropped_after
from flow_pipeline.warehouse.store import Connection, open_build

SHOWN = 5
"""First rows that are shown."""
COLUMNS = (
    "chain", "block_timestamp", "tx_hash", "transfer_index", "token_address", "token_symbol", "from_address",
    "to_address", "amount", "reason",
)  # fmt: skip


@dataclass
class Inspection:
    """How one file would be read.

    Attributes:
        path: The file.
        status: read, empty, no data, or refused.
        container: What it is wrapped in, empty for nothing.
        kind: parquet, csv, jsonl or json.
        format: The format that knows it.
        file: Its columns; None where it holds no data.
        fields: Column per field.
        decisions: What was decided about columns, and the evidence.
        notes: What the load report would say; for a refused file the refusal.
        rows: The first rows in the columns of `COLUMNS`, with the reason why one would not load.
        counts: Rows that would load, and those that would not per reason, before duplicates.
    """

    path: Path
    status: str
    container: str = ""
    kind: str = ""
    format: str = ""
    file: InputFile | None = None
    fields: dict[str, str] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def inspect(settings: Settings, places: Sequence[str | Path], options: LoadOptions) -> list[Inspection]:
    """How files would be read; nothing is loaded, and no warehouse is touched.

    Args:
        settings: Settings in force.
        places: Files, folders whose files are meant, tables.
        options: Format given by the user.
    """
    bring_files(settings)
    with tempfile.TemporaryDirectory(prefix="netraflow-") as folder:
        aside = settings.with_changes().model_copy(update={"data_dir": Path(folder)})
        with open_build(aside) as connection:
            make_words(connection)
            with dropped_after(connection, TOKEN_DECIMALS, TOKEN_CONTRACTS):
                load_companions(connection, aside)
                return [
                    _inspect(connection, path, aside, options)
                    for place in places
                    for path in _files_at(place, settings, aside)
                ]


def _files_at(place: str | Path, settings: Settings, aside: Settings) -> list[Path]:
    """The file itself, the files of a folder, a part of a table."""
    if kind := kind_of(place):
        return land(place, kind, aside, is_for_a_look=True).files
    path = brought(place, settings.data_dir)
    return sorted(one for one in path.iterdir() if not one.is_dir()) if path.is_dir() else [path]


def _inspect(connection: Connection, path: Path, settings: Settings, options: LoadOptions) -> Inspection:
    found = Inspection(path, "refused")
    if not path.is_file():
        found.notes = [f"{path}: {'is no regular file' if path.exists() else 'does not exist'}"]
        return found
    chain, is_given = options.chain_of(path, settings.sources)
    try:
        with (
            dropped_after(connection, *OF_ONE_FILE),
            unpacked(path, settings.scratch_dir, settings.sources.max_unpacked_bytes) as content,
        ):
            found.container = container_of(path)
            understood = understand(connection, path, content, settings.sources, chain, is_given, options.format)
            if understood is None:
                found.status, found.notes = "no data", ["not a data file"]
                return found
            _fill(connection, found, understood, settings)
    except FlowError as refusal:
        found.notes = [f"{refusal.message}; {refusal.hint}"]
    except (duckdb.Error, OSError) as error:
        found.notes = [f"{path}: can not be read: {str(error).splitlines()[0]}"]
    return found


def _fill(connection: Connection, found: Inspection, understood: Understood, settings: Settings) -> None:
    found.file, found.kind = understood.file, understood.file.kind
    found.fields, found.decisions = named(understood.reading.used), understood.reading.decisions
    found.notes = understood.reading.notes
    if understood.source is None or understood.plan is None:
        found.status = "empty"
        return
    found.status, found.format = "read", understood.source.NAME
    is_staged = understood.file.kind != "parquet"
    candidates = make_candidates(
        connection,
        understood.reading.relation(understood.rows),
        understood.plan,
        Window(),
        [],
        settings.sources,
        is_staged,
    )
    found.notes += said_of(candidates.renamed)
    found.rows = connection.execute(
        f"select {', '.join(COLUMNS)} from candidate_rows where is_transfer or reason is not null "
        f"order by source_row limit {SHOWN}"
    ).fetchall()
    counted = connection.execute(
        "select coalesce(reason, case when is_transfer then 'transfers' else 'no transfer of value' end), count(*) "
        "from candidate_rows group by 1 order by 2 desc, 1"
    ).fetchall()
    malformed = connection.execute("select count(*) from malformed_rows").fetchone()
    found.counts = dict(counted)
    if malformed and malformed[0]:
        found.counts["malformed_row"] = malformed[0]
