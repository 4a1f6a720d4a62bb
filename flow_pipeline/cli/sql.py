"""`netraflow sql`: the published warehouse by SQL, read-only for real; and the questions that are saved."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import CsvOption, JsonOption, LimitOption, emit, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "sql",
        epilog='Example: netraflow sql "SELECT exchange, chain, token_symbol, token_address, sum(netflow) '
        'FROM fct_daily_exchange_netflow GROUP BY ALL"',
    )(sql)


def sql(
    context: typer.Context,
    query: Annotated[
        str | None, typer.Argument(help="One SELECT, SHOW, DESCRIBE or EXPLAIN; with --saved a name.")
    ] = None,
    is_saved: Annotated[
        bool, typer.Option("--saved", help="The saved question of that name; without one, all of them in a line each.")
    ] = False,
    is_list: Annotated[bool, typer.Option("--list", help="What is saved, in a line each.")] = False,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--param", metavar="NAME=VALUE", help="A value for $NAME, bound, never pasted. Several may follow."
        ),
    ] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 100,
) -> None:
    """Query the published warehouse. No writes, no files, no ATTACH, no extensions.

    Tables of raw, marts, detection and ops go by their names alone, too.
    """
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.questions.asked import ask
    from flow_pipeline.questions.rows import fetched
    from flow_pipeline.questions.saved import listing, saved
    from flow_pipeline.warehouse.store import open_published

    values = dict(map(_pair, given or []))
    if is_list or (is_saved and query is None):
        columns, rows = listing()
        emit(columns, rows, as_json, as_csv, "Saved questions; in brackets what may be left out")
        return
    if query is None:
        raise UsageError("there is no question", "give a SELECT, or --saved and a name")
    bound: dict[str, Any] = values
    if is_saved:
        one = saved(query)
        query, bound = one.statement, one.bound(values)
    with open_published(settings_of(context, asks=True)) as connection:
        columns, rows = ask(connection, query, bound, fetched)
    emit(columns, rows, as_json, as_csv, limit=limit)


def _pair(text: str) -> tuple[str, str]:
    from flow_pipeline.domain.errors import UsageError

    name, is_pair, value = text.partition("=")
    if not name or not is_pair:
        raise UsageError(f"--param {text}: that is no NAME=VALUE", "write it as --param token=LPT")
    return name, value
