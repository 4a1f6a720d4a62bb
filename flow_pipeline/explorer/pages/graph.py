"""The graph: of an address, of a finding, or as somebody saved it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from flow_pipeline.domain.text import harmless
from flow_pipeline.explorer.graphs import looks, palette
from flow_pipeline.explorer.pages import render
from flow_pipeline.explorer.reading import Snapshot
from flow_pipeline.explorer.shown import short
from flow_pipeline.explorer.state import Read, Shared, State
from flow_pipeline.explorer.store.asking import listed
from flow_pipeline.explorer.store.changing import WORKED_ON
from flow_pipeline.explorer.store.views import saved_view
from flow_pipeline.explorer.who import INVESTIGATOR, Caller, Reader
from flow_pipeline.questions import graph
from flow_pipeline.questions.findings import one_finding
from flow_pipeline.questions.known import known_chain
from flow_pipeline.questions.places import place_of
from flow_pipeline.questions.rows import named

router = APIRouter()
_CASES = 50
"""Cases that a view is offered for: a longer list is not read, and who looks for an old one opens it first."""


@router.get("/graph/palette.css")
def colours() -> Response:
    """Colours of the categories."""
    return Response(palette(), media_type="text/css")


@router.get("/graph/finding/{finding_id}")
def of_finding(request: Request, who: Reader, read: Read, shared: Shared, finding_id: str) -> HTMLResponse:
    """What belongs to a finding, in order."""
    found = one_finding(read.connection, finding_id)
    title = f"Graph of {found['typology']} {finding_id}"
    return _page(request, who, read, shared, found["chain"], title, finding=finding_id)


@router.get("/graph/{chain}/{address}")
def of_address(request: Request, who: Reader, read: Read, shared: Shared, chain: str, address: str) -> HTMLResponse:
    """An address, whose counterparties are a click away."""
    own = known_chain(read.connection, chain)
    number = place_of(read.connection, own, address)
    node = graph.nodes(read.connection, own, [number])[number]
    return _page(
        request,
        who,
        read,
        shared,
        own,
        f"Graph of {harmless(node['entity'] or short(node['address']))}",
        address=node["address"],
    )


@router.get("/views/{view_id}")
def saved(request: Request, who: Reader, read: Read, shared: Shared, view_id: str) -> HTMLResponse:
    """A graph as somebody saved it."""
    found = saved_view(shared.store, view_id)
    return _page(request, who, read, shared, found["state"]["chain"], harmless(found["title"]), view=view_id)


def _page(
    request: Request, who: Caller, read: Snapshot, shared: State, chain: str, title: str, **start: Any
) -> HTMLResponse:
    window = graph.days_of(read.connection, chain)
    explorer = shared.settings.explorer
    given = {
        **looks(),
        "start": start,
        "chain": chain,
        "run": read.run,
        "first": window.first.isoformat() if window.first else None,
        "last": window.last.isoformat() if window.last else None,
        "most": explorer.graph_nodes,
        "page": explorer.graph_page,
        "hops": explorer.max_hops,
        "path_hops": explorer.path_hops,
        "path_days": explorer.path_days,
        "may_save": who.person.role == INVESTIGATOR,
    }
    may_save = given["may_save"]
    cases = _open_cases(shared) if may_save else []
    return render(
        request, "graph.html.j2", title, run=read.run, given=given, heading=title, may_save=may_save, cases=cases
    )


def _open_cases(shared: State) -> list[tuple[int, str]]:
    """Number and title of the cases that a view can be put into, those last changed first."""
    cases = [case for case in named(*listed(shared.store)) if case["status"] in WORKED_ON][:_CASES]
    return [(case["id"], harmless(case["title"], 80)) for case in cases]
