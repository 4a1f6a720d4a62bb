"""The graph: a node with its counterparties, what some addresses sent each other, ways between two, a finding."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.explorer.answers import Answer, Cursor, cursor_of, page, read_cursor, single, whole_number
from flow_pipeline.explorer.graphs import View, draw, paint
from flow_pipeline.explorer.state import Read, Shared, State
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions import graph
from flow_pipeline.questions.rows import Rows

router = APIRouter(prefix="/graph", tags=["graph"])

Chain = Annotated[str, Query(max_length=60)]
Address = Annotated[str, Query(max_length=200)]
Day = Annotated[date | None, Query(description="UTC, included")]
Limit = Annotated[int | None, Query(ge=0)]


class Among(BaseModel):
    """Which addresses' transfers among each other are asked for."""

    chain: str = Field(max_length=60)
    addresses: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=1_000)
    first: date | None = Field(None, description="first day, UTC")
    last: date | None = Field(None, description="last day, included")
    tokens: bool = Field(True, description="with the sums per token")


@router.get("/expand")
def expand(
    request: Request, read: Read, shared: Shared, chain: Chain, address: Address, limit: Limit = None,
    cursor: Cursor = None,
) -> Response:  # fmt: skip
    """A node and its counterparties, those of most dollars first; `limit=0` is the node alone."""
    explorer = shared.settings.explorer
    limit = explorer.graph_page if limit is None else limit
    _refuse_more(shared, limit, f"limit={limit}")
    after = whole_number(read_cursor(cursor)[1]) if cursor else 0
    known = graph.known_place(read.connection, chain, address)
    found = graph.expansion(read.connection, chain, known, limit, after)
    more = cursor_of(read.run, [after + len(found["items"])]) if found["others"] else None
    return single(request, read.run, {**found, "next_cursor": more})


@router.post("/edges")
def edges(read: Read, shared: Shared, among: Among) -> Response:
    """What some addresses sent each other on some days; and who they are."""
    _refuse_more(shared, len(among.addresses), f"{len(among.addresses)} addresses")
    window = Window(among.first, among.last)
    found = graph.edges(read.connection, among.chain, among.addresses, window)
    if not among.tokens:
        found = [{key: value for key, value in edge.items() if key != "tokens"} for edge in found]
    nodes = graph.nodes(read.connection, among.chain, among.addresses)
    return Answer({"items": found, "nodes": nodes, "run": read.run})


@router.get("/transfers")
def transfers(
    request: Request, read: Read, shared: Shared, chain: Chain, source: Address, target: Address, first: Day = None,
    last: Day = None, limit: Limit = None, cursor: Cursor = None,
) -> Response:  # fmt: skip
    """Transfers from one address to another, in order of time."""
    most = shared.settings.explorer.page_rows if limit is None else max(limit, 1)
    if most > shared.settings.explorer.max_page_rows:
        raise UsageError(
            f"limit={most}: a page has at most {shared.settings.explorer.max_page_rows} rows",
            "ask for the next page with next_cursor",
        )
    after = whole_number(read_cursor(cursor)[1]) if cursor else 0
    found = graph.transfers(read.connection, chain, source, target, Window(first, last), most + 1, after)
    shown = Rows(found[0], found[1][:most], found.types)
    return page(request, read.run, shown, [after + most] if len(found[1]) > most else None)


@router.get("/finding/{finding_id}")
def finding(request: Request, read: Read, shared: Shared, finding_id: str) -> Response:
    """The addresses of a finding and what they sent each other; `ordinals` are the finding's transfers, in order."""
    return single(
        request, read.run, graph.finding_graph(read.connection, finding_id, shared.settings.explorer.graph_nodes)
    )


@router.post("/picture")
def picture(
    shared: Shared, who: Reader, view: View, form: Annotated[str, Query(pattern="^(svg|png)$")] = "svg"
) -> Response:
    """A graph as a picture on light paper, with its legend and run: what an evidence bundle holds of it."""
    _refuse_more(shared, len(view.shown), f"{len(view.shown)} nodes")
    return drawn(view, form)


def drawn(view: View, form: str) -> Response:
    """A picture of a graph as an answer."""
    if form == "png":
        return Response(paint(view), media_type="image/png")
    # An SVG opened by itself is a document: it may load and run nothing.
    return Response(draw(view), media_type="image/svg+xml", headers={"Content-Security-Policy": "default-src 'none'"})


def _refuse_more(shared: State, count: int, said: str) -> None:
    most = shared.settings.explorer.graph_nodes
    if count > most:
        raise UsageError(f"{said}: a graph has at most {most} nodes", "take fewer, or raise explorer.graph_nodes")
