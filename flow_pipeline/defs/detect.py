"""Stage 3: one asset per detector, found by being there."""

from collections.abc import Iterator

import dagster as dg

from flow_pipeline.defs.common import POOL, daily, settings, spec
from flow_pipeline.detectors import Detector, discover
from flow_pipeline.domain.tables import USER_TABLES
from flow_pipeline.reports.charts import pictures_of
from flow_pipeline.warehouse.detection import run_detector
from flow_pipeline.warehouse.store import open_build, run_lock

_MARTS = [dg.AssetKey(["marts", name]) for name in ("fct_daily_exchange_netflow", "fct_daily_wallet_netflow", "fct_daily_netflow")]
_MEANING = {table.name: table.description for table in USER_TABLES}


def _asset(detector: Detector) -> dg.AssetsDefinition:
    specs = [spec(f"detection.{name}", _MEANING[name], "detection", {"python", "duckdb"}, _MARTS, partitions_def=daily()) for name in detector.WRITES]

    @dg.multi_asset(specs=specs, name=detector.NAME, backfill_policy=dg.BackfillPolicy.single_run(), pool=POOL)
    def run() -> Iterator[dg.MaterializeResult[None]]:
        with run_lock(settings()), open_build(settings()) as connection:
            counts = run_detector(connection, detector, settings())
            pictures = pictures_of(connection, detector.NAME, settings().anomalies)
        for name, count in counts.items():
            facts = {title: dg.MetadataValue.md(picture) for title, picture in pictures.items()}
            yield dg.MaterializeResult(asset_key=["detection", name], metadata={"dagster/row_count": count, **facts})

    return run


@dg.definitions
def detectors() -> dg.Definitions:
    """The detectors of the plug room."""
    return dg.Definitions(assets=[_asset(detector) for detector in discover().values()])
