"""Saved views of the graph: whoever has the id finds it; the state is the page's own, and bounded."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from flow_pipeline.domain.errors import Conflict, NotThere, UsageError
from flow_pipeline.explorer.store.copies import canonical
from flow_pipeline.explorer.store.models import View
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.explorer.store.words import a_name, a_title, now

_ID_BYTES = 16
"""128 bits: nobody finds a view by trying."""


def save(
    store: Store,
    author: str,
    title: str,
    state: Mapping[str, Any],
    view_id: str | None = None,
    seen: int | None = None,
) -> tuple[str, int]:
    """Save a view, or change one; its id and version.

    Args:
        store: Where it is kept.
        author: Who saves it.
        title: In a line.
        state: What the page needs to show it again, as JSON has it.
        view_id: The view to change; None makes a new one.
        seen: Version that was seen of the one to change; None goes by whatever is there now.

    Raises:
        UsageError: the state is no JSON object, or larger than `explorer.max_view_bytes`.
        NotThere: there is no such view.
        Conflict: it is not as it was seen.
    """
    author, title, text = a_name("the author's name", author), a_title(title), _checked(store, state)
    moment = now()
    with store.session() as session:
        if view_id is None:
            view = View(
                id=secrets.token_urlsafe(_ID_BYTES), title=title, state=text, author=author, created_at=moment,
                changed_at=moment,
            )  # fmt: skip
            session.add(view)
        else:
            found = session.get(View, view_id, with_for_update=True)
            if found is None:
                raise _no_view(view_id)
            if seen is not None and seen != found.version:
                raise Conflict(
                    f"the view is at version {found.version}, and version {seen} was seen: somebody else changed it",
                    "load it again, then repeat; or save yours as a new view",
                )
            view = found
            view.title, view.state, view.author, view.changed_at = title, text, author, moment
        session.flush()
        return view.id, view.version


def saved_view(store: Store, view_id: str) -> dict[str, Any]:
    """A view: id, title, state, author, created_at, changed_at, version.

    Raises:
        NotThere: there is no such view.
    """
    with store.reading() as session:
        view = session.get(View, view_id)
        if view is None:
            raise _no_view(view_id)
        names = ("id", "title", "author", "created_at", "changed_at", "version")
        return {**{name: getattr(view, name) for name in names}, "state": json.loads(view.state)}


def _no_view(view_id: str) -> NotThere:
    return NotThere(f"there is no saved view {view_id}", "its id is the end of its address")


def _checked(store: Store, state: Mapping[str, Any]) -> str:
    most = store.settings.explorer.max_view_bytes
    try:
        json.dumps(state, ensure_ascii=False).encode()  # half a letter can be written in JSON, and shown nowhere
        text = canonical(state) if isinstance(state, Mapping) else ""
    except (TypeError, ValueError, RecursionError):
        text = ""
    if not text:
        raise UsageError("the state of the view is no JSON object", "save what the page gives")
    if len(text) > most:
        raise UsageError(
            f"the state of the view has {len(text):,} bytes, and {most:,} are kept (explorer.max_view_bytes)",
            "hide some nodes",
        )
    return text
