"""A group of addresses between which money is followed: its addresses, what left it, what arrived."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from flow_pipeline.explorer.pages import next_page, render
from flow_pipeline.explorer.shown import table
from flow_pipeline.explorer.state import Page, Read
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions import flows as questions

router = APIRouter()
_MEMBERS = {"chain": "chain", "address": "address", "valid_from": "from", "valid_to": "until", "source": "source"}
_FLOWS = {
    "destination_group": "to",
    "source_group": "from",
    "token_symbol": "token",
    "flow_count": "flows",
    "total_amount": "amount",
    "average_hops": "hops, mean",
    "average_confidence": "confidence, mean",
    "risk_score": "risk",
    "first_at": "first",
    "last_at": "last",
}


@router.get("/groups/{name:path}")
def one(request: Request, who: Reader, read: Read, page: Page, name: str) -> Response:
    """One group."""
    members = questions.group(read.connection, name, page.part)
    known = questions.known_group(read.connection, name)
    out, into = questions.outgoing(read.connection, name), questions.incoming(read.connection, name)
    left, arrived = (
        {key: words for key, words in _FLOWS.items() if key != own} for own in ("source_group", "destination_group")
    )
    return render(
        request,
        "group.html.j2",
        f"Group {known}",
        run=read.run,
        name=known,
        outgoing=table(out, left),
        incoming=table(into, arrived),
        members=table(page.shown(members), _MEMBERS),
        next=next_page(request, page, read.run, members),
    )
