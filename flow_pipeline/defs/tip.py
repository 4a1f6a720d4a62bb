"""The tip of a followed chain as Dagster sees it: observed, not made; late when nothing follows."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from flow_pipeline.defs.common import OWNERS, settings
from flow_pipeline.domain.tables import LIVE_BLOCKS, LIVE_SOURCES, LIVE_TRANSFERS, Table
from flow_pipeline.questions.tip import tip_status

_TABLES = (LIVE_TRANSFERS, LIVE_BLOCKS, LIVE_SOURCES)
_LATE = timedelta(minutes=30)
"""A block comes every few seconds or minutes; Bitcoin rests an hour now and then."""


def _spec(table: Table) -> dg.AssetSpec:
    columns = [dg.TableColumn(column.name, column.type, column.meaning) for column in table.columns]
    return dg.AssetSpec(
        dg.AssetKey([table.schema, table.name]),
        description=table.description,
        group_name="live",
        kinds={"duckdb"},
        owners=OWNERS,
        metadata={"dagster/column_schema": dg.TableSchema(columns)},
    )


def _seen() -> tuple[str, dict[str, Any]] | None:
    """How far everything is read, as a version and as facts; None while no process follows: the tip gets late."""
    status = tip_status(settings())
    if status is None or not status["is_following"]:
        return None
    facts = {
        f"{source['source']}: {name.replace('_', ' ')}": source[name]
        for source in status["sources"]
        for name in ("last_block", "lag_blocks", "lag_seconds", "final", "transfers", "reorganisations")
        if source[name] is not None
    }
    version = "|".join(
        f"{source['source']}={source['last_block']}:{source['transfers']}" for source in status["sources"]
    )
    return version, facts


@dg.multi_observable_source_asset(specs=[_spec(table) for table in _TABLES], name="look_at_the_tip")  # type: ignore[untyped-decorator] # Dagster's own
def look_at_the_tip() -> Iterator[dg.ObserveResult]:
    """One look, which somebody asks for."""
    if seen := _seen():
        for table in _TABLES:
            version = dg.DataVersion(seen[0])
            yield dg.ObserveResult(asset_key=[table.schema, table.name], data_version=version, metadata=seen[1])


@dg.asset_check(asset=[LIVE_TRANSFERS.schema, LIVE_TRANSFERS.name], description="What is followed is not late.")
def is_in_time() -> dg.AssetCheckResult:
    """It warns while no process follows, or one is far behind."""
    passed, facts = _in_time()
    return dg.AssetCheckResult(passed=passed, severity=dg.AssetCheckSeverity.WARN, metadata=facts)


def _in_time() -> tuple[bool, dict[str, Any]]:
    status = tip_status(settings())
    if status is None or not status["is_following"]:
        return False, {"why": "nothing follows"}
    late = {
        of["source"]: of["lag_seconds"] for of in status["sources"] if (of["lag_seconds"] or 0) > _LATE.total_seconds()
    }
    return not late, {f"{source}: seconds behind": behind for source, behind in late.items()}


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells Dagster each minute how far a followed chain is read.",
)
def tip(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Observations without a run: a look reads one small file."""
    seen = _seen()
    passed, facts = _in_time()
    state = "in time" if passed else "late"
    if seen is None and context.cursor in (None, state):
        return dg.SkipReason("nothing is followed")
    keys = [dg.AssetKey([table.schema, table.name]) for table in _TABLES]
    events: list[dg.AssetObservation | dg.AssetCheckEvaluation] = []
    if seen is not None:
        events += [dg.AssetObservation(key, metadata=seen[1]) for key in keys]
    if context.cursor != state:
        events.append(
            dg.AssetCheckEvaluation(
                asset_key=keys[0],
                check_name="is_in_time",
                passed=passed,
                metadata=facts,
                severity=dg.AssetCheckSeverity.WARN,
            )
        )
    return dg.SensorResult(asset_events=events, cursor=state)
