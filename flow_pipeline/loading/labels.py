"""Labels into the warehouse: raw.labels holds exactly the sets in force for this run."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from flow_pipeline.domain.tables import RAW_LABELS
from flow_pipeline.labels import LabelSet, fingerprint, label_files, read_label_set
from flow_pipeline.settings import Settings
from flow_pipeline.sources.files import sha256_of
from flow_pipeline.warehouse.loads import next_load_id, record_load
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
        connection.execute("delete from raw.labels")
        connection.execute(
            "delete from raw.rejects where load_id in (select load_id from raw.loads where format = 'labels')"
        )
        connection.execute("delete from raw.loads where format = 'labels'")
        for found in sets:
            _insert(connection, found, started)
        set_state(connection, "labels", mark)
    return sets


def _insert(connection: Connection, found: LabelSet, started: datetime) -> None:
    load_id = next_load_id(connection)
    columns = [[row[i] for row in found.rows] for i in range(len(RAW_LABELS.columns))]
    labels = pa.table(
        {
            column.name: pa.array(values, _ARROW[column.type])
            for column, values in zip(RAW_LABELS.columns, columns, strict=True)
        }
    )
    connection.register("incoming_labels", labels)
    connection.execute("insert into raw.labels select * from incoming_labels")
    connection.unregister("incoming_labels")
    if found.rejects:
        connection.executemany(
            "insert into raw.rejects values (?, ?, ?, ?, ?, ?)",
            [[load_id, str(found.path), *reject] for reject in found.rejects],
        )
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
