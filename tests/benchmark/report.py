"""The report and the exports of a wide warehouse: `make bench-report`.

90 days of 20 exchanges and 10 tokens, every pair active every day; seconds of a report as the command starts it, and
its size.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import run
from flow_pipeline.settings import load_settings


def main() -> None:
    """Build the warehouse, then write reports of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--exchanges", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="netraflow-bench-") as name:
        folder = Path(name)
        exchanges = [f"0x{number + 1:040x}" for number in range(given.exchanges)]
        with (folder / "labels.csv").open("w", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["chain", "address", "entity", "category", "label", "confidence", "source", "valid_from"])
            writer.writerows(
                ["ethereum", address, f"Exchange {number + 1}", "exchange", "hot", 0.9, "generated", ""]
                for number, address in enumerate(exchanges)
            )
        (folder / "in").mkdir()
        with (folder / "in" / "t.csv").open("w", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(
                [
                    "chain",
                    "block_timestamp",
                    "tx_hash",
                    "transfer_index",
                    "token_address",
                    "token_symbol",
                    "from_address",
                    "to_address",
                    "amount",
                ]
            )
            count = 0
            for day in range(given.days):
                for token in range(given.tokens):
                    for exchange in exchanges:
                        for comes_in in (True, False):
                            count += 1
                            user = f"0x{rng.integers(1 << 40, 1 << 60):040x}"
                            ends = (user, exchange) if comes_in else (exchange, user)
                            at = f"{date(2025, 1, 1) + timedelta(days=day)}T{rng.integers(0, 24):02d}:00:00Z"
                            contract = f"0x{token + 1_000:040x}"
                            writer.writerow(
                                [
                                    "ethereum",
                                    at,
                                    f"0x{count:064x}",
                                    0,
                                    contract,
                                    f"TOK{token}",
                                    *ends,
                                    round(float(rng.lognormal(3, 1)), 6),
                                ]
                            )
        settings = load_settings(folder / "data").with_changes(labels={"files": (folder / "labels.csv",)})
        run(settings, folder / "in", Window(), LoadOptions())
        for kind in ("daily", "weekly"):
            seconds = []
            for _ in range(given.rounds):
                started = time.perf_counter()
                subprocess.run(
                    [sys.executable, "-m", "flow_pipeline", "--data-dir", str(settings.data_dir), "report", kind],
                    check=True,
                    capture_output=True,
                )
                seconds.append(time.perf_counter() - started)
            page = next(settings.reports_dir.glob(f"{kind}-*.html"))
            print(
                f"{kind} report, {given.days} days x {given.exchanges} exchanges x {given.tokens} tokens: "
                f"{np.median(seconds):.1f} s, {page.stat().st_size / 1e6:.2f} MB"
            )


if __name__ == "__main__":
    main()
