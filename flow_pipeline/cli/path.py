"""`netraflow path FROM TO`: how money can have gone from one address to another in the order of time."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import CsvOption, FromOption, JsonOption, TokenOption, ToOption, emit, note, settings_of
from flow_pipeline.cli.tables import Shape

_LEG = (
    *("block_timestamp", "from_address", "from_entity", "to_address", "to_entity", "token_symbol", "amount"),
    *("amount_usd", "tx_hash", "transfer_index", "token_address"),
)
SHAPE = Shape(("path", "leg", "block_timestamp", "from_address", "to_address", "amount", "token_symbol", "tx_hash"))


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("path", epilog="Example: netraflow path 0x53e9828e…68e691 0xdc0fb84c…ffd0c8 --days 7")(path)


def path(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The address that paid, or its ends.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The address that was paid, or its ends.")],
    hops: Annotated[
        int | None, typer.Option("--hops", min=1, help="Most transfers of a path; else explorer.path_hops.")
    ] = None,
    days: Annotated[
        float | None, typer.Option("--days", help="Most days from the first to the last; else explorer.path_days.")
    ] = None,
    chain: Annotated[str | None, typer.Option("--chain", help="The chain, where FROM stands on several.")] = None,
    token: TokenOption = None,
    first: FromOption = None,
    last: ToOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Paths that money can have gone, leg by leg, the fewest hops first; none passes through a service or a hub."""
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.questions.known import known_address
    from flow_pipeline.questions.paths import paths
    from flow_pipeline.questions.places import one_place, place_of
    from flow_pipeline.warehouse.store import open_published

    settings = settings_of(context, asks=True)
    with open_published(settings) as connection:
        name, from_id = one_place(connection, source, chain)
        to_id = place_of(connection, name, known_address(connection, target))
        found = paths(connection, name, from_id, to_id, settings.explorer, hops, days, Window.parse(first, last), token)
    for said in found.left_out:
        note(said)
    rows = [
        (number, n, *(leg[column] for column in _LEG))
        for number, one in enumerate(found.paths, 1)
        for n, leg in enumerate(one["legs"], 1)
    ]
    emit(("path", "leg", *_LEG), rows, as_json, as_csv, "Paths in the order of time", shape=SHAPE)
