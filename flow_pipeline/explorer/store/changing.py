"""Changing a case: whether it may be changed, its version, its timeline; for whatever changes one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from flow_pipeline.domain.errors import Conflict, NotThere, UsageError
from flow_pipeline.explorer.store.copies import Copy
from flow_pipeline.explorer.store.models import Case, Event, Item
from flow_pipeline.explorer.store.words import a_name, now

Status = Literal["open", "waiting", "closing", "closed", "merged"]
STATUSES: tuple[str, ...] = get_args(Status)
"""`waiting` for somebody's answer; `closing` while its verdict is on the way to the alert ledger."""
PRIORITIES = ("low", "normal", "high", "urgent")
WORKED_ON = ("open", "waiting")
"""What a case may be while people change it."""


def no_case(case_id: int) -> NotThere:
    """The refusal of a case that does not exist."""
    return NotThere(f"there is no case {case_id}", "`netraflow case list --status all` shows all there are")


def load(session: Session, case_id: int) -> Case:
    """A case, held until the transaction ends.

    Raises:
        NotThere: there is none.
    """
    case = session.get(Case, case_id, with_for_update=True)
    if case is None:
        raise no_case(case_id)
    return case


def to_change(session: Session, case_id: int, seen: int | None, allowed: Sequence[str] = WORKED_ON) -> Case:
    """A case to be changed.

    Raises:
        NotThere: there is none.
        Conflict: it is not as it was seen.
        UsageError: its status does not allow it.
    """
    case = load(session, case_id)
    if seen is not None and seen != case.version:
        raise Conflict(
            f"case {case_id} is at version {case.version}, and version {seen} was seen: somebody else changed it",
            "look at it again, then repeat",
        )
    if case.status == "merged":
        raise UsageError(f"case {case_id} was merged into case {case.merged_into}", "go on with that one")
    if case.status not in allowed:
        ways = {
            "closed": f"`netraflow case reopen {case_id}` opens it again",
            "closing": f"`netraflow case close {case_id}` completes it",
        }
        raise UsageError(f"case {case_id} is {case.status}", ways.get(case.status, "close it before"))
    return case


def change(session: Session, case_id: int, author: str, act: str, **detail: Any) -> None:
    """Note what somebody did, and count the version up."""
    case = session.get_one(Case, case_id)  # the one that was changed already: loading it again would undo that
    case.changed_at = now()
    flag_modified(case, "changed_at")
    tell(session, case_id, author, act, **detail)


def tell(session: Session, case_id: int, author: str, act: str, **detail: Any) -> None:
    """Write into the timeline of a case."""
    said = {name: value for name, value in detail.items() if value not in (None, [], "")}
    session.add(
        Event(
            case_id=case_id,
            act=act,
            detail=json.dumps(said, sort_keys=True),
            author=a_name("the author's name", author),
            made_at=now(),
        )
    )


def put(session: Session, case_id: int, author: str, copies: Iterable[Copy]) -> list[Copy]:
    """Keep copies of what the case does not have yet; those."""
    before = {(item.kind, item.key) for item in items_of(session, case_id)}
    new = [copy for copy in copies if (copy.kind, copy.key) not in before]
    for copy in new:
        session.add(
            Item(
                case_id=case_id, kind=copy.kind, key=copy.key, run=copy.run, sha256=copy.sha256, content=copy.content,
                added_by=author, added_at=now(),
            )
        )  # fmt: skip
    return new


def items_of(session: Session, case_id: int) -> list[Item]:
    """What a case is about, in one order."""
    return list(session.scalars(select(Item).where(Item.case_id == case_id).order_by(Item.kind, Item.key)))
