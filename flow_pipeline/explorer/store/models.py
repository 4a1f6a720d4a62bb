"""Tables of the database of cases. A change here needs a migration in `migrations/versions`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, MetaData, String, Text, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column

NAME = 64
"""Letters of a name of a person or of a token."""
TITLE = 300
KEY = 400
"""Letters of what names an item of a case: an alert's or a finding's id, chain and address, an entity."""


class Base(DeclarativeBase):
    """Every constraint has a name, so that a migration can change it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Person(Base):
    """Somebody who may sign in. Cases name people by their name alone, so that history outlives them."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class SignIn(Base):
    """A session in a browser; the token itself is with the browser alone."""

    __tablename__ = "sign_ins"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Token(Base):
    """A token of the API; it is shown once, when it is made."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(NAME))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class View(Base):
    """A saved view of the graph; its id is all that somebody needs to find it."""

    __tablename__ = "views"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    title: Mapped[str] = mapped_column(String(TITLE))
    state: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(NAME))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Case(Base):
    """A matter that people look into."""

    __tablename__ = "cases"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(TITLE))
    status: Mapped[str] = mapped_column(String(16), index=True)
    priority: Mapped[str] = mapped_column(String(16))
    assignee: Mapped[str | None] = mapped_column(String(NAME))
    narrative: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    closed_by: Mapped[str | None] = mapped_column(String(NAME))
    closed_at: Mapped[datetime | None]
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    created_by: Mapped[str] = mapped_column(String(NAME))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    # An id that was given is not given again, whatever became of its case.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Item(Base):
    """Something that a case is about, with a copy of what was known of it when it was added."""

    __tablename__ = "case_items"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(String(KEY), primary_key=True)
    run: Mapped[str | None] = mapped_column(String(NAME))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)
    added_by: Mapped[str] = mapped_column(String(NAME))
    added_at: Mapped[datetime]

    __table_args__ = (Index("ix_case_items_kind_key", "kind", "key"),)


class Note(Base):
    """A note in a case, Markdown; it is never changed."""

    __tablename__ = "case_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    body: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(NAME))
    made_at: Mapped[datetime]


class Event(Base):
    """Who did what in a case; it is never changed."""

    __tablename__ = "case_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    act: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(NAME))
    made_at: Mapped[datetime]


def _refuse(mapper: Mapper[Base], connection: Connection, target: Base) -> None:
    raise RuntimeError(f"{type(target).__name__} is only added to")


for _kept in (Note, Event):
    event.listen(_kept, "before_update", _refuse)
    event.listen(_kept, "before_delete", _refuse)
