"""Who asks: a signed-in person, a token, whoever a proxy in front names, or the one person of a machine.

Where nobody was given a password and the server listens on loopback, whoever opens it is the user of the machine and
may write. Everywhere else people sign in.
"""

from __future__ import annotations

import getpass
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.explorer.safety import SAFE, client_address, csrf_of, is_csrf, is_loopback
from flow_pipeline.explorer.state import State, state_of

COOKIE = "netraflow_session"
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"


READER, INVESTIGATOR = "reader", "investigator"


@dataclass(frozen=True)
class Person:
    """Somebody: name and role."""

    name: str
    role: str


class NotSignedIn(FlowError):
    """Nobody that is known asks."""


class Forbidden(FlowError):
    """Whoever asks may not do it."""


@dataclass(frozen=True)
class Caller:
    """Who asks, and how that is known.

    Attributes:
        person: Name and role.
        session: Of the cookie; empty for tokens.
        csrf: What forms of the session carry.
        is_local: True for the user of the machine, who never signed in.
        is_new: True when the answer has to set the session's cookie.
    """

    person: Person
    session: str = ""
    csrf: str = ""
    is_local: bool = False
    is_new: bool = False


def asks_for_people(state: State) -> bool:
    """True where people sign in: somebody has a password, a proxy names them, or others than this machine reach it."""
    return bool(state.settings.explorer.trusted_header) or not is_loopback(state.host)


def caller(request: Request) -> Caller | None:
    """Who asks; None for nobody that is known."""
    state = state_of(request)
    kind = request.headers.get("authorization", "").partition(" ")[0]
    if kind.lower() == "bearer":
        return None
    session = request.cookies.get(COOKIE, "")
    header = state.settings.explorer.trusted_header
    if header and client_address(request) in state.settings.explorer.trusted_proxies:
        return None
    if asks_for_people(state):
        return None
    return _with_session(state, Person(_machine_user(), INVESTIGATOR), session, is_local=True)


def _with_session(state: State, person: Person, session: str, is_local: bool = False) -> Caller:
    """Somebody who needs no password: the session is there for the token of its forms alone."""
    is_new = len(session) < 32
    session = secrets.token_urlsafe(32) if is_new else session
    return Caller(person, session, csrf_of(state.secret, f"{person.name} {session}"), is_local, is_new)


def _machine_user() -> str:
    with suppress(OSError, KeyError):
        return getpass.getuser()
    return "local"


def reader(request: Request) -> Caller:
    """Who reads.

    Raises:
        NotSignedIn: nobody that is known.
    """
    found = caller(request)
    if found is None:
        raise NotSignedIn("nobody is signed in", "sign in, or send a token as `Authorization: Bearer …`")
    request.state.caller = found
    return found


async def writer(request: Request, who: Annotated[Caller, Depends(reader)]) -> Caller:
    """Who changes something: an investigator, with a token, or with a session and the token of its forms.

    Raises:
        NotSignedIn: there is neither.
        Forbidden: a reader; or a form that is not of this session.
    """
    if who.person.role != INVESTIGATOR:
        raise Forbidden(f"{who.person.name} may read alone", "`netraflow people` gives the role investigator")
    if who.session:
        if who.is_new:
            raise NotSignedIn("there is no session", "open a page of the explorer first, or send a token")
        await check_form(request, who)
    return who


async def check_form(request: Request, who: Caller) -> None:
    """Refuse a change that no page of this session asked for.

    Raises:
        Forbidden: the token is missing or of another session.
    """
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.method not in SAFE and "form" in request.headers.get("content-type", ""):
        given = (await form_of(request)).get(CSRF_FIELD, "")
    if not secrets.compare_digest(given.encode(), who.csrf.encode()):
        raise Forbidden("the form is not of this session", "load the page again, then send it once more")


async def form_of(request: Request) -> dict[str, str]:
    """Fields of a form that was sent, the last of each name."""
    from urllib.parse import parse_qsl

    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))


Reader = Annotated[Caller, Depends(reader)]
Writer = Annotated[Caller, Depends(writer)]

__all__ = ["COOKIE", "READER", "Caller", "Forbidden", "NotSignedIn", "Reader", "Writer", "is_csrf"]
