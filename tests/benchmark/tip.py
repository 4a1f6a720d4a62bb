"""What detection at the tip costs: `python -m tests.benchmark.tip [SECONDS] [RATE] [BATCH_SECONDS …]`.

Receivers follow a Zipf law, senders are even. Among 50,000 addresses every one becomes a fan within the minute, far
denser than a chain, where most addresses are seen once; a million are nearer to one. What is printed per size of batch:
the share of a core, and percentiles of the time that one batch takes.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import pyarrow as pa

from flow_pipeline.live.detection import Tip
from flow_pipeline.live.knowledge import Knowledge
from flow_pipeline.live.steps import Batch
from flow_pipeline.nodes import TRANSFERS, Block
from flow_pipeline.settings import Settings

PEOPLE = (50_000, 1_000_000)
START = 1_760_000_000


def traffic(rate: int, seconds: float, people: int, seed: int = 1) -> pa.Table:
    """Transfers of so many seconds."""
    rng = np.random.default_rng(seed)
    count = int(rate * seconds)
    names = pa.array([f"0x{n:040x}" for n in range(people)])
    moments = START * 1_000_000 + (np.arange(count) / rate * 1_000_000).astype(np.int64)
    cents = np.maximum(rng.lognormal(10, 2, count), 1).astype(np.int64)
    amounts = pa.array(cents).cast(pa.decimal128(20, 0)).cast(pa.decimal128(38, 18))
    return pa.table(
        [
            pa.array(np.arange(count) // 100),
            pa.array(moments, pa.timestamp("us")),
            pa.array(np.arange(count) % 100),
            pa.array([f"0x{n:064x}" for n in range(count)]),
            pa.array(np.zeros(count, np.int64)),
            pa.nulls(count, pa.string()),
            pa.array(np.full(count, "ETH", object), pa.string()),
            names.take(pa.array(rng.integers(0, people, count))),
            names.take(pa.array(rng.zipf(1.3, count) % people)),
            amounts,
            pa.nulls(count, pa.decimal128(38, 6)),
        ],
        schema=TRANSFERS,
    )


def measure(rate: int, seconds: float, step: float, people: int) -> None:
    """One size of batches."""
    tip = Tip(Settings(), Knowledge())
    rows, size = traffic(rate, seconds, people), int(rate * step)
    times, events, began, first = [], 0, time.process_time(), time.perf_counter()
    for number, at in enumerate(range(0, rows.num_rows, size)):
        batch = Batch("made", "ethereum", Block(number, hex(number), None, 0), rows.slice(at, size))
        time.sleep(max(first + number * step - time.perf_counter(), 0))
        start = time.perf_counter()
        events += len(tip.take(batch))
        times.append(time.perf_counter() - start)
    share = (time.process_time() - began) / seconds
    p50, p95, p99 = np.percentile(times, (50, 95, 99)) * 1_000
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{rate:,}/s among {people:,} in batches of {step * 1_000:.0f} ms: {share:.0%} of a core; p50 {p50:.1f} ms, "
        f"p95 {p95:.1f}, p99 {p99:.1f}, longest {max(times) * 1_000:.0f}; {events:,} events; {tip.state}; {memory} MB",
        flush=True,
    )


def simulate(hours: float, rate: int, people: int, bound: int) -> None:
    """Blocks of twelve seconds of many hours, as fast as they are taken: does the state stay within its bound?"""
    settings = Settings().with_changes(live={"state_bytes": bound})
    tip, per_hour, most, began = Tip(settings, Knowledge()), rate * 3_600, 0, time.process_time()
    for hour in range(int(hours)):
        rows = traffic(rate, 3_600, people, hour)
        moved = pa.array(rows["block_timestamp"].cast(pa.int64()).to_numpy() + hour * 3_600_000_000, pa.timestamp("us"))
        rows = rows.set_column(1, TRANSFERS.field("block_timestamp"), moved)
        for number, at in enumerate(range(0, per_hour, rate * 12)):
            block = Block(hour * 300 + number, hex(number), None, 0)
            tip.take(Batch("made", "ethereum", block, rows.slice(at, rate * 12)))
            most = max(most, tip.state.bytes)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    spent = time.process_time() - began
    print(
        f"{hours:g} h of {rate}/s among {people:,}: {hours * per_hour:,.0f} transfers in {spent:,.0f} CPU s; "
        f"the window took at most {most / 1e6:,.0f} MB of {bound / 1e6:,.0f}; "
        f"{tip.state}; {memory} MB",
        flush=True,
    )


def main() -> None:
    """Every size asked for; `day` for 24 simulated hours."""
    if sys.argv[1:] == ["day"]:
        simulate(24, 20, 200_000, 200_000_000)
        return
    words = sys.argv[1:]
    seconds, rate = float(words[0]) if words else 30.0, int(words[1]) if len(words) > 1 else 10_000
    for step in [float(word) for word in words[2:]] or [0.02, 0.1, 1.0]:
        for people in PEOPLE:
            measure(rate, seconds, step, people)


if __name__ == "__main__":
    main()
