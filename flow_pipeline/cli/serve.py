"""`netraflow serve`: the explorer and its read API."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import note, refuse_busy_port, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("serve", epilog="Example: netraflow serve --port 8000")(serve)


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="Port of the explorer.")] = 8000,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; any but loopback asks people to sign in.")
    ] = "127.0.0.1",
) -> None:
    """Wallets, flows, findings, alerts and cases in the browser, and the same as a read API under /api/v1."""
    import uvicorn

    from flow_pipeline.explorer.app import create_app

    settings = settings_of(context)
    refuse_busy_port(host, port)
    app = create_app(settings, host)
    shown = f"[{host}]" if ":" in host else host
    note(f"netraflow: http://{shown}:{port} (read API: http://{shown}:{port}/api/v1/openapi.json)")
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False, proxy_headers=False)
