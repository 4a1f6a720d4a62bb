"""The explorer as its readers meet it: a real server on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from flow_pipeline.explorer.app import create_app
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import new_run_id, record_publication, swap_in
from flow_pipeline.warehouse.store import open_build
from tests.conftest import build, label_file, transfer, write_csv


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


@contextmanager
def serving(settings: Settings, host: str = "127.0.0.1", port: int | None = None) -> Iterator[str]:
    """The explorer over a data directory in a thread of this process; gives its address."""
    chosen = port or free_port()
    config = uvicorn.Config(create_app(settings, host), host="127.0.0.1", port=chosen, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{chosen}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)


@contextmanager
def visiting(address: str) -> Iterator[httpx.Client]:
    """A client with the session and the token of forms that a browser would have."""
    with httpx.Client(base_url=address, timeout=30) as client:
        page = client.get("/")
        token = page.text.split('<meta name="csrf" content="')[1].split('"')[0]
        client.headers["x-csrf-token"] = token
        yield client


HOSTILE = """<script>alert('x')</script>"'><img src=x onerror=alert(1)>{{7*7}}"""
"""A name that would be code on a page, in a template or in an attribute."""
FORMULA = '=HYPERLINK("http://evil.example","x")'
"""A name that would be a formula in a spreadsheet."""
SANCTIONED, RECEIVER, EXCHANGE = ("0x" + letter * 40 for letter in "abc")
RING = ["0x" + f"{n:02x}" * 20 for n in range(0x21, 0x27)]


def hostile_world(settings: Settings, folder: Path) -> Settings:
    """A small published world whose names are attacks: a ring of payments, a sanctioned payer, an exchange."""
    rows = [transfer(1, SANCTIONED, RECEIVER, 250, "2025-05-01T08:00:00Z", symbol=HOSTILE)]
    rows += [transfer(2, RECEIVER, EXCHANGE, 240, "2025-05-01T09:00:00Z", symbol=HOSTILE)]
    rows += [transfer(3, EXCHANGE, RING[0], 17, "2025-05-01T09:30:00Z", symbol=FORMULA)]
    for n, (payer, payee) in enumerate(zip(RING, [*RING[1:], RING[0]], strict=True)):
        rows.append(transfer(10 + n, payer, payee, 5_000 - n, f"2025-05-02T1{n}:00:00Z", symbol="ETH"))
    for n in range(40):
        rows.append(transfer(100 + n, RECEIVER, RING[n % 6], 1 + n, f"2025-05-{1 + n // 20:02}T12:{n:02}:00Z"))
    source = folder / "in"
    write_csv(source / "transfers.csv", rows)
    labels = label_file(
        folder / "labels.csv",
        [
            ["ethereum", SANCTIONED, f"Lazarus {HOSTILE}", "sanctioned", "", "1", "a list", "", "KP"],
            ["ethereum", EXCHANGE, f"Bank/of {HOSTILE}", "exchange", HOSTILE, "0.9", HOSTILE, "", "ID"],
            ["ethereum", RECEIVER, FORMULA, "other", "", "0.6", "a", "", ""],
            ["ethereum", RECEIVER, "Somebody else", "other", "", "0.5", "b", "", ""],
        ],
    )
    made = settings.with_changes(labels={"files": (labels,)}, reports={"each_run": False})
    build(made, source)
    return made


def publish_again(settings: Settings) -> str:
    """The build file published once more, as a run that changed a table would; the run."""
    with open_build(settings) as connection:
        run = new_run_id(settings, connection)
        connection.execute("insert into store.state values ($run, $run)", {"run": f"again {run}"})
        record_publication(connection, settings, run)
    swap_in(settings, run)
    return run
