"""`netraflow generate`: synthetic transfers with a known truth."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import JsonOption, emit, progress

TRANSFERS = 20_000
FIRST_DAY = date(2025, 3, 1)
TRADING_DAYS = 40
"""Windows of thirty days are scored, and a few days more show how scores move."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("generate", epilog="Example: netraflow generate --transfers 5000 --seed 7 --out /tmp/world")(generate)


def generate(
    out: Annotated[Path, typer.Option("--out", help="Folder for transfers, labels and truth, or s3://bucket/folder.")],
    transfers: Annotated[
        int | None,
        typer.Option("--transfers", help="Background transfers, 20,000 by default; planted ones come on top."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same world.")] = 1,
    days: Annotated[int, typer.Option("--days", help="Length in days.")] = 60,
    districts: Annotated[
        int,
        typer.Option(
            "--districts",
            min=1,
            help="In so many parts, whose people share exchanges and little else; one at a time is in memory, 0.9 GB "
            "for a million transfers, and each month is a file.",
        ),
    ] = 1,
    as_csv: Annotated[bool, typer.Option("--as-csv", help="CSV instead of Parquet.")] = False,
    wallets: Annotated[
        int,
        typer.Option(
            "--wallets",
            min=0,
            help="So many times 477 wallets that trade, with transactions and prices; with --transfers beside them, "
            "in the last forty days.",
        ),
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write a seeded world: transfers, its labels, and what was planted in it."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.places import outgoing, shown
    from flow_pipeline.simulation.wallets import generate_wallets, write_beside, write_wallets
    from flow_pipeline.simulation.world import generate as make
    from flow_pipeline.simulation.world import write, write_districts

    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file, not a folder", "give another with --out")
    with progress() as say, outgoing(out) as folder:
        if wallets and transfers is None:
            say("generate wallets")
            written = write_wallets(generate_wallets(wallets, seed, days), folder)
        else:
            say("generate transfers")
            count = transfers or TRANSFERS
            if districts > 1:
                written = write_districts(count, districts, seed, folder, days, FIRST_DAY, as_csv)
            else:
                written = write(make(count, seed, days, FIRST_DAY), folder, as_csv)
        if wallets and transfers is not None:
            say("generate wallets")
            start = FIRST_DAY + timedelta(days=max(0, days - TRADING_DAYS))
            found = generate_wallets(wallets, seed, min(days, TRADING_DAYS), start)
            written += write_beside(found, folder, FIRST_DAY, days)
        rows = [[shown(path, folder, out), path.stat().st_size] for path in written]
    emit(["file", "bytes"], rows, as_json, False, "Generated")
