"""Which columns a column is made of: from the models as dbt compiles them, the views, and the statements that insert.

What lives here: reading SQL for the sake of Dagster's lineage. What must not: Dagster, and any statement that runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from flow_pipeline.domain.tables import ALL_TABLES
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse import dbt

Sources = dict[str, dict[str, list[list[str]]]]
"""Relation to column to the columns it is made of, each as relation and column."""

_PACKAGE = Path(__file__).resolve().parents[1]


def column_lineage(settings: Settings) -> Sources:
    """The columns behind each column of a mart, a view and a table that one statement fills from other tables.

    What a compiled kernel writes has no statement to read, and a count of rows comes from no column: they are not in
    it. Reading all statements takes seconds, so that the answer is kept in the data directory until one changes.

    Returns:
        Relations as `schema.table`, as dbt and the tables name them.
    """
    statements = [path.read_text(encoding="utf-8") for path in sorted(_PACKAGE.rglob("*.sql"))]
    views = [table.ddl for table in ALL_TABLES if table.view]
    facts = [dbt.project_fingerprint(), json.dumps(dbt.variables(settings), sort_keys=True), *views, *statements]
    kept = dbt.target_path(settings) / f"columns-{hashlib.sha256(chr(0).join(facts).encode()).hexdigest()[:16]}.json"
    if kept.exists():
        found: Sources = json.loads(kept.read_text(encoding="utf-8"))
        return found
    found = _read(dbt.compiled_models(settings), [*views, *statements])
    for other in kept.parent.glob("columns-*.json"):
        other.unlink(missing_ok=True)
    incoming = kept.with_suffix(".incoming")
    incoming.write_text(json.dumps(found), encoding="utf-8")
    incoming.replace(kept)
    return found


def _read(models: dict[str, str], statements: list[str]) -> Sources:
    """The lineage of each relation; of two statements that fill one, both count."""
    import sqlglot
    from sqlglot import exp

    found: Sources = {}
    for relation, text in models.items():
        _add(found, relation, sqlglot.parse_one(text, dialect="duckdb"))
    for text in statements:
        if not any(word in text.lower() for word in ("insert into", "create or replace view")):
            continue
        try:
            trees = sqlglot.parse(text, dialect="duckdb")
        except sqlglot.ParseError:  # a template with holes, which Python fills
            continue
        for tree in trees:
            for made in tree.find_all(exp.Insert, exp.Create) if tree else ():
                target = made.this.find(exp.Table) if made.this else None
                if target is not None and target.db and isinstance(made.expression, exp.Query):
                    _add(found, f"{target.db}.{target.name}", made.expression)
    return found


def _add(found: Sources, relation: str, query: object) -> None:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    columns, schema = _schema().get(relation, ()), _nested()
    for column in columns:
        try:
            root = lineage(column, query.copy(), schema=schema, dialect="duckdb")  # type: ignore[attr-defined]
        except (SqlglotError, KeyError):  # not a column of this statement
            continue
        leaves = {
            (f"{leaf.source.db}.{leaf.source.name}", leaf.name.rsplit(".", 1)[-1].strip('"'))
            for leaf in root.walk()
            if not leaf.downstream and isinstance(leaf.source, exp.Table)
        }
        others = sorted([table, name] for table, name in leaves if table != relation)
        known = [[table, name] for table, name in others if name in _schema().get(table, ())]
        if known:
            before = found.setdefault(relation, {}).get(column, [])
            found[relation][column] = [*before, *(item for item in known if item not in before)]


@cache
def _schema() -> dict[str, tuple[str, ...]]:
    return {**{t.relation: tuple(c.name for c in t.columns) for t in ALL_TABLES}, **dict(_model_columns())}


def _model_columns() -> Iterator[tuple[str, tuple[str, ...]]]:
    for model in dbt.described_models():
        yield f"{model['schema']}.{model['name']}", tuple(column["name"] for column in model["columns"])


@cache
def _nested() -> dict[str, dict[str, dict[str, str]]]:
    made: dict[str, dict[str, dict[str, str]]] = {}
    for relation, columns in _schema().items():
        schema, table = relation.split(".")
        made.setdefault(schema, {})[table] = dict.fromkeys(columns, "VARCHAR")
    return made
