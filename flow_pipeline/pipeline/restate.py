"""What published days would become under more labels, before anything is changed; and the change itself, recorded."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.loading.labels import load_labels
from flow_pipeline.pipeline import Progress, RunResult, run, transform
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import copy_file
from flow_pipeline.warehouse.store import Connection, open_build, run_lock

_MOVED = """
SELECT coalesce(a.block_date, b.block_date) AS block_date, coalesce(a.chain, b.chain) AS chain, coalesce(a.token_symbol, b.token_symbol) AS token_symbol,
       coalesce(a.token_address, b.token_address) AS token_address, coalesce(a.exchange, b.exchange) AS exchange, b.netflow AS netflow_before, a.netflow AS netflow_after,
       b.inflow AS inflow_before, a.inflow AS inflow_after, b.outflow AS outflow_before, a.outflow AS outflow_after
FROM marts.fct_daily_exchange_netflow a
FULL JOIN published.marts.fct_daily_exchange_netflow b ON a.block_date = b.block_date AND a.chain = b.chain AND a.exchange = b.exchange
    AND a.token_symbol IS NOT DISTINCT FROM b.token_symbol AND a.token_address IS NOT DISTINCT FROM b.token_address
WHERE coalesce(a.inflow, 0) <> coalesce(b.inflow, 0) OR coalesce(a.outflow, 0) <> coalesce(b.outflow, 0)
ORDER BY 1, exchange, chain, token_symbol, token_address
"""

Rows = tuple[list[str], list[tuple[Any, ...]]]


def preview(settings: Settings, labels: tuple[Path, ...], say: Progress = lambda text: None) -> Rows:
    """Exchange days that would move under additional label sets; nothing of the warehouse is touched.

    Args:
        settings: Settings of the published warehouse.
        labels: Label files to add.
        say: Called with each step.

    Returns:
        Columns and rows: day, chain, token, exchange, and netflow, inflow, outflow before and after.

    Raises:
        UsageError: nothing is published yet, or a label file can not be read.
    """
    published = settings.published_link
    if not published.exists():
        raise UsageError(f"there is no published warehouse at {published}", "run `netraflow analyze INPUT_DIR` first")
    with run_lock(settings), tempfile.TemporaryDirectory(prefix="restate-", dir=settings.build_file.parent) as name:
        trial = _with_labels(settings, labels).model_copy(update={"data_dir": Path(name)})
        trial.build_file.parent.mkdir(parents=True, exist_ok=True)
        copy_file(settings.build_file, trial.build_file)
        with open_build(trial) as connection:
            say("read the labels")
            load_labels(connection, trial)
            transform(trial, Window(), say)
            connection.execute(
                f"ATTACH '{str(published.resolve()).replace(chr(39), chr(39) * 2)}' AS published (READ_ONLY)"
            )
            found = connection.execute(_MOVED)
            return [column[0] for column in found.description or ()], found.fetchall()


def apply(settings: Settings, labels: tuple[Path, ...], moved: Rows, say: Progress = lambda text: None) -> RunResult:
    """Publish under the additional label sets, and keep what moved in ops.restatements."""
    columns, rows = moved

    def keep(connection: Connection) -> None:
        now, names = datetime.now(UTC).replace(tzinfo=None), ", ".join(path.name for path in labels)
        marks = ", ".join("?" * (len(columns) + 2))
        connection.executemany(
            f"INSERT INTO ops.restatements (restated_at, labels, {', '.join(columns)}) VALUES ({marks})",
            [[now, names, *row] for row in rows],
        )

    with tempfile.TemporaryDirectory(prefix="nothing-new-") as empty:
        return run(_with_labels(settings, labels), Path(empty), Window(), LoadOptions(), say, keep if rows else None)


def _with_labels(settings: Settings, labels: tuple[Path, ...]) -> Settings:
    return settings.with_changes(labels={"files": (*settings.labels.files, *(path.resolve() for path in labels))})
