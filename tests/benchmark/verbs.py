"""What each reading verb costs on the demo: `make bench-verbs`, or `make bench-verbs ARGS="--rounds 9 --data-dir DIR"`.

CPU seconds of a process from its start to its end, the least of the rounds, so that other work on the machine counts
little; `python -c pass` stands beside them. Then `analyze` of 200 rows. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from flow_pipeline.settings import load_settings
from flow_pipeline.warehouse.store import open_published

ROWS = 200


def cpu_seconds(*command: object) -> float:
    """Seconds of the processor that a command takes; it may end with 1, which is an answer too."""
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr}")
    return ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime


def verbs(data: Path) -> list[str]:
    """Reading verbs with something to read in the demo's data."""
    with open_published(load_settings(data)) as connection:

        def one(query: str) -> str:
            row = connection.execute(query).fetchone()
            return str(row[0]) if row else ""

        finding = one("select finding_id from findings where is_suspicious order by score desc limit 1")
        address = one("select address from address_risk order by score desc limit 1")
        flow = one("select flow_id from group_flows limit 1")
        wallet = one("select wallet from smart_money_wallets limit 1")
        alert = one("select alert_id from alerts limit 1")
        ends = connection.execute("select from_address, to_address from fct_transfers limit 1").fetchone()
    return [
        "--help",
        "findings --help",
        "formats",
        "settings",
        "settings --explain",
        "netflow",
        "netflow --by-wallet",
        "anomalies",
        "anomalies --method robust",
        "anomalies --surges",
        "destinations",
        "findings",
        f"finding {finding}",
        f"verify {finding}",
        f"risk {address}",
        f"screen {address}",
        f"exposure {address}",
        f"path {' '.join(ends or ())}",
        "flows summaries",
        "flows top-risk",
        f"flows path {flow}",
        "smart-money",
        f"wallet {wallet}",
        "alerts list",
        f"alerts show {alert}",
        "verdicts review",
        "watchlist list",
        "case list",
        "people list",
        "rollback",
        "sql --saved",
        "sql --saved weekly_volume --param token=USDT",
        "sql SELECT+1",
        "inspect data/sample/transfers/transfers.parquet",
        "restate --labels data/sample/labels.csv",
        "metrics --textfile /dev/null",
        "doctor",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data-dir", type=Path, help="a demo's data; else one is made")
    parser.add_argument("--only", help="verbs that begin so")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netraflow-bench-") as name:
        folder = Path(name)
        data = given.data_dir or folder / "demo"
        program = ("-m", "flow_pipeline")
        if given.data_dir is None:
            cpu_seconds(*program, "demo", "--out", data)
        print(f"{min(cpu_seconds('-c', 'pass') for _ in range(given.rounds)):6.2f} s  python -c pass")
        for verb in verbs(data):
            if given.only and not verb.startswith(given.only):
                continue
            words = [word.replace("+", " ") for word in verb.split()]
            least = min(cpu_seconds(*program, "--data-dir", data, *words) for _ in range(given.rounds))
            print(f"{least:6.2f} s  {verb}", flush=True)
        if given.only:
            return
        rows = folder / "rows"
        rows.mkdir()
        with open_published(load_settings(data)) as connection:
            connection.execute("select * from raw.transfers limit $rows", {"rows": ROWS}).df().to_csv(
                rows / "rows.csv", index=False
            )
        for round_ in range(2):
            seconds = cpu_seconds(*program, "analyze", rows, "--out", folder / "tiny")
            print(f"{seconds:6.2f} s  analyze {ROWS} rows, {('cold', 'nothing new')[round_]}")


if __name__ == "__main__":
    main()
