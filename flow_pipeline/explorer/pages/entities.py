"""An entity: its addresses, what it moved, with whom, in which findings it stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from flow_pipeline.domain.vocabulary import LABEL_CATEGORIES
from flow_pipeline.explorer.pages import in_cases, next_page, render
from flow_pipeline.explorer.pages.search import FINDINGS
from flow_pipeline.explorer.shown import path, table
from flow_pipeline.explorer.state import Page, Read, Shared
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions import entities as questions

router = APIRouter(prefix="/entities")
Chain = Annotated[str, Path(max_length=100)]
_LISTED = {
    "rank": "#",
    "entity": "entity",
    "chain": "chain",
    "category": "category",
    "region": "region",
    "risk_level": "risk level",
    "addresses": "addresses",
    "transfers_in": "transfers in",
    "transfers_out": "transfers out",
    "usd_in": "in, USD",
    "usd_out": "out, USD",
}
_CATEGORIES = {
    "category": "category",
    "entity_type": "type",
    "addresses": "addresses",
    "regions": "regions",
    "risk_level": "risk level",
    "confidence": "confidence",
    "sources": "sources",
}
_TOKENS = {
    "token_symbol": "token",
    "inflow": "inflow",
    "outflow": "outflow",
    "netflow": "netflow",
    "internal": "internal",
    "first_day": "first day",
    "last_day": "last day",
    "days": "days",
}
_COUNTERPARTS = {
    "entity": "entity",
    "category": "category",
    "transfers_in": "paid it, times",
    "usd_in": "paid it, USD",
    "transfers_out": "got from it, times",
    "usd_out": "got from it, USD",
    "first_day": "first day",
    "last_day": "last day",
}
_ADDRESSES = {
    "rank": "#",
    "address": "address",
    "kind": "kind",
    "category": "category",
    "label": "label",
    "confidence": "confidence",
    "source": "source",
    "sources": "sources",
    "transfers": "transfers",
    "first_seen_at": "first seen",
    "last_seen_at": "last seen",
}


@router.get("")
def listing(
    request: Request,
    who: Reader,
    read: Read,
    page: Page,
    chain: Annotated[str | None, Query(max_length=100)] = None,
    category: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """Entities, the busiest first."""
    limit, after = page.part
    found = questions.entities(read.connection, limit, after, chain or None, category or None).rows
    return render(
        request,
        "entities.html.j2",
        "Entities",
        run=read.run,
        found=table(page.shown(found), _LISTED),
        next=next_page(request, page, read.run, found),
        categories=LABEL_CATEGORIES,
        asked={"chain": chain, "category": category},
    )


@router.get("/{chain}/{entity:path}")
def one(
    request: Request,
    who: Reader,
    read: Read,
    shared: Shared,
    page: Page,
    chain: Chain,
    entity: Annotated[str, Path(max_length=300)],
) -> Response:
    """One entity."""
    c = read.connection
    known = questions.entity(c, chain, entity)
    limit, after = page.part
    addresses = questions.entity_addresses(c, chain, entity, limit, after).rows
    own = known["chain"]
    is_exchange = any(row["category"] == "exchange" for row in known["categories"])
    return render(
        request,
        "entity.html.j2",
        known["entity"],
        run=read.run,
        known=known,
        cases=in_cases(shared.store, "entity", known["entity"]),
        netflow=path("netflow", own, known["entity"]) if is_exchange else "",
        categories=table(known["categories"], _CATEGORIES, chain=own),
        tokens=table(known["tokens"], _TOKENS, chain=own),
        counterparts=table(known["counterparts"], _COUNTERPARTS, chain=own),
        findings=table(known["findings"], FINDINGS | {"roles": "roles", "reason": "why"}, chain=own),
        addresses=table(page.shown(addresses), _ADDRESSES, chain=own),
        next=next_page(request, page, read.run, addresses),
    )
