"""Search: what a few letters may mean."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from flow_pipeline.explorer.state import Ask
from flow_pipeline.questions.rows import Rows
from flow_pipeline.questions.search import search
from flow_pipeline.warehouse.store import Connection

router = APIRouter(tags=["search"])
_DEEPEST = 200
"""Hits of a search that can be paged through: who needs more gives another letter."""


@router.get("/search")
def hits(
    ask: Ask,
    q: Annotated[str, Query(min_length=3, max_length=200, description="letters in any case; 0x12…ab asks by the ends")],
) -> Response:
    """Addresses, entities, exchanges, groups, tokens, findings and transactions: the 200 best hits, those first."""

    def found(connection: Connection) -> Rows:
        return search(connection, q, _DEEPEST).rows

    return ask.whole(found)
