"""What people wrote into a case, as one file of its bundle: all that follows from no copy, and nothing that does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flow_pipeline.explorer.evidence.dossier import Dossier
from flow_pipeline.explorer.evidence.pictures import Picture
from flow_pipeline.explorer.store.copies import Copy

FACTS = (
    "id", "title", "status", "priority", "assignee", "verdict", "reason", "created_by", "created_at", "closed_by",
    "closed_at", "changed_at", "version", "merged",
)  # fmt: skip
_NOTE = ("author", "made_at", "body")
_EVENT = ("made_at", "author", "case_id", "act", "detail")
_TIMES = ("created_at", "closed_at", "changed_at", "made_at")


def written(told: Dossier, drawn: Iterable[Picture]) -> dict[str, Any]:
    """Facts of the case, narrative (None for the draft), notes, timeline, and why pictures were not drawn."""
    return {
        "case": {name: told.case[name] for name in FACTS},
        "narrative": told.case["narrative"],
        "notes": [{name: note[name] for name in _NOTE} for note in told.case["notes"]],
        "timeline": [{name: event[name] for name in _EVENT} for event in told.timeline],
        "undrawn": {one.name: one.failure for one in drawn if one.failure},
    }


def read_back(found: Mapping[str, Any], copies: Iterable[Copy]) -> Dossier:
    """The case that `written` was given, with its copies."""
    case = {
        **_with_times(found["case"]),
        "narrative": found["narrative"],
        "notes": [_with_times(note) for note in found["notes"]],
        "timeline": [_with_times(event) for event in found["timeline"]],
    }
    return Dossier(case, tuple(copies))


def _with_times(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: datetime.fromisoformat(value) if name in _TIMES and value else value for name, value in row.items()}
