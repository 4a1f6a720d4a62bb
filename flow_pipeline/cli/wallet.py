"""`netraflow wallet ADDRESS`: what a wallet is, why, what it traded and made, and how much of that is known."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import JsonOption, LimitOption, jsonable, put, settings_of
from flow_pipeline.cli.tables import table


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("wallet", epilog="Example: netraflow wallet 0xda08eff3d1d9d5e6dbfd90dbabe787f8f3f59260")(wallet)


def wallet(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The wallet.")],
    as_json: JsonOption = False,
    limit: LimitOption = 20,
) -> None:
    """What it is like and why: score, behaviour over 7, 30 and 90 days, trades at average cost, what it holds, MEV."""
    from flow_pipeline.questions.wallets import one_wallet
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context, asks=True)) as connection:
        found = one_wallet(connection, address)
    if as_json or not sys.stdout.isatty():
        put(json.dumps(found, default=jsonable, indent=1))
        return
    put(f"{found['address']}{': ' + ', '.join(found['labels']) if found['labels'] else ''}\n")
    for row in found["smart_money"]:
        _score(row)
    if found["features"]:
        names = [name for name in found["features"][0] if name not in ("chain", "block_date", "window_days")]
        for chain in dict.fromkeys(row["chain"] for row in found["features"]):
            windows = [row for row in found["features"] if row["chain"] == chain]
            days = [f"{row['window_days']} days" for row in windows]
            table(
                ["", *days],
                [[name, *(row[name] for row in windows)] for name in names],
                f"Behaviour on {chain} up to {windows[0]['block_date']}",
            )
    for chain in found["totals"]:
        wins = f"{chain['wins']:,} of {chain['closed']:,} closed trades won" if chain["closed"] else "no closed trade"
        made = (
            "no profit is known"
            if chain["realised_usd"] is None
            else f"realised {chain['realised_usd']:,.2f} USD, gas included"
        )
        put(
            f"{chain['chain']}: {chain['trades']:,} trades from {chain['first_day']} to {chain['last_day']}, "
            f"{chain['priced_share']:.0%} of them with a believable price; {made}; {wins}"
        )
    for title, rows, names in (
        (
            "Still held of what was bought at a known price",
            found["positions"],
            ["chain", "token", "amount", "cost_usd", "average_cost_usd"],
        ),
        (
            "Last trades",
            found["trades"][:limit],
            [
                "block_timestamp",
                "gave",
                "gave_amount",
                "got",
                "got_amount",
                "value_usd",
                "price_basis",
                "covered_share",
                "realised_usd",
                "gas_usd",
            ],
        ),
    ):
        if rows:
            table(
                names,
                [[str(row[name]) if name == "block_timestamp" else row[name] for name in names] for row in rows],
                title,
            )
    if found["past"]:
        table(
            list(found["past"][0]),
            [list(row.values()) for row in found["past"][:limit]],
            "30 days up to each active day",
        )
    if found["mev"]:
        names = ["block_timestamp", "kind", "reason", "gain_amount", "token_symbol", "gain_usd", "tx_hashes"]
        table(
            names,
            [
                [str(row[name]) if name == "block_timestamp" else row[name] for name in names]
                for row in found["mev"][:limit]
            ],
            "Sandwiches, arbitrage, liquidations",
        )
    if not found["features"]:
        put("It sent no transaction that is known, so there is nothing to say about its behaviour.")
    if not found["totals"]:
        put("It did not trade: no transaction in which it gave one token and got another.")


def _score(row: dict[str, Any]) -> None:
    """What it is and why, in a paragraph and a table."""
    from flow_pipeline.scoring.smart_money import CATEGORIES, INPUTS

    listed = "listed as smart money" if row["is_smart"] else "not listed as smart money"
    put(
        f"{row['chain']}: {row['category']} ({CATEGORIES[row['category']]}); {listed}, "
        f"rank {row['rank']:,} by {row['scored_by']}, score {row['score']:.3f}, confidence {row['confidence']:.2f}; "
        f"seen from {row['first_seen']} to {row['last_active']}"
    )
    put(
        f"score = (1 - {row['round_trip_share'] or 0:.3f} of its payments that came back) "
        f"x the sum of the parts = {row['formula_score']:.3f}, "
        f"{row['score_low']:.3f} to {row['score_high']:.3f} at the ends of what its profits may be\n"
    )
    table(
        ["part", "points", "rises with"],
        [[part, row[f"{part}_part"], column] for part, column in INPUTS.items()],
        "Parts of the score, 30 days",
    )
