"""`netraflow docs`: dbt's pages about the models in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import note, progress, refuse_busy_port, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("docs", epilog="Example: netraflow docs --port 8080")(docs)


def docs(
    context: typer.Context,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8080,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser; only serve.")] = False,
) -> None:
    """Lineage, columns and SQL of the models and tables as published, until interrupted; nothing is asked outside."""
    import webbrowser
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    from flow_pipeline.warehouse.dbt import write_docs

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    settings = settings_of(context)
    handler = partial(Quiet, directory=str(settings.data_dir / "docs"))
    refuse_busy_port("127.0.0.1", port)
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        with progress() as say:
            say("write the pages")
            page = write_docs(settings)
        address = f"http://127.0.0.1:{server.server_port}"
        note(f"docs at {address}; the file is {page}")
        if not no_browser:
            webbrowser.open(address)
        server.serve_forever()
