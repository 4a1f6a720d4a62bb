"""Which stages have seen the build file as it is; what is not built or not audited since it changed is not published.

Every stage leaves a mark of what it was made from: the marts of the inputs, each part of detection of the marts, an
audit of what it looked at. A mark that does not fit any more is out of date, whoever ran the stages in which order.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from flow_pipeline.detectors import discover
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.quality import STAGES as AUDITS
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.days import inputs_of_every_day
from flow_pipeline.warehouse.store import Connection, get_state, set_state

P = ParamSpec("P")
R = TypeVar("R")
Run = Callable[Concatenate[Connection, P], R]
PARTS = (
    "typologies",
    "trades",
    "wallet_features",
    "smart_money",
    "address_clusters",
    "entity_clusters",
    "flows",
    "clusters",
    "risk",
    "patterns",
)
"""What detection is made of, besides the daily detectors."""
READING = "read_tables"
"""The part that is made for readers; no part of detection looks at it."""
_LOADED = """
select count(*), coalesce(sum(load_id), 0), (select count(*) from raw.loads), (select max(load_id) from raw.loads)
from store.transfers
"""


def detects(name: str) -> Callable[[Run[P, R]], Run[P, R]]:
    """Decorator of a part of detection, which leaves its mark when it comes to its end."""

    def decorate(run: Run[P, R]) -> Run[P, R]:
        @wraps(run)
        def marked(connection: Connection, /, *args: P.args, **kwargs: P.kwargs) -> R:
            begin_part(connection, name)
            result = run(connection, *args, **kwargs)
            finish_part(connection, name)
            return result

        return marked

    return decorate


def begin_part(connection: Connection, name: str) -> None:
    """A part of detection begins: until it ends it has seen nothing."""
    set_state(connection, f"part_{name}", "")


def finish_part(connection: Connection, name: str) -> None:
    """A part of detection has seen the marts as they are."""
    set_state(connection, f"part_{name}", f"{get_state(connection, 'marts_mark')}:{secrets.token_hex(4)}")


def begin_marts(connection: Connection) -> None:
    """The models begin to run."""
    set_state(connection, "marts_mark", "")


def finish_marts(connection: Connection, settings: Settings) -> None:
    """All models have run on the inputs as they are."""
    set_state(connection, "marts_from", _inputs(connection, settings))
    set_state(connection, "marts_mark", secrets.token_hex(8))


def mark_audited(connection: Connection, stage: str, settings: Settings) -> None:
    """A stage has passed its audit."""
    set_state(connection, f"audited_{stage}", _looked_at(connection, stage, settings))


def check_publishable(connection: Connection, settings: Settings) -> None:
    """Refuse to publish what is not built, or not audited since it was built.

    Raises:
        FlowError: names the stages that are out of date.
    """
    stale = []
    mark = get_state(connection, "marts_mark")
    if not mark or get_state(connection, "marts_from") != _inputs(connection, settings):
        stale.append("the marts are older than what is loaded")
    parts = [name for name in (*_parts(), READING) if not mark or not _mark_of(connection, name).startswith(f"{mark}:")]
    if parts:
        stale.append(f"{', '.join(parts)} did not run since the marts were built")
    passed = {stage: get_state(connection, f"audited_{stage}") for stage in AUDITS}
    audits = [stage for stage, mark in passed.items() if mark != _looked_at(connection, stage, settings)]
    if audits:
        stale.append(f"the audit of {', '.join(audits)} has not passed since")
    if stale:
        raise FlowError(
            f"nothing was published: {'; '.join(stale)}",
            "`netraflow run` finishes what waits; in the web UI, materialize everything upstream of ops/publications",
        )


def carry_over(connection: Connection, settings: Settings) -> None:
    """The days that waited are published: what was built from them is up to date without them.

    Called in the transaction that records the publication.
    """
    set_state(connection, "marts_from", _inputs(connection, settings))


def _parts() -> tuple[str, ...]:
    return (*sorted(discover()), *PARTS)


def _mark_of(connection: Connection, name: str) -> str:
    return get_state(connection, f"part_{name}") or ""


def _looked_at(connection: Connection, stage: str, settings: Settings) -> str:
    """What an audit looks at, by the marks of those who made it."""
    if stage == "raw":  # neither labels nor days that are only to be built anew: it may pass before those are known
        return json.dumps(connection.execute(_LOADED).fetchone(), default=str)
    if stage in ("marts", "collapse"):
        return get_state(connection, "marts_mark") or ""
    if stage == "drift":
        return _mark_of(connection, "smart_money")
    if stage == "reading":
        return _mark_of(connection, READING)
    marks = [_mark_of(connection, name) for name in _parts()]
    return hashlib.sha256(json.dumps(marks).encode()).hexdigest()


def _inputs(connection: Connection, settings: Settings) -> str:
    """What the marts are made from: every setting and list, the transfers, and the days that wait."""
    rows = connection.execute("select count(*), coalesce(sum(load_id), 0) from store.transfers").fetchone()
    days = connection.execute("select block_date from store.dirty_days order by block_date").fetchall()
    facts = [inputs_of_every_day(connection, settings), rows, days, get_state(connection, "last_day")]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()
