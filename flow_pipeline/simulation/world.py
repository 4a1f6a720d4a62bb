"""A seeded world of exchanges, people and tokens, with planted netflow anomalies and laundering typologies.

The background is `background`: by measured rates it has what looks like laundering and is none, so that false alarms
can be seen. Planted are patterns of every size with their truth, near misses and decoys (`typologies`), flows between
groups (`flows`), and days on which an exchange's netflow leaves its baseline (`town`).
"""

from __future__ import annotations

import csv
import json
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.simulation.town import Town


@dataclass(frozen=True)
class World:
    """A generated world.

    Attributes:
        transfers: Canonical columns, in time order.
        labels: Rows of a label set: exchanges, bridge, mixer, router, a few people.
        truth: Planted netflow events: date, scope, token, direction, netflow_added.
        typologies: Planted typologies, near misses and decoys: typology, kind, note, size (small, usual, large),
            strength_rank (1 when none of its typology that was planted in the 30 days before is as large),
            expected_per_10000 (how many that large are to be expected in 10,000 transfers, by the sums of ordinary
            transfers and what else is planted; under a budget, it is above that budget's size), transfers as
            (tx_hash, transfer_index), addresses.
        deposits: Deposit addresses that were used, with their exchange.
        flows: Planted flows between groups and near misses, in the form of the typologies.
    """

    transfers: pa.Table
    labels: list[dict[str, str]]
    truth: list[dict[str, object]]
    typologies: list[dict[str, object]]
    deposits: list[dict[str, str]]
    flows: list[dict[str, object]]


def generate(transfers: int, seed: int, days: int = 60, first: date = date(2025, 3, 1)) -> World:
    """Make a world.

    Args:
        transfers: Background transfers, planted ones come on top.
        seed: The same seed gives the same world on every machine.
        days: Length in days; anomalies are planted after the first 14.
        first: First day, UTC.

    Raises:
        UsageError: too few transfers or days to hold the planted events.
    """
    _refuse_too_small(transfers, days)
    town = Town(days, first)
    one = town.district(np.random.default_rng(seed), transfers, is_last=True)
    typologies, flows = town.planted()
    return World(one.transfers, one.labels, town.truth, typologies, one.deposits, flows)


def _refuse_too_small(transfers: int, days: int, districts: int = 1) -> None:
    if transfers < 1_000 * districts or days < 21:
        raise UsageError(
            f"{transfers} transfers over {days} days can not hold the planted events",
            "ask for at least 1,000 transfers per district and 21 days",
        )


def write(world: World, folder: Path, as_csv: bool = False) -> list[Path]:
    """Write transfers/transfers.parquet (or .csv), and beside that input folder its labels and what was planted.

    They are labels.csv, netflow_anomalies.json, typologies.json, deposits.json and flows.json.

    Returns:
        The files written.
    """
    transfers = _emptied(folder) / ("transfers.csv" if as_csv else "transfers.parquet")
    if as_csv:
        pacsv.write_csv(world.transfers, transfers)
    else:
        pq.write_table(world.transfers, transfers, compression="zstd", row_group_size=122_880)
    labels, deposits = folder / "labels.csv", folder / "deposits.json"
    with labels.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(world.labels[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(world.labels)
    deposits.write_text(json.dumps(world.deposits) + "\n")
    return [transfers, labels, deposits, *_write_planted(folder, world.truth, world.typologies, world.flows)]


def write_districts(
    transfers: int,
    districts: int,
    seed: int,
    folder: Path,
    days: int = 60,
    first: date = date(2025, 3, 1),
    as_csv: bool = False,
) -> list[Path]:
    """Make a world of several districts and write it as `write` does, but with a file of transfers per month.

    One district is in memory at once, and what is planted in all. Months have day after day, days district by district.

    Args:
        transfers: Background transfers of all districts together.
        districts: Into how many of the same size they are divided.
        seed, days, first: As of `generate`, which gives the same transfers as one district.
        folder, as_csv: As of `write`.

    Returns:
        The files written.

    Raises:
        UsageError: too few transfers or days to hold the planted events.
    """
    _refuse_too_small(transfers, days, districts)
    town, inputs = Town(days, first), _emptied(folder)
    labels, deposits = folder / "labels.csv", folder / "deposits.json"
    with ExitStack() as opened:
        scratch = Path(opened.enter_context(TemporaryDirectory(dir=folder)))
        pieces = {first + timedelta(days=day): scratch / f"{day}.parquet" for day in range(days)}
        writers: list[pq.ParquetWriter] = []
        of_labels, of_deposits = (opened.enter_context(path.open("w", newline="")) for path in (labels, deposits))
        for number in range(districts):
            rng = np.random.default_rng([seed, number] if number else seed)
            one = town.district(rng, transfers // districts, number == districts - 1)
            if not number:
                schema = one.transfers.schema
                writers = [opened.enter_context(pq.ParquetWriter(path, schema)) for path in pieces.values()]
                table = csv.DictWriter(of_labels, list(one.labels[0]), lineterminator="\n")
                table.writeheader()
            edges = np.searchsorted(
                one.transfers["block_timestamp"].to_numpy(), np.datetime64(first) + np.arange(days + 1)
            )
            for day, writer in enumerate(writers):
                writer.write_table(one.transfers[edges[day] : edges[day + 1]])
            table.writerows(one.labels)
            of_deposits.write((", " if number else "[") + json.dumps(one.deposits)[1:-1])
            del one  # before the next is made
        of_deposits.write("]\n")
        for writer in writers:
            writer.close()
        months = _write_months(pieces, inputs, schema, as_csv)
    return [*months, labels, deposits, *_write_planted(folder, town.truth, *town.planted())]


def _write_months(pieces: dict[date, Path], inputs: Path, schema: pa.Schema, as_csv: bool) -> list[Path]:
    """Put the files of days together into one per month."""
    months: dict[Path, list[Path]] = {}
    for day, piece in pieces.items():
        months.setdefault(inputs / f"transfers-{day:%Y-%m}.{'csv' if as_csv else 'parquet'}", []).append(piece)
    for path, days in months.items():
        with pacsv.CSVWriter(path, schema) if as_csv else pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for piece in days:
                for batch in pq.ParquetFile(piece).iter_batches(122_880):
                    writer.write_batch(batch)
                piece.unlink()
    return [*months]


def _emptied(folder: Path) -> Path:
    """The input folder of a world's folder, which holds one world."""
    inputs = folder / "transfers"
    inputs.mkdir(parents=True, exist_ok=True)
    for stale in inputs.glob("tra*.*"):
        stale.unlink()
    return inputs


def _write_planted(
    folder: Path, truth: list[dict[str, object]], typologies: list[dict[str, object]], flows: list[dict[str, object]]
) -> list[Path]:
    texts = {
        "netflow_anomalies.json": json.dumps(truth, indent=1),
        "typologies.json": json.dumps(typologies),
        "flows.json": json.dumps(flows),
    }
    for name, text in texts.items():
        (folder / name).write_text(text + "\n")
    return [folder / name for name in texts]
