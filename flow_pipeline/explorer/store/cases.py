"""Cases: opened from alerts, worked on, merged, closed with a verdict, reopened; who did what is kept for good.

What lives here: the rules of a case and its timeline. What must not: what is copied into it (copies), how a verdict
reaches the alert ledger (closing), files that are handed in (evidence).

Each writing function takes who does it and the version of the case that was seen; None goes by whatever is there now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import NotThere, UsageError, one_of
from flow_pipeline.domain.text import harmless
from flow_pipeline.explorer.store.changing import (
    PRIORITIES,
    WORKED_ON,
    change,
    items_of,
    load,
    put,
    tell,
    to_change,
)
from flow_pipeline.explorer.store.copies import KINDS, Gathering, Published, gather
from flow_pipeline.explorer.store.models import TITLE, Case, Item, Note
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.explorer.store.words import a_name, a_text, a_title, now

_EDITED = ("title", "status", "priority", "assignee", "narrative")


def open_case(
    store: Store,
    author: str,
    alert_ids: Sequence[str] = (),
    title: str | None = None,
    priority: str = "normal",
    assignee: str | None = None,
    published: Published | None = None,
    others: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> int:
    """Open a case, with copies of what its alerts name; its id. What can not be copied opens none.

    Args:
        store: Where it is kept.
        author: Who opens it.
        alert_ids: Alerts, or their first letters; none for a case that begins empty.
        title: In a line; else that of the first alert.
        priority: One of `PRIORITIES`.
        assignee: Who works on it.
        published: The published file that findings and addresses are copied from; None leaves them out.
        others: What else it is about, keys by kind as `add` takes them.

    Raises:
        UsageError: an alert or something else is not there, or there is nothing to name the case by.
    """
    author, priority = a_name("the author's name", author), one_of("priority", priority, PRIORITIES)
    known: list[dict[str, Any]] = []

    def fill(to: Gathering) -> None:
        known.extend(to.alert(alert_id) for alert_id in alert_ids)
        for kind, keys in others.items():
            _copy(store, to, kind, keys)

    copies, missing = gather(store.settings, published, fill)
    named = next((f"{kind} {keys[0]}" for kind, keys in others.items() if keys), None)
    if title is None and not known and named is None:
        raise UsageError("a case without an alert has no title", "give --title")
    moment = now()
    case = Case(
        title=a_title(title) if title is not None else harmless(known[0]["title"] if known else str(named), TITLE),
        status="open",
        priority=priority,
        assignee=a_name("the assignee's name", assignee) if assignee else None,
        created_by=author,
        created_at=moment,
        changed_at=moment,
    )
    with store.session() as session:
        session.add(case)
        session.flush()
        tell(session, case.id, author, "opened", alerts=[one["alert_id"] for one in known], missing=missing)
        put(session, case.id, author, copies)
        return case.id


def add(
    store: Store,
    case_id: int,
    author: str,
    kind: str,
    keys: Sequence[str],
    published: Published | None = None,
    seen: int | None = None,
) -> list[str]:
    """Add alerts, findings, addresses (`chain:address`), entities or saved views to a case; what of them was new.

    What is there already stays as it was copied then.

    Raises:
        NotThere: there is no such case.
        UsageError: something is not there to be copied, or the case is closed.
    """
    one_of("kind", kind, KINDS[:-1])
    copies, missing = gather(store.settings, published, lambda to: _copy(store, to, kind, keys))
    with store.session() as session:
        to_change(session, case_id, seen)
        new = put(session, case_id, author, copies)
        added = sorted(copy.key for copy in new if copy.kind == kind)
        if new:
            others = sorted(f"{copy.kind} {copy.key}" for copy in new if copy.kind not in (kind, "run"))
            change(session, case_id, author, "added", kind=kind, keys=added, also=others, missing=missing)
    return added


def drop(store: Store, case_id: int, author: str, kind: str, key: str, seen: int | None = None) -> None:
    """Take something out of a case; the timeline keeps that it was there, and the hash of its copy.

    Raises:
        NotThere: there is no such case, or nothing like that in it.
    """
    with store.session() as session:
        to_change(session, case_id, seen)
        item = session.get(Item, (case_id, kind, key))
        if item is None or kind == "run":
            raise NotThere(f"case {case_id} has no {kind} {key}", f"`netraflow case show {case_id}` lists what it has")
        session.delete(item)
        change(session, case_id, author, "removed", kind=kind, key=key, sha256=item.sha256)


def edit(
    store: Store, case_id: int, author: str, changes: Mapping[str, str | None], seen: int | None = None
) -> dict[str, Any]:
    """Change title, status (open or waiting), priority, assignee or narrative; what was before and after.

    An assignee or a narrative of None is none: nobody, and the draft again.

    Raises:
        NotThere: there is no such case.
        UsageError: a value is none of those there are, or the case is closed.
    """
    clean = {name: _checked(store, one_of("field", name, _EDITED), value) for name, value in changes.items()}
    with store.session() as session:
        case = to_change(session, case_id, seen)
        changed = {name: (getattr(case, name), value) for name, value in clean.items() if getattr(case, name) != value}
        for name, (_, value) in changed.items():
            setattr(case, name, value)
        told = {
            name: list(pair) if name != "narrative" else [None if text is None else len(text) for text in pair]
            for name, pair in changed.items()
        }
        if changed:
            change(session, case_id, author, "edited", **told)
    return told


def add_note(store: Store, case_id: int, author: str, body: str, seen: int | None = None) -> int:
    """Add a note to a case, closed ones too; its id.

    Raises:
        NotThere: there is no such case.
        UsageError: the note is empty or too long, or the case was merged.
    """
    text = a_text("the note", body, store.settings)
    with store.session() as session:
        to_change(session, case_id, seen, (*WORKED_ON, "closed"))
        note = Note(case_id=case_id, body=text, author=a_name("the author's name", author), made_at=now())
        session.add(note)
        session.flush()
        change(session, case_id, author, "noted", note=note.id)
        return note.id


def merge(
    store: Store, case_id: int, into: int, author: str, seen: int | None = None, seen_into: int | None = None
) -> None:
    """Make a case part of another, which gets all that it is about; notes and timeline are shown with that one's.

    Merging again what was merged into the same case does nothing.

    Raises:
        NotThere: there is no such case.
        UsageError: they are one and the same, or one of them is closed or merged.
    """
    if case_id == into:
        raise UsageError(f"case {case_id} can not be merged into itself", "name another one")
    with store.session() as session:
        for number in sorted((case_id, into)):  # always in one order, so that two merges do not wait for each other
            load(session, number)
        merged = load(session, case_id)
        if merged.merged_into == into:
            return
        merged, target = to_change(session, case_id, seen), to_change(session, into, seen_into)
        before = {(item.kind, item.key) for item in items_of(session, into)}
        for item in items_of(session, case_id):
            if (item.kind, item.key) not in before:
                values = {column.name: getattr(item, column.name) for column in Item.__table__.columns}
                session.add(Item(**{**values, "case_id": into}))
        merged.status, merged.merged_into = "merged", into
        target.narrative = target.narrative or merged.narrative
        change(session, case_id, author, "merged into", case=into)
        change(session, into, author, "merged", case=case_id)


def _copy(store: Store, to: Gathering, kind: str, keys: Sequence[str]) -> None:
    """Copy things of a kind."""
    if kind == "address":
        to.addresses([_place(key) for key in keys])
        return
    with store.reading() as session:
        copy: Callable[[str], object] = {
            "alert": to.alert,
            "finding": to.finding,
            "entity": to.entity,
            "view": lambda key: to.view(session, key),
        }[kind]
        for key in keys:
            copy(key)


def _place(key: str) -> tuple[str, str]:
    chain, colon, address = key.partition(":")
    if not (chain and colon and address):
        raise UsageError(f"{key} is no address with its chain", "write it as ethereum:0x1234…, in whole")
    return canonical_chain(chain), address.lower() if address.startswith(("0x", "0X")) else address


def _checked(store: Store, name: str, value: str | None) -> str | None:
    if value is None:
        if name in ("assignee", "narrative"):
            return None
        raise UsageError(f"a case needs its {name}", "give one, or leave it as it is")
    if name == "title":
        return a_title(value)
    if name == "assignee":
        return a_name("the assignee's name", value)
    if name == "narrative":
        return a_text("the narrative", value, store.settings)
    return one_of(name, value, WORKED_ON if name == "status" else PRIORITIES)
