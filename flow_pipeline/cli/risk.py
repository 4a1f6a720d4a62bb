"""`netraflow risk ADDRESS`: what a score is made of."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import JsonOption, jsonable, put, settings_of
from flow_pipeline.cli.tables import table


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("risk", epilog="Example: netraflow risk 0x946d43f3b60e70c62e1f5fe71ea4327eed2d6443")(risk)


def risk(
    context: typer.Context, address: Annotated[str, typer.Argument(help="The address.")], as_json: JsonOption = False
) -> None:
    """An address's risk: components, weights, findings, and the score with each component dropped."""
    from flow_pipeline.questions.addresses import about_address
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context, asks=True)) as connection:
        known = about_address(connection, address)
    if as_json or not sys.stdout.isatty():
        put(json.dumps(known, default=jsonable, indent=1))
        return
    for row in known["labels"]:
        said = f"{row['category']}, confidence {row['confidence']:g}; {row['source']}"
        put(f"Label on {row['chain']}: {row['entity']} ({said})")
    if not known["risk"]:
        put(
            f"{known['address']} has no risk component: "
            "no suspicious finding lists it and it has no contact with a mixer or a sanctioned address"
        )
    for row in known["risk"]:
        show_risk(row)


def show_risk(row: dict[str, Any]) -> None:
    """The page of one chain."""
    put(
        f"\n{row['address']} on {row['chain']}: {row['category']}, "
        f"score {row['score']:.4f}, confidence {row['confidence']:.2f}"
    )
    active = [item for item in row["components"] if item["is_active"]]
    put(
        f"score = 1 / (1 + e^(-5 ({row['raw_score']:.4f} - 0.5))), and {row['raw_score']:.4f} is the sum of the parts\n"
    )
    names = ["component", "score", "confidence", "weight", "part"]
    rows = [[*(item[name] for name in names), row["without"][item["component"]], item["finding_id"]] for item in active]
    table([*names, "score without it", "finding"], rows, "Components that count")
    for item in row["components"]:
        counts = "" if item["is_active"] else "(does not count: a stronger one does) "
        put(f"- {counts}{item['component']} {item['finding_id'] or ''}: {item['evidence']}")
