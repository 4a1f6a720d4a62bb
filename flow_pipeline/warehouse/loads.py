"""The file ledger: one row in raw.loads per load of a file, be it transfers, labels or groups."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def next_load_id(connection: Connection) -> int:
    """The number of the next load."""
    row = connection.execute("select coalesce(max(load_id), 0) + 1 from raw.loads").fetchone()
    return int(row[0]) if row else 1


def record_load(
    connection: Connection,
    load_id: int,
    path: Path,
    *,
    sha256: str,
    format: str,
    started_at: datetime,
    rows_read: int,
    rows_loaded: int,
    rows_rejected: int,
    rows_duplicate: int = 0,
    chain: str | None = None,
    transfers_loaded: int = 0,
    transactions_loaded: int = 0,
    unknown_amounts: int = 0,
    first_timestamp: datetime | None = None,
    last_timestamp: datetime | None = None,
    window: Window = Window(),
    is_truncation_suspected: bool = False,
    notes: Sequence[str] = (),
    decisions: Sequence[Mapping[str, str]] = (),
    options_hash: str | None = None,
) -> None:
    """Write a load that ends now into the ledger; the arguments are the columns of raw.loads."""
    connection.execute(
        sql("load_record"),
        {
            "load_id": load_id,
            "source_file": str(path),
            "sha256": sha256,
            "format": format,
            "chain": chain,
            "rows_read": rows_read,
            "rows_loaded": rows_loaded,
            "rows_duplicate": rows_duplicate,
            "rows_rejected": rows_rejected,
            "transfers_loaded": transfers_loaded,
            "transactions_loaded": transactions_loaded,
            "unknown_amounts": unknown_amounts,
            "first_timestamp": first_timestamp,
            "last_timestamp": last_timestamp,
            "window_first": window.first,
            "window_last": window.last,
            "is_truncation_suspected": is_truncation_suspected,
            "note": "; ".join(notes),
            "decisions": json.dumps([dict(one) for one in decisions], ensure_ascii=False),
            "options_hash": options_hash,
            "started_at": started_at,
            "finished_at": datetime.now(UTC).replace(tzinfo=None),
        },
    )
