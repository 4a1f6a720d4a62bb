"""`netraflow agent`: tells new, changed and withdrawn anomalies of the totals, each once."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import TokenOption, put, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("agent", epilog="Example: netraflow agent --method inclusive --token LPT")(agent)


def agent(
    context: typer.Context,
    method: Annotated[
        str | None, typer.Option("--method", help="rank, trailing, robust or inclusive; else the setting.")
    ] = None,
    token: TokenOption = None,
    loop: Annotated[bool, typer.Option("--loop", help="Look again and again until interrupted.")] = False,
    sleep: Annotated[float, typer.Option("--sleep", min=0.1, help="Seconds between two looks.")] = 3_600.0,
    rotate_monthly: Annotated[
        bool, typer.Option("--rotate-monthly", help="Move reports of earlier months to the archive afterwards.")
    ] = False,
) -> None:
    """Compare the published anomalies with what was told; write a Markdown report when they differ, and remember it."""
    import time

    from flow_pipeline.alerts.agent import look, rotate
    from flow_pipeline.questions.netflow import judged_by

    settings = settings_of(context)
    _, method = judged_by(settings, method)
    while True:
        put(look(settings, method, token).line, flush=True)
        if rotate_monthly:
            for moved in rotate(settings):
                put(f"archived {moved}", flush=True)
        if not loop:
            return
        time.sleep(sleep)
