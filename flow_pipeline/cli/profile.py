"""`netraflow profile DIR`: a reference traffic for verdicts, from a warehouse."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import put, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    example = 'netraflow profile --source "our own week" --price ethereum:ETH=2500'
    app.command("profile", epilog=f"Example: {example}")(profile)


def profile(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Data directory of the warehouse; else the one in force.")
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="Which traffic it is, and from where; verdicts say it.")
    ] = "own traffic",
    prices: Annotated[
        list[str] | None,
        typer.Option("--price", help="US dollars per unit of a token, CHAIN:SYMBOL=USD; else the warehouse's prices."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; else standard output.")] = None,
) -> None:
    """The largest findings of each typology: `verdicts.reference` judges by them what is too small to judge itself."""
    from flow_pipeline.places import outgoing, shown
    from flow_pipeline.questions.profile import profile_of
    from flow_pipeline.scoring.profile import as_json
    from flow_pipeline.warehouse.store import open_published

    given = dict(map(_price, prices or []))
    with open_published(settings_of(context, folder)) as connection:
        text = as_json(profile_of(connection, source, given))
    if out is None:
        sys.stdout.write(text)
        return
    with outgoing(out) as file:
        file.write_text(text)
    place = shown(out, out, out)
    put(f'wrote {place}; use it with verdicts.reference = "{place}" in the settings')


def _price(given: str) -> tuple[str, float]:
    from flow_pipeline.domain.errors import UsageError

    token, _, usd = given.rpartition("=")
    try:
        price = float(usd)
    except ValueError:
        price = 0.0
    if ":" not in token or price <= 0:
        raise UsageError(f"--price {given}: that is no price", "write it as ethereum:ETH=2500")
    return token, price
