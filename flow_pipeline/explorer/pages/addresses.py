"""An address: who it is, how risky and why, whom it dealt with, what it moved, in which findings it stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from flow_pipeline.domain.windows import Window
from flow_pipeline.explorer.api.addresses import TRANSFER_KEY, after_of
from flow_pipeline.explorer.pages import next_page, render
from flow_pipeline.explorer.pages.search import FINDINGS
from flow_pipeline.explorer.shown import path, short, table
from flow_pipeline.explorer.state import Days, Page, Read, Token, part_of
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions.addresses import at_place
from flow_pipeline.questions.counterparties import counterparties, counterparty_count
from flow_pipeline.questions.findings import findings
from flow_pipeline.questions.history import CHANGE_IN_WORDS, history
from flow_pipeline.questions.pairs import address_transfers
from flow_pipeline.questions.places import place_of
from flow_pipeline.questions.rows import Part

router = APIRouter(prefix="/addresses/{chain}/{address}")
Chain = Annotated[str, Path(max_length=100)]
Address = Annotated[str, Path(max_length=200)]
_FIRST = 20
"""Rows of each list on the page of an address; each list has a page of its own."""
_LABELS = {
    "entity": "entity",
    "category": "category",
    "confidence": "confidence",
    "source": "source",
    "chain": "chain",
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
def one(request: Request, who: Reader, read: Read, chain: Chain, address: Address) -> Response:
    """All about an address, the first rows of each list."""
    c = read.connection
    place = place_of(c, chain, address)
    known = at_place(c, chain, place)
    own, text = known["chain"], known["address"]
    total = counterparty_count(c, own, place)
    risk = known["risk"]
    return render(
        request,
        "address.html.j2",
        known["labels"][0]["entity"] if known["labels"] else short(text),
        run=read.run,
        chain=own,
        address=text,
        known=known,
        labels=table(known["labels"], _LABELS, chain=own),
        risk=risk,
        without=sorted((risk or {}).get("without", {}).items()),
        components=table(risk["components"] if risk else [], _COMPONENTS, chain=own),
        findings=table(findings(c, None, Window(), None, text, True, Part(_FIRST), own), FINDINGS | {"reason": "why"}),
        counterparties=table(counterparties(c, own, place, _FIRST).rows, COUNTERPARTIES, chain=own),
        counterparties_total=total,
        transfers=table(address_transfers(c, own, place, _FIRST).rows, _TRANSFERS, chain=own),
        base=path("addresses", own, text),
        graph=path("graph", own, text),
        source=f"/charts/change{path(own, text)}",
        change_in_words=CHANGE_IN_WORDS,
    )


@router.get("/counterparties")
def dealt_with(
    request: Request,
    who: Reader,
    read: Read,
    page: Page,
    days: Days,
    chain: Chain,
    address: Address,
    token: Token = None,
) -> Response:
    """Whom it dealt with, page by page."""
    c = read.connection
    place = place_of(c, chain, address)
    known = at_place(c, chain, place)
    limit, after = page.part
    found = counterparties(c, known["chain"], place, limit, after, days.first, days.last, token or None).rows
    shown = table(page.shown(found), COUNTERPARTIES, chain=known["chain"])
    return _listing(request, read.run, known, "Counterparties", shown, next_page(request, page, read.run, found))


@router.get("/transfers")
def transfers(
    request: Request,
    who: Reader,
    read: Read,
    page: Page,
    days: Days,
    chain: Chain,
    address: Address,
    token: Token = None,
) -> Response:
    """Its transfers, page by page, the latest first."""
    c = read.connection
    place = place_of(c, chain, address)
    known = at_place(c, chain, place)
    found = address_transfers(
        c,
        known["chain"],
        place,
        page.limit + 1,
        after_of(page.key),
        None,
        token or None,
        days.first,
        days.last,
    ).rows
    shown = table(page.shown(found), _TRANSFERS, chain=known["chain"])
    further = next_page(request, page, read.run, found, *TRANSFER_KEY)
    return _listing(request, read.run, known, "Transfers", shown, further)


@router.get("/history")
def change(
    request: Request, who: Reader, read: Read, page: Page, days: Days, chain: Chain, address: Address
) -> Response:
    """What came and went per day and token."""
    c = read.connection
    place = place_of(c, chain, address)
    known = at_place(c, chain, place)
    rows = history(c, chain, place, days).rows
    part = part_of(rows, page.part)
    shown = table(page.shown(part), _HISTORY, CHANGE_IN_WORDS, known["chain"])
    return _listing(request, read.run, known, "By day", shown, next_page(request, page, read.run, part))


def _listing(request: Request, run: str, known: dict[str, object], what: str, shown: object, further: str) -> Response:
    return render(
        request,
        "address_list.html.j2",
        f"{what} of {short(str(known['address']))}",
        run=run,
        known=known,
        what=what,
        found=shown,
        next=further,
    )
