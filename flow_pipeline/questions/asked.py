"""Questions in the words of who asks: one statement that only reads, with values bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.warehouse.faults import cause_of, is_damage
from flow_pipeline.warehouse.store import Connection

if TYPE_CHECKING:
    from flow_pipeline.questions.rows import Answer

T = TypeVar("T")
_READS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


def ask(connection: Connection, query: str, values: Mapping[str, Any], fetch: Callable[[Answer], T]) -> T:
    """The answer to a SELECT, SHOW, DESCRIBE or EXPLAIN.

    Args:
        connection: The published file.
        query: One statement; `$name` stands for a value.
        values: The values by name.
        fetch: How the answer is taken.

    Raises:
        UsageError: it is not one statement, does more than read, is no SQL, or lacks a value.
    """
    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1:
            raise UsageError(f"{len(statements)} statements given", "give one")
        if statements[0].type not in _READS:
            raise UsageError(
                f"{statements[0].type.name} is not a question: only what reads is answered",
                "give a SELECT, SHOW, DESCRIBE or EXPLAIN",
            )
        taken = statements[0].named_parameters
        if taken != values.keys():
            raise UsageError(
                f"the statement takes {_named(taken)}, given is {_named(values)}",
                "give each value as --param NAME=VALUE, and write it as $NAME",
            )
        # All of it, not read while it is made: the engine waits for itself forever where branches of a UNION ALL join.
        return fetch(connection.sql(statements[0], params=values or None))
    except duckdb.Error as error:
        if is_damage(error) or cause_of(str(error)):
            raise  # whoever opened the file says what to do about it
        raise UsageError(str(error).strip(), '`netraflow sql "SHOW ALL TABLES"` lists tables and columns') from None


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
