"""Money followed from group to group."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from flow_pipeline.explorer.state import Ask, Days, Token
from flow_pipeline.questions import flows as questions

router = APIRouter(prefix="/flows", tags=["flows"])
Name = Annotated[str, Path(max_length=200, description="a group's id or name")]


@router.get("")
def listing(
    ask: Ask,
    days: Days,
    token: Token = None,
    least: Annotated[float | None, Query(ge=0, allow_inf_nan=False, description="at least so many units")] = None,
    most: Annotated[float | None, Query(ge=0, allow_inf_nan=False, description="at most")] = None,
) -> Response:
    """Completed flows, the largest first."""
    return ask.listing(lambda c, part: questions.by_amount(c, token, least, most, days, part))


@router.get("/summaries")
def summaries(ask: Ask) -> Response:
    """Every pair of groups and token, most flows first."""
    return ask.listing(questions.summaries)


@router.get("/active")
def active(ask: Ask, group: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Flows on their way at the end of the last day, the most confident first."""
    return ask.listing(lambda c, part: questions.active_flows(c, group, part))


@router.get("/groups")
def groups(ask: Ask) -> Response:
    """Every group: its type, risk level, whether flows begin and end there."""
    return ask.listing(questions.groups)


@router.get("/groups/{name}")
def group(ask: Ask, name: Name) -> Response:
    """The addresses of a group, each with the stretch of time in which it belongs to it."""
    return ask.listing(lambda c, part: questions.group(c, name, part))


@router.get("/{flow_id}")
def path(ask: Ask, flow_id: Annotated[str, Path(max_length=64)]) -> Response:
    """The transfers of a flow, in order."""
    return ask.whole(lambda c: questions.path_of_flow(c, flow_id))
