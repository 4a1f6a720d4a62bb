"""`netraflow watch`: follows chains and streams, and tells alerts as they come."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flow_pipeline.cli.common import JsonOption, note, put, settings_of

if TYPE_CHECKING:
    from flow_pipeline.alerts.tip import TipAlert
    from flow_pipeline.live.feeds import FeedOptions
    from flow_pipeline.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("watch", epilog="Example: netraflow watch evm --rpc http://127.0.0.1:8545 --chain anvil --for 60")(
        watch
    )


def watch(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE...", help="evm, bitcoin, nats, kafka, files, postgres.")
    ] = None,
    rpc: Annotated[str | None, typer.Option("--rpc", help="URL of a node, or env:NAME for a variable with it.")] = None,
    ws: Annotated[str | None, typer.Option("--ws", help="URL of its socket, which wakes earlier than polling.")] = None,
    token: Annotated[
        list[str] | None, typer.Option("--token", help="Only this token: contract, or symbol; again for more.")
    ] = None,
    native: Annotated[bool, typer.Option("--native", help="The chain's own coin too.")] = False,
    chain: Annotated[str | None, typer.Option("--chain", help="Name of a chain whose number nobody knows.")] = None,
    tokens: Annotated[
        list[Path] | None, typer.Option("--tokens", help="Lists of tokens: their decimals and symbols.")
    ] = None,
    server: Annotated[str | None, typer.Option("--server", help="Address of a broker or database.")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Topic, subject or table.")] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="Folder of growing JSON Lines.")] = None,
    from_block: Annotated[
        int | None, typer.Option("--from-block", min=0, help="Where to begin the first time; else at the head.")
    ] = None,
    until_block: Annotated[int | None, typer.Option("--until-block", min=0, help="End behind this block.")] = None,
    seconds: Annotated[float | None, typer.Option("--for", min=0.1, help="End after so many seconds.")] = None,
    summary: Annotated[bool, typer.Option("--summary", help="A page that refreshes, instead of lines.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a stream's messages.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Follow the head of a chain, or a stream: alerts within a second, withdrawn when their block falls.

    It goes on where it stopped. Final days become landing files, which `netraflow run` loads like any other.
    """
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.live.feeds import FeedOptions, discover
    from flow_pipeline.live.messages import schema_text

    if schema:
        put(schema_text())
        return
    if not sources:
        raise UsageError("no source is named", f"choose from {', '.join(discover())}")
    settings = settings_of(context, builds=True)
    options = FeedOptions(
        rpc=rpc, ws=ws, server=server, topic=topic, folder=folder, chain=chain, tokens=tuple(token or ()),
        with_native=native, first_block=from_block, token_files=(*settings.sources.token_files, *(tokens or ())),
    )  # fmt: skip
    is_plain = as_json or not (summary or sys.stdout.isatty())
    _follow(settings, sources, options, until_block, seconds, summary, is_plain)


def _follow(
    settings: Settings,
    sources: list[str],
    options: FeedOptions,
    until_block: int | None,
    seconds: float | None,
    with_page: bool,
    as_json: bool,
) -> None:
    import asyncio
    import gc
    import signal

    from flow_pipeline.domain.errors import one_of
    from flow_pipeline.live.alerting import open_detection
    from flow_pipeline.live.feeds import discover
    from flow_pipeline.live.watch import Told, Watch

    kinds = [one_of("source", source, tuple(discover())) for source in sources]
    page = _Page(with_page and not as_json)

    async def follow() -> None:
        feeds = [await discover()[kind].open_feed(options, settings) for kind in kinds]
        note("netraflow: following " + ", ".join(feed.source for feed in feeds))
        detection = await asyncio.to_thread(open_detection, settings, [feed.chain for feed in feeds])
        # What is there for good is not looked through again: a collection would hold up a batch for half a second.
        gc.freeze()
        told = Told(page.quiet if page.is_on else _as_json if as_json else _as_line, page.show, note)
        watching = Watch(settings, feeds, detection, told)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, watching.stop)
        status = await watching.run(until_block, seconds)
        page.end()
        for of in status.sources.values():
            reached = f" up to block {of.last_block:,}" if of.last_block is not None else ""
            note(f"netraflow: {of.source}: {of.transfers:,} transfers{reached}; it goes on from here")

    asyncio.run(follow())


def _as_line(alert: TipAlert, waited: float) -> None:
    from datetime import UTC, datetime

    word = "" if alert.is_standing else "withdrawn: "
    time = datetime.now(UTC).strftime("%H:%M:%S")
    put(f"{time} [{alert.severity}] {word}{alert.title} ({alert.finality}, {alert.alert_id})", flush=True)


def _as_json(alert: TipAlert, waited: float) -> None:
    import json
    from dataclasses import asdict

    row = {"alert_id": alert.alert_id, **asdict(alert), "latency_seconds": round(waited, 6)}
    put(json.dumps(row, default=str), flush=True)


class _Page:
    """The page of `--summary`, drawn over and over on a terminal."""

    def __init__(self, is_on: bool) -> None:
        self.is_on = is_on
        self._live: Any = None

    def quiet(self, alert: TipAlert, waited: float) -> None:
        """Alerts stand on the page."""

    def show(self, status: Any) -> None:
        """Draw it anew."""
        if not self.is_on:
            return
        from rich.live import Live

        from flow_pipeline.cli.live import page_of

        if self._live is None:
            self._live = Live(auto_refresh=False)
            self._live.start()
        self._live.update(page_of(status.as_dict()), refresh=True)

    def end(self) -> None:
        """Leave the last one standing."""
        if self._live is not None:
            self._live.stop()
