"""`netraflow sql`: the published warehouse by SQL, read-only for real."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import CsvOption, JsonOption, LimitOption, emit, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "sql",
        epilog='Example: netraflow sql "SELECT exchange, chain, token_symbol, token_address, sum(netflow) '
        'FROM marts.fct_daily_exchange_netflow GROUP BY ALL"',
    )(sql)


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="One SELECT, SHOW, DESCRIBE or EXPLAIN.")],
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 100,
) -> None:
    """Query the published warehouse. No writes, no files, no ATTACH, no extensions."""
    import duckdb

    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context)) as connection:
        try:
            statements = connection.extract_statements(query)
            if len(statements) != 1:
                raise UsageError(f"{len(statements)} statements given", "give one")
            if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
                raise UsageError(
                    f"{statements[0].type.name} is not a question: this command only reads",
                    "give a SELECT, SHOW, DESCRIBE or EXPLAIN",
                )
            cursor = connection.execute(statements[0])
            columns = [item[0] for item in cursor.description or []]
            rows = cursor.fetchall()
        except duckdb.Error as error:
            raise UsageError(str(error).strip(), '`netraflow sql "SHOW ALL TABLES"` lists tables and columns') from None
    emit(columns, rows, as_json, as_csv, limit=limit)
