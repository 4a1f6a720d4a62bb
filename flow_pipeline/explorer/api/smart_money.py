"""Wallets that make money, and what a wallet did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from flow_pipeline.explorer.state import Ask, AskOne
from flow_pipeline.questions import wallets as questions

router = APIRouter(prefix="/smart-money", tags=["smart money"])


@router.get("")
def listing(
    ask: Ask,
    category: Annotated[str | None, Query(max_length=60)] = None,
    every: Annotated[bool, Query(description="also those that are not listed")] = False,
) -> Response:
    """Ranked wallets, the best first."""
    return ask.listing(lambda c, part: questions.smart_wallets(c, part, category, every))


@router.get("/{address}")
def wallet(ask: AskOne, address: Annotated[str, Path(max_length=200)]) -> Response:
    """A wallet: totals per chain, what it holds of what it bought, trades, behaviour, score and MEV."""
    return ask.single(lambda c: questions.one_wallet(c, address))
