"""`netraflow generate`: synthetic transfers with a known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import JsonOption, emit, progress


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("generate", epilog="Example: netraflow generate --transfers 5000 --seed 7 --out /tmp/world")(generate)


def generate(
    out: Annotated[Path, typer.Option("--out", help="Folder for transfers, labels and truth.")],
    transfers: Annotated[
        int, typer.Option("--transfers", help="Background transfers; planted ones come on top.")
    ] = 20_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same world.")] = 1,
    days: Annotated[int, typer.Option("--days", help="Length in days.")] = 60,
    as_csv: Annotated[bool, typer.Option("--as-csv", help="CSV instead of Parquet.")] = False,
    wallets: Annotated[
        int,
        typer.Option(
            "--wallets",
            min=0,
            help="Instead, a world of wallets that trade: so many times 477 of them, with transactions and prices.",
        ),
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write a seeded world: transfers, its labels, and what was planted in it."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.simulation.wallets import generate_wallets, write_wallets
    from flow_pipeline.simulation.world import generate as make
    from flow_pipeline.simulation.world import write

    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file, not a folder", "give another with --out")
    with progress() as say:
        if wallets:
            say("generate wallets")
            written = write_wallets(generate_wallets(wallets, seed, days), out)
        else:
            say(f"generate {transfers:,} transfers")
            written = write(make(transfers, seed, days), out, as_csv)
    emit(["file", "bytes"], [[str(path), path.stat().st_size] for path in written], as_json, False, "Generated")
