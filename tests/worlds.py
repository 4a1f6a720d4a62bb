"""What several test files share: transfers by letters, Bitcoin, flows between groups, running a verb."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from flow_pipeline.cli import main
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.tracing.kernel import ATTRIBUTIONS, PARTS, Advance, Moves, Rules, State, advance
from tests.conftest import transfer
from tests.flow_oracle import Move

LIMITS: dict[str, dict[str, dict[str, float]]] = {
    name: {"amount_by_token": {"ETH": amount}}
    for name, amount in (
        ("rapid_chain", 10),
        ("fan_in", 50),
        ("fan_out", 50),
        ("circular", 5),
        ("layered", 20),
        ("peeling_chain", 20),
        ("structuring", 0),
        ("scatter_gather", 10),
        ("gather_scatter", 10),
        ("pass_through", 10),
        ("bridge_to_exchange", 10),
    )
}
"""Amount limits for worlds of a few transfers, in which nothing tells what is rare."""

Hop = tuple[int, str, str, object]
"""seconds from midnight, sender, receiver, ETH"""


def address(name: str) -> str:
    """An address that is recognised by its first letters."""
    return "0x" + name.encode().hex().ljust(40, "0")


def at(second: int) -> str:
    """A time on and after 2025-05-01."""
    day, rest = divmod(second, 86_400)
    return f"2025-05-{day + 1:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}Z"


def rows_of(hops: list[Hop]) -> list[list[object]]:
    """Hops as canonical rows; their place makes the hash."""
    return [
        transfer(n, address(a), address(b), amount, at=at(second)) for n, (second, a, b, amount) in enumerate(hops, 1)
    ]


def command(*words: object) -> int:
    """Exit code of a verb."""
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@contextmanager
def plugged_in(room: ModuleType, folder: Path, name: str, text: str, discover: Callable[..., Any]) -> Iterator[None]:
    """A plug room with one more file, which its `discover` finds."""
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name}.py").write_text(text)
    room.__path__.append(str(folder / name))
    importlib.invalidate_caches()
    discover.cache_clear()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        room.__path__.remove(str(folder / name))
        sys.modules.pop(f"{room.__name__}.{name}", None)
        vars(room).pop(name, None)
        discover.cache_clear()  # type: ignore[attr-defined]


def environment(**more: str) -> dict[str, str]:
    """The environment of a process: no settings from outside, no report with each run."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("NETRAFLOW_")},
        "NETRAFLOW_REPORTS__EACH_RUN": "false",
        **more,
    }


def browse(url: str, folder: Path, *options: str) -> tuple[str, str, list[str]]:
    """A page in a real browser: its document as it stands then, what the browser said, what the page asked of whom."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this machine; Debian has it as package chromium")
    log = folder / "net.json"
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--disable-component-update", "--hide-scrollbars", "--enable-logging=stderr",
            f"--user-data-dir={folder / 'profile'}", *options,
            f"--log-net-log={log}", "--virtual-time-budget=4000", "--dump-dom", url,
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    # what the browser asks for its own sake has no page as its origin
    asked = [event["params"] for event in json.loads(log.read_text())["events"] if "url" in event.get("params", {})]
    urls = [one["url"] for one in asked if one.get("initiator", "not an origin") != "not an origin"]
    return done.stdout, done.stderr, [url for url in urls if url.startswith("http")]


def world_settings(world: Path, data: Path, with_prices: bool = True) -> Settings:
    """Settings for a generated world of wallets: its labels, and its prices where wanted."""
    prices = {"prices": world / "prices.csv"} if with_prices else {}
    return load_settings(data).with_changes(
        labels={"files": (world / "labels.csv",)}, sources=prices, reports={"each_run": False}
    )


A, B, C, D = (f"1{letter * 32}" for letter in "ABCD")
"""Bitcoin addresses."""
BitcoinTx = tuple[list[tuple[str, int]], list[tuple[str, int]]]
"""inputs and outputs: (address, satoshis)"""


def etl(txs: list[BitcoinTx], height: int = 800_000) -> list[dict[str, object]]:
    """Lines of bitcoin-etl."""
    return [
        {
            "hash": f"{height}{n:04x}",
            "block_number": height,
            "block_timestamp": 1_690_168_629,
            "is_coinbase": not ins,
            "inputs": [
                {"index": i, "addresses": [a], "value": sat, "type": "pubkeyhash"} for i, (a, sat) in enumerate(ins)
            ],
            "outputs": [
                {"index": i, "addresses": [a], "value": sat, "type": "pubkeyhash"} for i, (a, sat) in enumerate(outs)
            ],
        }
        for n, (ins, outs) in enumerate(txs)
    ]


GROUPS = {0: 0, 1: 1, 2: 2, 9: 0}
"""Address to group: group 0 is a source and a destination, 1 only a destination, 2 only a source."""
IS_SOURCE, IS_DESTINATION = [True, False, True], [True, True, False]
"""By the group's number."""


