"""The explorer as its readers meet it: a real server on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from flow_pipeline.explorer.app import create_app
from flow_pipeline.settings import Settings


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
