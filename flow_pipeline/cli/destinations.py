"""`netraflow destinations`: where the money went."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import CsvOption, FromOption, JsonOption, TokenOption, ToOption, emit, settings_of
from flow_pipeline.cli.tables import Shape

SHAPE = Shape(("rank", "token_symbol", "to_address", "amount", "amount_share", "entity", "transfer_count", "category"))


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("destinations", epilog="Example: netraflow destinations --token USDT --top 20 --by count")(destinations)


def destinations(
    context: typer.Context,
    top: Annotated[int, typer.Option("--top", min=1, help="Receivers per token.")] = 10,
    by: Annotated[str, typer.Option("--by", help="Rank by amount or by count.")] = "amount",
    token: TokenOption = None,
    first: FromOption = None,
    last: ToOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Top receiving addresses per token over a window, with who they are."""
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.questions.netflow import top_destinations
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context, asks=True)) as connection:
        columns, rows = top_destinations(connection, Window.parse(first, last), token, top, by)
    emit(columns, rows, as_json, as_csv, f"Top destinations by {by}", shape=SHAPE)
