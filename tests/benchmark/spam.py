"""What tokens that are sent once cost: `make bench-spam`, or `make bench-spam ARGS="--tokens 100000 --receivers 10"`.

A generated world alone, and with tokens that nobody knows, each sent once to an exchange (and to further receivers):
all days but the last, then the last. CPU seconds of each, peak memory and the size of the build file. Each world is
built in a process of its own, after a first one that only compiles the kernels. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import run
from flow_pipeline.settings import load_settings
from flow_pipeline.simulation.world import generate, write

SPAMMERS = 200


def spam(world: pa.Table, exchanges: list[str], tokens: int, receivers: int) -> pa.Table:
    """Transfers of so many tokens, each sent at once to an exchange and to further receivers of the world."""
    chance = random.Random(5)
    first, last = (call(world["block_timestamp"]).as_py() for call in (pc.min, pc.max))
    addresses = pc.unique(world["to_address"]).to_pylist()
    senders = [f"0x{chance.getrandbits(160):040x}" for _ in range(SPAMMERS)]
    rows: list[tuple[object, ...]] = []
    for number in range(tokens):
        seconds = chance.randrange(int((last - first).total_seconds()))
        token, sender, tx = chance.getrandbits(160), chance.choice(senders), chance.getrandbits(256)
        for place in range(receivers):
            receiver = chance.choice(addresses if place else exchanges)
            amount = Decimal(chance.randrange(1, 10**6))
            rows.append(
                ("ethereum", 22_000_000 + seconds // 12, first + timedelta(seconds=seconds), f"0x{tx:064x}", place,
                 f"0x{token:040x}", f"SPAM{number}", sender, receiver, amount)
            )  # fmt: skip
    columns = zip(*rows, strict=True) if rows else [()] * len(world.schema)
    return pa.table(dict(zip(world.column_names, map(list, columns), strict=True)), schema=world.schema)


def build(data: str, labels: str, *folders: str) -> None:
    """Run the folders one after the other; prints CPU seconds, MB of the build file and of the peak after each."""
    settings = load_settings(Path(data)).with_changes(labels={"files": (Path(labels),)})
    before = 0.0
    for folder in folders:
        run(settings, Path(folder), Window(), LoadOptions())
        usage = resource.getrusage(resource.RUSAGE_SELF)
        seconds = usage.ru_utime + usage.ru_stime
        print(seconds - before, settings.build_file.stat().st_size / 1e6, usage.ru_maxrss / 1e3)
        before = seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--transfers", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--receivers", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netraflow-bench-") as name:
        folder = Path(name)
        write(generate(given.transfers, seed=11, days=given.days), folder / "world")
        labels = folder / "world" / "labels.csv"
        world = pq.read_table(folder / "world" / "transfers" / "transfers.parquet")
        exchanges = [line.split(",")[1] for line in labels.read_text().splitlines() if ",exchange," in line]
        found: dict[str, list[list[float]]] = {}
        for kind, tokens in (("kernels", 0), ("alone", 0), ("with spam", given.tokens)):
            table = pa.concat_tables([world, spam(world, exchanges, tokens, given.receivers)]).sort_by(
                "block_timestamp"
            )
            edge = pc.max(table["block_timestamp"]).as_py().replace(hour=0, minute=0, second=0, microsecond=0)
            is_last = pc.greater_equal(table["block_timestamp"], edge)
            parts = [folder / kind / part for part in ("before", "last")]
            for part, rows in zip(parts, (table.filter(pc.invert(is_last)), table.filter(is_last)), strict=True):
                part.mkdir(parents=True)
                pq.write_table(rows, part / "t.parquet")
            code = (
                f"from tests.benchmark.spam import build; build(*{[str(folder / kind), str(labels), *map(str, parts)]})"
            )
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            found[kind] = [[float(value) for value in line.split()] for line in done.stdout.splitlines()]
            print(f"{table.num_rows:,} transfers {kind}", flush=True)
        for part, text in enumerate(("the days before", "one more day")):
            for place, what in enumerate(("CPU s", "MB of the build file", "MB of memory at most")):
                alone, spammed = found["alone"][part][place], found["with spam"][part][place]
                print(f"{text:16s} {spammed:9.1f} {what} = {spammed / alone:.2f} x the {alone:.1f} without spam")


if __name__ == "__main__":
    main()
