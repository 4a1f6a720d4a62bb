"""`netraflow screen ADDRESS|FILE`: on a list of sanctions, or near somebody who is."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flow_pipeline.cli.common import CsvOption, JsonOption, emit, jsonable, note, progress, put, settings_of
from flow_pipeline.cli.tables import table

if TYPE_CHECKING:
    from flow_pipeline.questions.screening import Hit, Screened

_COLUMNS = (
    *("address", "status", "hops", "direction", "listed_address", "entity", "source", "known_from"),
    *("amounts", "in_order", "path", "tx_hashes"),
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("screen", epilog="Example: netraflow screen 0x28c6c06298d514db089934071355e5743bf21d60 --hops 2")(
        screen
    )


def screen(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS|FILE", help="An address; a file of them, one a line or a column `address`; - for stdin."
        ),
    ],
    hops: Annotated[
        int | None,
        typer.Option("--hops", min=1, max=6, help="How far a listed address may be; else the setting screen.hops."),
    ] = None,
    chain: Annotated[str | None, typer.Option("--chain", help="Only transfers of this chain.")] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Is an address on a sanctions list, or within some transfers of one? Exit code 0: clean, 1: a hit, 2: bad input.

    `in`: money came from a listed address, `out`: it went to one. No path passes through exchanges, bridges, other
    services, or hubs.
    """
    from flow_pipeline.loading.labels import addresses_in
    from flow_pipeline.places import brought
    from flow_pipeline.questions.screening import screen as ask
    from flow_pipeline.warehouse.store import open_published

    settings = settings_of(context, asks=True)
    asked = [target]
    file = None if target == "-" else brought(target, settings.data_dir)
    if file is None or file.is_file():
        asked = addresses_in(file, settings)
    with open_published(settings) as connection, progress() as say:
        say("screening")
        found, lists = ask(connection, asked, hops or settings.screen.hops, chain, settings.screen)
    _say_lists(lists)
    if as_csv:
        rows = [row for one in found for row in (*(_row(one, hit) for hit in one.hits), *_clean(one))]
        emit(_COLUMNS, rows, False, True)
    elif as_json or not sys.stdout.isatty():
        put(json.dumps({"lists": lists, "addresses": [_plain(one) for one in found]}, default=jsonable, indent=1))
    else:
        for one in found:
            _show(one)
    if any(one.hits for one in found):
        raise typer.Exit(1)


def _say_lists(lists: list[dict[str, Any]]) -> None:
    """A clean answer is worth as much as the lists behind it."""
    said = ", ".join(
        f"{row['list']} ({row['addresses']:,} addresses"
        + (f", the last known from {row['last_known_from']:%Y-%m-%d})" if row["last_known_from"] else ")")
        for row in lists
    )
    note(f"lists in force: {said}" if lists else "no list of sanctions is in force: give one to analyze with --labels")


def _plain(one: Screened) -> dict[str, Any]:
    return {
        "address": one.address,
        "status": one.status,
        "is_seen": one.is_seen,
        "hits": [asdict(hit) for hit in one.hits],
    }


def _clean(one: Screened) -> list[list[Any]]:
    """The line of an address without a hit."""
    return [] if one.hits else [[one.address, one.status, *[None] * (len(_COLUMNS) - 2)]]


def _row(one: Screened, hit: Hit) -> list[Any]:
    """The line of a hit."""
    known = [label["known_from"] for label in hit.labels if label["known_from"]]
    return [
        one.address,
        one.status,
        hit.hops,
        hit.direction,
        hit.listed,
        "; ".join(dict.fromkeys(label["entity"] for label in hit.labels)),
        "; ".join(dict.fromkeys(f"{label['source']} ({label['list']})" for label in hit.labels)),
        min(known) if known else None,
        " > ".join(_amounts(leg) for leg in hit.legs),
        hit.in_order,
        " > ".join(step["address"] for step in hit.path),
        " > ".join(_hash(leg) for leg in hit.legs),
    ]


def _amounts(leg: dict[str, Any]) -> str:
    return " + ".join(
        f"{'?' if part['amount'] is None else format(part['amount'].normalize(), 'f')} "
        f"{part['token_symbol'] or part['token_address'] or '?'}"
        for part in leg["amounts"]
    )


def _hash(leg: dict[str, Any]) -> str:
    """The transaction by which money can have passed, else the first there is."""
    shown = [leg.get("tx_hash"), *(tx_hash for part in leg["amounts"] for tx_hash in part["tx_hashes"])]
    return str(next(filter(None, shown), "?"))


def _show(one: Screened) -> None:
    """The page of one address."""
    seen = "" if one.is_seen else "; no transfer has it"
    put(f"{one.address}: {one.status}{seen}")
    for hit in one.hits:
        if hit.hops == 0:
            rows = [[label[name] for name in ("entity", "source", "list", "known_from")] for label in hit.labels]
            table(["entity", "source", "list", "known from"], [[str(cell) for cell in row] for row in rows], "Listed")
    near = [_row(one, hit) for hit in one.hits if hit.hops]
    if near:
        names = ("hops", "direction", "listed_address", "entity", "source", "amounts", "in_order", "path", "tx_hashes")
        places = [_COLUMNS.index(name) for name in names]
        table(names, [[row[place] for place in places] for row in near], "Near")
