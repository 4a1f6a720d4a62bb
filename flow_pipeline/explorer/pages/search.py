"""The first page, and search."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from flow_pipeline.alerts import ledger
from flow_pipeline.domain.text import harmless
from flow_pipeline.domain.windows import Window
from flow_pipeline.explorer.answers import Answer
from flow_pipeline.explorer.pages import render
from flow_pipeline.explorer.shown import facts, path, table
from flow_pipeline.explorer.state import Read, Shared
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions import findings as findings_asked
from flow_pipeline.questions.overview import overview
from flow_pipeline.questions.rows import Part
from flow_pipeline.questions.search import search

router = APIRouter()
_FIRST = 8
"""Rows of each list of the first page: what one sees without scrolling."""
_HITS = 50
_COUNTS = {
    "transfers": "transfers",
    "tokens": "tokens",
    "exchanges": "exchanges",
    "first_day": "first day",
    "last_day": "last day",
    "anomalies": "netflow anomalies",
    "surges": "outflow surges",
}
ALERTS = {"severity": "severity", "block_date": "day", "title": "what", "alert_id": "alert"}
FINDINGS = {
    "severity": "severity",
    "block_date": "day",
    "typology": "typology",
    "token_symbol": "token",
    "moved_amount": "moved",
    "moved_usd": "USD",
    "transfer_count": "transfers",
    "finding_id": "finding",
}


@router.get("/")
def home(request: Request, who: Reader, read: Read, shared: Shared) -> Response:
    """What is published in short, and what waits for somebody."""
    found = overview(read.connection)
    alerts = ledger.listed(shared.settings, None, None, None, None, most=_FIRST)
    worst = findings_asked.findings(read.connection, None, Window(), None, None, False, Part(_FIRST))
    return render(
        request,
        "home.html.j2",
        "netraflow",
        run=read.run,
        counts=facts(found["warehouse"], _COUNTS),
        alerts=table(alerts, ALERTS),
        findings=table(worst, FINDINGS),
    )


@router.get("/search")
def hits(request: Request, who: Reader, read: Read, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """What a few letters may mean; the page of what they name exactly, where that is one thing."""
    found = search(read.connection, q, _HITS) if len(q.strip()) >= 3 else []
    exact = [hit for hit in found if hit["match"] == "exact"]
    if len(exact) == 1 and len(found) == 1:
        return RedirectResponse(page_of_hit(exact[0]), 303)
    linked = [{**hit, "href": page_of_hit(hit)} for hit in found]
    return render(request, "search.html.j2", f"Search: {q}", run=read.run, hits=linked, most=_HITS)


@router.get("/hits")
def typed(who: Reader, read: Read, q: Annotated[str, Query(min_length=3, max_length=200)]) -> Response:
    """The first hits while somebody types, each with its page."""
    found = search(read.connection, q, _FIRST)
    items = [
        {"title": harmless(hit["title"]), "kind": hit["kind"], "chain": hit["chain"], "detail": hit["detail"]}
        | {"href": page_of_hit(hit)}
        for hit in found
    ]
    return Answer({"items": items})


def page_of_hit(hit: dict[str, str]) -> str:
    """Where the page of a hit is."""
    kind, chain, key = hit["kind"], hit["chain"], hit["key"]
    if kind == "finding":
        return path("findings", key)
    if kind == "token":
        return f"/netflow?token={path(key)[1:]}"
    if kind == "group":
        return path("groups", key)
    rooms = {"address": "addresses", "entity": "entities", "exchange": "netflow", "transaction": "transactions"}
    return path(rooms[kind], chain, key)
