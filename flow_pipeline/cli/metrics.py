"""`netraflow metrics`: figures for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import note, put, refuse_busy_port, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("metrics", epilog="Example: netraflow metrics --textfile /tmp/netraflow.prom")(metrics)


def metrics(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port to serve on.")] = 9_464,
    host: Annotated[
        str, typer.Option("--host", help="Address to serve on; the figures are for whoever reaches it.")
    ] = "127.0.0.1",
    textfile: Annotated[
        Path | None, typer.Option("--textfile", help="Write the figures to this file once instead, for node_exporter.")
    ] = None,
) -> None:
    """Serve the figures of the published warehouse and the alert ledger until interrupted."""
    from prometheus_client import start_http_server

    from flow_pipeline.alerts.metrics import registry, write_textfile
    from flow_pipeline.places import outgoing, shown

    settings = settings_of(context)
    if textfile:
        with outgoing(textfile) as file:
            write_textfile(settings, file)
        put(shown(textfile, textfile, textfile))
        return
    refuse_busy_port(host, port)
    server, thread = start_http_server(port, host, registry(settings))
    note(f"figures at http://{host}:{server.server_port}/metrics")
    try:
        thread.join()
    finally:
        server.shutdown()
