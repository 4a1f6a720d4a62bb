"""Labels into the warehouse: raw.labels holds exactly the sets in force for this run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from flow_pipeline.domain.chains import EVERY_EVM_CHAIN, chains_of
from flow_pipeline.domain.errors import Unreadable, UsageError
from flow_pipeline.domain.tables import RAW_LABELS, RAW_REJECTS, Table
from flow_pipeline.labels import LabelSet, fingerprint, label_files, read_label_set
from flow_pipeline.labels.readers import Content, address_list, read
from flow_pipeline.settings import Settings
from flow_pipeline.sources.containers import unpacked
from flow_pipeline.sources.files import sha256_of
from flow_pipeline.warehouse.loads import next_load_id, record_load
from flow_pipeline.warehouse.store import Connection, get_state, set_state, transaction

_ARROW = {
    "VARCHAR": pa.string(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "VARCHAR[]": pa.list_(pa.string()),
    "DOUBLE": pa.float64(),
    "TIMESTAMP": pa.timestamp("us"),
    "BOOLEAN": pa.bool_(),
}


def load_labels(connection: Connection, settings: Settings) -> list[LabelSet]:
    """Replace raw.labels by the shipped packs and the sets of the settings; nothing happens when they are unchanged.

    Returns:
        The sets that were read; empty when nothing changed.

    Raises:
        UsageError: a label file is missing or unreadable.
    """
    paths = label_files(settings.labels.files)
    mark = fingerprint(paths, settings.labels)
    if get_state(connection, "labels") == mark:
        return []
    started = datetime.now(UTC).replace(tzinfo=None)
    sets = [read_packed(path, settings) for path in paths]
    with transaction(connection):
        connection.execute("delete from raw.labels")
        connection.execute(
            "delete from raw.rejects where load_id in (select load_id from raw.loads where format = 'labels')"
        )
        connection.execute("delete from raw.loads where format = 'labels'")
        for found in sets:
            _insert(connection, found, started)
        set_state(connection, "labels", mark)
    return sets


def read_packed(path: Path, settings: Settings) -> LabelSet:
    """Read one label file, whatever it is packed in.

    Raises:
        UsageError: it is damaged, too large, or no list of labels.
    """
    return read_label_set(path, settings.labels, content_of(path, settings))


def content_of(path: Path, settings: Settings) -> bytes:
    """What a file holds, unpacked.

    Raises:
        UsageError: it is damaged, holds several files, or more than `labels.max_bytes`.
    """
    try:
        with unpacked(path, settings.data_dir / "build" / "labels", settings.labels.max_bytes) as plain:
            size = plain.stat().st_size
            if size > settings.labels.max_bytes:
                raise UsageError(
                    f"label file {path} has {size:,} bytes, more than {settings.labels.max_bytes:,}",
                    "split it, or raise labels.max_bytes",
                )
            return plain.read_bytes()
    except Unreadable as error:
        way_out = error.hint.replace("sources.max_unpacked_bytes", "labels.max_bytes")
        raise UsageError(
            f"label file {path} can not be read: {error.message.removeprefix(f'{path}: ')}",
            way_out.replace("unpack it into the input folder", "unpack it and name the one with the labels"),
        ) from None
    except OSError as error:
        raise UsageError(
            f"label file {path} can not be read: {error.strerror or error}", "check the file and its permissions"
        ) from None


def chains_without_labels(connection: Connection) -> list[str]:
    """What a reader should know of chains on which no address has a label: every one of them is unlabelled."""
    evm = list(chains_of("evm"))
    found = connection.execute(
        "select distinct chain from store.tokens where chain not in (select chain from raw.labels) and not "
        "(list_contains($evm::varchar[], chain) and exists (select 1 from raw.labels where chain = $every)) order by 1",
        {"evm": evm, "every": EVERY_EVM_CHAIN},
    ).fetchall()
    names = [name for (name,) in found if name not in ("fiat", "edge-list")]
    return [f"no label set knows an address on {', '.join(names)}; give one with --labels"] if names else []


def _insert(connection: Connection, found: LabelSet, started: datetime) -> None:
    load_id = next_load_id(connection)
    _append(connection, RAW_LABELS, found.rows)
    _append(connection, RAW_REJECTS, [(load_id, str(found.path), *reject) for reject in found.rejects])
    record_load(
        connection,
        load_id,
        found.path,
        sha256=sha256_of(found.path),
        format="labels",
        rows_read=found.read,
        rows_loaded=len(found.rows),
        rows_duplicate=found.duplicates,
        rows_rejected=len(found.rejects),
        notes=found.notes,
        started_at=started,
    )


def _append(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Rows in the order of a table's columns, as one batch."""
    if not rows:
        return
    values = zip(*rows, strict=True)
    arrays = {
        column.name: pa.array(list(of_column), _ARROW[column.type])
        for column, of_column in zip(table.columns, values, strict=True)
    }
    connection.register("incoming", pa.table(arrays))
    connection.execute(f"insert into {table.relation} select * from incoming")
    connection.unregister("incoming")


def addresses_in(path: Path | None, settings: Settings) -> list[str]:
    """The addresses of a file, or of what stands on the input: one a line, or the address column of a table.

    Raises:
        UsageError: it can not be read, holds no addresses, or more than `screen.max_addresses`.
    """
    name = path or Path("stdin")
    data = content_of(path, settings) if path else sys.stdin.buffer.read(settings.labels.max_bytes)
    content = Content(name, data, settings.labels)
    records = (address_list.read if address_list.is_words(content) else read)(content).records
    found = [record["address"] for record in records if record.get("address")]
    if not found:
        raise UsageError(f"{name} holds no addresses", "write one a line, or a CSV with a column address")
    if len(found) > settings.screen.max_addresses:
        raise UsageError(
            f"{name} holds {len(found):,} addresses, more than {settings.screen.max_addresses:,}",
            "split it, or raise screen.max_addresses",
        )
    return found
