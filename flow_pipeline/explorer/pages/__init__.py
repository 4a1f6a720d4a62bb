"""Pages: server-rendered HTML that can be linked to, works without scripts but for charts and the graph.

What lives here: routes of pages, one file per kind, and how they are rendered. What must not: questions, decisions
about alerts, the words of a case. Templates escape everything that they show.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from flow_pipeline import __version__
from flow_pipeline.domain.plugs import files_of
from flow_pipeline.explorer.who import COOKIE, Caller
from flow_pipeline.reports.page import in_words, is_number


def router() -> APIRouter:
    """Every page; a new file in this room is found without any other edit."""
    pages = APIRouter(include_in_schema=False)
    for module in files_of(__name__):
        pages.include_router(module.router)
    return pages


@cache
def environment() -> jinja2.Environment:
    """Templates of the room, which escape what they show and refuse what they are not given."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("flow_pipeline.explorer", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {"show": in_words, "segment": lambda text: quote(str(text), safe="")}
    made.tests |= {"number": is_number}
    made.globals |= {"version": __version__, "short": short, "address_path": address_path, "entity_path": entity_path}
    return made


def short(text: str) -> str:
    """An address by its ends."""
    return text if len(text) <= 16 else f"{text[:8]}…{text[-6:]}"


def address_path(chain: str, address: str) -> str:
    """Where the page of an address is."""
    return f"/addresses/{quote(chain, safe='')}/{quote(address, safe='')}"


def entity_path(chain: str, entity: str) -> str:
    """Where the page of an entity is."""
    return f"/entities/{quote(chain, safe='')}/{quote(entity, safe='')}"


def render(request: Request, template: str, title: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page.

    Args:
        request: Whose page it is.
        template: File of the room.
        title: Of the page.
        status: Of HTTP.
        values: What the template shows; `run` is the publication that the page is about.
    """
    who: Caller | None = getattr(request.state, "caller", None)
    text = (
        environment()
        .get_template(template)
        .render(
            {
                "title": title,
                "who": who,
                "csrf": who.csrf if who else "",
                "run": None,
                "path": request.url.path,
                "query": request.query_params.get("q", ""),
                **values,
            }
        )
    )
    answer = HTMLResponse(text, status)
    if who and who.is_new:
        set_session(request, answer, who.session)
    return answer


def set_session(request: Request, answer: HTMLResponse, session: str) -> None:
    """Have the browser keep a session: no script reads it, no other site sends it."""
    answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/")


def refusal(request: Request, status: int, title: str, detail: str, way_out: str) -> HTMLResponse:
    """A refusal as a page."""
    return render(request, "refusal.html.j2", title, status, detail=detail, way_out=way_out)


def login_address(request: Request) -> str:
    """Where to sign in, and the page to come back to."""
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/login?{urlencode({'back': back})}"
