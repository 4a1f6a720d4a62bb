"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from flow_pipeline.explorer.pages import render, set_session
from flow_pipeline.explorer.safety import caller_of
from flow_pipeline.explorer.state import Shared
from flow_pipeline.explorer.store import people
from flow_pipeline.explorer.who import COOKIE, Form, Reader, check_form

router = APIRouter()
IS_OPEN = True
"""Who signs in is not signed in."""


@router.get("/login")
def ask(request: Request, back: Annotated[str, Query(max_length=2_000)] = "/") -> Response:
    """The form."""
    return render(request, "login.html.j2", "Sign in", back=back, trouble="")


@router.post("/login")
def sign_in(request: Request, shared: Shared, form: Form) -> Response:
    """Begin a session, and go back to where somebody came from."""
    back = form.get("back", "/")
    name = form.get("name", "").strip()
    caller = caller_of(request.scope, shared.settings.explorer)
    wait = shared.logins.wait(f"{caller} {name.lower()}"[:200]) or shared.guesses.wait(caller)
    if wait:
        told = f"Too many attempts; try again in {int(wait) + 1} s."
        answer = render(request, "login.html.j2", "Sign in", 429, back=back, trouble=told)
        answer.headers["Retry-After"] = str(int(wait) + 1)
        return answer
    session = people.sign_in(shared.store, name, form.get("password", ""))
    if session is None:
        told = "Name and password do not belong together."
        return render(request, "login.html.j2", "Sign in", 401, back=back, trouble=told)
    leaving = RedirectResponse(own_path(back), 303)
    set_session(request, leaving, session)
    return leaving


@router.post("/logout")
async def sign_out(request: Request, who: Reader, shared: Shared) -> Response:
    """End the session."""
    await check_form(request, who)
    people.sign_out(shared.store, who.session)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def own_path(back: str) -> str:
    """A path of this server to go to; the first page for anything else, which a stranger may have put into a link."""
    is_own = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable() and "\\" not in back
    return back if is_own else "/"
