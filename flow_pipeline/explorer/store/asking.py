"""Looking at cases: lists, one with all that it has, which cases something is in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flow_pipeline.domain.errors import one_of
from flow_pipeline.explorer.store.changing import STATUSES, WORKED_ON, items_of, no_case
from flow_pipeline.explorer.store.copies import Copy
from flow_pipeline.explorer.store.models import Case, Event, Item, Note
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.questions.rows import Rows


def listed(store: Store, status: str | None = None, assignee: str | None = None) -> Rows:
    """Cases, those last changed first: open and waiting ones unless a status, or `all`, is given.

    Returns:
        Columns and rows: id, title, status, priority, assignee, alerts, findings, addresses, verdict, merged_into,
        created_at, changed_at, version.

    Raises:
        UsageError: there is no such status.
    """
    counts = [
        select(func.count()).where(Item.case_id == Case.id, Item.kind == kind).scalar_subquery().label(name)
        for kind, name in (("alert", "alerts"), ("finding", "findings"), ("address", "addresses"))
    ]
    asked = select(
        Case.id, Case.title, Case.status, Case.priority, Case.assignee, *counts, Case.verdict, Case.merged_into,
        Case.created_at, Case.changed_at, Case.version,
    ).order_by(Case.changed_at.desc(), Case.id.desc())  # fmt: skip
    if status is None:
        asked = asked.where(Case.status.in_((*WORKED_ON, "closing")))
    elif one_of("status", status, (*STATUSES, "all")) != "all":
        asked = asked.where(Case.status == status)
    if assignee is not None:
        asked = asked.where(Case.assignee == assignee)
    with store.reading() as session:
        found = [tuple(row) for row in session.execute(asked)]
    names = [column["name"] for column in asked.column_descriptions]
    text, count, time = "VARCHAR", "BIGINT", "TIMESTAMP"
    types = [count, text, text, text, text, count, count, count, text, count, time, time, count]
    return Rows(names, found, types)


def shown(store: Store, case_id: int) -> dict[str, Any]:
    """A case with its `items`, `notes` and `timeline`, those of cases merged into it included.

    Items have kind, key, run, sha256, added_by, added_at and content, which is the copy; `merged` are the ids of the
    cases that were merged into it.

    Raises:
        NotThere: there is no such case.
    """
    with store.reading() as session:
        case = session.get(Case, case_id)
        if case is None:
            raise no_case(case_id)
        family = _family(session, case_id)
        notes = session.scalars(select(Note).where(Note.case_id.in_(family)).order_by(Note.made_at, Note.id))
        events = session.scalars(select(Event).where(Event.case_id.in_(family)).order_by(Event.made_at, Event.id))
        return {
            **_as_dict(case),
            "merged": family[1:],
            "items": [{**_as_dict(item), "content": json.loads(item.content)} for item in items_of(session, case_id)],
            "notes": [_as_dict(note) for note in notes],
            "timeline": [{**_as_dict(event), "detail": json.loads(event.detail)} for event in events],
        }


def copies_of(store: Store, case_id: int) -> list[Copy]:
    """What a case is about, as it was copied: the texts that the hashes are of.

    Raises:
        NotThere: there is no such case.
    """
    with store.reading() as session:
        if session.get(Case, case_id) is None:
            raise no_case(case_id)
        return [Copy(item.kind, item.key, item.run, item.content) for item in items_of(session, case_id)]


def cases_with(store: Store, kind: str, keys: Sequence[str]) -> dict[str, list[int]]:
    """Cases that are about something and were not merged away, by its key; keys without any are left out."""
    asked = (
        select(Item.key, Item.case_id)
        .join(Case, Case.id == Item.case_id)
        .where(Item.kind == kind, Item.key.in_(keys), Case.status != "merged")
        .order_by(Item.case_id)
    )
    found: dict[str, list[int]] = {}
    with store.reading() as session:
        for key, case_id in session.execute(asked):
            found.setdefault(key, []).append(case_id)
    return found


def _family(session: Session, case_id: int) -> list[int]:
    """A case and all that were merged into it, or into those."""
    family, new = [case_id], [case_id]
    while new:
        new = list(session.scalars(select(Case.id).where(Case.merged_into.in_(new)).order_by(Case.id)))
        family += new
    return family


def _as_dict(row: Case | Item | Note | Event) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}
