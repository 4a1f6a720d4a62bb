"""Entities: who owns addresses by labels, and what they did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from flow_pipeline.explorer.api.addresses import Chain
from flow_pipeline.explorer.state import Ask, AskOne, Days
from flow_pipeline.questions import entities as questions

router = APIRouter(prefix="/entities", tags=["entities"])
Entity = Annotated[str, Path(max_length=300, description="an entity, in any case")]


@router.get("")
def listing(
    ask: Ask,
    chain: Annotated[str | None, Query(max_length=100)] = None,
    category: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """Entities that have an address in the transfers, the busiest first."""
    return ask.listing(lambda c, part: questions.entities(c, part.limit, part.after, chain, category).rows)


@router.get("/{chain}/{entity:path}/addresses")
def addresses(ask: Ask, chain: Chain, entity: Entity) -> Response:
    """Its addresses: first those that labels name, then its deposit addresses."""
    return ask.listing(lambda c, part: questions.entity_addresses(c, chain, entity, part.limit, part.after).rows)


@router.get("/{chain}/{entity:path}/days")
def days_of(ask: Ask, chain: Chain, entity: Entity, days: Days) -> Response:
    """What it moved per day and token, latest day first."""
    return ask.whole(lambda c: questions.entity_days(c, chain, entity, days).rows)


@router.get("/{chain}/{entity:path}")
def one(ask: AskOne, chain: Chain, entity: Entity) -> Response:
    """What labels say of it, its sums per token, the entities it dealt with most, its gravest findings."""
    return ask.single(lambda c: questions.entity(c, chain, entity))
