"""An address on a chain: who it is, whom it dealt with, what it moved, how risky it is and what would clear it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.explorer.state import UNSET, Ask, AskOne, Days, Shared, Token
from flow_pipeline.questions import findings as findings_asked
from flow_pipeline.questions.addresses import profile
from flow_pipeline.questions.counterparties import counterparties
from flow_pipeline.questions.exposure import exposure
from flow_pipeline.questions.history import CHANGE_IN_WORDS, history
from flow_pipeline.questions.known import known_chain
from flow_pipeline.questions.pairs import After, address_transfers, pair_transfers
from flow_pipeline.questions.places import place_of
from flow_pipeline.questions.rows import Part, Rows
from flow_pipeline.warehouse.store import Connection

router = APIRouter(prefix="/addresses/{chain}/{address}", tags=["addresses"])
Chain = Annotated[str, Path(max_length=100, description="a chain, such as ethereum")]
Address = Annotated[str, Path(max_length=200, description="an address, in any case where its chain has none")]
Hops = Annotated[int | None, UNSET, Query(ge=1, le=20, description="1: direct alone; unset: explorer.exposure_hops")]
TRANSFER_KEY = ("block_timestamp", "load_id", "source_row")


@router.get("")
def one(ask: AskOne, chain: Chain, address: Address) -> Response:
    """What it did and is: activity, tokens, hours, labels, conflicts, owners, roles, risk and what would clear it."""
    return ask.single(lambda c: profile(c, chain, place_of(c, chain, address)))


@router.get("/exposure")
def exposed(
    ask: AskOne,
    shared: Shared,
    chain: Chain,
    address: Address,
    hops: Hops = None,
) -> Response:
    """Whose money came, and to whom it went, by category: directly, and over hops by the tracer's shares."""

    def found(connection: Connection) -> dict[str, Any]:
        place, settings = place_of(connection, chain, address), shared.settings
        known = exposure(connection, chain, place, settings.explorer, settings.tracing, hops)
        names = ("categories", "tokens", "totals", "attribution", "hops", "left_out")
        return {name: getattr(known, name) for name in names}

    return ask.single(found)


@router.get("/counterparties")
def dealt_with(ask: Ask, chain: Chain, address: Address, days: Days, token: Token = None) -> Response:
    """Whom it dealt with: the most dollars both ways first, then the most transfers."""

    def found(connection: Connection, limit: int, after: int) -> Rows:
        place = place_of(connection, chain, address)
        own = known_chain(connection, chain)
        return counterparties(connection, own, place, limit, after, days.first, days.last, token).rows

    return ask.listing(lambda c, part: found(c, part.limit, part.after))


@router.get("/transfers")
def transfers(
    ask: Ask,
    chain: Chain,
    address: Address,
    days: Days,
    token: Token = None,
    way: Annotated[Literal["in", "out"] | None, Query(description="only what it got, or paid")] = None,
) -> Response:
    """Its transfers, the latest first."""
    place = place_of(ask.read.connection, chain, address)
    own = known_chain(ask.read.connection, chain)
    found = address_transfers(
        ask.read.connection,
        own,
        place,
        ask.paging.limit + 1,
        after_of(ask.paging.key),
        way,
        token,
        days.first,
        days.last,
    )
    return ask.paging.keyed(ask.read.run, found.rows, *TRANSFER_KEY)


@router.get("/transfers-to/{receiver}")
def transfers_to(ask: Ask, chain: Chain, address: Address, receiver: Annotated[str, Path(max_length=200)]) -> Response:
    """What it paid to another address, in order of time."""
    connection = ask.read.connection
    ends = place_of(connection, chain, address), place_of(connection, chain, receiver)
    own = known_chain(connection, chain)
    found = pair_transfers(connection, own, *ends, ask.paging.limit + 1, after_of(ask.paging.key))
    return ask.paging.keyed(ask.read.run, found.rows, *TRANSFER_KEY)


@router.get("/history")
def change(ask: Ask, chain: Chain, address: Address, days: Days) -> Response:
    """What came and went per day and token, and how far that has changed since the window began; it is no balance."""

    def found(connection: Connection) -> Rows:
        return history(connection, chain, place_of(connection, chain, address), days).rows

    return ask.whole(found, note=CHANGE_IN_WORDS)


@router.get("/findings")
def findings(
    ask: Ask, chain: Chain, address: Address, every: Annotated[bool, Query(description="also unsuspicious ones")] = True
) -> Response:
    """Findings that it stands in, suspicious ones first."""

    def found(connection: Connection, part: Part) -> Rows:
        own = known_chain(connection, chain)
        return findings_asked.findings(connection, None, Window(), None, address, every, part, own)

    return ask.listing(found)


def after_of(key: list[Any]) -> After | None:
    """The place of a cursor of transfers.

    Raises:
        UsageError: it is of another list.
    """
    if not key:
        return None
    try:
        at, load, row = key
        if isinstance(at, str) and type(load) is int and type(row) is int and max(abs(load), abs(row)) < 2**31:
            return datetime.fromisoformat(at.removesuffix("Z")).replace(tzinfo=None), load, row
    except ValueError:
        pass
    raise UsageError("the cursor is of another list", "take next_cursor of the page before")
