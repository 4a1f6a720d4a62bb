"""Stage 3, beside detection: the tables that the explorer reads."""

from collections.abc import Iterator

import dagster as dg

from flow_pipeline.defs.common import POOL, daily, facts_of, settings, spec
from flow_pipeline.domain.tables import READ_TABLES
from flow_pipeline.warehouse.read_tables import fill_read_tables
from flow_pipeline.warehouse.store import open_build, run_lock

_ENDS = [dg.AssetKey(["intermediate", "int_transfers__ends"])]


@dg.multi_asset(
    specs=[
        spec(table.relation, table.description, "reading", {"duckdb"}, _ENDS, partitions_def=daily())
        for table in READ_TABLES
    ],
    name="read_tables",
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool=POOL,
)
def read_tables() -> Iterator[dg.MaterializeResult[None]]:
    """Days behind the sorted rows, or all sorted again."""
    with run_lock(settings()), open_build(settings()) as connection:
        counts = fill_read_tables(connection, settings().explorer)
    for name, count in counts.items():
        yield dg.MaterializeResult(asset_key=["store", name], metadata=facts_of(f"store.{name}", count))
