"""Copies of what a case is about, as it was known when it was added, each with its run and a hash.

A warehouse may be rebuilt, a label corrected and an alert withdrawn: a case keeps what people decided by. What lives
here: reading the published file and the alert ledger, the form of a copy. What must not: writing to a case.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from flow_pipeline import __version__, layers
from flow_pipeline.alerts.ledger import shown as shown_alert
from flow_pipeline.domain.errors import NotThere, UsageError
from flow_pipeline.explorer.store.models import View
from flow_pipeline.questions.evidence import address_evidence, entity_evidence, finding_evidence, run_evidence
from flow_pipeline.questions.known import ADDRESS_HINT
from flow_pipeline.questions.rows import jsonable
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_file, published_run
from flow_pipeline.warehouse.store import Connection, open_published

KINDS = ("alert", "finding", "address", "entity", "view", "run")
"""What a case may be about; `run` is what the copies rest on and comes with them."""
_SHAPING = (
    "sources", "labels", "regions", "anomalies", "typologies", "rules", "verdicts", "clusters", "tracing",
    "smart_money", "destinations", "quality",
)  # fmt: skip
"""Sections of settings that shape what a run publishes."""


class Published(Protocol):
    """A published file, open, and the run that published it."""

    @property
    def connection(self) -> Connection:
        """A cursor that only reads."""

    @property
    def run(self) -> str:
        """The run."""


@dataclass(frozen=True)
class Opened:
    """A published file that was opened for one verb."""

    connection: Connection
    run: str


@dataclass(frozen=True)
class Copy:
    """One thing as it was known.

    Attributes:
        kind: One of `KINDS`.
        key: What names it: id of an alert, a finding, a view or a run; `chain:address`; an entity.
        run: The run that it was known by, None for what no run made.
        content: Canonical JSON.
    """

    kind: str
    key: str
    run: str | None
    content: str

    @property
    def sha256(self) -> str:
        """Of the content."""
        return sha256(self.content)


def sha256(text: str) -> str:
    """The hash of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON in one form for one content: ASCII, sorted keys, decimals and times as text, no number that is none."""
    plain = json.loads(json.dumps(value, default=jsonable))
    return json.dumps(_finite(plain), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def open_for_copies(settings: Settings, run: str | None = None) -> Iterator[Opened | None]:
    """The published file, or that of a run that is kept, for one verb; None where there is none."""
    name = run or published_run(settings)
    path = published_file(settings, name) if name else None
    if name is None or path is None or not path.exists():
        yield None
        return
    with open_published(settings, path) as connection:
        yield Opened(connection, name)


@dataclass
class Gathering:
    """Copies as they come together, each thing once.

    Attributes:
        settings: Where the alert ledger is.
        published: The published file, None where there is none.
        copies: By kind and key.
        missing: What was named and could not be copied, in words.
    """

    settings: Settings
    published: Published | None
    copies: dict[tuple[str, str], Copy]
    missing: list[str]

    def alert(self, alert_id: str) -> dict[str, Any]:
        """An alert, the findings that it names, their addresses and its own; what the ledger says of it.

        What it names and the published file no longer has is told as missing.

        Raises:
            UsageError: the ledger has no such alert.
        """
        known = shown_alert(self.settings, alert_id)
        # Channels concern nobody who reads a case, and the state is for whoever decides now.
        known = {name: value for name, value in known.items() if name not in ("messages", "state")}
        self._put("alert", known["alert_id"], known["run_id"], known)
        ends = [known[name] for name in ("from_address", "to_address") if known[name]]
        if known["rule"] == "address_risk":
            ends.append(known["topic"])
        for finding_id in findings_of(known):
            self._try(lambda named=finding_id: self.finding(named))  # type: ignore[misc]
        for end in ends if known["chain"] else ():
            self._try(lambda named=end: self.addresses([(known["chain"], named)]))  # type: ignore[misc]
        return known

    def _try(self, copy: Callable[[], object]) -> None:
        try:
            copy()
        except UsageError as error:
            if error.message not in self.missing:
                self.missing.append(error.message)

    def finding(self, finding_id: str) -> None:
        """A finding with its transfers, and its addresses.

        Raises:
            UsageError: no published finding has that id.
        """
        if ("finding", finding_id) in self.copies:
            return
        published = self._published()
        found = finding_evidence(published.connection, finding_id)
        self._put("finding", finding_id, published.run, found)
        self.addresses([(found["chain"], one["address"]) for one in found["addresses"]])

    def addresses(self, places: Iterable[tuple[str, str]]) -> None:
        """Addresses with their labels and risk.

        Raises:
            NotThere: one stands in no transfer and has no label.
        """
        published = self._published()
        new = [place for place in dict.fromkeys(places) if ("address", ":".join(place)) not in self.copies]
        for one in address_evidence(published.connection, new) if new else ():
            if not one.pop("is_known") and not one["labels"]:
                raise NotThere(f"{one['address']} stands in no transfer and no label", ADDRESS_HINT)
            self._put("address", f"{one['chain']}:{one['address']}", published.run, one)

    def entity(self, name: str) -> None:
        """An entity with its labels.

        Raises:
            UsageError: no label names it.
        """
        published = self._published()
        found = entity_evidence(published.connection, name)
        self._put("entity", found["entity"], published.run, found)

    def view(self, session: Session, view_id: str) -> None:
        """A saved view as it stands now.

        Raises:
            NotThere: there is none of that id.
        """
        found = session.get(View, view_id)
        if found is None:
            raise NotThere(f"there is no saved view {view_id}", "its id is the end of its address")
        content = {
            "id": found.id, "title": found.title, "author": found.author, "version": found.version,
            "state": json.loads(found.state),
        }  # fmt: skip
        self._put("view", view_id, None, content)

    def _put(self, kind: str, key: str, run: str | None, content: Mapping[str, Any]) -> None:
        self.copies[kind, key] = Copy(kind, key, run, canonical(content))
        if self.published and run == self.published.run and ("run", run) not in self.copies:
            rests_on = {
                **run_evidence(self.published.connection, run),
                "netraflow": __version__,
                "settings": shaping(self.settings),
            }
            self.copies["run", run] = Copy("run", run, run, canonical(rests_on))

    def _published(self) -> Published:
        if self.published is None:
            raise UsageError(
                "nothing is published that could be copied", "run `netraflow analyze INPUT_DIR` or `netraflow demo`"
            )
        return self.published


def gather(
    settings: Settings, published: Published | None, fill: Callable[[Gathering], object]
) -> tuple[list[Copy], list[str]]:
    """What `fill` asks for, and what of it is missing."""
    gathering = Gathering(settings, published, {}, [])
    fill(gathering)
    return list(gathering.copies.values()), gathering.missing


def findings_of(alert: Mapping[str, Any]) -> list[str]:
    """Ids of the findings that an alert names."""
    baseline = alert["explanation"].get("baseline") or {}
    named = [alert["content"].get("finding_id"), *(baseline.get("findings") or [])]
    return [str(one) for one in dict.fromkeys(named) if one]


def shaping(settings: Settings) -> dict[str, Any]:
    """What the data directory remembers of the settings that shaped its last run; files by their names alone."""
    kept = {key: value for key, value in settings.recall.kept.items() if key[0] in _SHAPING}
    return {layers.named(key): value for key, value in layers.with_paths(kept, lambda path: Path(path).name).items()}
