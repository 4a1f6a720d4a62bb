"""Thefts that were seen and thefts that were made up, injected into nine hours of ordinary ether transfers.

A theft's addresses are replaced by new ones, so that no label and no history gives it away. What counts is the rank of
the first finding that holds its largest transfer, among all findings, as `netraflow findings --every` lists them.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flow_pipeline.detection.findings import run_typologies
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import load, transform
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import open_build
from tests.conftest import transfer, write_csv

pytestmark = pytest.mark.real

ORDINARY = "transactions_03300000_03399999_small.csv.gz"
BEGINS, HOURS = datetime(2017, 3, 6, 3, 15, tzinfo=UTC).timestamp(), 8
"""The ordinary transfers are of 03:00 to 11:47 of that day."""
Row = tuple[float, str, str, float]
"""seconds, sender, receiver, ETH"""


def exploit(folder: Path, name: str) -> list[Row]:
    """Transfers of an exploiter's list that moved something, in time order."""
    with (folder / "exploits" / f"{name}_bridge_hack.csv").open() as handle:
        return sorted(
            (float(row["timeStamp"]), row["from"], row["to"], int(row["value"]) / 1e18)
            for row in csv.DictReader(handle)
            if row["isError"] == "0" and int(row["value"])
        )


def ronin(folder: Path) -> list[Row]:
    """The first fifty days, in which the money left, compressed into the hours of the ordinary transfers."""
    rows = exploit(folder, "ronin")
    rows = [row for row in rows if row[0] - rows[0][0] < 50 * 86_400]
    pace = HOURS * 3_600 / (rows[-1][0] - rows[0][0])
    return [((row[0] - rows[0][0]) * pace, *row[1:]) for row in rows]


def wormhole(folder: Path) -> list[Row]:
    """At natural speed, the hours around its largest transfer."""
    rows = exploit(folder, "wormhole")
    largest = max(rows, key=lambda row: row[3])[0]
    near = HOURS * 3_600 / 2
    return [(row[0] - largest + near, *row[1:]) for row in rows if abs(row[0] - largest) < near]


def tenth_of_ronin(folder: Path) -> list[Row]:
    """Ronin, every sum a tenth."""
    return [(at, sender, receiver, amount / 10) for at, sender, receiver, amount in ronin(folder)]


def fan_of_forty(folder: Path) -> list[Row]:
    """40,000 ETH to forty addresses within two hours."""
    return [(3_600 + 180 * n, "thief", f"hand {n}", 1_000) for n in range(40)]


def layers(folder: Path) -> list[Row]:
    """10,000 ETH through eight hands, twenty minutes at each, half a percent less at each."""
    return [(3_600 + 1_200 * n, f"hand {n}", f"hand {n + 1}", 10_000 * 0.995**n) for n in range(8)]


def ring(folder: Path) -> list[Row]:
    """3,000 ETH around four hands, an hour at each."""
    return [(3_600 * (n + 1), f"hand {n}", f"hand {(n + 1) % 4}", 3_000 * 0.99**n) for n in range(4)]


def injected(theft: list[Row], folder: Path, ordinary: Path) -> Path:
    """A folder with the ordinary transfers and the theft, its addresses new."""
    rows = [
        transfer(
            10**6 + n,
            new(sender),
            new(receiver),
            f"{amount:.18f}",
            datetime.fromtimestamp(BEGINS + at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        for n, (at, sender, receiver, amount) in enumerate(theft)
    ]
    write_csv(folder / "theft.csv", rows)
    (folder / ORDINARY).symlink_to(ordinary / ORDINARY)
    return folder


def new(name: str) -> str:
    """An address that stands in no file."""
    return "0x" + hashlib.sha256(f"injected {name}".encode()).hexdigest()[:40]


def rank(settings: Settings, folder: Path, theft: list[Row]) -> tuple[int, int, str, float]:
    """Place of the first finding that holds the theft's largest transfer, of how many; its typology and its E."""
    load(settings, folder, Window(), LoadOptions())
    transform(settings, Window())
    largest = max(range(len(theft)), key=lambda n: theft[n][3])
    with open_build(settings) as connection:
        run_typologies(connection, settings)
        rows = connection.execute(
            """
            select typology, e_value, finding_id in (
                select finding_id from detection.finding_transfers where tx_hash = ?
            ) from detection.findings
            where instance_of is null
            order by
                is_suspicious desc, risk_rank(severity) desc,
                case when is_suspicious then moved_usd end desc nulls last,
                case when is_suspicious then stake end desc nulls last, score desc, finding_id
            """,
            [f"0x{10**6 + largest:064x}"],
        ).fetchall()
    place = next((n for n, row in enumerate(rows, 1) if row[2]), len(rows) + 1)
    typology, expected, _ = rows[min(place, len(rows)) - 1]
    return place, len(rows), typology, expected


@pytest.mark.parametrize("theft", [ronin, wormhole])
def test_a_theft_that_was_seen_is_among_the_first_three(
    settings: Settings, real: Path, tmp_path: Path, theft: Callable[[Path], list[Row]]
) -> None:
    rows = theft(real)
    found = rank(settings, injected(rows, tmp_path / "in", real / "eth_raphtory"), rows)
    assert found[0] <= 3, found


@pytest.mark.slow
@pytest.mark.parametrize(("theft", "measured"), [(ring, 1), (fan_of_forty, 4), (tenth_of_ronin, 5), (layers, 30)])
def test_a_theft_ranks_no_worse_than_it_did(
    settings: Settings, real: Path, tmp_path: Path, theft: Callable[[Path], list[Row]], measured: int
) -> None:
    """Size against the traffic's own decides: layers of what passed through 29 ordinary hands are not rare."""
    rows = theft(real)
    found = rank(settings, injected(rows, tmp_path / "in", real / "eth_raphtory"), rows)
    assert found[0] <= measured, found
