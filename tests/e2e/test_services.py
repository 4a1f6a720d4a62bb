"""Services by what they do, beside plain Python: all days at once, and in stretches of days."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from flow_pipeline.detection.services import refresh_services
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import load, transform
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import open_build
from tests.conftest import transfer, write_csv

MANY = 4
FIRST = datetime(2025, 3, 1)
DAYS = 6
BURNER, BURNS_SINCE = 3, FIRST + timedelta(days=2, hours=5)


def address(n: int) -> str:
    return "0x" + f"{n:x}" * 40


def payments(seed: int) -> list[tuple[datetime, int, int]]:
    """When who pays whom, at random, many in the same second."""
    rng = random.Random(seed)
    moments = [FIRST + timedelta(hours=rng.randrange(24 * DAYS)) for _ in range(220)]
    ends = [rng.sample(range(1, 13), 2) for _ in moments]
    return sorted((at, sender, receiver) for at, (sender, receiver) in zip(moments, ends, strict=True))


def moments(made: list[tuple[datetime, int, int]], is_paid: bool) -> dict[str, datetime]:
    """Since when each had been paid by, or had paid, so many others within a day."""
    met = [
        (at, receiver if is_paid else sender, sender if is_paid else receiver)
        for at, sender, receiver in made
        if at < BURNS_SINCE or BURNER not in (sender, receiver)
    ]
    found: dict[str, datetime] = {}
    for last, own, _ in met:
        others = {other for at, who, other in met if who == own and timedelta() <= last - at <= timedelta(hours=24)}
        if len(others) >= MANY:
            found.setdefault(address(own), last)
    return found


def cuts() -> Iterator[list[Stretch]]:
    yield [Stretch(None, None)]
    edges = [FIRST.date() + timedelta(days=day) for day in range(1, DAYS)]
    first: date | None = None
    stretches = []
    for until in [*edges, None]:
        stretches.append(Stretch(first, until))
        first = until
    yield stretches


def burning_world(settings: Settings, folder: Path, seed: int) -> tuple[Settings, list[tuple[datetime, int, int]]]:
    """Payments of which an end burns from a moment on, loaded and with the marts of all days."""
    made = payments(seed)
    rows = [
        transfer(n, address(sender), address(receiver), 1, at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        for n, (at, sender, receiver) in enumerate(made)
    ]
    header = ["chain", "address", "entity", "category", "label", "confidence", "source", "valid_from"]
    label = ["ethereum", address(BURNER), "Dead", "burn", "dead", 1.0, "made", BURNS_SINCE.isoformat() + "Z"]
    write_csv(folder / "in" / "t.csv", rows)
    labels = write_csv(folder / "labels.csv", [label], header)
    settings = settings.with_changes(labels={"files": (labels,)}, typologies={"service_counterparties": MANY})
    load(settings, folder / "in", Window(), LoadOptions())
    transform(settings, Window())
    return settings, made


@pytest.mark.parametrize("seed", range(3))
def test_services_are_those_of_plain_python_however_days_are_cut(settings: Settings, tmp_path: Path, seed: int) -> None:
    settings, made = burning_world(settings, tmp_path, seed)
    paid, pays = moments(made, is_paid=True), moments(made, is_paid=False)
    assert min(len(paid), len(pays)) > 3
    expected = {
        who: (paid.get(who), pays.get(who), max(paid[who], pays[who]) if who in paid and who in pays else None)
        for who in {*paid, *pays}
    }
    with open_build(settings) as connection:
        for stretches in cuts():
            connection.execute("DELETE FROM store.services")
            refresh_services(connection, stretches, settings)
            found = connection.execute(
                "SELECT address, paid_by_many_at, pays_many_at, since FROM store.services JOIN store.addresses "
                "USING (address_id)"
            ).fetchall()
            assert {who: tuple(times) for who, *times in found} == expected


MANY_PAYMENTS = """
import sys
from pathlib import Path

from flow_pipeline.detection.graph import number_tokens
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.detection.verdicts import remember_traffic
from flow_pipeline.settings import load_settings
from flow_pipeline.warehouse.store import number, open_build

with open_build(load_settings(Path(sys.argv[1]))) as connection:
    connection.execute("insert into store.transfers select t.* from store.transfers as t cross join range(30_000)")
    connection.execute("set streaming_buffer_size = '100KB'")
    number_tokens(connection)
    remember_traffic(connection, Stretch(None, None))
    print(number(connection, "select sum(transfers) from store.traffic_days"))
"""


def test_payments_that_fill_the_engines_buffer_are_read_to_the_end(settings: Settings, tmp_path: Path) -> None:
    settings, made = burning_world(settings, tmp_path, 1)
    command = [sys.executable, "-c", MANY_PAYMENTS, str(settings.data_dir)]
    # In a process of its own: an engine that waits for itself can not be stopped from within.
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 30_001 * len(made)
