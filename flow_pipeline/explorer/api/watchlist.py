"""The watch list: addresses and entities whose transfers, findings and risk are alerts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from flow_pipeline.alerts import watchlist
from flow_pipeline.explorer.answers import Answer
from flow_pipeline.explorer.state import Page, Read, Shared, part_of
from flow_pipeline.explorer.who import Writer
from flow_pipeline.questions.known import check_watch
from flow_pipeline.warehouse.publish import last_day

router = APIRouter(prefix="/watchlist", tags=["watch list"])


class Watch(BaseModel):
    """What is to be watched."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["address", "entity"]
    key: str = Field(min_length=1, max_length=300, description="the address, or the entity by its name")
    chain: str | None = Field(None, max_length=100, description="only there; null for every chain")
    reason: str = Field(min_length=1, max_length=2_000)
    owner: str | None = Field(None, max_length=64, description="who wants to know; null for whoever asks")
    first_day: date | None = Field(None, description="first day that is told; null for the last published one")


@router.get("")
def listing(
    shared: Shared, page: Page, every: Annotated[bool, Query(description="also what is watched no more")] = False
) -> Response:
    """What is watched, the latest first."""
    return page.counted(None, part_of(watchlist.listed(shared.settings, every), page.part))


@router.post("", status_code=201)
def add(who: Writer, shared: Shared, read: Read, watch: Watch) -> Response:
    """Watch an address or an entity from now on; what is watched already gets the new owner and reason."""
    check_watch(read.connection, watch.kind, watch.key.strip(), watch.chain)
    day = watch.first_day or last_day(read.connection)
    owner = watch.owner or who.person.name
    made = watchlist.watch(shared.settings, watch.kind, watch.key, owner, watch.reason, watch.chain, first_day=day)
    return Answer({"watch_id": made, "first_day": day}, 201)


@router.delete("/{watch_id}")
def end(
    who: Writer, shared: Shared, read: Read, watch_id: Annotated[str, Path(min_length=4, max_length=32)]
) -> Response:
    """Watch it no more; what was told of it stands."""
    return Answer({"watch_id": watchlist.unwatch(shared.settings, watch_id, last_day(read.connection))})
