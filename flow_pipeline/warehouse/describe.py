"""What a reader of the file finds beside the rows: comments on all that stands there, and names without schema.

The texts are those of domain.tables and of dbt's YAML. Only what differs is written: a comment costs a fifth of a
millisecond and there are a thousand, most of which stay from run to run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import ALL_TABLES, QUERIED
from flow_pipeline.warehouse.dbt import described_models
from flow_pipeline.warehouse.store import Connection, number

sql = statements(__package__)

SHORT = "main"
"""The schema that the engine looks into for a name without one."""

Place = tuple[str, str]
"""Schema and relation."""


@dataclass
class _Relation:
    kind: str
    comment: str | None
    types: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str | None] = field(default_factory=dict)


def describe(connection: Connection) -> None:
    """Give what people query a name without schema, and every relation and column its comment."""
    found = _catalog(connection)
    with _plainly(connection):
        if _name(connection, found):
            found = _catalog(connection)
        _comment(connection, found)


def short_names(places: Iterable[Place]) -> dict[str, str]:
    """Names by which one relation alone of the schemas that people query goes, and its schema."""
    places = [place for place in places if place[0] in QUERIED]
    count = Counter(name for _, name in places)
    return {name: schema for schema, name in places if count[name] == 1}


def _name(connection: Connection, found: dict[Place, _Relation]) -> bool:
    """Make and drop views; a view keeps the columns that its relation had, so it is made again when they change."""
    short = short_names(found)
    changes = [f"drop view {_quoted(place)}" for place in found if place[0] == SHORT and place[1] not in short] + [
        f"create or replace view {_quoted((SHORT, name))} as from {_quoted((schema, name))}"
        for name, schema in short.items()
        if (SHORT, name) not in found or found[SHORT, name].types != found[schema, name].types
    ]
    return _run(connection, changes)


def _comment(connection: Connection, found: dict[Place, _Relation]) -> None:
    texts = _texts()
    for name, schema in short_names(found).items():
        if (schema, name) in texts:
            texts[SHORT, name] = (f"{schema}.{name} by its name alone. {texts[schema, name][0]}", {})
    changes = []
    for place, (description, meanings) in texts.items():
        if (relation := found.get(place)) is None:
            continue
        if relation.comment != description:
            changes.append(f"comment on {relation.kind} {_quoted(place)} is {_text(description)}")
        changes += [
            f'comment on column {_quoted(place)}."{column}" is {_text(meanings[column])}'
            for column, comment in relation.comments.items()
            if column in meanings and comment != meanings[column]
        ]
    _run(connection, changes)


def _catalog(connection: Connection) -> dict[Place, _Relation]:
    found: dict[Place, _Relation] = {}
    rows = connection.execute(sql("describe_catalog")).fetchall()
    for schema, name, column, kind, comment in rows:
        if column is None:
            found[schema, name] = _Relation(kind, comment)
        else:
            found[schema, name].types[column] = kind
            found[schema, name].comments[column] = comment
    return found


def _texts() -> dict[Place, tuple[str, dict[str, str]]]:
    """What a relation is and what its columns mean."""
    tables = {(t.schema, t.name): (t.description, {c.name: c.meaning for c in t.columns}) for t in ALL_TABLES}
    models = {
        (model["schema"], model["name"]): (
            model["description"],
            {column["name"]: column["description"] for column in model["columns"]},
        )
        for model in described_models()
    }
    return tables | models


@contextmanager
def _plainly(connection: Connection) -> Iterator[None]:
    """Commands that have nothing to be optimised, nor shared by threads, take half as long without either."""
    threads = number(connection, "select current_setting('threads')")
    connection.execute("pragma disable_optimizer; set threads = 1")
    try:
        yield
    finally:
        connection.execute(f"pragma enable_optimizer; set threads = {threads}")


def _run(connection: Connection, commands: list[str]) -> bool:
    if commands:
        connection.execute(";\n".join(commands))
    return bool(commands)


def _quoted(place: Place) -> str:
    return f'"{place[0]}"."{place[1]}"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
