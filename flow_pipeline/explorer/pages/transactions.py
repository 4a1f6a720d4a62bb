"""One transaction: its transfers in order, and the findings that contain them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from flow_pipeline.explorer.pages import render
from flow_pipeline.explorer.pages.search import FINDINGS
from flow_pipeline.explorer.shown import facts, short, table
from flow_pipeline.explorer.state import Read
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions.transactions import transaction

router = APIRouter()
_TRANSFERS = {
    "transfer_index": "index",
    "block_timestamp": "time",
    "from_address": "from",
    "from_entity": "whose",
    "to_address": "to",
    "to_entity": "whose",
    "token_symbol": "token",
    "amount": "amount",
    "amount_usd": "USD",
}
_SENT = {
    "block_number": "block",
    "block_timestamp": "time",
    "from_address": "sent by",
    "to_address": "called",
    "is_success": "worked",
    "gas_used": "gas used",
    "method": "method",
}
_MEV = {"event_id": "event", "kind": "kind", "role": "role", "wallet": "wallet", "profit_usd": "gain, USD"}


@router.get("/transactions/{chain}/{tx_hash:path}")
def one(
    request: Request,
    who: Reader,
    read: Read,
    chain: Annotated[str, Path(max_length=100)],
    tx_hash: Annotated[str, Path(max_length=200)],
) -> Response:
    """One transaction."""
    found = transaction(read.connection, chain, tx_hash)
    own = found["chain"]
    return render(
        request,
        "transaction.html.j2",
        f"Transaction {short(found['tx_hash'])}",
        run=read.run,
        found=found,
        transfers=table(found["transfers"], _TRANSFERS, "Transfers in order", own),
        sent=[facts(row, _SENT, own) for row in found["sent"]],
        findings=table(found["findings"], FINDINGS | {"ordinals": "its places", "reason": "why"}, chain=own),
        mev=table(found["mev"], _MEV, chain=own),
    )
