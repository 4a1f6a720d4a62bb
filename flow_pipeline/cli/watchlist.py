"""`netraflow watchlist …`: addresses and entities whose doings are alerts."""

from __future__ import annotations

import getpass
from datetime import date
from typing import Annotated

import typer

from flow_pipeline.cli.common import CsvOption, JsonOption, LimitOption, emit, put, settings_of
from flow_pipeline.cli.tables import Shape

SHAPE = Shape(("watch_id", "kind", "key", "owner", "reason"))


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    watchlist = typer.Typer(
        help="Addresses and entities that somebody has an eye on: what they do is an alert.", no_args_is_help=True
    )
    for name, verb, example in (
        ("list", listing, "netraflow watchlist list"),
        ("add", add, 'netraflow watchlist add Northbank --reason "reserves"'),
        ("end", end, "netraflow watchlist end 3f9a41"),
    ):
        watchlist.command(name, epilog=f"Example: {example}")(verb)
    app.add_typer(watchlist, name="watchlist")


def listing(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--every", help="Also what is watched no more.")] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 30,
) -> None:
    """What is watched, for whom and why, the latest first."""
    from flow_pipeline.alerts.watchlist import listed

    emit(*listed(settings_of(context, asks=True), every), as_json, as_csv, "Watch list", limit, SHAPE)


def add(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="An address, or an entity by its name.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever gets the alert.")],
    owner: Annotated[str | None, typer.Option("--owner", help="Who wants to know; else the user here.")] = None,
    chain: Annotated[str | None, typer.Option("--chain", help="Only on this chain; else on all.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="First day that is told; else the last published one.")
    ] = None,
) -> None:
    """Put an address or an entity on the list: each run tells its transfers and findings of a day, and its risk."""
    from flow_pipeline.alerts.watchlist import watch
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.labels.addresses import chain_of_form
    from flow_pipeline.questions.known import check_watch
    from flow_pipeline.warehouse.publish import last_published_day
    from flow_pipeline.warehouse.store import open_published

    try:
        first = date.fromisoformat(since) if since else None
    except ValueError:
        raise UsageError(f"--from {since}: that is no day", "write it as YYYY-MM-DD") from None
    settings = settings_of(context)
    kind = "address" if chain_of_form(key.strip()) else "entity"
    if settings.published_link.exists():
        with open_published(settings) as connection:
            check_watch(connection, kind, key.strip(), chain)
    day = first or last_published_day(settings)
    put(f"watching {watch(settings, kind, key, owner or getpass.getuser(), reason, chain, first_day=day)} ({kind})")


def end(
    context: typer.Context,
    watch_id: Annotated[str, typer.Argument(help="The watch's id as `watchlist list` shows it, or its beginning.")],
) -> None:
    """Watch it no more; what was told of it stands."""
    from flow_pipeline.alerts.watchlist import unwatch
    from flow_pipeline.warehouse.publish import last_published_day

    settings = settings_of(context)
    put(f"ended {unwatch(settings, watch_id, last_published_day(settings))}")
