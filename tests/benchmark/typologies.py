"""Typologies against the alternatives, ratios of one run: `make bench-typologies`.

Other sizes: `make bench-typologies ARGS="--edges 300000 --transfers 800000"`. Cycles and chains are measured on random
payments among people with power-law activity (no services, hubs taken out), where both have something to find; all
detectors together on a generated world, from the build file to stored findings. snapml runs in an environment of its
own (`uv run --with snapml`), because it is no dependency of the project.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from flow_pipeline.graph import HOUR, TransferGraph
from flow_pipeline.graph.parallel import on_threads
from flow_pipeline.graph.paths import Walks, cycles, maximal_paths
from flow_pipeline.graph.prepare import Hubs, Labels, Transfers, build

SNAPML = """
import json, sys, time
import numpy as np
from snapml import GraphFeaturePreprocessor
edges = np.load(sys.argv[1])
tool = GraphFeaturePreprocessor()
given = tool.get_params()
given |= {"num_threads": 2, "time_window": 72 * 3600, "vertex_stats": False, "fan": False, "degree": False,
          "scatter-gather": False, "lc-cycle": False,
          "temp-cycle": True, "temp-cycle_tw": 72 * 3600, "temp-cycle_bins": [2, 3, 4, 5, 6]}
tool.set_params(given)
started = time.perf_counter()
features = tool.fit_transform(edges)
print(json.dumps([time.perf_counter() - started, list(features.shape)]))
"""

SELF_JOIN = """
SELECT count(*) FROM e a
JOIN e b ON b.sender = a.receiver AND b.at > a.at AND b.at < a.at + 3600 AND b.amount >= 0.5 * a.amount
  AND b.receiver <> a.sender
JOIN e c ON c.sender = b.receiver AND c.at > b.at AND c.at < b.at + 3600 AND c.amount >= 0.5 * b.amount
  AND c.receiver <> a.sender AND c.receiver <> a.receiver
"""

MAXIMAL = """
WITH RECURSIVE p AS (
  SELECT sender AS head, e.at AS head_at, amount AS head_amount, receiver AS tail, e.at AS tail_at,
    amount AS tail_amount, [sender, receiver] AS seen, 1 AS hops FROM e
  UNION ALL
  SELECT p.head, p.head_at, p.head_amount, e.receiver, e.at, e.amount, list_append(p.seen, e.receiver), p.hops + 1
  FROM p JOIN e ON e.sender = p.tail AND e.at > p.tail_at AND e.at < p.tail_at + 3600
    AND e.amount >= 0.5 * p.tail_amount
  WHERE NOT list_contains(p.seen, e.receiver)
), long AS (SELECT *, row_number() OVER () AS id FROM p WHERE hops >= 3)
SELECT count(*) FROM long WHERE id NOT IN (
  SELECT id FROM long JOIN e ON e.sender = tail AND e.at > tail_at AND e.at < tail_at + 3600
    AND e.amount >= 0.5 * tail_amount AND NOT list_contains(seen, e.receiver)
  UNION ALL
  SELECT id FROM long JOIN e ON e.receiver = head AND e.at < head_at AND e.at > head_at - 3600
    AND head_amount >= 0.5 * e.amount AND NOT list_contains(seen, e.sender))
"""


def random_payments(count: int, days: int, seed: int) -> TransferGraph:
    """Payments among count / 3 people, activity by a power law; edges at hubs of 1,000 counterparties are taken out."""
    rng = np.random.default_rng(seed)
    people = count // 3
    weights = 1.0 / np.arange(1, people + 1) ** 0.8
    edges = np.cumsum(weights / weights.sum())
    sender, receiver = (np.minimum(np.searchsorted(edges, rng.random(int(count * 1.9))), people - 1) for _ in range(2))
    seconds = np.sort(rng.integers(0, days * 86_400, len(sender)))
    keep = np.flatnonzero(sender != receiver)
    graph = _graph(seconds[keep], sender[keep], receiver[keep], np.exp(rng.normal(0.3, 1.4, len(keep))), people)
    free = np.flatnonzero(~(graph.is_sender_terminal | graph.is_receiver_terminal))[:count]
    return _graph(
        graph.time[free] // 1_000_000,
        graph.address[graph.sender[free]],
        graph.address[graph.receiver[free]],
        graph.amount[free],
        people,
    )


def _graph(
    seconds: np.ndarray, sender: np.ndarray, receiver: np.ndarray, amount: np.ndarray, people: int
) -> TransferGraph:
    """Payments in one token, in which whoever has 1,000 counterparties is a hub from the start."""
    count = len(seconds)
    pairs = np.unique(np.concatenate([sender, receiver]).astype(np.int64) * people + np.concatenate([receiver, sender]))
    crowded = np.flatnonzero(np.bincount(pairs // people, minlength=people) >= 1_000)
    hubs = Hubs(np.zeros(len(crowded), np.int32), crowded, np.full(len(crowded), np.iinfo(np.int64).min))
    transfers = Transfers(
        seconds * 1_000_000,
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.arange(count),
        sender,
        receiver,
        np.zeros(count, np.int32),
        amount,
        np.empty(0),
        lambda rows: rows,
    )
    nobody = Labels(*(np.empty(0, np.int64) for _ in range(4)), np.empty(0, np.int8), np.empty(0, np.int32))
    return build(transfers, nobody, hubs, np.zeros(1, np.int32), ("ETH",), people)


def timed(call: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Median seconds and the last result."""
    seconds, result = [], None
    for _ in range(rounds):
        started = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds)), result