def moves_of(moves: list[Move], groups: dict[int, int] = GROUPS) -> Moves:
    """Moves as the columns the flow kernel reads, of one token."""
    amount = [int(move.amount * PARTS) for move in moves]
    return Moves(
        day=np.array([move.day for move in moves], np.int64),
        rank=np.array([move.order for move in moves], np.int64),
        clock=np.array([move.clock for move in moves], np.int64),
        token=np.zeros(len(moves), np.int32),
        sender=np.array([move.sender for move in moves], np.int32),
        receiver=np.array([move.receiver for move in moves], np.int32),
        units=np.array([value // PARTS for value in amount], np.int64),
        parts=np.array([value % PARTS for value in amount], np.int64),
        from_group=np.array([groups.get(move.sender, -1) for move in moves], np.int32),
        to_group=np.array([groups.get(move.receiver, -1) for move in moves], np.int32),
        ref=np.array([move.ref for move in moves], np.int64),
    )


def flow_rules(attribution: str = "fifo", **more: object) -> Rules:
    """Limits of flows that never bite but for six hops and their confidence; any of them can be given."""
    given: dict[str, object] = {
        "attribution": ATTRIBUTIONS[attribution],
        "max_hops": 6,
        "decay": 0.85,
        "min_confidence": 0.3,
        "max_flows": 10**6,
        "max_age": np.array([10**9]),
        "max_idle": np.array([10**9]),
        "day_ticks": np.array([0]),
        "min_units": np.array([0]),
        "min_parts": np.array([0]),
        "is_source": np.array(IS_SOURCE),
        "is_destination": np.array(IS_DESTINATION),
    }
    return Rules(**(given | more))  # type: ignore[arg-type]


def arrived(result: Advance) -> list[tuple[int, int, Fraction, int, float, tuple[int, ...]]]:
    """The flows that arrived: source, destination, amount, hops, confidence, refs of the transfers."""
    done = result.completed
    return [
        (
            int(done.source[i]),
            int(done.destination[i]),
            Fraction(int(done.units[i]) * PARTS + int(done.parts[i]), PARTS),
            int(done.hops[i]),
            float(done.confidence[i]),
            tuple(int(ref) for ref in done.path[i] if ref >= 0),
        )
        for i in range(len(done))
    ]


def line(*hops: tuple[int, int, object], step: int = 1) -> list[Move]:
    """Transfers one after the other."""
    return [
        Move(n, 0, n, n * step, sender, receiver, Fraction(str(amount)))
        for n, (sender, receiver, amount) in enumerate(hops)
    ]


def follow(
    moves: list[Move], attribution: str = "fifo", **more: object
) -> list[tuple[int, int, Fraction, int, float, tuple[int, ...]]]:
    """What arrives when the moves are followed from an empty state."""
    return arrived(advance(State.empty(6), moves_of(moves), flow_rules(attribution, **more)))
