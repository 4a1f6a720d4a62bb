"""`netraflow ui`: Dagster's web UI on this project."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import note, refuse_busy_port, settings_file_of, settings_of
from flow_pipeline.domain.shipped import shipped

_PATIENCE = 20
"""Seconds that Dagster has to end its servers; it gives each of them ten."""
INSTANCE = """# Written once by `netraflow ui`; change it as you like.
nux:
  enabled: false
telemetry:
  enabled: false
concurrency:
  pools:
    granularity: op
    default_limit: 1
sensors:
  use_threads: true
  num_workers: 4
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("ui", epilog="Example: netraflow ui --port 3000")(ui)


def ui(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="Port of the web UI.")] = 3000,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; loopback unless you say otherwise.")
    ] = "127.0.0.1",
) -> None:
    """Assets, checks, runs, schedule and sensors in the browser; runs have the settings file of this call."""
    settings = settings_of(context)
    refuse_busy_port(host, port)
    home = (settings.data_dir / "dagster").resolve()
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(INSTANCE)
    settings.inbox.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "NETRAFLOW_DATA_DIR": str(settings.data_dir.resolve()),
        **settings_file_of(context),
    }
    note(f"netraflow: http://{host}:{port} (inbox: {settings.inbox.resolve()})")
    command = [
        str(Path(sys.executable).with_name("dagster")),
        "dev",
        "-w",
        str(shipped("workspace.yaml")),
        "--host",
        host,
        "--port",
        str(port),
    ]
    raise typer.Exit(_served(command, environment))


def _served(command: list[str], environment: dict[str, str]) -> int:
    """Run Dagster until it ends or this process is told to end; what it started ends with it.

    Ctrl-C and SIGTERM both end it. Dagster listens to interrupts alone, passes them on, and waits for its servers.
    """
    # Handlers of this process, unlike a signal that a shell made it ignore, are not inherited.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=_PATIENCE)
        return 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
