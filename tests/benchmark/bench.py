"""Ratios measured in one run: `make bench`, or `make bench ARGS="--transfers 1000000 --rounds 1"`.

`--history 300` measures something else: one more day on 300 days beside the same day on the last `--days` of them, with
as many transfers a day, in seconds of the processor.

Every measured step runs in a process of its own, so that peaks of memory are its own and nothing is warm that a user
would find cold. The figures are medians of the rounds. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path


def step_bare(parquet: str, folder: str) -> None:
    """The yardstick: DuckDB copies the same file into a table."""
    import duckdb

    with duckdb.connect(f"{folder}/bare.duckdb", config={"threads": 2}) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT * FROM read_parquet('{parquet}')")


def step_pandas(parquet: str, labels: str) -> None:
    """Netflow, regions, weeks, domestic outflow and top destinations of the marts in pandas, from the same file."""
    import pandas as pd

    known = pd.read_csv(labels).set_index("address")
    exchanges = known[known["category"] == "exchange"]["entity"]
    regions = known["regions"]
    frame = pd.read_parquet(
        parquet, columns=["block_timestamp", "token_symbol", "from_address", "to_address", "amount"]
    )
    frame["amount"] = frame["amount"].astype(float)
    frame["day"] = frame["block_timestamp"].dt.floor("D")
    frame["sender"], frame["receiver"] = frame["from_address"].map(exchanges), frame["to_address"].map(exchanges)
    frame["from_region"], frame["to_region"] = (
        frame["from_address"].map(regions).fillna("UNKNOWN"),
        frame["to_address"].map(regions).fillna("UNKNOWN"),
    )
    outside = frame[frame["sender"] != frame["receiver"]]
    inflow = outside.dropna(subset=["receiver"]).groupby(["day", "token_symbol", "receiver"])["amount"].sum()
    outflow = outside.dropna(subset=["sender"]).groupby(["day", "token_symbol", "sender"])["amount"].sum()
    inflow.sub(outflow, fill_value=0)
    wallets_in = (
        frame.dropna(subset=["receiver"]).groupby(["day", "token_symbol", "to_address"])["amount"].agg(["sum", "count"])
    )
    wallets_out = (
        frame.dropna(subset=["sender"]).groupby(["day", "token_symbol", "from_address"])["amount"].agg(["sum", "count"])
    )
    wallets_in.sub(wallets_out.rename_axis(wallets_in.index.names), fill_value=0)
    border = frame[frame["sender"].isna() != frame["receiver"].isna()]
    border.groupby(["day", "token_symbol", border["receiver"].notna()])["amount"].agg(["sum", "count"])
    frame.groupby(["day", "token_symbol", "from_region", "to_region"])["amount"].agg(["sum", "count"])
    frame.groupby([frame["day"].dt.to_period("W"), "token_symbol"])["amount"].agg(["sum", "count"])
    home = frame[frame["from_region"] == "ID"]
    home.groupby(["day", "token_symbol", home["receiver"].fillna("")]).agg(
        {"amount": ["sum", "count"], "from_address": "nunique"}
    )
    for days in (30, 0):
        part = frame[frame["day"] > frame["day"].max() - pd.Timedelta(days=days)] if days else frame
        received = part.groupby(["token_symbol", "to_address"])["amount"].agg(["sum", "count"])
        for column in ("sum", "count"):
            received.groupby("token_symbol")[column].nlargest(100)


DETECTION = ("detect", "find", "follow", "score", "analyse", "audit detection")
"""How the steps of a run that belong to detection begin; all others are the spine: load, marts, audit, publish."""
TELLING = ("compare with", "tell", "write the report", "send alerts")
"""Those that tell people what was published."""


def steps_of(
    folder: str, labels: str, data: str, with_detection: bool = True, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Seconds of each step of a run, by a clock."""
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.loading.ingest import LoadOptions
    from flow_pipeline.pipeline import audit, load, publish, run, transform
    from flow_pipeline.settings import load_settings
    from flow_pipeline.warehouse.store import open_build

    settings = load_settings(Path(data)).with_changes(labels={"files": (Path(labels),)})
    marks = [("start", clock())]

    def say(text: str) -> None:
        marks.append((text.split(" ")[0] if text.startswith("load") else text, clock()))

    if with_detection:
        run(settings, Path(folder), Window(), LoadOptions(), say)
    else:
        with open_build(settings):
            result = load(settings, Path(folder), Window(), LoadOptions(), say)
            transform(settings, Window(), say)
            audit(settings, result, ("raw", "marts"), say)
            say("close the build file")
        publish(settings, result, say)
    marks.append(("end", clock()))
    steps = {name: round(after - before, 2) for (name, before), (_, after) in zip(marks, marks[1:], strict=False)}
    print(json.dumps(steps), file=sys.stderr)
    return steps


def timed_run(folder: str, labels: str, data: str, with_detection: bool = True) -> list[float]:
    """Seconds of a run: spine, detection, telling."""
    steps = steps_of(folder, labels, data, with_detection)
    detection = sum(seconds for name, seconds in steps.items() if name.startswith(DETECTION))
    telling = sum(seconds for name, seconds in steps.items() if name.startswith(TELLING))
    return [sum(steps.values()) - detection - telling, detection, telling]


