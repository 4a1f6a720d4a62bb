"""`netraflow ui`: Dagster's web UI on this project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import note, refuse_busy_port, settings_file_of, settings_of
from flow_pipeline.domain.shipped import shipped

INSTANCE = """# Written once by `netraflow ui`; change it as you like.
nux:
  enabled: false
telemetry:
  enabled: false
concurrency:
  pools:
    granularity: op
    default_limit: 1
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
    raise typer.Exit(subprocess.call(command, env=environment))
