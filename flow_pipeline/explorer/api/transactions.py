"""One transaction."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from flow_pipeline.explorer.api.addresses import Chain
from flow_pipeline.explorer.state import AskOne
from flow_pipeline.questions.transactions import transaction

router = APIRouter(prefix="/transactions", tags=["transactions"])


@router.get("/{chain}/{tx_hash:path}")
def one(ask: AskOne, chain: Chain, tx_hash: Annotated[str, Path(max_length=200)]) -> Response:
    """Its transfers in order with the names of both ends, and the findings that contain them."""
    return ask.single(lambda c: transaction(c, chain, tx_hash))
