"""Findings: the list, and one with its transfers in order, its picture, its SQL and its proof."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flow_pipeline.explorer.pages import in_cases, next_page, render
from flow_pipeline.explorer.pages.search import FINDINGS
from flow_pipeline.explorer.shown import facts, table
from flow_pipeline.explorer.state import Days, Page, Read, Shared, Token
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions import findings as questions
from flow_pipeline.questions.verify import verify

router = APIRouter()
_FACTS = {
    "severity": "severity",
    "score": "score",
    "block_date": "day",
    "token_symbol": "token",
    "moved_amount": "moved",
    "moved_usd": "moved, USD",
    "gross_amount": "sum of all transfers",
    "transfer_count": "transfers",
    "address_count": "addresses",
    "first_timestamp": "from",
    "last_timestamp": "to",
    "detector_version": "detector version",
}
TRANSFERS = {
    "ordinal": "#",
    "block_timestamp": "time",
    "part": "part",
    "from_address": "from",
    "to_address": "to",
    "amount": "amount",
    "amount_usd": "USD",
    "tx_hash": "transaction",
    "transfer_index": "index",
}
_ADDRESSES = {
    "address": "address",
    "role": "role",
    "labels": "labels at that time",
    "risk": "risk",
    "risk_category": "risk level",
}


@router.get("/findings")
def listing(
    request: Request,
    who: Reader,
    read: Read,
    page: Page,
    days: Days,
    typology: Annotated[str | None, Query(max_length=60)] = None,
    token: Token = None,
    address: Annotated[str | None, Query(max_length=200)] = None,
    every: bool = False,
) -> Response:
    """Findings, the most severe first."""
    asked = (typology or None, days, token or None, address or None, every)
    found = questions.findings(read.connection, *asked, page.part)
    return render(
        request,
        "findings.html.j2",
        "Findings",
        run=read.run,
        found=table(page.shown(found), FINDINGS | {"reason": "why"}),
        next=next_page(request, page, read.run, found),
        typologies=questions.known_typologies(read.connection),
        asked={
            "typology": typology,
            "token": token,
            "address": address,
            "every": every,
            "first": days.first,
            "last": days.last,
        },
    )


@router.get("/findings/{finding_id}")
def one(
    request: Request,
    who: Reader,
    read: Read,
    shared: Shared,
    finding_id: str,
    prove: Annotated[bool, Query(description="run the finding's SQL again")] = False,
) -> Response:
    """One finding."""
    found = questions.one_finding(read.connection, finding_id)
    proofs = verify(read.connection, [finding_id], every=True) if prove else []
    chain = found["chain"]
    return render(
        request,
        "finding.html.j2",
        f"{found['typology'].replace('_', ' ')} {finding_id}",
        run=read.run,
        finding=found,
        cases=in_cases(shared.store, "finding", finding_id),
        facts=facts(found, _FACTS, chain),
        transfers=table(found["transfers"], TRANSFERS, f"Transfers, in order; {found['token_symbol']}", chain),
        addresses=table(found["addresses"], _ADDRESSES, "Addresses", chain),
        clears=questions.clears(found),
        proof=proofs[0] if proofs else None,
    )
