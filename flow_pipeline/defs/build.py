"""Stage 2: dbt builds the marts for the days that need it."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject, dbt_assets

from flow_pipeline.defs.common import FOLLOW, OWNERS, POOL, daily, facts_of, settings, show, window_of
from flow_pipeline.detection.stretches import check_memory
from flow_pipeline.engines import builder
from flow_pipeline.questions.publications import counted
from flow_pipeline.reports.charts import shown_marts
from flow_pipeline.warehouse import dbt
from flow_pipeline.warehouse.days import first_dirty_day, plan_rebuild
from flow_pipeline.warehouse.stages import begin_marts, finish_marts
from flow_pipeline.warehouse.store import open_build, run_lock


class Translator(DagsterDbtTranslator):
    """Asset key = DuckDB relation; the physical store is shown as raw.transfers, which it holds."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`schema/table`."""
        schema = dbt_resource_props["schema"]
        return (
            dg.AssetKey(["raw", "transfers"])
            if schema == "store"
            else dg.AssetKey([schema, dbt_resource_props["name"]])
        )

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The schema."""
        return str(dbt_resource_props["schema"])

    def get_automation_condition(self, dbt_resource_props: Mapping[str, Any]) -> dg.AutomationCondition[Any]:
        """As of all tables that are built from others."""
        return FOLLOW

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """One team."""
        return OWNERS


_PROJECT = DbtProject(dbt.PROJECT, profiles_dir=dbt.PROJECT, target_path=dbt.prepare_manifest(settings()).parent)


@dbt_assets(
    manifest=dbt.prepare_manifest(settings()),
    project=_PROJECT,
    name="build_marts",
    partitions_def=daily(),
    backfill_policy=dg.BackfillPolicy.single_run(),
    dagster_dbt_translator=Translator(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)),
    exclude="resource_type:unit_test",
    pool=POOL,
)
def build_marts(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Every model, for the dirty days or for all."""
    with run_lock(settings()):
        with open_build(settings()) as connection:
            full = plan_rebuild(connection, window_of(context), settings())
            check_memory(connection, None if full else first_dirty_day(connection), settings())
            begin_marts(connection)
        is_whole = settings().engine == "spark" or not context.is_subset
        yield from _measured(context, (_on_workers if settings().engine == "spark" else _in_a_process)(context, full))
        if is_whole:
            with open_build(settings()) as connection:
                finish_marts(connection, settings())


def _in_a_process(context: dg.AssetExecutionContext, full: bool) -> Iterator[Any]:
    """dbt on the build file; Dagster reads its events."""
    os.environ.update(dbt.environment(settings()))
    client = DbtCliResource(
        project_dir=_PROJECT,
        profiles_dir=str(dbt.PROJECT),
        dbt_executable=str(Path(sys.executable).with_name("dbt")),
    )
    given = dbt.arguments(settings(), full)
    yield from client.cli(given, context=context, target_path=dbt.target_path(settings())).stream()


def _on_workers(context: dg.AssetExecutionContext, full: bool) -> Iterator[Any]:
    """The engine in force builds every model, whichever are asked for: its session stands in this process."""
    built = builder(settings())(settings(), full)
    asked = {name.split("__", 1)[1]: name for name in context.op_execution_context.selected_output_names}
    for model in built:
        if model in asked:
            yield dg.Output(None, output_name=asked[model])
    for key in sorted(context.selected_asset_check_keys):
        if key.name in built:
            yield dg.AssetCheckResult(
                passed=built[key.name] == "pass",
                asset_key=key.asset_key,
                check_name=key.name,
                severity=dg.AssetCheckSeverity.WARN,
            )


def _measured(context: dg.AssetExecutionContext, events: Iterator[Any]) -> Iterator[Any]:
    """The events of dbt with the rows of its tables; dbt holds the file until it ends, so that they wait for it."""
    held, failure = [], None
    try:
        for event in events:
            held.append(event)
    except Exception as error:
        failure = error
    with open_build(settings()) as connection:
        counts, shown = counted(connection), shown_marts(connection, settings())
    for event in held:
        if isinstance(event, dg.Output):
            schema, name = event.output_name.split("__", 1)
            show(context, [schema, name], shown.get(f"{schema}.{name}", {}))
            relation = f"{schema}.{name}"
            event = event.with_metadata({**event.metadata, **facts_of(relation, counts.get(relation))})
        yield event
    if failure:
        raise failure
