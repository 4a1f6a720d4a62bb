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
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.explorer.safety import client_of, csrf_of, is_loopback
from flow_pipeline.explorer.state import State, state_of
from flow_pipeline.explorer.store import people
from flow_pipeline.explorer.store.people import Visitor

COOKIE = "netraflow_session"
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
INVESTIGATOR: people.Role = "investigator"
_MOST_FIELDS = 2_000
_SESSION_LETTERS = 32
"""Fewest of a session that was made here; a shorter one was not."""


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
        is_signed_in: True for a session that a password began.
        is_new: True when the answer has to set the session's cookie.
    """

    person: Visitor
    session: str = ""
    is_signed_in: bool = False
    is_new: bool = False

    @property
    def csrf(self) -> str:
        """What forms of the session carry; empty for tokens."""
        return csrf_of(self.session) if self.session else ""


def asks_for_people(state: State) -> bool:
    """True where people sign in: somebody has a password, a proxy names them, or others than this machine reach it."""
    is_named = bool(state.settings.explorer.trusted_header)
    return is_named or not is_loopback(state.host) or people.is_anybody(state.store)


def caller(request: Request) -> Caller | None:
    """Who asks; None for nobody that is known."""
    state = state_of(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        found = people.bearer(state.store, token.strip())
        return Caller(found) if found else None
    session = request.cookies.get(COOKIE, "")
    if name := _named_by_proxy(request, state):
        found = people.named(state.store, name)
        return _with_session(found, session) if found else None
    if asks_for_people(state):
        found = people.visitor(state.store, session) if session else None
        return Caller(found, session, is_signed_in=True) if found else None
    return _with_session(Visitor(_machine_user(), INVESTIGATOR), session)


def _named_by_proxy(request: Request, state: State) -> str:
    """Whom a proxy that is trusted names; empty where there is none."""
    header = state.settings.explorer.trusted_header
    if not header or client_of(request.scope) not in state.settings.explorer.trusted_proxies:
        return ""
    return request.headers.get(header, "")


def _with_session(person: Visitor, session: str) -> Caller:
    """Somebody who needs no password: the session is there for the token of its forms alone."""
    is_new = len(session) < _SESSION_LETTERS
    return Caller(person, secrets.token_urlsafe(_SESSION_LETTERS) if is_new else session, is_new=is_new)


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
    await fields_of(request)  # a refusal shows what was typed
    if who.person.role != INVESTIGATOR:
        raise Forbidden(f"{who.person.name} may only read", "an investigator may write: `netraflow people list`")
    if who.is_new:
        raise NotSignedIn("there is no session", "open a page of the explorer first, or send a token")
    if who.session:
        await check_form(request, who)
    return who


async def check_form(request: Request, who: Caller) -> None:
    """Refuse a change that no page of this session asked for.

    Raises:
        Forbidden: the token is missing or of another session.
    """
    given = request.headers.get(CSRF_HEADER) or (await form_of(request)).get(CSRF_FIELD, "")
    if not secrets.compare_digest(given.encode(), who.csrf.encode()):
        raise Forbidden("the form is not of this session", "load the page again, then send it once more")


async def fields_of(request: Request) -> list[tuple[str, str]]:
    """Fields of a form that was sent, in their order; none of another kind of body."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return []
    text = (await request.body()).decode(errors="replace")
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise UsageError(f"the form has more than {_MOST_FIELDS:,} fields", "send fewer at once") from None
    request.state.fields = [(name, value.replace("\r\n", "\n")) for name, value in fields]
    return list(request.state.fields)


async def form_of(request: Request) -> dict[str, str]:
    """Fields of a form that was sent, the last of each name."""
    return dict(await fields_of(request))


Reader = Annotated[Caller, Depends(reader)]
Writer = Annotated[Caller, Depends(writer)]
Form = Annotated[dict[str, str], Depends(form_of)]
Fields = Annotated[list[tuple[str, str]], Depends(fields_of)]