def step_spine(folder: str, labels: str, data: str) -> None:
    """Load, marts, their audits, publish, and nothing else; imports included."""
    started = time.perf_counter()
    _, detection, telling = timed_run(folder, labels, data, with_detection=False)
    print(json.dumps([time.perf_counter() - started - detection - telling]))


def step_pipeline(folder: str, labels: str, data: str) -> None:
    """Everything at once, imports included."""
    started = time.perf_counter()
    _, detection, telling = timed_run(folder, labels, data)
    print(json.dumps([time.perf_counter() - started - detection - telling, detection, telling]))


def step_one_more_day(folder: str, more: str, labels: str, data: str) -> None:
    """In one process, imports done: all days but the last, then the last one."""
    print(json.dumps([timed_run(source, labels, data) for source in (folder, more)]))


def step_history(folder: str, more: str, labels: str, data: str) -> None:
    """The processor's seconds of each step: all days but the last, then the last one."""
    print(json.dumps([steps_of(source, labels, data, clock=time.process_time) for source in (folder, more)]))


STEPS = {name.removeprefix("step_"): call for name, call in list(globals().items()) if name.startswith("step_")}


def measure(name: str, *arguments: object) -> tuple[float, float, str]:
    """(seconds, peak GB, output) of a step in its own process."""
    code = (
        f"import sys, runpy; sys.argv = ['bench', *{[*map(str, arguments)]!r}]; m = runpy.run_path({__file__!r}); "
        f"m['STEPS'][{name!r}](*sys.argv[1:]); "
    )
    # VmHWM, not ru_maxrss: the latter is inherited from the process that forked.
    code += "print('PEAK', next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started
    *output, peak = done.stdout.strip().splitlines()
    for line in done.stderr.splitlines():
        if line.startswith("{"):
            print(f"    {name}: {line}")
    return seconds, int(peak.split()[1]) / 1e6, "\n".join(output)


def median(runs: list[float]) -> float:
    """Median."""
    return statistics.median(runs)


