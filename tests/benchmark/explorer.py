"""The read tables of the explorer: what they cost beside the spine, and what they save (`make bench-explorer`).

A world of hubs and a long tail: some 30 % of the transfers touch one of 20 hubs, the busiest of which has 2 % of all,
the others go between addresses by a power law. Three tokens, two with prices. It is loaded by the loader and built by
dbt; measured are the spine (load, marts, their audits), the read tables with their audit,
one more day of both, and the questions in process on a connection with one thread, with the tables and without them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import httpx

from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import audit, load, sort_for_readers, transform
from flow_pipeline.questions.counterparties import counterparties, counterparty_count
from flow_pipeline.questions.pairs import address_transfers, pair_tokens, pair_transfers, tokens_among
from flow_pipeline.questions.places import names_of, place_of
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.days import mark_built
from flow_pipeline.warehouse.publish import copy_file, point_at, published_file
from flow_pipeline.warehouse.store import UNSAFE_OPTIMIZERS, Connection, lend_macros, number, open_build
from tests.explorer import free_port

HUBS = 20
_WORLD = """
    with drawn as (
        select range as n, random() as a, random() as b, random() as c, random() as d, random() as e
        from range($transfers)
    ),
    made as (
        select n, n % 3 as token, round(exp(e * 10), 6)::decimal(38, 18) as amount,
               timestamp '2025-01-01' + to_milliseconds((n::double / $transfers * $days * 86400000)::bigint) as moment,
               (case when a < 0.15 then b * b * $hubs else $hubs + b * b * b * $addresses end)::integer as sender,
               (case when c < 0.15 then d * d * $hubs else $hubs + d * d * d * $addresses end)::integer as receiver
        from drawn
    )
    select 'ethereum' as chain, n // 100 as block_number, moment as block_timestamp,
           '0x' || md5(n::varchar) || md5(n::varchar || 'b') as tx_hash, n % 100 as transfer_index,
           ['0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', null, '0x' || repeat('c0', 20)][token + 1] as token_address,
           ['USDC', 'ETH', 'PLAY'][token + 1] as token_symbol,
           '0x' || left(md5(sender::varchar) || md5(sender::varchar || 'b'), 40) as from_address,
           '0x' || left(md5(receiver::varchar) || md5(receiver::varchar || 'b'), 40) as to_address, amount
    from made order by n
"""


def make_world(folder: Path, transfers: int, addresses: int, days: int) -> None:
    """Two folders of Parquet, all days but the last and the last, and prices."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("select setseed(0.5)")
        values = {"transfers": transfers, "addresses": addresses, "days": days, "hubs": HUBS}
        connection.execute(f"create temp table world as {_WORLD}", values)
        for name, sign in (("before", "<"), ("last", ">=")):
            (folder / name).mkdir()
            last = f"date '2025-01-01' + {days - 1}"
            connection.execute(
                f"copy (from world where block_timestamp {sign} {last}) to '{folder / name / name}.parquet'"
            )
        connection.execute(
            f"copy (select token, date '2025-01-01' + d::integer as date, usd from range({days}) r(d), "
            f"(values ('ETH', 2500), ('USDC', 1)) p(token, usd)) to '{folder / 'prices.csv'}' (header)"
        )


def settings_of(folder: Path, busy: int) -> Settings:
    """Those of the measured data directory."""
    return load_settings(folder / "data").with_changes(
        sources={"prices": (str(folder / "prices.csv"),)}, explorer={"busy_transfers": busy}
    )


