"""`netraflow verify`: every finding proved again by its own SQL."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import JsonOption, emit, note, progress, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("verify", epilog="Example: netraflow verify 27c44ae52b105fef")(verify)


def verify(
    context: typer.Context,
    finding_ids: Annotated[
        list[str] | None, typer.Argument(help="Findings to prove; none for all suspicious ones.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also findings that are not suspicious.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run each finding's evidence_sql on the published file, compare transfers and totals; exit 1 on any difference."""
    from flow_pipeline.questions.verify import verify as prove
    from flow_pipeline.warehouse.store import open_published

    with progress() as say, open_published(settings_of(context, asks=True)) as connection:
        proofs = prove(connection, finding_ids or [], every, say)
    rows: dict[str, list[int]] = {}
    for proof in proofs:
        count = rows.setdefault(proof.typology, [0, 0, 0])
        count[0] += 1
        count[1] += not proof.differences
        count[2] += proof.transfers
    emit(
        ["typology", "findings", "proved", "transfers"],
        [[name, *counts] for name, counts in sorted(rows.items())],
        as_json,
        False,
        "Verified",
    )
    failed = [proof for proof in proofs if proof.differences]
    for proof in failed:
        note(f"netraflow: {proof.typology} {proof.finding_id}: {'; '.join(proof.differences)}")
    if failed:
        raise typer.Exit(1)
