"""`netraflow smart-money`: who is smart money, of which kind, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import CsvOption, JsonOption, emit, note, settings_of
from flow_pipeline.cli.tables import Shape

SHAPE = Shape(
    (
        "rank",
        "wallet",
        "category",
        "score",
        "score_low",
        "score_high",
        "confidence",
        "volume_usd",
        "realised_usd",
        "last_active",
    )
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("smart-money", epilog="Example: netraflow smart-money --top 10 --category mev_bot")(smart_money)


def smart_money(
    context: typer.Context,
    top: Annotated[int, typer.Option("--top", min=1, help="Wallets shown, best first.")] = 20,
    category: Annotated[
        str | None, typer.Option("--category", help="Only wallets of this category, such as mev_bot.")
    ] = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Also wallets that are not listed: below smart_money.min_score, or without a profit."
        ),
    ] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Wallets listed as smart money, by rank, and what they made; `netraflow wallet ADDRESS` explains one."""
    from flow_pipeline.questions.rows import Part
    from flow_pipeline.questions.wallets import smart_wallets, wallet_counts
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context, asks=True)) as connection:
        columns, rows = smart_wallets(connection, Part(top), category, every)
        known = wallet_counts(connection)
    emit(
        columns,
        rows,
        as_json,
        as_csv,
        f"Smart money: {'all wallets' if every else 'listed wallets'}{f' of category {category}' if category else ''}",
        shape=SHAPE,
    )
    if not known.wallets:
        note(
            "netraflow: no wallet is known: "
            "none of the files has transactions (Etherscan txlist, ethereum-etl transactions) or trades"
        )
    elif not known.confidence:
        note(
            "netraflow: nothing has a price, so no volume and no profit is known and no wallet is listed; "
            "give a price file with --prices"
        )
    elif not rows:
        listed = f"{known.listed:,} are listed"
        note(f"netraflow: none of {known.wallets:,} wallets fits ({listed}); --all shows every wallet")
