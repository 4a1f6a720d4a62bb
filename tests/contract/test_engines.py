"""Every model reads alike on DuckDB and on Spark: what is compiled for Spark says nothing that only DuckDB knows.

All other tests run what is compiled for DuckDB; those marked `spark` run this on Spark.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from dbt.context.providers import BaseDatabaseWrapper

from flow_pipeline.settings import Settings
from flow_pipeline.warehouse import dbt

COMMON = re.findall(
    r"\w+",
    "any_value array_agg array_distinct array_sort bool_and bool_or cast coalesce count date_trunc extract first_value "
    "flatten greatest lag lead least left length lower lpad max max_by min nullif right row_number sqrt sum "
    "upper",
)
"""Functions that both have under one name, with one answer."""
REFUSED = {
    r"\bunion\s+(all\s+)?by\s+name\b": "Spark has no union by name: put the columns in order",
    r"\bdistinct\s+on\b": "Spark has no distinct on: qualify row_number() over (...) = 1",
    r"\bas\s+materialized\b": "Spark has no materialized: DuckDB computes once what is read twice",
    r"[][{}]": "lists are written, and counted from, differently: list_of, first_of",
    r'"': "on Spark a double quote begins a text",
    r"(=|<>|!=)\s*(not\s+)?exists\b": "Spark compares nothing with exists: case when exists (...)",
    r"\*\*": "Spark has no **, and powers are rounded differently: squared",
    r"::\s*(varchar|text|hugeint|timestamptz)\b": "Spark has no such type: string, bigint, timestamp",
    r"//|:=|->|\border\s+by\s+all\b|\b(asof|positional)\s+join\b|\busing\s+sample\b": "only DuckDB reads this",
}
"""Constructs of DuckDB alone, each with what to say instead."""
_NO_CALLS = re.findall(
    r"\w+",
    "all and as by case decimal else except exclude exists filter from in interval join not on or over partition "
    "qualify select sets string then union using values when where window",
)
_MACRO = re.compile(r"{%\s*macro (\w+)\([^)]*\)\s*-?%}(.*?){%-?\s*endmacro", re.S)
_CALL = re.compile(r"\b([a-z_]\w*)\s*\(")


def _own() -> set[str]:
    """Functions that the macros for Spark use, and those that its session is given."""
    text = (dbt.PROJECT / "macros" / "engines.sql").read_text()
    found = {call for name, body in _MACRO.findall(text) if name.startswith("spark__") for call in _CALL.findall(body)}
    words = (Path(dbt.__file__).parent / "sql" / "macros_spark.sql").read_text()
    return found | set(re.findall(r"create or replace temporary function (\w+)", words))


def _faults(text: str) -> list[str]:
    """What a statement says that Spark does not know, or may answer otherwise."""
    bare = re.sub(r"r?'(?:[^']|'')*'", "''", re.sub(r"--.*|/\*.*?\*/", "", text))
    calls = set(_CALL.findall(bare.lower())) - {*_NO_CALLS, *COMMON} - _own()
    found = [f"{name}(): not known to be the same on both" for name in sorted(calls)]
    return found + [f"{word}: {why}" for word, why in REFUSED.items() if re.search(word, bare, re.I)]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every model by its name, for Spark. What decides is which macros dbt takes: dbt-spark and Java are not needed."""
    folder = tmp_path_factory.mktemp("spark")
    settings = Settings(data_dir=folder)
    given = ["compile", "--no-introspect", "--full-refresh", "--vars", json.dumps(dbt.variables(settings))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "_get_adapter_macro_prefixes", lambda _: ["spark", "duckdb", "default"])
        done = dbt.invoke(settings, given, target=folder, file=folder / "nothing.duckdb")
    return {item.node.name: item.node.compiled_code for item in done.results if item.node.resource_type == "model"}


def test_models_say_to_spark_only_what_both_know(compiled: dict[str, str]) -> None:
    assert len(compiled) == len(list((dbt.PROJECT / "models").rglob("*.sql")))
    assert "int_flows__daily" in compiled["fct_daily_netflow"]
    assert {name: found for name, text in compiled.items() if (found := _faults(text))} == {}


def test_what_hooks_say_is_known_to_both_too() -> None:
    """Hooks are made of macros, and are compiled only when they run."""
    text = (dbt.PROJECT / "macros" / "days.sql").read_text()
    words = re.sub(r"{%.*?%}|{#.*?#}", ";", re.sub(r"{{.*?}}", "x", text), flags=re.S)
    assert "has_every_day" in words
    assert _faults(words) == []


@pytest.mark.parametrize(
    "text",
    [
        "select * from t where a <> exists (select 1 from u)",
        "select list_sort(regions) from t",
        "select * exclude (a) from t union all by name select b from u",
        "select distinct on (a) a from t",
        "select regions[1] from t",
        'select "a" from t',
        "select a ** 2 from t",
        "select a::varchar from t",
        "select string_agg(a, ';') from t",
        "with v as materialized (select 1) select * from v",
    ],
)
def test_what_only_duckdb_knows_is_refused(text: str) -> None:
    assert _faults(text)
