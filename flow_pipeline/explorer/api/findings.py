"""Findings: which there are, and one with its transfers in order, its addresses, its SQL, and what would clear it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from flow_pipeline.explorer.state import Ask, AskOne, Days, Token
from flow_pipeline.questions import findings as questions
from flow_pipeline.questions.verify import as_rows, verify

router = APIRouter(prefix="/findings", tags=["findings"])
FindingId = Annotated[str, Path(max_length=64, description="as the list has it")]


@router.get("")
def listing(
    ask: Ask,
    days: Days,
    typology: Annotated[str | None, Query(max_length=60)] = None,
    token: Token = None,
    address: Annotated[str | None, Query(max_length=200)] = None,
    every: Annotated[bool, Query(description="also those that are not suspicious")] = False,
) -> Response:
    """Findings, the most severe first: suspicious ones, or every one."""
    return ask.listing(lambda c, part: questions.findings(c, typology, days, token, address, every, part))


@router.get("/{finding_id}")
def one(ask: AskOne, finding_id: FindingId) -> Response:
    """A finding with `transfers` in order, `addresses`, `evidence_sql` and `clears`: what would take it away."""
    return ask.single(lambda c: questions.one_finding(c, finding_id))


@router.get("/{finding_id}/proof")
def proof(ask: Ask, finding_id: FindingId) -> Response:
    """The finding's SQL, run again on this file and compared with what is stored; no difference proves it."""
    return ask.whole(lambda c: as_rows(verify(c, [finding_id], every=True)))
