"""Labels into the warehouse: raw.labels holds exactly the sets in force for this run."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from flow_pipeline.domain.tables import RAW_LABELS
from flow_pipeline.labels import LabelSet, fingerprint, label_files, read_label_set
from flow_pipeline.settings import Settings
from flow_pipeline.sources.files import sha256_of
from flow_pipeline.warehouse.store import Connection, get_state, set_state, transaction

_ARROW = {
    "VARCHAR": pa.string(),
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
    mark = fingerprint(paths, settings.labels.default_confidence)
    if get_state(connection, "labels") == mark:
        return []
    started = datetime.now(UTC).replace(tzinfo=None)
    sets = [read_label_set(path, settings.labels.default_confidence) for path in paths]
    with transaction(connection):
        connection.execute("DELETE FROM raw.labels")
        connection.execute(
            "DELETE FROM raw.rejects WHERE load_id IN (SELECT load_id FROM raw.loads WHERE format = 'labels')"
        )
        connection.execute("DELETE FROM raw.loads WHERE format = 'labels'")
        for found in sets:
            _insert(connection, found, started)
        set_state(connection, "labels", mark)
    return sets


def _insert(connection: Connection, found: LabelSet, started: datetime) -> None:
    row = connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM raw.loads").fetchone()
    load_id = row[0] if row else 1
    columns = [[row[i] for row in found.rows] for i in range(len(RAW_LABELS.columns))]
    labels = pa.table(
        {
            column.name: pa.array(values, _ARROW[column.type])
            for column, values in zip(RAW_LABELS.columns, columns, strict=True)
        }
    )
    connection.register("incoming_labels", labels)
    connection.execute("INSERT INTO raw.labels SELECT * FROM incoming_labels")
    connection.unregister("incoming_labels")
    if found.rejects:
        connection.executemany(
            "INSERT INTO raw.rejects VALUES (?, ?, ?, ?, ?, ?)",
            [[load_id, str(found.path), *reject] for reject in found.rejects],
        )
    connection.execute(
        "INSERT INTO raw.loads (load_id, source_file, sha256, format, rows_read, rows_loaded, rows_duplicate, rows_rejected, transfers_loaded, "
        "transactions_loaded, unknown_amounts, is_truncation_suspected, note, started_at, finished_at) VALUES (?, ?, ?, 'labels', ?, ?, ?, ?, 0, 0, 0, false, ?, ?, ?)",
        [
            load_id,
            str(found.path),
            sha256_of(found.path),
            found.read,
            len(found.rows),
            found.duplicates,
            len(found.rejects),
            "; ".join(found.notes),
            started,
            datetime.now(UTC).replace(tzinfo=None),
        ],
    )
