"""The models on Spark: every row of every one is the row that DuckDB makes, all days at once and a few more days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse import dbt
from flow_pipeline.warehouse.store import spark_macros
from tests.conftest import build

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")]
SAMPLE = Path(__file__).parents[2] / "data" / "sample"
CONFIG = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
}
"""Times without a zone, and no digit lost by a difference of amounts."""
MODELS = sorted(
    f"{path.relative_to(dbt.PROJECT).parts[1]}.{path.stem}" for path in dbt.PROJECT.rglob("models/**/*.sql")
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]")
    for key, value in {**CONFIG, "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("catalog"))}.items():
        builder = builder.config(key, value)
    found = builder.getOrCreate()
    found.sparkContext.setLogLevel("OFF")
    for statement in spark_macros():
        found.sql(statement)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample as DuckDB builds it."""
    settings = load_settings(tmp_path_factory.mktemp("duckdb")).with_changes(
        labels={"files": (SAMPLE / "labels.csv",)}, sources={"prices": (str(SAMPLE / "prices.csv"),)}
    )
    build(settings, SAMPLE / "transfers")
    return settings


@pytest.fixture(scope="module")
def sources(session: Any, warehouse: Settings, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Every source of the models as a view of the session."""
    folder = tmp_path_factory.mktemp("sources")
    described = yaml.safe_load((dbt.PROJECT / "models" / "staging" / "_sources.yml").read_text())["sources"]
    with duckdb.connect(str(warehouse.build_file), read_only=True) as connection:
        for schema, table in ((group["name"], item["name"]) for group in described for item in group["tables"]):
            # Parquet has no whole number of 128 bits.
            columns = ", ".join(
                f"{name}::decimal(38, 0) as {name}" if kind == "HUGEINT" else name
                for name, kind, *_ in connection.execute(f"describe {schema}.{table}").fetchall()
            )
            file = folder / f"{schema}.{table}.parquet"
            connection.execute(f"copy (select {columns} from {schema}.{table}) to '{file}'")
            session.read.parquet(str(file)).createOrReplaceTempView(f"{schema}__{table}")
    return session


def differences(session: Any, warehouse: Settings) -> dict[str, list[tuple[object, ...]]]:
    """By model: rows that one engine has and the other has not, a few of each."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse.build_file}' as built (read_only)")
        for model in MODELS:
            columns = connection.execute(f"describe built.{model}").fetchall()
            names = ", ".join(name for name, *_ in columns)
            typed = ", ".join(f"{name}::{kind} as {name}" for name, kind, *_ in columns)
            connection.register("spark", session.sql(f"select {names} from {model.replace('.', '__')}").toArrow())
            connection.execute("use built")
            ours, theirs = f"select {names} from built.{model}", f"select {typed} from spark"
            rows = [
                *connection.execute(f"{ours} except all {theirs} order by all limit 2").fetchall(),
                *connection.execute(f"{theirs} except all {ours} order by all limit 2").fetchall(),
            ]
            if rows:
                found[model] = rows
    return found


def test_spark_builds_every_model_as_duckdb_does(sources: Any, warehouse: Settings, tmp_path: Path) -> None:
    dbt.build_in_lake(warehouse, str(tmp_path / "lake"), "first", True)
    assert sources.table("marts__fct_transfers").count() > 40_000
    assert differences(sources, warehouse) == {}
    # Three days more: what stood holds nothing of them, and of one series it lacks the days before too.
    first = sources.sql("select max(block_date) - interval 2 day as day from store__transfers").collect()[0].day
    sources.sql(
        f"create or replace temporary view store__dirty_days as "
        f"select distinct block_date from store__transfers where block_date >= date '{first}'"
    )
    for model in MODELS:
        before = sources.table(model.replace(".", "__"))
        if "block_date" in before.columns:
            before = before.where(f"block_date < date '{first}'")
        file = tmp_path / "before" / model
        before.write.parquet(str(file))
        sources.read.parquet(str(file)).createOrReplaceTempView(f"{model.replace('.', '__')}__before")
    dbt.build_in_lake(warehouse, str(tmp_path / "lake"), "second", False)
    assert differences(sources, warehouse) == {}
    written = {path.parents[1].name for path in (tmp_path / "lake").rglob("second/block_date=*")}
    assert written >= {"int_flows__daily", "fct_daily_netflow"}
    assert not list((tmp_path / "lake").rglob("fct_daily_netflow/second/block_date=2025-03*"))
