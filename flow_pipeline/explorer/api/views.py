"""Saved views of the graph: whoever has the address of one sees it; investigators save them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field, ValidationError

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.explorer.answers import Answer, single
from flow_pipeline.explorer.api.graph import PICTURES, drawn, refuse_large
from flow_pipeline.explorer.graphs import View
from flow_pipeline.explorer.state import Shared, State
from flow_pipeline.explorer.store.views import save, saved_view
from flow_pipeline.explorer.who import Caller, Reader, Writer

router = APIRouter(prefix="/views", tags=["views"])
ViewId = Annotated[str, Path(max_length=64, description="the end of the view's address")]


class Saved(BaseModel):
    """A view to save."""

    title: str = Field(min_length=1, max_length=300)
    state: View


class Changed(Saved):
    """A view to save over another."""

    version: int = Field(ge=1, description="the version that was seen")


@router.post("", status_code=201)
def make(shared: Shared, who: Writer, given: Saved) -> Response:
    """Save a new view."""
    return _kept(shared, who, given, None, None)


@router.put("/{view_id}")
def change(shared: Shared, who: Writer, view_id: ViewId, given: Changed) -> Response:
    """Save over a view; refused with 409 where somebody saved another version since."""
    return _kept(shared, who, given, view_id, given.version)


@router.get("/{view_id}.svg", responses=PICTURES)
def as_svg(shared: Shared, who: Reader, view_id: ViewId) -> Response:
    """A view as SVG."""
    return drawn(shared, _view(shared, view_id), "svg")


@router.get("/{view_id}.png", responses=PICTURES)
def as_png(shared: Shared, who: Reader, view_id: ViewId) -> Response:
    """A view as PNG."""
    return drawn(shared, _view(shared, view_id), "png")


@router.get("/{view_id}")
def one(request: Request, shared: Shared, who: Reader, view_id: ViewId) -> Response:
    """A view: title, state, version, who saved it and when."""
    return single(request, None, saved_view(shared.store, view_id))


def _view(shared: State, view_id: str) -> View:
    """A view that can be drawn: what is bounded today was not when it was saved, or somebody wrote to the database.

    Raises:
        UsageError: its state is none that can be drawn.
    """
    try:
        return View.model_validate(saved_view(shared.store, view_id)["state"])
    except ValidationError as error:
        first = error.errors()[0]
        said = f"{'.'.join(str(part) for part in first['loc'])} {first['msg']}".strip()
        raise UsageError(
            f"the view {view_id} can not be drawn: {said}", "open its page, which brings it within bounds, and save it"
        ) from error


def _kept(shared: State, who: Caller, given: Saved, view_id: str | None, seen: int | None) -> Response:
    refuse_large(shared, given.state)
    state: dict[str, Any] = given.state.model_dump(mode="json", exclude_defaults=True)
    found, version = save(shared.store, who.person.name, given.title, state, view_id, seen)
    return Answer({"id": found, "version": version}, 201 if view_id is None else 200)
