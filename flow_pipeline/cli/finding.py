"""`netraflow finding ID`: one finding on a page."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import JsonOption, jsonable, put, say, settings_of
from flow_pipeline.cli.tables import table


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("finding", epilog="Example: netraflow finding 27c44ae52b105fef")(finding)


def finding(
    context: typer.Context,
    finding_id: Annotated[str, typer.Argument(help="As `netraflow findings` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """What happened, the transfers in order, who the addresses are, and what would clear it."""
    from flow_pipeline.questions.findings import clears, one_finding
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context, asks=True)) as connection:
        found = one_finding(connection, finding_id)
    if as_json or not sys.stdout.isatty():
        put(json.dumps({**found, "clears": clears(found)}, default=jsonable, indent=1))
        return
    show_finding(found, clears(found))


def show_finding(found: dict[str, Any], ways: list[str]) -> None:
    """The page; `ways` are what would clear it."""
    state = found["severity"] if found["is_suspicious"] else "fits the definition, not suspicious"
    put(f"{found['typology']} {found['finding_id']} on {found['chain']}: {state}\n")
    say(found["reason"])
    say(found["verdict"])
    if not found["is_order_known"]:
        put("The order of transfers within one block is not known: their source gives no transaction index.")
    times = f"From {found['first_timestamp']} to {found['last_timestamp']} UTC."
    put(f"{times} Detector version {found['detector_version']}.\n")
    names = ["ordinal", "block_timestamp", "part", "from_address", "to_address", "amount", "tx_hash", "transfer_index"]
    heads = ["#", "time", "part", "from", "to", found["token_symbol"] or "amount", "transaction", "index"]
    table(
        heads,
        [[str(row[name]) if name == "block_timestamp" else row[name] for name in names] for row in found["transfers"]],
        "Transfers",
    )
    names = ["address", "role", "labels", "risk", "risk_category"]
    table(names, [[row[name] for name in names] for row in found["addresses"]], "Addresses")
    put("What would clear it:")
    for way in ways:
        say(way, "  - ")
    put(f"\nProve it again: netraflow verify {found['finding_id']}\nParameters: {found['parameters']}")
