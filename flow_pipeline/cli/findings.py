"""`netraflow findings`: every typology found."""

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
    ("finding_id", "severity", "typology", "block_date", "token_symbol", "moved_amount", "moved_usd", "e_value"),
    ("verdict",),
    (("e_value", "(in 10,000)"),),
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("findings", epilog="Example: netraflow findings --typology circular --limit 5")(findings)


def findings(
    context: typer.Context,
    typology: Annotated[str | None, typer.Option("--typology", help="Only this one, such as rapid_chain.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="Only findings that list this address.")] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Also findings that fit a definition and are not suspicious.")
    ] = False,
    token: TokenOption = None,
    first: FromOption = None,
    last: ToOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Suspicious findings, the most severe first, then those with most at stake."""
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.questions import findings as questions
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context, asks=True)) as connection:
        columns, rows = questions.findings(connection, typology, Window.parse(first, last), token, address, every)
    emit(columns, rows, as_json, as_csv, "Findings", limit, SHAPE)
