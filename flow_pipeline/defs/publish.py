"""Stage 4: the audited build becomes what readers see."""

import dagster as dg

from flow_pipeline.defs.common import ops_asset, settings, show
from flow_pipeline.domain.tables import OPS_PUBLICATIONS, READ_TABLES, USER_TABLES
from flow_pipeline.loading.ingest import LoadReport
from flow_pipeline.pipeline import RunResult, publish
from flow_pipeline.reports.charts import published_pictures
from flow_pipeline.warehouse.publish import new_run_id
from flow_pipeline.warehouse.store import open_build, run_lock

_READ = [dg.AssetKey([table.schema, table.name]) for table in READ_TABLES]
# Whatever detection writes is there before the swap.
_FOUND = [dg.AssetKey([table.schema, table.name]) for table in USER_TABLES if table.schema in ("detection", "marts")]
_FACTS = [
    dg.AssetKey(["marts", name])
    for name in (
        "fct_transfers",
        "fct_daily_region_flow",
        "fct_weekly_token_movement",
        "fct_daily_outflow",
        "top_destinations",
    )
]


@ops_asset(["ops", "publications"], OPS_PUBLICATIONS.description, {"duckdb"}, [*_FOUND, *_FACTS, *_READ])
def publications(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Content hashes, a copy under a new name, one atomic swap, the CSV exports."""
    with run_lock(settings()):
        with open_build(settings()) as connection:
            result = RunResult(new_run_id(settings(), connection), LoadReport())
        publish(settings(), result, context.log.info)
    show(context, ["ops", "publications"], published_pictures(settings()))
    return dg.MaterializeResult(
        metadata={"published": dg.MetadataValue.path(str(result.published)), "run": result.run_id}
    )
