"""Stage 1: files and labels into schema raw."""

from collections.abc import Iterator

import dagster as dg

from flow_pipeline.defs.common import OWNERS, POOL, columns_of, daily, settings, show, spec, window_of
from flow_pipeline.domain.tables import RAW_LABELS, USER_TABLES
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.loading.labels import load_labels
from flow_pipeline.memory import refuse_vanished, told_changes, told_memory
from flow_pipeline.pipeline import describe_load, load
from flow_pipeline.places import bring_files
from flow_pipeline.warehouse.store import open_build, run_lock, table_counts

_TABLES = [table for table in USER_TABLES if table.schema == "raw" and table is not RAW_LABELS]


class InputFolder(dg.Config):
    """Where the files lie; empty takes the inbox and the landing files of the data directory."""

    folder: str = ""


@dg.asset(
    key=["raw", "labels"],
    description=RAW_LABELS.description,
    group_name="raw",
    kinds={"duckdb", "csv"},
    owners=OWNERS,
    metadata=columns_of("raw.labels"),
    pool=POOL,
)
def labels() -> dg.MaterializeResult[None]:
    """Label packs and label files."""
    bring_files(settings())
    refuse_vanished(settings())
    with run_lock(settings()), open_build(settings()) as connection:
        load_labels(connection, settings())
        return dg.MaterializeResult(
            metadata={"dagster/row_count": table_counts(connection, ["raw.labels"])["raw.labels"]}
        )


@dg.multi_asset(
    specs=[spec(table.relation, table.description, "raw", {"duckdb"}, partitions_def=daily()) for table in _TABLES],
    name="load_files",
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool=POOL,
)
def load_files(context: dg.AssetExecutionContext, config: InputFolder) -> Iterator[dg.MaterializeResult[None]]:
    """Every recognised file of the folder, for the days of the run."""
    folder = config.folder or settings().inbox
    options = LoadOptions(landing=None if config.folder else settings().landing)
    settings().inbox.mkdir(parents=True, exist_ok=True)
    window = window_of(context)
    for line in (f"remembered: {told_memory(settings()) or 'nothing'}", *told_changes(settings())):
        context.log.info(line)
    with run_lock(settings()):
        result = load(settings(), folder, window, options, context.log.info, publish_leftover=False)
        with open_build(settings()) as connection:
            counts = table_counts(connection, [table.relation for table in _TABLES])
    for relation, count in counts.items():
        show(context, relation.split("."), {"load report": describe_load(result.load)})
        yield dg.MaterializeResult(
            asset_key=relation.split("."), metadata={"dagster/row_count": count, "window": str(window)}
        )
