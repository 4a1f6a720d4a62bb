"""The first page: search, and what is there."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from flow_pipeline.explorer.pages import render
from flow_pipeline.explorer.state import Read
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions.overview import overview

router = APIRouter()


@router.get("/")
def home(request: Request, who: Reader, read: Read) -> HTMLResponse:
    """Search, and what the publication holds in short."""
    return render(request, "home.html.j2", "netraflow", run=read.run, found=overview(read.connection))
