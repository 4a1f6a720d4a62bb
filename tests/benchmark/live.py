"""From a stream to an alert: so many transfers a second through a real NATS server and `netraflow watch`.

`make bench-live`: how late alerts are on the terminal, from their message's arrival and from when it was sent, and how
much of a core it takes. A payment to a labelled address stands in every tenth message.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
BAD = "0x" + "bad" + "0" * 37
TOKENS = 5


async def publish(url: str, rate: int, seconds: float, per: int, addresses: int) -> None:
    """Messages at a steady rate; a transfer's hash says when it was sent."""
    import nats

    client = await nats.connect(url, pending_size=64 << 20)
    stream = client.jetstream()
    chance = np.random.default_rng(1)
    began, sent, number = time.time(), 0, 0
    while sent < rate * seconds:
        due = began + sent / rate
        if (wait := due - time.time()) > 0:
            await asyncio.sleep(wait)
        now = time.time()
        senders, receivers = chance.integers(0, addresses, per), chance.zipf(1.3, per) % addresses
        amounts, tokens = chance.random(per) * 1000, chance.integers(0, TOKENS, per)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"
        rows = [
            {
                "tx_hash": f"0x{number:032x}{place:08x}{int(now * 1e6):024x}",
                "transfer_index": place,
                "token_address": f"0x{token:040x}",
                "token_symbol": f"T{token}",
                "from_address": f"0x{sender + 1:040x}",
                "to_address": f"0x{receiver + 1:040x}",
                "amount": f"{amount:.6f}",
            }
            for place, (sender, receiver, amount, token) in enumerate(
                zip(senders.tolist(), receivers.tolist(), amounts.tolist(), tokens.tolist(), strict=True)
            )
        ]
        if number % 10 == 0:
            rows[0]["to_address"] = BAD
        await stream.publish(
            "transfers", json.dumps({"chain": "ethereum", "timestamp": stamp, "transfers": rows}).encode(), timeout=30
        )
        sent, number = sent + per, number + 1
    await client.close()
    print(f"sent {sent:,} in {time.time() - began:.1f} s", flush=True)


def cpu_of(process: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--per", type=int, default=200, help="transfers of a message")
    parser.add_argument("--addresses", type=int, default=1_000_000, help="who pay evenly and are paid by Zipf's law")
    parser.add_argument("--publish", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.publish:
        asyncio.run(publish(given.publish, given.rate, given.seconds, given.per, given.addresses))
        return
    from tests.servers import nats_server

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with nats_server(folder) as server:
            asyncio.run(measured(folder, f"nats://127.0.0.1:{server.port}", given))


async def measured(folder: Path, url: str, given: argparse.Namespace) -> None:
    """One run."""
    import nats

    client = await nats.connect(url)
    await client.jetstream().add_stream(name="T", subjects=["transfers"])
    await client.close()
    (folder / "labels.csv").write_text(
        f"chain,address,entity,category,source\nethereum,{BAD},Bad Party,sanctioned,bench\n"
    )
    environment = {**os.environ, "NETRAFLOW_LABELS__FILES": json.dumps([str(folder / "labels.csv")])}
    command = [sys.executable, "-m", "flow_pipeline", "--data-dir", str(folder / "data"), "watch", "nats"]
    command += ["--server", url, "--topic", "transfers", "--chain", "ethereum", "--json"]
    watch = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, limit=1 << 24
    )
    while not (folder / "data" / "live" / "status.json").exists():
        await asyncio.sleep(0.1)
    sender = subprocess.Popen(
        [sys.executable, __file__, "--publish", url, "--rate", str(given.rate), "--seconds", str(given.seconds),
         "--per", str(given.per), "--addresses", str(given.addresses)],
        cwd=ROOT,
    )  # fmt: skip
    began, cpu = time.time(), cpu_of(watch.pid)
    from_arrival: list[float] = []
    from_sent: list[float] = []
    assert watch.stdout is not None
    wanted = int(given.rate * given.seconds / given.per / 10)
    while len(from_sent) < wanted:
        line: dict[str, Any] = json.loads(await asyncio.wait_for(watch.stdout.readline(), 60))
        now = time.time()
        if line["rule"] == "sanctioned_transfer":
            from_arrival.append(line["latency_seconds"])
            from_sent.append(now - int(line["baseline"]["transfers"][0][0][-24:], 16) / 1e6)
    spent, took = cpu_of(watch.pid) - cpu, time.time() - began
    sender.wait()
    status = json.loads((folder / "data" / "live" / "status.json").read_text())
    watch.terminate()
    await watch.wait()
    print(
        f"{given.rate:,} transfers a second for {given.seconds:g} s in messages of {given.per}; "
        f"load of the machine {os.getloadavg()[0]:.1f}"
    )
    for what, times in (("arrival", from_arrival), ("sending", from_sent)):
        shares = np.percentile(times, [50, 99, 100]) * 1e3
        print(
            f"  from {what:8} to the line: p50 {shares[0]:7.1f} ms   p99 {shares[1]:7.1f} ms   last {shares[2]:7.1f} ms"
        )
    print(f"  CPU {spent / took:.0%} of a core; memory for transfers {status['detection']['bytes'] / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
