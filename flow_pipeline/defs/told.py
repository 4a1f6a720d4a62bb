"""Runs of the command as events: an asset has one history, whoever made the run.

The command stays as it is: a sensor reads what is published. Most days get a small event, the last one all there is.
"""

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

import dagster as dg

from flow_pipeline.defs.audit import SEVERITY, check_key
from flow_pipeline.defs.build import build_marts
from flow_pipeline.defs.common import facts_of, last_day, settings
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.windows import Window
from flow_pipeline.quality import STAGES, suite
from flow_pipeline.questions.publications import Publication, next_publication
from flow_pipeline.warehouse.store import open_published

Told = dg.AssetMaterialization | dg.AssetCheckEvaluation


@dg.sensor(
    minimum_interval_seconds=settings().schedule.tell_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Makes runs of the command events of the tables that they built.",
)
def command_runs(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One publication at a time, the oldest that is not told; days of it without any event get one."""
    try:
        with open_published(settings()) as connection:
            found = next_publication(connection, context.cursor or "")
    except FlowError as error:
        return dg.SkipReason(error.message)
    if found is None:
        return dg.SkipReason("every run of the command is told")
    days, most = list(_earlier_days(context, found)), settings().schedule.tell_events
    if len(days) > most:
        return dg.SensorResult(asset_events=days[:most], cursor=context.cursor)
    events = [*days, *_last_day(context, found), *_verdicts(found), *_model_tests(found)]
    return dg.SensorResult(asset_events=events, cursor=found.run_id)


def _assets(context: dg.SensorEvaluationContext) -> Iterator[tuple[dg.AssetKey, bool]]:
    """The assets that every run makes, and whether they have days."""
    graph = context.repository_def.asset_graph  # type: ignore[union-attr] # a sensor that runs has one
    for key in sorted(graph.materializable_asset_keys):
        node = graph.get(key)
        if node.group_name != "models":
            yield key, node.is_partitioned


def _days(found: Publication) -> list[str]:
    """The last of its days that are over, in order."""
    last = min(found.last, last_day())
    first = max(found.first, last - timedelta(days=settings().schedule.tell_days - 1))
    return [day.isoformat() for day in Window(first, last).days()] if first <= last else []


def _earlier_days(context: dg.SensorEvaluationContext, found: Publication) -> Iterator[Told]:
    facts = {"run": found.run_id}
    for key, is_daily in _assets(context):
        known = context.instance.get_materialized_partitions(key) if is_daily else set()
        for day in _days(found)[:-1] if is_daily else ():
            if day not in known:
                yield dg.AssetMaterialization(key, partition=day, metadata=facts)


def _last_day(context: dg.SensorEvaluationContext, found: Publication) -> Iterator[Told]:
    last = max(_days(found), default=None)
    for key, is_daily in _assets(context):
        relation = ".".join(key.path)
        facts: dict[str, Any] = {
            "run": found.run_id,
            "made by": "a run of netraflow itself",
            "published at": dg.MetadataValue.timestamp(found.published_at.replace(tzinfo=UTC)),
            "window": str(Window(found.first, found.last)),
        }
        facts |= facts_of(relation, found.counts.get(relation))
        if relation in found.samples:
            facts["sample rows"] = dg.MetadataValue.md(found.samples[relation])
        yield dg.AssetMaterialization(key, partition=last if is_daily else None, metadata=facts)


def _verdicts(found: Publication) -> Iterator[Told]:
    """Of the expectations that there still are."""
    known = {(stage, item.name): item for stage in STAGES for item in suite(stage, settings().quality)}
    for one in found.verdicts:
        if item := known.get((one["stage"], one["expectation"])):
            key = check_key(item)
            yield dg.AssetCheckEvaluation(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=one["is_success"],
                metadata={"measured": one["observed"], "allowed": one["allowed"], "run": found.run_id},
                severity=SEVERITY[one["severity"]],
            )


def _model_tests(found: Publication) -> Iterator[Told]:
    """dbt's tests of the models: a run in which one fails publishes nothing, so that all held in this one."""
    for key in build_marts.check_keys:
        yield dg.AssetCheckEvaluation(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=True,
            metadata={"run": found.run_id, "how": "dbt builds and tests the models; a test that fails ends the run"},
        )
