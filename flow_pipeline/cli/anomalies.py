"""`netraflow anomalies`: the days that stand out."""

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
    ("block_date", "scope", "token_symbol", "netflow", "outflow", "e_value", "severity", "direction", "baseline_mean"),
    units=(("e_value", "(a year)"),),
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("anomalies", epilog="Example: netraflow anomalies --method inclusive --top 10 --by-exchange")(anomalies)


def anomalies(
    context: typer.Context,
    method: Annotated[
        str | None, typer.Option("--method", help="rank, trailing, robust or inclusive; else the setting.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Another limit than the setting's: of rank E, in days a year; else |z|."),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="The K days of the smallest E or largest |z|, flagged or not.")
    ] = None,
    by_exchange: Annotated[
        bool, typer.Option("--by-exchange", help="With --top: K days per exchange instead of the total's.")
    ] = False,
    by_wallet: Annotated[
        bool, typer.Option("--by-wallet", help="Days of single wallets, internal moves counted; with --top, K of each.")
    ] = False,
    surges: Annotated[bool, typer.Option("--surges", help="Outflow surges instead.")] = False,
    detector: Annotated[
        str | None, typer.Option("--detector", help="Days flagged by this daily detector, whichever it is.")
    ] = None,
    token: TokenOption = None,
    first: FromOption = None,
    last: ToOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 40,
) -> None:
    """Anomalous netflow days of exchanges and of the total; high = onto the exchange.

    e_value: on how many days a year the series moves at least as far, by the days before.
    """
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.questions.netflow import anomalous_days, daily_findings, judged_by, outflow_surges, top_days
    from flow_pipeline.warehouse.store import open_published

    settings = settings_of(context, asks=True)
    others = {
        "--method": method,
        "--threshold": threshold,
        "--top": top,
        "--by-exchange": by_exchange,
        "--by-wallet": by_wallet,
        "--surges": surges,
    }
    if detector is not None and (given := [name for name, value in others.items() if value]):
        raise UsageError(
            f"--detector does not go with {', '.join(given)}", "it lists what the run found under its settings"
        )
    if by_exchange and by_wallet:
        raise UsageError("--by-exchange does not go with --by-wallet", "ask twice")
    rules, method = judged_by(settings, method, threshold)
    window = Window.parse(first, last)
    with open_published(settings) as connection:
        if detector is not None:
            columns, rows = daily_findings(connection, detector, window, token)
        elif surges:
            columns, rows = outflow_surges(connection, window, token)
        elif top is not None or by_exchange:
            columns, rows = top_days(
                connection,
                method,
                top or rules.top_k,
                "exchange" if by_exchange else "wallet" if by_wallet else "total",
                window,
                token,
            )
        else:
            columns, rows = anomalous_days(connection, rules, method, window, token, by_wallet)
    title = f"Netflow anomalies, {method}; positive = onto the exchange"
    if detector is not None or surges:
        title = "Outflow surges" if surges else f"Days flagged by {detector}"
    emit(columns, rows, as_json, as_csv, title, limit, SHAPE)