def against_others(count: int, rounds: int, folder: Path) -> None:
    """Cycles against snapml, chains against DuckDB."""
    graph = random_payments(count, 90, 1)
    warm = random_payments(3_000, 90, 2)
    cycles(warm, 72 * HOUR, 0.5, 1.05, 6, 10, 10)

    def search() -> Walks:
        return cycles(graph, 72 * HOUR, 0.0, np.inf, 6, 10**6, 10**7)

    print(f"{graph.edge_count:,} hub-free edges, {graph.vertex_count:,} addresses, 90 days, {rounds} rounds")
    alone, _ = timed(search, rounds)
    with on_threads(2):
        ours, found = timed(search, rounds)
    print(f"temporal cycles, 2 to 6 hops, 72 h   {ours:8.2f} s, {found.found:,} cycles; on one thread {alone:.2f} s")
    table = np.column_stack(
        [np.arange(graph.edge_count), graph.sender, graph.receiver, graph.time // 1_000_000, graph.amount]
    ).astype(np.float64)
    np.save(folder / "edges.npy", table)
    command = [
        "uv",
        "run",
        "--quiet",
        "--no-project",
        "--python",
        sys.executable,
        "--with",
        "snapml",
        "--with",
        "numpy",
        "python",
        "-c",
        SNAPML,
    ]
    theirs = []
    for _ in range(rounds):
        done = subprocess.run([*command, str(folder / "edges.npy")], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"  snapml could not run: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
            break
        theirs.append(json.loads(done.stdout.strip().splitlines()[-1])[0])
    if theirs:
        print(
            f"  snapml GraphFeaturePreprocessor    {np.median(theirs):8.2f} s = {np.median(theirs) / ours:.0f} x ours"
        )
    chains_against_joins(graph, rounds)


def chains_against_joins(graph: TransferGraph, rounds: int) -> None:
    """Rapid chains against DuckDB."""
    import duckdb

    warm = random_payments(3_000, 90, 2)
    maximal_paths(warm, HOUR - 1, 0.5, np.inf, 3, 32, 10, 10)
    ours, chains = timed(lambda: maximal_paths(graph, HOUR - 1, 0.5, np.inf, 3, 32, 10**6, 10**7), rounds)
    print(f"rapid chains, maximal                {ours:8.2f} s, {chains.found:,} chains")
    with duckdb.connect(config={"threads": 2}) as connection:
        import pyarrow as pa

        rows = pa.table(
            {"sender": graph.sender, "receiver": graph.receiver, "at": graph.time // 1_000_000, "amount": graph.amount}
        )
        connection.register("rows_in", rows)
        connection.execute("CREATE TABLE e AS FROM rows_in")
        for name, query in (("exactly three hops", SELF_JOIN), ("maximal", MAXIMAL)):
            theirs_one, counted = timed(lambda query=query: connection.execute(query).fetchone(), rounds)
            print(
                f"  DuckDB self-joins, {name:<18}{theirs_one:6.2f} s = {theirs_one / ours:.0f} x ours, "
                f"{counted[0]:,} paths"
            )


def beside_a_hub(count: int, rounds: int) -> None:
    """The same searches with and without one address that has a million transfers of its own."""
    plain = random_payments(count, 90, 1)
    rng, transfers = np.random.default_rng(3), 1_000_000
    hub = np.full(transfers, plain.vertex_count)
    other = rng.integers(0, plain.vertex_count, transfers)
    pays = rng.random(transfers) < 0.5
    seconds = np.concatenate([plain.time // 1_000_000, rng.integers(0, 90 * 86_400, transfers)])
    order = np.argsort(seconds, kind="stable")
    sender = np.concatenate([plain.sender, np.where(pays, hub, other)])[order]
    receiver = np.concatenate([plain.receiver, np.where(pays, other, hub)])[order]
    amount = np.concatenate([plain.amount, np.exp(rng.normal(0.3, 1.4, transfers))])[order]
    crowded = _graph(seconds[order], sender, receiver, amount, plain.vertex_count + 1)
    for name, search in (
        ("cycles", lambda graph: cycles(graph, 72 * HOUR, 0.0, np.inf, 6, 10**6, 10**7)),
        ("chains", lambda graph: maximal_paths(graph, HOUR - 1, 0.5, np.inf, 3, 32, 10**6, 10**7)),
    ):
        without, _ = timed(lambda search=search: search(plain), rounds)
        beside, _ = timed(lambda search=search: search(crowded), rounds)
        print(f"{name} beside a hub of {transfers:,} transfers: {beside:.2f} s = {beside / without:.2f} x without it")


DETECT = """
import json, resource, sys, time
from pathlib import Path
from flow_pipeline.settings import load_settings
from flow_pipeline.detection import findings
from flow_pipeline.detection.risk import run_risk
from flow_pipeline.warehouse.store import open_build
settings = load_settings(Path(sys.argv[1]))
with open_build(settings) as connection:
    started = time.perf_counter()
    counts = findings.run_typologies(connection, settings)
    run_risk(connection)
    seconds = time.perf_counter() - started
    mark = str(connection.execute("select sum(hash(f)::hugeint) from detection.findings as f").fetchone()[0])
peak = next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM'))
print(json.dumps([seconds, peak / 1e6, sum(item['found'] for item in counts.values()), mark[:8], time.process_time()]))
"""


def all_detectors(transfers: int, folder: Path, limits: list[str], rounds: int = 3) -> None:
    """Every typology and the risk on a generated world, from the build file to stored findings, per limit of memory."""
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.loading.ingest import LoadOptions
    from flow_pipeline.pipeline import run
    from flow_pipeline.settings import load_settings
    from flow_pipeline.simulation.world import generate, write

    world, data = folder / f"world{transfers}", folder / f"data{transfers}"
    write(generate(transfers, seed=11, days=90), world)
    settings = load_settings(data).with_changes(labels={"files": (world / "labels.csv",)})
    rows = run(settings, world / "transfers", Window(), LoadOptions()).load.total("rows_loaded")
    command = [sys.executable, "-c", DETECT, str(data)]
    for limit in limits:
        given = {**os.environ, "NETRAFLOW_WAREHOUSE__MEMORY_LIMIT": limit}
        runs = [
            json.loads(
                subprocess.run(command, capture_output=True, text=True, check=True, env=given).stdout.splitlines()[-1]
            )
            for _ in range(rounds)
        ]
        seconds, peak, cpu = (float(np.median([run[n] for run in runs])) for n in (0, 1, 4))
        print(
            f"all typologies and risk, {rows:,} transfers, {limit}: {seconds:.1f} s = {seconds / rows * 1e6:.2f} s per "
            f"million ({cpu:.1f} CPU s), peak {peak:.2f} GB, {runs[0][2]:,} findings of content {runs[0][3]}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--edges", type=int, default=3_000_000)
    parser.add_argument(
        "--transfers",
        type=int,
        default=8_200_000,
        help="of the generated world; deposits make about a fifth more rows of them",
    )
    parser.add_argument("--limits", nargs="+", default=["4GB"], help="of memory, under each of which all are searched")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chains-only", action="store_true", help="rapid chains against DuckDB, nothing else")
    given = parser.parse_args()
    if given.chains_only:
        chains_against_joins(random_payments(given.edges, 90, 1), given.rounds)
        return
    with tempfile.TemporaryDirectory(prefix="netraflow-bench-") as name:
        against_others(given.edges, given.rounds, Path(name))
        beside_a_hub(given.edges, given.rounds)
        for transfers in (given.transfers // 10, given.transfers):
            all_detectors(transfers, Path(name), given.limits)


if __name__ == "__main__":
    main()
