"""`netraflow exposure ADDRESS`: whose money came to an address, and to whom its money went."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import CsvOption, JsonOption, emit, note, settings_of
from flow_pipeline.cli.tables import Shape

SHAPE = Shape(("direction", "category", "share", "usd", "share_direct", "share_indirect", "names", "nearest_hops"))
TOKEN_SHAPE = Shape(("direction", "token_symbol", "category", "share", "amount", "share_direct", "share_indirect"))


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("exposure", epilog="Example: netraflow exposure 0x401757774ef32ec2ec65ce720cb9e3336a87fe08 --hops 3")(
        exposure
    )


def exposure(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The address, or its ends.")],
    hops: Annotated[
        int | None,
        typer.Option("--hops", min=1, help="Most transfers; 1 for direct ones; else explorer.exposure_hops."),
    ] = None,
    chain: Annotated[str | None, typer.Option("--chain", help="Its chain, where it stands on several.")] = None,
    tokens: Annotated[bool, typer.Option("--tokens", help="Per token, in its units, instead of in dollars.")] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Whose money came to an address and to whom its money went, by category: direct, and over hops by flow rules."""
    from flow_pipeline.questions.exposure import exposure as ask
    from flow_pipeline.questions.places import one_place
    from flow_pipeline.warehouse.store import open_published

    settings = settings_of(context, asks=True)
    with open_published(settings) as connection:
        place = one_place(connection, address, chain)
        found = ask(connection, *place, settings.explorer, settings.tracing, hops)
    for row in found.totals:
        unpriced = row["transfers"] - row["priced_transfers"]
        if unpriced and not tokens:
            note(f"{row['direction']}: {unpriced:,} of {row['transfers']:,} transfers have no price; --tokens has them")
    for said in found.left_out:
        note(said)
    columns, rows = found.tokens.rows if tokens else found.categories.rows
    title = f"Exposure within {found.hops} hops, {found.attribution}"
    emit(columns, rows, as_json, as_csv, title, shape=TOKEN_SHAPE if tokens else SHAPE)
