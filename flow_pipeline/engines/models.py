"""dbt's models on Spark: what they read is shown to the session, what they write is committed and brought home."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.engines.session import session
from flow_pipeline.engines.tables import Pinned, pinned, shown
from flow_pipeline.engines.tasks import fill
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse import dbt
from flow_pipeline.warehouse.store import Connection, open_build, spark_macros, transaction
from flow_pipeline.warehouse.transfers import lake_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

sql = statements(__package__)

_PARTITION = "block_date"


@dataclass(frozen=True)
class _Model:
    """A model that stands as a table: its relation, and whether it is built day by day."""

    schema: str
    name: str
    is_incremental: bool

    @property
    def relation(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def view(self) -> str:
        """Its name in the session."""
        return f"{self.schema}__{self.name}"


def transform(settings: Settings, full_refresh: bool) -> dbt.Built:
    """Build every model on Spark for all days, or for those that wait, and have the build file hold what they give.

    Views of the build file are those of DuckDB, over the same tables.

    Raises:
        FlowError: a model failed; the message names it.
    """
    spark, build = session(settings), secrets.token_hex(4)
    project = dbt.parsed_project(settings)
    models = [
        _Model(node.schema, node.name, node.config.materialized == "incremental")
        for node in project.nodes.values()
        if str(node.resource_type) == "model" and node.config.materialized != "view"
    ]
    for statement in spark_macros():
        spark.sql(statement)
    with open_build(settings) as connection:
        _show_sources(spark, connection, settings, _sources(project))
        if not full_refresh:
            for model in models:
                _show_standing(spark, connection, settings, model)
    built = dbt.build_in_lake(settings, settings.lake_path, build, full_refresh)
    for model in models:
        _bring_home(spark, settings, model, build, full_refresh)
    if full_refresh:
        views = ["--no-write-json", "run", "--vars", json.dumps(dbt.variables(settings))]
        # Views are bound when they are made: dbt's connection knows the lake while the file is open in this process.
        with open_build(settings):
            dbt.invoke(settings, [*views, "--select", "config.materialized:view"], project)
    return built


def _sources(project: Any) -> list[str]:
    """The tables that models read, and those that decide which days are built."""
    used = {name for node in project.nodes.values() for name in node.depends_on.nodes if name in project.sources}
    found = {f"{project.sources[name].schema}.{project.sources[name].identifier}" for name in used}
    return sorted(found | {"store.dirty_days", "store.state"})


def _show_sources(spark: SparkSession, connection: Connection, settings: Settings, sources: Iterable[str]) -> None:
    """A view of the session for each table that models read: transfers from the lake, others from copies of them."""
    others = [name for name in sources if name != "store.transfers"]
    files = fill(connection, settings, f"{settings.lake_path}/work/models", others).relations
    for name, file in files.items():
        spark.read.parquet(file).createOrReplaceTempView(name.replace(".", "__"))
    place = lake_of(connection)
    if place is not None:
        transfers = shown(spark, pinned(connection, "store.transfers", place))
        transfers.drop("chain").createOrReplaceTempView("store__transfers")


def _show_standing(spark: SparkSession, connection: Connection, settings: Settings, model: _Model) -> None:
    """What stood in a table before the build; the models that add to it ask for it under that name."""
    table = _table(connection, settings, model)
    shown(spark, table).createOrReplaceTempView(f"{model.view}__before")


def _table(connection: Connection, settings: Settings, model: _Model) -> Pinned:
    return pinned(connection, model.relation, f"{settings.lake_path}/{model.schema}/{model.name}")


def _bring_home(spark: SparkSession, settings: Settings, model: _Model, build: str, full_refresh: bool) -> None:
    """Commit the files of a model, and have the build file's table hold the same rows."""
    frame = spark.table(model.view)
    is_whole = full_refresh or not model.is_incremental
    with open_build(settings) as connection:
        table = _table(connection, settings, model)
        days = None if is_whole else _changed_days(spark, model)
        version = table.commit(
            frame.limit(0).toArrow().schema, build, [_PARTITION] if model.is_incremental else [], days
        )
        place = table.place.replace("'", "''")
        source = f"delta_scan('{place}', version = {version})"
        with transaction(connection):
            _make_table(connection, model, source)
            columns = ", ".join(row[0] for row in connection.execute(f"describe {model.relation}").fetchall())
            values = {} if days is None else {"days": days}
            condition = "true" if days is None else "block_date in (select unnest($days::date[]))"
            connection.execute(f"delete from {model.relation} where {condition}", values)
            connection.execute(
                f"insert into {model.relation} ({columns}) select {columns} from {source} where {condition}", values
            )
            table.pin(connection, version)


def _changed_days(spark: SparkSession, model: _Model) -> list[date]:
    """Days whose rows are those of this build: what stood of them is forgotten."""
    view = model.view
    text = sql("models_changed_days", before=f"{view}__before", kept=f"{view}__kept", built=model.relation)
    return sorted(row[0] for row in spark.sql(text).collect())


def _make_table(connection: Connection, model: _Model, source: str) -> None:
    """The table of the build file, with the types of the model's contract where it has one."""
    types = dbt.contract_types(model.relation)
    found = connection.execute(f"describe select * from {source}").fetchall()
    # Spark puts the column of the parts last.
    order = list(types) or sorted((row[0] for row in found), key=lambda name: name != _PARTITION)
    told = {row[0]: types.get(row[0], row[1]) for row in found}
    columns = ", ".join(f"{name} {told[name]}" for name in order)
    connection.execute(f"create schema if not exists {model.schema}")
    if connection.execute(
        "select 1 from duckdb_views() where schema_name = $schema and view_name = $name",
        {"schema": model.schema, "name": model.name},
    ).fetchone():
        connection.execute(f"drop view {model.relation}")
    connection.execute(f"create table if not exists {model.relation} ({columns})")
