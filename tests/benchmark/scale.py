"""Every stage of a run on a world of any size, each in a process of its own: `make bench-scale`.

A stage that was done is not done again: what stopped can be mended and gone on with, and `--after STAGE` does what
follows one anew. Prints CPU seconds, peak memory and the size of the build file after each stage.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flow_pipeline.pipeline import RunResult
    from flow_pipeline.settings import Settings
    from flow_pipeline.warehouse.store import Connection

DAYS = 90
_PER_DISTRICT = 1_000_000
_DONE = "stages.jsonl"
_RUN = "20260101T000000-a00000"


def _load(settings: Settings, run: RunResult, world: Path) -> None:
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.loading.ingest import LoadOptions
    from flow_pipeline.pipeline import load

    load(settings, world / "transfers", Window(), LoadOptions())


def _marts(settings: Settings, run: RunResult, world: Path) -> None:
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.pipeline import transform

    transform(settings, Window())


def _audit(*stages: str) -> Callable[[Settings, RunResult, Path], None]:
    def step(settings: Settings, run: RunResult, world: Path) -> None:
        from flow_pipeline.pipeline import audit

        audit(settings, run, stages)

    return step


def _on_build(step: Callable[[Connection, Settings], Any]) -> Callable[[Settings, RunResult, Path], None]:
    def opened(settings: Settings, run: RunResult, world: Path) -> None:
        from flow_pipeline.warehouse.store import open_build

        with open_build(settings) as connection:
            step(connection, settings)

    return opened


def _anomalies(connection: Connection, settings: Settings) -> None:
    from flow_pipeline.detection.daily import run_all

    run_all(connection, settings)


def _typologies(connection: Connection, settings: Settings) -> None:
    from flow_pipeline.detection.findings import run_typologies

    run_typologies(connection, settings)


def _trades(connection: Connection, settings: Settings) -> None:
    from flow_pipeline.wallets.features import run_wallet_features
    from flow_pipeline.wallets.smart_money import run_smart_money
    from flow_pipeline.wallets.trades import run_trades

    run_trades(connection, settings.smart_money)
    run_wallet_features(connection, settings.smart_money)
    run_smart_money(connection, settings)


def _deposit_addresses(connection: Connection, settings: Settings) -> None:
    from flow_pipeline.detection.address_clusters import find_address_clusters

    find_address_clusters(connection, settings.clusters)


def _entities(connection: Connection, settings: Settings) -> None:
    from flow_pipeline.detection.entity_clusters import run_entity_clusters

    run_entity_clusters(connection, settings.clusters)


def _group_flows(connection: Connection, settings: Settings) -> None:
    from flow_pipeline.detection.flows import run_flows

    run_flows(connection, settings)


def _clusters(connection: Connection, settings: Settings) -> None:
    from flow_pipeline.detection.clusters import measure_clusters

    measure_clusters(connection, settings.clusters)


def _risk(connection: Connection, settings: Settings) -> None:
    from flow_pipeline.detection.clusters import add_patterns
    from flow_pipeline.detection.risk import run_risk

    run_risk(connection)
    add_patterns(connection)


def _read_tables(settings: Settings, run: RunResult, world: Path) -> None:
    from flow_pipeline.pipeline import sort_for_readers

    sort_for_readers(settings)


def _hash_days(connection: Connection, settings: Settings) -> None:
    from flow_pipeline.warehouse.publish import refresh_day_hashes

    refresh_day_hashes(connection)


def _publish(settings: Settings, run: RunResult, world: Path) -> None:
    from flow_pipeline.pipeline import publish

    publish(settings, run)


def _ledger(settings: Settings, run: RunResult, world: Path) -> None:
    from flow_pipeline.pipeline import record, send_alerts

    record(settings, run)
    send_alerts(settings)


def _report(settings: Settings, run: RunResult, world: Path) -> None:
    from flow_pipeline.pipeline import report

    if failures := report(settings)[1]:
        raise SystemExit("; ".join(failures))


STAGES: dict[str, Callable[[Settings, RunResult, Path], None]] = {
    "load": _load,
    "marts": _marts,
    "audit raw": _audit("raw"),
    "audit marts": _audit("marts", "collapse"),
    "anomalies": _on_build(_anomalies),
    "typologies": _on_build(_typologies),
    "trades": _on_build(_trades),
    "deposit addresses": _on_build(_deposit_addresses),
    "entities": _on_build(_entities),
    "group flows": _on_build(_group_flows),
    "cluster analysis": _on_build(_clusters),
    "risk": _on_build(_risk),
    "read tables": _read_tables,
    "audit detection": _audit("detection", "drift", "reading"),
    "hashes": _on_build(_hash_days),
    "publish": _publish,
    "ledger": _ledger,
    "report": _report,
}
"""As `pipeline.run` has them."""


def do(stage: str, world: Path, data: Path) -> None:
    """Do a stage, and print what it took."""
    from flow_pipeline.loading.ingest import LoadReport
    from flow_pipeline.pipeline import RunResult
    from flow_pipeline.settings import load_settings

    prices = world / "prices.csv"
    settings = load_settings(data).with_changes(
        labels={"files": (world / "labels.csv",)}, sources={"prices": (str(prices),) if prices.exists() else None}
    )
    STAGES[stage](settings, RunResult(_RUN, LoadReport()), world)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    # VmHWM, not ru_maxrss: the latter is inherited from the process that forked.
    peak = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    cpu, build = sum(one.ru_utime + one.ru_stime for one in used), settings.build_file.stat().st_size
    print(json.dumps({"stage": stage, "cpu_s": round(cpu, 1), "peak_gb": peak / 1e6, "build_gb": build / 1e9}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="where the world and its warehouse lie, and stay")
    parser.add_argument("--transfers", type=int, default=10_000_000, help="of the world, where there is none yet")
    parser.add_argument("--after", choices=STAGES, help="do again what follows this stage")
    parser.add_argument("--until", choices=STAGES, help="stop after this stage")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    world, data = given.folder / "world", given.folder / "data"
    if given.stage:
        do(given.stage, world, data)
        return
    if not world.exists():
        districts = max(1, given.transfers // _PER_DISTRICT)
        words = ("--transfers", given.transfers, "--districts", districts, "--wallets", districts, "--days", DAYS)
        command = [sys.executable, "-m", "flow_pipeline", "generate", *map(str, words), "--seed", "11", "--out"]
        subprocess.run([*command, str(world)], check=True)
    record = given.folder / _DONE
    done = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    if given.after:
        done = done[: [one["stage"] for one in done].index(given.after) + 1]
    stages = [*STAGES]
    for stage in stages[: stages.index(given.until) + 1] if given.until else stages:
        found = next((one for one in done if one["stage"] == stage), None)
        if not found:
            command = [sys.executable, "-m", "tests.benchmark.scale", str(given.folder), "--stage", stage]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found = json.loads(output.splitlines()[-1])
            done.append(found)
            record.write_text("".join(json.dumps(one) + "\n" for one in done))
        print("{stage:20s}{cpu_s:10.1f} CPU s{peak_gb:8.2f} GB{build_gb:8.2f} GB file".format(**found), flush=True)
    cpu, peak = sum(one["cpu_s"] for one in done), max(one["peak_gb"] for one in done)
    print(f"{'all':20s}{cpu:10.1f} CPU s{peak:8.2f} GB")


if __name__ == "__main__":
    main()
