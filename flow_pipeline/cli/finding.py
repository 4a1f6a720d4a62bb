"""`netraflow finding ID`: one finding on a page."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import JsonOption, jsonable, put, say, settings_of
from flow_pipeline.cli.tables import pretty, table


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("finding", epilog="Example: netraflow finding 27c44ae52b105fef")(finding)


def finding(
    context: typer.Context,
    finding_id: Annotated[str, typer.Argument(help="As `netraflow findings` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """What happened, the transfers in order, who the addresses are, and what would clear it."""
    from flow_pipeline.questions.findings import one_finding
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context)) as connection:
        found = one_finding(connection, finding_id)
    if as_json or not sys.stdout.isatty():
        put(json.dumps({**found, "clears": clears(found)}, default=jsonable, indent=1))
        return
    show_finding(found)


def show_finding(found: dict[str, Any]) -> None:
    """The page."""
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
    for way in clears(found):
        say(way, "  - ")
    put(f"\nProve it again: netraflow verify {found['finding_id']}\nParameters: {found['parameters']}")


def clears(found: dict[str, Any]) -> list[str]:
    """What would take the finding away, in words."""
    middles = [
        row["address"] for row in found["addresses"] if row["role"] in ("middle", "focus") and not row["is_terminal"]
    ]
    ways = []
    if middles:
        some = ", ".join(middles[:3]) + (f" or {len(middles) - 3} others" if len(middles) > 3 else "")
        ways.append(
            f"a label that shows {some} to be a service (exchange, bridge, dex, contract): "
            "`netraflow analyze … --labels FILE`"
        )
    ways.append("evidence that the addresses belong to one owner with a reason to move the money so")
    if found["judged_by"] in ("pool", "profile") and found["is_suspicious"]:
        needed, token = found["strength_needed"], found["token_symbol"] or found["token_address"]
        ways.append(
            f"more ordinary traffic as strong as it: E is {found['e_value']:.2g}, under the budget "
            f"verdicts.alarms_per_10000; its strength is {pretty(found['strength'])} {token}"
            + (f", and up to {pretty(needed)} would be ordinary" if needed is not None else "")
        )
    elif found["judged_by"] == "limit":
        ways.append(f"a higher limit: typologies.{found['typology']}.amount_by_token or amount_usd")
    elif found["judged_by"] == "label":
        ways.append("evidence that the label that it touches is wrong or did not hold at its time")
    elif found["judged_by"] == "own_rate":
        ways.append("earlier days in which the address made as many transfers: `netraflow analyze` with more history")
    return ways