def run_days(folder: Path, name: str, busy: int) -> dict[str, Any]:
    """Seconds, by the clock and of the processor, of the spine and of the read tables over a folder's days, and MB."""
    settings = settings_of(folder, busy)
    took: dict[str, Any] = {}

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        started, before = time.perf_counter(), time.process_time()
        yield
        took[step], took[f"{step} CPU"] = time.perf_counter() - started, time.process_time() - before

    with timed("spine"), open_build(settings):
        result = load(settings, folder / name, Window(), LoadOptions())
        transform(settings, Window())
        audit(settings, result, ("raw", "marts"))
    size = settings.build_file.stat().st_size
    with timed("read tables"), open_build(settings):
        sort_for_readers(settings)
    with timed("their audit"), open_build(settings) as connection:
        audit(settings, result, ("reading",))
        mark_built(connection, settings.quality)
    took["spine MB"], took["read MB"] = size / 1e6, (settings.build_file.stat().st_size - size) / 1e6
    return took


def asked(folder: Path, with_tables: bool, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of the processor for each question, one by one, whatever else the machine does."""
    settings = settings_of(folder, 1)
    with closing(duckdb.connect(str(settings.build_file), read_only=True, config={"threads": 1})) as connection:
        connection.execute("set disabled_optimizers = ?", [UNSAFE_OPTIMIZERS])
        lend_macros(connection)
        addresses, hubs, pairs = _chosen(connection, 300)
        asked_for, few = addresses[:rounds], min(rounds, 10)
        lists: dict[str, tuple[Callable[..., Any], list[tuple[Any, ...]]]] = {
            "place_of": (place_of, [(text,) for _, text in asked_for]),
            "names_of 50": (names_of, [([number for number, _ in addresses[:50]],)] * few),
            "counterparties 50": (counterparties, [(number, 50) for number, _ in asked_for]),
            "counterparties 50 of a hub": (counterparties, [(number, 50) for number in hubs]),
            "the page behind 500 of a hub": (counterparties, [(number, 50, 500) for number in hubs]),
            "counterparty_count of a hub": (counterparty_count, [(number,) for number in hubs]),
            "address_transfers 50": (address_transfers, [(number, 50) for number, _ in asked_for]),
            "address_transfers 50 of a hub": (address_transfers, [(number, 50) for number in hubs]),
            "pair_transfers 50": (pair_transfers, [(*pair, 50) for pair in pairs[:rounds]]),
            "pair_tokens of 50 pairs": (pair_tokens, [(pairs[:50],)] * few),
            "tokens_among 300": (tokens_among, [(sorted({end for pair in pairs for end in pair})[:300],)] * few),
        }
        if with_tables:
            return {name: [_milliseconds(connection, *one) for one in _each(*of)] for name, of in lists.items()}
        with mock.patch("flow_pipeline.questions.places.sorted_through", return_value=None):
            return {name: [_milliseconds(connection, *one) for one in _each(*of)] for name, of in lists.items()}


def _each(question: Callable[..., Any], values: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(question, *one) for one in values]


def _milliseconds(connection: Connection, question: Callable[..., Any], *values: Any) -> float:
    started = time.process_time()
    question(connection, "ethereum", *values)
    return (time.process_time() - started) * 1_000


def _chosen(connection: Connection, most: int) -> tuple[list[tuple[int, str]], list[int], list[tuple[int, int]]]:
    """Random addresses with their texts, the ten with most transfers, and random pairs."""
    busiest = connection.execute(
        "select address_id from store.address_transfers group by all order by count(*) desc limit 10"
    ).fetchall()
    addresses = connection.execute(
        f"select address_id, address from store.addresses using sample {most} rows (reservoir, 7)"
    ).fetchall()
    pairs = connection.execute(
        f"select from_id, to_id from store.transfers where from_id <> to_id using sample {most} rows (reservoir, 8)"
    ).fetchall()
    return addresses, [number for (number,) in busiest], pairs


def served(folder: Path, busy: int, requests: int) -> dict[str, float]:
    """A server on the built file: seconds of the first page, ms of a page of counterparties, MB after requests."""
    settings = settings_of(folder, busy)
    target = published_file(settings, "20250401T000000-bench0")
    target.parent.mkdir(parents=True)
    copy_file(settings.build_file, target)
    point_at(settings, target)
    with closing(duckdb.connect(str(target), read_only=True)) as connection:
        addresses = [text for _, text in _chosen(connection, 150)[0]]
    port = free_port()
    words = ["--data-dir", str(settings.data_dir), "serve", "--port", str(port)]
    command = [sys.executable, "-m", "flow_pipeline", *words]
    environment = {**os.environ, "NETRAFLOW_EXPLORER__REQUESTS_PER_MINUTE": "1000000"}
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    found: dict[str, float] = {}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            _until_it_answers(client)
            started = time.perf_counter()
            client.get("/").raise_for_status()
            found["first page, s"] = time.perf_counter() - started
            times = []
            for n in range(requests):
                started = time.perf_counter()
                client.get(f"/api/v1/addresses/ethereum/{addresses[n % len(addresses)]}/counterparties")
                times.append((time.perf_counter() - started) * 1_000)
                if n + 1 in (requests // 10, requests):
                    found[f"MB after {n + 1:,}"] = _resident(server.pid)
        found["p50, ms"], found["p95, ms"] = sorted(times)[requests // 2], sorted(times)[requests * 95 // 100]
    finally:
        server.terminate()
        server.wait(timeout=60)
    return found


def _until_it_answers(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            client.get("/static/icon.svg")
            return
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _resident(pid: int) -> float:
    """MB of memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1e3


def in_its_own_process(call: str) -> Any:
    """What a call of this module gives, and the peak of its memory in GB."""
    code = (
        "import json\nfrom pathlib import Path\nfrom tests.benchmark.explorer import asked, run_days\n"
        f"found = {call}\nprint(json.dumps([found, int(next(line.split()[1] for line in open('/proc/self/status') "
        "if line.startswith('VmHWM'))) / 1e6]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _told(times: list[float]) -> str:
    ordered = sorted(times)
    return f"p50 {ordered[len(ordered) // 2]:8.1f} ms, p95 {ordered[int(len(ordered) * 0.95)]:8.1f} CPU ms"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--transfers", type=int, default=10_000_000)
    parser.add_argument("--addresses", type=int, default=2_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument(
        "--busy", type=int, default=load_settings().explorer.busy_transfers, help="explorer.busy_transfers"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netraflow-bench-") as name:
        folder = Path(name)
        make_world(folder, given.transfers, given.addresses, given.days)
        for days in ("before", "last"):
            took, peak = in_its_own_process(f"run_days(Path({name!r}), {days!r}, {given.busy})")
            extra = took["read tables CPU"] + took["their audit CPU"]
            print(
                f"{'all days but the last' if days == 'before' else 'the last day':22s} "
                f"spine {took['spine']:6.1f} s, {took['spine CPU']:6.1f} CPU s; "
                f"read tables {took['read tables']:5.1f} s, {took['read tables CPU']:5.1f} CPU s, "
                f"their audit {took['their audit CPU']:4.1f} CPU s = {extra / took['spine CPU']:.0%} more; "
                f"file {took['spine MB']:,.0f} MB before them, {took['read MB']:+,.0f} MB; peak {peak:.1f} GB"
            )
        with open_build(settings_of(folder, given.busy)) as connection:
            listed = number(connection, "select count(*) from store.counterparties")
            print(f"{listed:,} rows of counterparties")
        fast, _ = in_its_own_process(f"asked(Path({name!r}), True, 100)")
        slow, _ = in_its_own_process(f"asked(Path({name!r}), False, 3)")
        for question, times in fast.items():
            print(f"{question:32s} {_told(times)}; without the tables {_told(slow[question])}")
        both = fast["counterparties 50"] + fast["counterparties 50 of a hub"]
        print(f"{'counterparties 50 of both':32s} {_told(both)}")
        for what, value in served(folder, given.busy, 1_000).items():
            print(f"served: {what:20s} {value:8.1f}")


if __name__ == "__main__":
    main()
