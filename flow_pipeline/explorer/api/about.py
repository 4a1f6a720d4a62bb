"""What is published: the run, its audits, the labels in force, how fresh it is; and the tip of a followed chain."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from flow_pipeline.explorer.answers import single
from flow_pipeline.explorer.state import AskOne, Shared
from flow_pipeline.questions.publications import about
from flow_pipeline.questions.tip import tip_status

router = APIRouter(tags=["about"])


@router.get("/about")
def published(ask: AskOne) -> Response:
    """The run, when it was published, its days, its audits, the label sets in force."""
    return ask.single(about)


@router.get("/live")
def live(request: Request, shared: Shared) -> Response:
    """What a process that follows a chain has seen so far; `status` is null where nothing was ever followed.

    It is of no run: what it tells is not audited.
    """
    found: dict[str, Any] = {"status": tip_status(shared.settings)}
    return single(request, None, found)
