"""`netraflow wallet ADDRESS`: what a wallet traded, what it made, and how much of that is known."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from flow_pipeline.cli.common import JsonOption, LimitOption, jsonable, settings_of, table


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("wallet", epilog="Example: netraflow wallet 0x28c6c06298d514db089934071355e5743bf21d60")(wallet)


def wallet(context: typer.Context, address: Annotated[str, typer.Argument(help="The wallet.")], as_json: JsonOption = False, limit: LimitOption = 20) -> None:
    """Its trades at average cost: profit, gas, what it still holds of what it bought, and which share of it has a believable price."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.warehouse.queries import one_wallet
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context)) as connection:
        found = one_wallet(connection, address)
    if found is None:
        raise UsageError(f"there is no transfer of {address}", "check the address; Bitcoin addresses are case-sensitive")
    if as_json or not sys.stdout.isatty():
        print(json.dumps(found, default=jsonable, indent=1))
        return
    print(f"{found['address']}{': ' + ', '.join(found['labels']) if found['labels'] else ''}\n")
    for chain in found["totals"]:
        wins = f"{chain['wins']:,} of {chain['closed']:,} closed trades won" if chain["closed"] else "no closed trade"
        made = "no profit is known" if chain["realised_usd"] is None else f"realised {chain['realised_usd']:,.2f} USD, gas included"
        print(
            f"{chain['chain']}: {chain['trades']:,} trades from {chain['first_day']} to {chain['last_day']}, {chain['priced_share']:.0%} of them with a believable price; {made}; {wins}"
        )
    for title, rows, names in (
        ("Still held of what was bought at a known price", found["positions"], ["chain", "token", "amount", "cost_usd", "average_cost_usd"]),
        (
            "Last trades",
            found["trades"][:limit],
            ["block_timestamp", "gave", "gave_amount", "got", "got_amount", "value_usd", "price_basis", "covered_share", "realised_usd", "gas_usd"],
        ),
    ):
        if rows:
            table(names, [[str(row[name]) if name == "block_timestamp" else row[name] for name in names] for row in rows], title)
    if not found["totals"]:
        print("It did not trade: no transaction in which it gave one token and got another.")
