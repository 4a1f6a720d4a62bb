"""The graph: a node with its counterparties, what some addresses sent each other, ways between two, a finding."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.explorer.answers import Answer, Cursor, cursor_of, read_cursor, single, whole_number
from flow_pipeline.explorer.api.addresses import TRANSFER_KEY, after_of
from flow_pipeline.explorer.graphs import View, draw, paint
from flow_pipeline.explorer.state import Ask, AskOne, Days, Read, Shared, State
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions import graph
from flow_pipeline.questions.known import known_chain
from flow_pipeline.questions.pairs import pair_transfers
from flow_pipeline.questions.paths import paths
from flow_pipeline.questions.places import place_of
from flow_pipeline.warehouse.store import Connection

router = APIRouter(prefix="/graph", tags=["graph"])

Chain = Annotated[str, Query(max_length=100, description="a chain, such as ethereum")]
Address = Annotated[str, Query(max_length=200, description="an address, in any case where its chain has none")]
PICTURES: dict[int | str, dict[str, Any]] = {200: {"content": {"image/svg+xml": {}, "image/png": {}}}}
"""What a picture is told as."""
Picture = Annotated[str, Query(pattern="^(svg|png)$", description="svg or png")]


class Among(BaseModel):
    """Which addresses' transfers among each other are asked for."""

    chain: str = Field(max_length=100)
    addresses: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=1_000)
    first: date | None = Field(None, description="first day, UTC")
    last: date | None = Field(None, description="last day, included")
    tokens: bool = Field(True, description="with the sums per token")
    whole: bool = Field(False, description="every edge, however many")


@router.get("/expand")
def expand(
    request: Request,
    read: Read,
    shared: Shared,
    chain: Chain,
    address: Address,
    limit: Annotated[int | None, Query(ge=0, description="counterparties; 0 is the node alone")] = None,
    cursor: Cursor = None,
) -> Response:
    """A node and its counterparties, those of most dollars first, each with what went to it and came from it."""
    limit = shared.settings.explorer.graph_page if limit is None else limit
    _refuse_more(shared, limit, f"limit={limit}")
    after = whole_number(read_cursor(cursor)[2]) if cursor else 0
    own = known_chain(read.connection, chain)
    found = graph.expansion(read.connection, own, address, limit, after)
    more = cursor_of(request, read.run, [after + len(found["items"])]) if found["others"] else None
    return single(request, read.run, {**found, "next_cursor": more})


@router.post("/edges")
def edges(read: Read, shared: Shared, among: Among) -> Response:
    """What some addresses sent each other on some days, and who they are; without those that no transfer names.

    Edges of most dollars come first; `left_out` counts those of least that an answer leaves out.
    """
    _refuse_more(shared, len(among.addresses), f"{len(among.addresses)} addresses")
    own = known_chain(read.connection, among.chain)
    ids = graph.ids_of(read.connection, among.addresses)
    found = graph.edges(read.connection, own, ids, Window(among.first, among.last))
    most = shared.settings.explorer.graph_edges
    left_out = 0 if among.whole else max(len(found) - most, 0)
    found = found[: len(found) - left_out]
    if not among.tokens:
        found = [{key: value for key, value in edge.items() if key != "tokens"} for edge in found]
    nodes = list(graph.nodes(read.connection, own, ids.values()).values())
    return Answer({"items": found, "nodes": nodes, "left_out": left_out, "run": read.run})


@router.get("/transfers")
def transfers(ask: Ask, chain: Chain, source: Address, target: Address, days: Days) -> Response:
    """The transfers of an edge on some days, in order of time."""
    connection = ask.read.connection
    own = known_chain(connection, chain)
    ends = place_of(connection, own, source), place_of(connection, own, target)
    found = pair_transfers(connection, own, *ends, ask.paging.limit + 1, after_of(ask.paging.key), days)
    return ask.paging.keyed(ask.read.run, found.rows, *TRANSFER_KEY)


@router.get("/path")
def ways(
    ask: AskOne,
    shared: Shared,
    chain: Chain,
    source: Annotated[str, Query(alias="from", max_length=200, description="the address that paid")],
    target: Annotated[str, Query(alias="to", max_length=200, description="the address that was paid")],
    window: Days,
    hops: Annotated[int | None, Query(ge=1, description="most transfers of a way")] = None,
    days: Annotated[float | None, Query(gt=0, description="most days from its first transfer to its last")] = None,
) -> Response:
    """Ways of the money from one address to another: no transfer is before the one before it; fewest hops first."""

    def found(connection: Connection) -> dict[str, Any]:
        own = known_chain(connection, chain)
        ends = place_of(connection, own, source), place_of(connection, own, target)
        answer = paths(connection, own, *ends, shared.settings.explorer, hops, days, window)
        return {"items": answer.paths, "left_out": answer.left_out}

    return ask.single(found)


@router.get("/finding/{finding_id}")
def finding(ask: AskOne, shared: Shared, finding_id: str) -> Response:
    """The addresses of a finding and what they sent each other; `ordinals` are the finding's transfers, in order."""
    return ask.single(lambda c: graph.finding_graph(c, finding_id, shared.settings.explorer.graph_nodes))


@router.post("/picture", responses=PICTURES)
def picture(shared: Shared, who: Reader, view: View, form: Picture = "svg") -> Response:
    """A graph as a picture on light paper, with its legend and run: what an evidence bundle holds of it."""
    refuse_large(shared, view)
    return drawn(shared, view, form)


def drawn(shared: State, view: View, form: str) -> Response:
    """A picture of a graph as an answer."""
    if form == "png":
        return Response(paint(view, shared.settings.reports.chart_seconds), media_type="image/png")
    # Opened by itself an SVG is a document: this one may load and run nothing.
    return Response(draw(view), media_type="image/svg+xml", headers={"Content-Security-Policy": "default-src 'none'"})


def refuse_large(shared: State, view: View) -> None:
    """Refuse a graph of more nodes than can be read.

    Raises:
        UsageError: it has more than `explorer.graph_nodes`.
    """
    _refuse_more(shared, len(view.shown), f"{len(view.shown)} nodes")


def _refuse_more(shared: State, count: int, said: str) -> None:
    most = shared.settings.explorer.graph_nodes
    if count > most:
        raise UsageError(f"{said}: a graph has at most {most} nodes", "take fewer, or raise explorer.graph_nodes")
