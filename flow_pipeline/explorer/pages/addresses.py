"""An address: who it is, how risky and why, whom it dealt with, what it moved, in which findings it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from flow_pipeline.alerts.watchlist import listed
from flow_pipeline.explorer.api.addresses import TRANSFER_KEY, Hops, after_of
from flow_pipeline.explorer.pages import in_cases, next_page, render
from flow_pipeline.explorer.pages.search import FINDINGS
from flow_pipeline.explorer.reading import Snapshot
from flow_pipeline.explorer.shown import Table, facts, path, short, table
from flow_pipeline.explorer.state import Days, Page, Read, Shared, State, Token, part_of
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions.addresses import profile
from flow_pipeline.questions.counterparties import counterparties
from flow_pipeline.questions.exposure import exposure
from flow_pipeline.questions.history import CHANGE_IN_WORDS, history
from flow_pipeline.questions.known import known_chain
from flow_pipeline.questions.pairs import address_transfers
from flow_pipeline.questions.places import names_of, place_of

router = APIRouter(prefix="/addresses/{chain}/{address}")
Chain = Annotated[str, Path(max_length=100)]
Address = Annotated[str, Path(max_length=200)]
_FIRST = 20
"""Rows of each list on the page of an address; each list has a page of its own."""
_LABELS = {
    "entity": "entity",
    "category": "category",
    "label": "label",
    "regions": "regions",
    "risk_level": "risk level",
    "confidence": "confidence",
    "source": "source",
    "known_from": "known from",
    "valid_to": "until",
}
_COMPONENTS = {
    "component": "component",
    "score": "score",
    "confidence": "confidence",
    "weight": "weight",
    "part": "part of the score",
    "is_active": "counts",
    "evidence": "why",
    "finding_id": "finding",
}
COUNTERPARTIES = {
    "rank": "#",
    "address": "address",
    "entity": "entity",
    "category": "category",
    "transfers_in": "paid it, times",
    "usd_in": "paid it, USD",
    "transfers_out": "got from it, times",
    "usd_out": "got from it, USD",
    "first_at": "first",
    "last_at": "last",
}
_TRANSFERS = {
    "block_timestamp": "time",
    "way": "way",
    "address": "other end",
    "entity": "entity",
    "token_symbol": "token",
    "amount": "amount",
    "amount_usd": "USD",
    "spoof_suspected": "suspected spoof",
    "tx_hash": "transaction",
}
_ACTIVITY = {
    "first_seen_at": "first seen",
    "last_seen_at": "last seen",
    "active_days": "days with transfers",
    "transfers_in": "transfers in",
    "transfers_out": "transfers out",
    "usd_in": "in, USD",
    "usd_out": "out, USD",
    "counterparties": "counterparties",
    "tokens": "tokens",
}
_OWNERS = {
    "kind": "kind",
    "entity": "entity",
    "cluster_id": "cluster",
    "confidence": "confidence",
    "known_from": "known from",
    "source": "source",
    "evidence": "evidence",
}
_ROLES = {
    "role": "role",
    "name": "which",
    "since": "since",
}
_TOKENS = {
    "token_symbol": "token",
    "spoof_suspected": "suspected spoof",
    "transfers_in": "transfers in",
    "amount_in": "in",
    "usd_in": "in, USD",
    "transfers_out": "transfers out",
    "amount_out": "out",
    "usd_out": "out, USD",
}
_SMART = {
    "rank": "rank",
    "score": "score",
    "category": "category",
    "realised_usd": "realised, USD",
    "win_rate": "win rate",
    "tx_count": "transactions",
}
_EXPOSURE = {
    "category": "category",
    "names": "who",
    "entities": "entities",
    "nearest_hops": "nearest, hops",
    "transfers": "direct transfers",
    "usd_direct": "direct, USD",
    "share_direct": "direct",
    "usd_indirect": "over hops, USD",
    "share_indirect": "over hops",
    "usd": "together, USD",
    "share": "together",
}
_EXPOSED_TOKENS = {
    "direction": "way",
    "token_symbol": "token",
    "category": "category",
    "amount_direct": "direct",
    "share_direct": "direct share",
    "amount_indirect": "over hops",
    "share_indirect": "share over hops",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HISTORY = {
    "block_date": "day",
    "token_symbol": "token",
    "inflow": "inflow",
    "outflow": "outflow",
    "netflow": "netflow",
    "change": "change since the first day",
    "usd_in": "in, USD",
    "usd_out": "out, USD",
}


@router.get("")
def one(request: Request, who: Reader, read: Read, shared: Shared, chain: Chain, address: Address) -> Response:
    """All about an address, the first rows of each list."""
    c = read.connection
    place = place_of(c, chain, address)
    known = profile(c, chain, place)
    own, text = known["chain"], known["address"]
    risk = known["risk"]
    return render(
        request,
        "address.html.j2",
        known["labels"][0]["entity"] if known["labels"] else short(text),
        run=read.run,
        chain=own,
        address=text,
        known=known,
        activity=facts(known["activity"], _ACTIVITY),
        labels=table(known["labels"], _LABELS, chain=own),
        owners=table(known["owners"], _OWNERS, chain=own),
        roles=table(known["roles"], _ROLES, chain=own),
        tokens=table(known["tokens"], _TOKENS, chain=own),
        hours=_hours(known["hours"]),
        components=table(risk["components"] if risk else [], _COMPONENTS, chain=own),
        findings=table(known["findings"], FINDINGS | {"role": "role", "roles": "role", "reason": "why"}, chain=own),
        counterparties=table(counterparties(c, own, place, _FIRST).rows, COUNTERPARTIES, chain=own),
        counterparties_total=known["activity"]["counterparties"],
        transfers=table(address_transfers(c, own, place, _FIRST).rows, _TRANSFERS, chain=own),
        smart_money=facts(known["smart_money"] or {}, _SMART),
        base=path("addresses", own, text),
        graph=path("graph", own, text),
        cases=in_cases(shared.store, "address", f"{own}:{text}"),
        watches=_watches(shared, own, text),
        source=f"/charts/change{path(own, text)}",
        change_in_words=CHANGE_IN_WORDS,
    )


def _watches(shared: State, chain: str, address: str) -> list[dict[str, Any]]:
    """Who has an eye on an address, and why."""
    columns, rows = listed(shared.settings)
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    return [one for one in found if one["key"] == address and one["chain"] in (None, chain)]


def _hours(rows: list[dict[str, Any]]) -> list[tuple[str, list[tuple[int, int]]]]:
    """Per weekday its name and, per hour, the transfers and how dark they are drawn, 0 to 4."""
    counts = {(row["weekday"], row["hour"]): row["transfers_in"] + row["transfers_out"] for row in rows}
    most = max(counts.values(), default=0)

    def shade(count: int) -> int:
        return -(-4 * count // most) if most else 0

    days = {day: [counts.get((n, hour), 0) for hour in range(24)] for n, day in enumerate(_WEEKDAYS, 1)}
    return [(day, [(count, shade(count)) for count in row]) for day, row in days.items()]


@dataclass(frozen=True)
class _Place:
    """An address of a request: its id, its chain and how it is spelled, and its surest label."""

    address_id: int
    chain: str
    known: dict[str, Any]


def _place(read: Read, chain: Chain, address: Address) -> _Place:
    own, number = known_chain(read.connection, chain), place_of(read.connection, chain, address)
    return _Place(number, own, {"chain": own, **names_of(read.connection, own, [number])[number]})


Place = Annotated[_Place, Depends(_place)]


@router.get("/exposure")
def exposed(request: Request, who: Reader, read: Read, shared: Shared, place: Place, hops: Hops = None) -> Response:
    """Whose money came, and to whom it went, by category."""
    settings = shared.settings
    found = exposure(read.connection, place.chain, place.address_id, settings.explorer, settings.tracing, hops)
    sides = {
        title: table([row for row in found.categories if row["direction"] == way], _EXPOSURE, title)
        for way, title in (("in", "Whose money came to it"), ("out", "To whom its money went"))
    }
    tokens = table([row for row in found.tokens if row["share"] is not None], _EXPOSED_TOKENS, chain=place.chain)
    return render(
        request,
        "exposure.html.j2",
        f"Exposure of {short(place.known['address'])}",
        run=read.run,
        known=place.known,
        sides=sides,
        tokens=tokens,
        found=found,
        most=settings.explorer.max_hops,
    )


@router.get("/counterparties")
def dealt_with(
    request: Request, who: Reader, read: Read, page: Page, days: Days, place: Place, token: Token = None
) -> Response:
    """Whom it dealt with, page by page."""
    limit, after = page.part
    found = counterparties(
        read.connection, place.chain, place.address_id, limit, after, days.first, days.last, token or None
    ).rows
    shown = table(page.shown(found), COUNTERPARTIES, chain=place.chain)
    return _listing(request, read, place, "Counterparties", shown, next_page(request, page, read.run, found))


@router.get("/transfers")
def transfers(
    request: Request,
    who: Reader,
    read: Read,
    page: Page,
    days: Days,
    place: Place,
    token: Token = None,
    way: Annotated[Literal["in", "out", ""] | None, Query()] = None,
) -> Response:
    """Its transfers, page by page, the latest first."""
    after = after_of(page.key)
    own = read.connection, place.chain, place.address_id
    found = address_transfers(*own, page.limit + 1, after, way or None, token or None, days.first, days.last).rows
    shown = table(page.shown(found), _TRANSFERS, chain=place.chain)
    further = next_page(request, page, read.run, found, *TRANSFER_KEY)
    return _listing(request, read, place, "Transfers", shown, further)


@router.get("/history")
def change(request: Request, who: Reader, read: Read, page: Page, days: Days, place: Place) -> Response:
    """What came and went per day and token."""
    found = part_of(history(read.connection, place.chain, place.address_id, days).rows, page.part)
    shown = table(page.shown(found), _HISTORY, CHANGE_IN_WORDS, place.chain)
    return _listing(request, read, place, "By day", shown, next_page(request, page, read.run, found))


def _listing(request: Request, read: Snapshot, place: _Place, what: str, shown: Table, further: str) -> Response:
    return render(
        request,
        "address_list.html.j2",
        f"{what} of {short(place.known['address'])}",
        run=read.run,
        known=place.known,
        what=what,
        found=shown,
        next=further,
        asked={name: request.query_params.get(name) for name in ("first", "last", "token", "way")},
    )
