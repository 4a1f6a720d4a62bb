"""Who may sign in: passwords, sessions of browsers, tokens of the API. Of all of them only hashes are stored.

What lives here: people and what proves who they are. What must not: cookies and headers (safety), what a role may do.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast, get_args

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from flow_pipeline.domain.errors import NotThere, UsageError, one_of
from flow_pipeline.explorer.store.models import Person, SignIn, Token
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.explorer.store.words import a_name, now
from flow_pipeline.questions.rows import Rows
from flow_pipeline.settings import Settings

Role = Literal["reader", "investigator"]
ROLES: tuple[str, ...] = get_args(Role)
"""A reader looks, an investigator writes too."""

_COST, _BLOCK, _LANES = 2**15, 8, 3
"""scrypt's n, r, p: one of the equal strengths that OWASP's cheat sheet on storing passwords lists, the one of 32 MB; a
hash takes a quarter of a second, and several at once do not fill a small server."""
_NOBODYS = f"scrypt${_COST}${_BLOCK}${_LANES}${'00' * 16}${'00' * 32}"
"""What the password of somebody who does not exist is compared with: no password has that hash."""
_MEMORY = 64 * 1024**2
_LONGEST_PASSWORD = 1_024
_TOKEN_BYTES = 32
_TOKEN_HEAD = "nf_"
"""Tells scanners of repositories what they found."""
_SEEN_EVERY = timedelta(minutes=1)
"""How exact `last_used_at` is: a write for each request would make readers wait for each other."""


@dataclass(frozen=True)
class Visitor:
    """Who asks."""

    name: str
    role: Role


def add(store: Store, name: str, role: str, password: str) -> None:
    """Let somebody in from now on.

    Raises:
        UsageError: the name is taken, the role is none, or the password is too short.
    """
    name, role = a_name("the name", name), one_of("role", role, ROLES)
    kept = hashed(_checked(password, store.settings))
    with store.session() as session:
        session.add(Person(name=name, role=role, password=kept, created_at=now()))
        try:
            session.flush()
        except IntegrityError:
            raise UsageError(
                f"there is somebody called {name}", "`netraflow people password` gives them another password"
            ) from None


def remove(store: Store, name: str) -> None:
    """Let somebody in no more: sessions and tokens end at once. What they wrote stays under their name.

    Raises:
        NotThere: there is nobody of that name.
    """
    with store.session() as session:
        session.delete(_person(session, name))


def set_password(store: Store, name: str, password: str) -> None:
    """Give somebody another password; sessions end, tokens stay.

    Raises:
        NotThere: there is nobody of that name.
        UsageError: the password is too short.
    """
    kept = hashed(_checked(password, store.settings))
    with store.session() as session:
        person = _person(session, name)
        person.password = kept
        session.execute(delete(SignIn).where(SignIn.person_id == person.id))


def listed(store: Store) -> Rows:
    """Everybody who may sign in: name, role, created_at, sessions, tokens, last_used_at of the tokens."""
    sessions = select(func.count()).where(SignIn.person_id == Person.id, SignIn.expires_at > now()).scalar_subquery()
    tokens = select(func.count()).where(Token.person_id == Person.id).scalar_subquery()
    used = select(func.max(Token.last_used_at)).where(Token.person_id == Person.id).scalar_subquery()
    asked = select(Person.name, Person.role, Person.created_at, sessions, tokens, used).order_by(Person.name)
    with store.reading() as session:
        found = [tuple(row) for row in session.execute(asked)]
    names = ["name", "role", "created_at", "sessions", "tokens", "last_used_at"]
    return Rows(names, found, ["VARCHAR", "VARCHAR", "TIMESTAMP", "BIGINT", "BIGINT", "TIMESTAMP"])


def named(store: Store, name: str) -> Visitor | None:
    """Somebody by name, whom a trusted proxy vouches for; None where there is nobody of that name."""
    with store.reading() as session:
        person = _find(session, name)
        return Visitor(person.name, cast(Role, person.role)) if person else None


def is_anybody(store: Store) -> bool:
    """Whether somebody may sign in at all."""
    with store.reading() as session:
        return session.scalar(select(Person.id).limit(1)) is not None


# ------------------------------------------------------------------------------------------------ sessions


def sign_in(store: Store, name: str, password: str) -> str | None:
    """The token of a new session; None where name and password do not belong together.

    Nobody of that name takes as long as a wrong password.
    """
    with store.reading() as session:
        person = _find(session, name)
        person_id, kept = (person.id, person.password) if person else (None, _NOBODYS)
    if not fits(password, kept) or person_id is None:
        return None
    token, moment = secrets.token_urlsafe(_TOKEN_BYTES), now()
    until = moment + timedelta(hours=store.settings.explorer.session_hours)
    with store.session() as session:
        current = session.get(Person, person_id)
        if current is None or current.password != kept:  # removed, or another password, while this one was compared
            return None
        session.execute(delete(SignIn).where(SignIn.expires_at <= moment))
        session.add(SignIn(token_hash=_mark(token), person_id=person_id, created_at=moment, expires_at=until))
    return token


def sign_out(store: Store, token: str) -> None:
    """End a session; nothing happens where there is none."""
    with store.session() as session:
        session.execute(delete(SignIn).where(SignIn.token_hash == _mark(token)))


def visitor(store: Store, token: str) -> Visitor | None:
    """Who holds the token of a session; None where it has ended or never was."""
    asked = (
        select(Person.name, Person.role)
        .join(SignIn, SignIn.person_id == Person.id)
        .where(SignIn.token_hash == _mark(token), SignIn.expires_at > now())
    )
    with store.reading() as session:
        found = session.execute(asked).first()
    return Visitor(found.name, found.role) if found else None


# ------------------------------------------------------------------------------------------------ tokens


def make_token(store: Store, name: str, called: str) -> str:
    """A new token of the API for somebody; it can not be seen again.

    Args:
        store: Where it is kept.
        name: Whose it is.
        called: What it is for, to know it by when it is revoked.

    Raises:
        NotThere: there is nobody of that name.
    """
    token, called = _TOKEN_HEAD + secrets.token_urlsafe(_TOKEN_BYTES), a_name("the token's name", called)
    with store.session() as session:
        person = _person(session, name)
        session.add(Token(person_id=person.id, name=called, token_hash=_mark(token), created_at=now()))
    return token


def tokens(store: Store, name: str) -> Rows:
    """Somebody's tokens: id, name, created_at, last_used_at.

    Raises:
        NotThere: there is nobody of that name.
    """
    with store.reading() as session:
        person = _person(session, name)
        asked = select(Token).where(Token.person_id == person.id).order_by(Token.id)
        found = [(one.id, one.name, one.created_at, one.last_used_at) for one in session.scalars(asked)]
    return Rows(["id", "name", "created_at", "last_used_at"], found, ["BIGINT", "VARCHAR", "TIMESTAMP", "TIMESTAMP"])


def revoke(store: Store, name: str, token_id: int) -> None:
    """End a token of somebody.

    Raises:
        NotThere: there is nobody of that name, or no such token of theirs.
    """
    with store.session() as session:
        token = session.get(Token, token_id)
        if token is None or token.person_id != _person(session, name).id:
            raise NotThere(f"{name} has no token {token_id}", f"`netraflow people token {name} --list` shows them")
        session.delete(token)


def bearer(store: Store, token: str) -> Visitor | None:
    """Who holds a token of the API; None where it is revoked or never was."""
    asked = (
        select(Person.name, Person.role, Token.id, Token.last_used_at)
        .join(Token, Token.person_id == Person.id)
        .where(Token.token_hash == _mark(token))
    )
    with store.reading() as session:
        found = session.execute(asked).first()
    if found is None:
        return None
    if found.last_used_at is None or now() - found.last_used_at > _SEEN_EVERY:
        with store.session() as session:
            used = session.get(Token, found.id)
            if used is None:
                return None
            used.last_used_at = now()
    return Visitor(found.name, found.role)


# ------------------------------------------------------------------------------------------------ passwords


def hashed(password: str) -> str:
    """A password as it is stored: how it was hashed, salt and hash."""
    salt = os.urandom(16)
    return f"scrypt${_COST}${_BLOCK}${_LANES}${salt.hex()}${_derived(password, salt, _COST, _BLOCK, _LANES).hex()}"


def fits(password: str, kept: str) -> bool:
    """Whether a password is the one that is stored; it takes the same time whatever the answer."""
    _, cost, block, lanes, salt, mark = kept.split("$")
    derived = _derived(password[:_LONGEST_PASSWORD], bytes.fromhex(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(derived, bytes.fromhex(mark)) and len(password) <= _LONGEST_PASSWORD


def _derived(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    # The same letters come composed or not, by the keyboard.
    written = unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")
    return hashlib.scrypt(written, salt=salt, n=cost, r=block, p=lanes, maxmem=_MEMORY, dklen=32)


def _checked(password: str, settings: Settings) -> str:
    least = settings.explorer.least_password
    if not least <= len(password) <= _LONGEST_PASSWORD:
        raise UsageError(
            f"the password has {len(password):,} letters",
            f"give from {least} (explorer.least_password) to {_LONGEST_PASSWORD:,}; a sentence is easy to keep",
        )
    return password


def _mark(token: str) -> str:
    """A token as it is stored: it has 256 random bits, so that a fast hash is enough."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _find(session: Session, name: str) -> Person | None:
    return session.scalar(select(Person).where(Person.name == name.strip()))


def _person(session: Session, name: str) -> Person:
    found = _find(session, name)
    if found is None:
        raise NotThere(f"there is nobody called {name}", "`netraflow people list` shows who there is")
    return found