def make_histories(transfers: int, days: int, folder: Path, *lengths: int) -> Path:
    """A generated world: its last day, and for each length so many days before it; its labels."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from flow_pipeline.simulation.world import generate, write

    write(generate(transfers, seed=11, days=days), folder / "world")
    table = pq.read_table(folder / "world" / "transfers" / "transfers.parquet")
    edge = pc.max(table["block_timestamp"]).as_py().replace(hour=0, minute=0, second=0, microsecond=0)
    since = {str(length): edge - timedelta(length) for length in lengths} | {"last": edge}
    is_last = pc.greater_equal(table["block_timestamp"], edge)
    for name, first in since.items():
        is_in = is_last if name == "last" else pc.greater_equal(table["block_timestamp"], first)
        part = table.filter(is_in if name == "last" else pc.and_not(is_in, is_last))
        (folder / name).mkdir()
        pq.write_table(part, folder / name / f"{name}.parquet", compression="zstd", row_group_size=122_880)
    return folder / "world" / "labels.csv"


def compare_histories(transfers: int, days: int, history: int, rounds: int) -> None:
    """Measure one more day on two histories in turn, and print their steps."""
    lengths = (days, history)
    with tempfile.TemporaryDirectory(prefix="netraflow-bench-") as name:
        folder = Path(name)
        with ProcessPoolExecutor(1) as maker:
            world = (transfers // days * (history + 1), history + 1, folder, *lengths)
            labels = maker.submit(make_histories, *world).result()
        found: dict[int, list[list[dict[str, float]]]] = {length: [] for length in lengths}
        for _ in range(rounds):
            for length in lengths:
                data = folder / "data"
                _, _, output = measure("history", folder / str(length), folder / "last", labels, data)
                found[length].append(json.loads(output.splitlines()[-1]))
                shutil.rmtree(data)
    print(f"{'processor seconds of one more day on':40s}" + "".join(f"{length:>8} days" for length in lengths))
    for step in dict.fromkeys(map(stage_of, found[history][0][1])):
        seconds = (median([seconds_of(day, step) for _, day in found[length]]) for length in lengths)
        print(f"  {step:38s}" + "".join(f"{each:13.2f}" for each in seconds))
    day, full = ({n: median([until_published(run[place]) for run in found[n]]) for n in lengths} for place in (1, 0))
    print(
        f"{'load to publish':40s}"
        + "".join(f"{day[n]:13.2f}" for n in lengths)
        + f" = {day[history] / day[days]:.2f} x"
    )
    print(f"{'  of all days before it':40s}" + "".join(f"{day[n] / full[n]:13.1%}" for n in lengths))


def stage_of(step: str) -> str:
    """Steps of detection run side by side: together they have their seconds, each has not."""
    return "detection" if step.startswith(DETECTION) else step


def seconds_of(steps: dict[str, float], stage: str) -> float:
    """Seconds of the steps of a stage."""
    return sum(seconds for step, seconds in steps.items() if stage_of(step) == stage)


def until_published(steps: dict[str, float]) -> float:
    """Seconds of a run without those that tell people, and without what it takes to begin."""
    return sum(seconds for name, seconds in steps.items() if name != "start" and not name.startswith(TELLING))


def make_world(transfers: int, days: int, folder: Path) -> tuple[Path, Path, Path, Path]:
    """A generated world: one file with everything, and the same split into all days but the last, and the last."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from flow_pipeline.simulation.world import generate, write

    write(generate(transfers, seed=11, days=days), folder / "world")
    table = pq.read_table(folder / "world" / "transfers" / "transfers.parquet")
    edge = pc.max(table["block_timestamp"]).as_py().replace(hour=0, minute=0, second=0, microsecond=0)
    is_last = pc.greater_equal(table["block_timestamp"], edge)
    for name, part in (("before", table.filter(pc.invert(is_last))), ("last", table.filter(is_last))):
        (folder / name).mkdir()
        pq.write_table(part, folder / name / f"{name}.parquet", compression="zstd", row_group_size=122_880)
    return folder / "world" / "transfers", folder / "before", folder / "last", folder / "world" / "labels.csv"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--transfers",
        type=int,
        default=7_900_000,
        help="background transfers; deposits make about a quarter more rows of them",
    )
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--history", type=int, default=0, help="compare one more day on so many days with --days")
    given = parser.parse_args()
    if given.history:
        compare_histories(given.transfers, given.days, given.history, given.rounds)
        return
    with tempfile.TemporaryDirectory(prefix="netraflow-bench-") as name:
        folder = Path(name)
        with ProcessPoolExecutor(1) as maker:
            whole, before, last, labels = maker.submit(make_world, given.transfers, given.days, folder).result()
        parquet = whole / "transfers.parquet"
        import pyarrow.parquet as pq

        print(
            f"{pq.read_metadata(parquet).num_rows:,} transfers, {parquet.stat().st_size / 1e6:,.0f} MB Parquet, "
            f"{given.rounds} rounds"
        )
        found: dict[str, list[float]] = {}
        peaks: dict[str, list[float]] = {}
        for _ in range(given.rounds):
            for step, arguments in (
                ("bare", (parquet, folder)),
                ("spine", (whole, labels, folder / "alone")),
                ("pipeline", (whole, labels, folder / "data")),
                ("pandas", (parquet, labels)),
                ("one_more_day", (before, last, labels, folder / "grow")),
            ):
                seconds, peak, output = measure(step, *arguments)
                found.setdefault(step, []).append(
                    json.loads(output.splitlines()[-1])[0] if step in ("spine", "pipeline") else seconds
                )
                peaks.setdefault(step, []).append(peak)
                if step == "one_more_day":
                    full, day = json.loads(output.splitlines()[-1])
                    for name, seconds in (
                        ("full", full[0] + full[1]),
                        ("day", day[0] + day[1]),
                        ("full detection", full[1]),
                        ("day detection", day[1]),
                        ("full telling", full[2]),
                        ("day telling", day[2]),
                    ):
                        found.setdefault(name, []).append(seconds)
                for path in ("bare.duckdb", "alone", "data", "grow"):
                    target = folder / path
                    shutil.rmtree(target, ignore_errors=True) if target.is_dir() else target.unlink(missing_ok=True)
        middle = {step: median(runs) for step, runs in found.items()}
        print(f"bare DuckDB copy               {middle['bare']:8.1f} s")
        print(
            f"load + marts + audit + publish {middle['spine']:8.1f} s = {middle['spine'] / middle['bare']:.2f} x the "
            f"bare copy; peak {median(peaks['spine']):.1f} GB"
        )
        print(
            f"  the same within a whole run  {middle['pipeline']:8.1f} s = {middle['pipeline'] / middle['bare']:.2f} x "
            f"the bare copy; peak {median(peaks['pipeline']):.1f} GB"
        )
        print(
            f"daily aggregates in pandas     {middle['pandas']:8.1f} s = {middle['pandas'] / middle['pipeline']:.2f} x "
            f"those stages; peak {median(peaks['pandas']):.1f} GB"
        )
        print(
            f"one more day on {given.days - 1} days         {middle['day']:8.2f} s = "
            f"{middle['day'] / middle['full']:.1%} of the {middle['full']:.1f} s for the days before it"
        )
        print(
            f"  of it detection              {middle['day detection']:8.2f} s = "
            f"{middle['day detection'] / middle['full detection']:.1%} of the {middle['full detection']:.1f} s"
        )
        print(
            f"  after it: alerts and report  {middle['day telling']:8.2f} s, "
            f"{middle['full telling']:.2f} s for the days before it"
        )
        small = folder / "small"
        small.mkdir()
        pq.write_table(pq.read_table(parquet).slice(0, 200), small / "small.parquet")
        for label in ("cold", "nothing new"):
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "flow_pipeline", "analyze", str(small), "--out", str(folder / "tiny")],
                check=True,
                capture_output=True,
            )
            print(f"analyze 200 rows, {label:12s} {time.perf_counter() - started:8.1f} s")


if __name__ == "__main__":
    main()
