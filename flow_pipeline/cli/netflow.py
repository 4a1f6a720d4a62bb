"""`netraflow netflow`: who gained and who lost coins, by day."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import (
    CsvOption,
    FromOption,
    JsonOption,
    LimitOption,
    TokenOption,
    ToOption,
    emit,
    settings_of,
)
from flow_pipeline.cli.tables import Shape

SHAPE = Shape(
    ("block_date", "exchange", "wallet", "token_symbol", "netflow", "inflow", "outflow", "netflow_usd", "internal")
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("netflow", epilog="Example: netraflow netflow --token LPT --from 2025-04-01 --to 2025-04-29")(netflow)


def netflow(
    context: typer.Context,
    exchange: Annotated[str | None, typer.Option("--exchange", help="Only this exchange.")] = None,
    wallet: Annotated[
        bool, typer.Option("--by-wallet", help="Per hot wallet; moves inside the exchange count.")
    ] = False,
    total: Annotated[bool, typer.Option("--total", help="All exchanges together.")] = False,
    token: TokenOption = None,
    first: FromOption = None,
    last: ToOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 40,
) -> None:
    """Daily inflow, outflow and netflow (positive = onto the exchange), latest day first."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.questions.netflow import daily_netflow
    from flow_pipeline.warehouse.store import open_published

    if wallet and total:
        raise UsageError("--by-wallet and --total exclude each other", "give one of them")
    if total and exchange:
        raise UsageError("--total and --exchange exclude each other", "give one of them")
    scope = "wallet" if wallet else "total" if total else "exchange"
    with open_published(settings_of(context, asks=True)) as connection:
        columns, rows = daily_netflow(connection, scope, Window.parse(first, last), token, exchange)
    title = "Netflow = inflow - outflow; positive = coins moving onto the exchange"
    emit(columns, rows, as_json, as_csv, title, limit, SHAPE)
