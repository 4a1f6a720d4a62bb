"""Proving a bundle: its own hashes, its files against each other, then findings and transfers on a published file.

A bundle is somebody's file, and its statements are text: what is run is the statement that the published file itself
keeps for a finding. On the file of the same run everything must be the same; on another run the transfers must be
there, and what is known of addresses may have changed, which is told.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import select

from flow_pipeline.domain.errors import FlowError, NotThere, UsageError
from flow_pipeline.domain.text import harmless
from flow_pipeline.explorer.evidence.again import by_hash_alone, contradictions
from flow_pipeline.explorer.evidence.archive import Archive, read_archive, some
from flow_pipeline.explorer.evidence.bundle import CASE, COPIES, as_json
from flow_pipeline.explorer.evidence.dossier import NOT_TOLD, Dossier, identity
from flow_pipeline.explorer.evidence.written import read_back
from flow_pipeline.explorer.store.copies import Copy, Published, canonical, open_for_copies
from flow_pipeline.explorer.store.models import Event
from flow_pipeline.explorer.store.opening import cases_file, open_store
from flow_pipeline.questions.evidence import (
    address_evidence,
    alert_evidence,
    entity_evidence,
    finding_evidence,
    run_evidence,
    transfers_not_found,
)
from flow_pipeline.questions.verify import verify as prove
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_runs

_FACTS = (
    "typology", "chain", "token_symbol", "token_address", "block_date", "first_timestamp", "last_timestamp",
    "duration_seconds", "transfer_count", "address_count", "moved_amount", "gross_amount", "focus_address",
)  # fmt: skip
"""What a finding is, whatever is known of labels, prices and other traffic."""

_FIELDS = {"key", "run", "sha256", "added_by", "added_at", "content"}
"""Of a copy in its file."""

_HELD_TO_THE_FILE = ("published_at", "window_first", "window_last", "tables", "label_sets", "detectors")
"""What a copy of a run says that the published file says, too; the rest is of the program that made the copy."""

_MALFORMED = (
    *(LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError),
    *(duckdb.ConversionException, duckdb.InvalidInputException),
)
"""What copies come to that were not made by a bundle."""

Lend = Callable[[Settings, str | None], AbstractContextManager[Published | None]]
"""Opens the published file of a run that is kept, or the one in force."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        count: How many were compared.
        differences: Why it is not proved; empty when it is.
        changes: What is otherwise now and proves nothing wrong.
        by_hash_alone: Files and fields that nothing was compared with: their hash alone speaks for them.
    """

    name: str
    count: int
    differences: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    by_hash_alone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """What became of a bundle.

    Attributes:
        case_id: The case, as the bundle names it.
        bundle_runs: Runs that its copies are of.
        run: The run it was proved against, None where there was no published file.
        checks: What was looked at.
        sha256: Of the ZIP: the one hash that everything hangs on.
        told_by: Cases whose timeline has it, None where there is no database of cases to ask.
    """

    case_id: int | None
    bundle_runs: tuple[str, ...]
    run: str | None
    checks: tuple[Check, ...]
    sha256: str
    told_by: tuple[int, ...] | None

    @property
    def is_proved(self) -> bool:
        """True when nothing differs, and a published file was asked."""
        return self.run is not None and not any(check.differences for check in self.checks)


def verify_bundle(settings: Settings, path: Path, run: str | None = None, lend: Lend = open_for_copies) -> Verification:
    """Prove a bundle.

    Args:
        settings: Where published files are.
        path: The bundle.
        run: The run to prove it against; else the bundle's own where its file is kept, else the one in force.
        lend: Opens a published file.

    Raises:
        UsageError: there is no such file, it is no ZIP, or the run is not kept.
    """
    kept = published_runs(settings)
    if run is not None and run not in kept:
        raise UsageError(
            f"there is no published file of run {harmless(run, 60)}", f"choose from {', '.join(kept) or 'none'}"
        )
    archive = read_archive(path, settings.explorer.max_bundle_bytes)
    copies = [] if archive.troubles else _copies(archive)
    case = archive.parsed(CASE)
    number = case["case"].get("id") if isinstance(case, dict) and isinstance(case.get("case"), dict) else None
    runs = tuple(sorted({copy.run for copy in copies if copy.run}, reverse=True))
    checks = [Check("files", len(archive.files), tuple(archive.troubles))]
    chosen = run or next((one for one in runs if one in kept), None)
    proved_on = None
    if not archive.troubles:
        try:
            told = read_back(case, copies)
            checks.append(_derived(archive, told, case["undrawn"]))
            with lend(settings, chosen) as published:
                if published is not None:
                    checks += _on_file(told, copies, published)
                    proved_on = published.run
        except _MALFORMED:
            checks.append(Check("copies", 0, (f"the copies, or {CASE}, are not as a bundle has them",)))
    with path.open("rb") as stream:
        mark = hashlib.file_digest(stream, "sha256").hexdigest()
    case_id = number if isinstance(number, int) else None
    return Verification(case_id, runs, proved_on, tuple(checks), mark, _told_by(settings, mark))


def _told_by(settings: Settings, mark: str) -> tuple[int, ...] | None:
    """Cases whose timeline says that a bundle of that hash was made of them."""
    try:
        file = cases_file(settings)
        if file and not file.exists():
            return None
        asked = select(Event.case_id).where(Event.act.in_(NOT_TOLD), Event.detail.contains(mark, autoescape=True))
        with open_store(settings) as store, store.reading() as session:
            return tuple(session.scalars(asked.distinct().order_by(Event.case_id)))
    except FlowError:
        return None


def _on_file(told: Dossier, copies: Sequence[Copy], published: Published) -> list[Check]:
    return [
        _run(told, published),
        _findings(told, copies, published),
        _transfers(told, published),
        _addresses(told, copies, published),
        _entities(told, copies, published),
        _alerts(told, published),
    ]


def _copies(archive: Archive) -> list[Copy]:
    """The copies of a bundle; what is wrong with them becomes trouble of the archive."""
    found: list[Copy] = []
    for kind, name in COPIES.items():
        rows = archive.parsed(name)
        if rows is None:
            continue
        try:
            copies = [Copy(kind, row["key"], row["run"], canonical(row["content"])) for row in rows]
            # A field that nobody reads, or one that is there twice, would be nobody's word under a good hash.
            is_whole = archive.files[name] == as_json(rows) and all(set(row) == _FIELDS for row in rows)
            twice = [key for key, count in Counter(copy.key for copy in copies).items() if count > 1]
        except (LookupError, TypeError, ValueError, RecursionError):
            is_whole = False
        if not is_whole:
            archive.troubles.append(f"{name} is not as a bundle has it")
            continue
        wrong = [copy.key for copy, row in zip(copies, rows, strict=True) if copy.sha256 != row["sha256"]]
        archive.troubles += [f"{name}: {kind} {harmless(str(key), 200)} is not what its hash is of" for key in wrong]
        archive.troubles += [f"{name}: {kind} {harmless(str(key), 200)} is in it twice" for key in twice]
        found += copies
    return found


def _derived(archive: Archive, told: Dossier, undrawn: dict[str, str]) -> Check:
    """Tables, statements, page, report and manifest must say what copies and people say."""
    count, differences = contradictions(archive, told, undrawn)
    return Check("derived", count, tuple(differences), by_hash_alone=tuple(by_hash_alone(archive, told)))


def _run(told: Dossier, published: Published) -> Check:
    """Whether the tables of the file are those that the copies rest on."""
    own = next((one for one in told.runs if one.get("run_id") == published.run), None)
    others = [one for one in told.runs if one is not own]
    alone = [f"{COPIES['run']}: {harmless(str(one.get('run_id')), 60)}, all fields" for one in others]
    if own is None:
        known = some([str(one.get("run_id")) for one in told.runs]) or "none"
        change = f"the copies are of run {harmless(known, 200)}, the file is of {published.run}"
        return Check("run", 0, changes=(change,), by_hash_alone=tuple(alone))
    current = _plain(run_evidence(published.connection, published.run))
    wrong = [name for name in _HELD_TO_THE_FILE if own.get(name) != current[name]]
    if beyond := sorted(set(own) - {*_HELD_TO_THE_FILE, "run_id"}):
        alone.append(f"{COPIES['run']}: {published.run}, {_names(beyond)}")
    differences = tuple(f"{name} of run {published.run} is not what the bundle says" for name in wrong)
    return Check("run", 1, differences, by_hash_alone=tuple(alone))


def _findings(told: Dossier, copies: Sequence[Copy], published: Published) -> Check:
    """Each finding is in the file, is what the bundle says, and its own statement proves it."""
    runs = {copy.key: copy.run for copy in copies if copy.kind == "finding"}
    differences: list[str] = []
    changes: list[str] = []
    beyond: set[str] = set()
    there = []
    for finding in told.findings:
        name = str(finding["finding_id"])
        try:
            current = _plain(finding_evidence(published.connection, name))
        except UsageError:
            differences.append(f"finding {harmless(name, 60)} is not in the file")
            continue
        there.append(name)
        beyond |= set(finding) - set(current)
        if list(map(identity, finding["transfers"])) != list(map(identity, current["transfers"])):
            differences.append(f"finding {name} has other transfers in the file")
        facts, other = _split(_differing(finding, current), published.run == runs[name], _FACTS)
        differences += [f"finding {name}: {told}" for told in facts]
        changes += [f"finding {name}: {told}" for told in other]
    for proof in prove(published.connection, there, False) if there else ():
        differences += [f"finding {proof.finding_id}: {told}" for told in proof.differences]
    return Check("findings", len(told.findings), tuple(differences), tuple(changes), _alone("finding", beyond))


def _transfers(told: Dossier, published: Published) -> Check:
    """Each transfer is in the file."""
    rows = [transfer for finding in told.findings for transfer in finding["transfers"]]
    missing = [rows[place] for place in transfers_not_found(published.connection, rows)]
    said = (f"the file has no transfer {harmless(str(one['tx_hash']), 90)} {one['transfer_index']}" for one in missing)
    return Check("transfers", len(rows), tuple(said))


def _addresses(told: Dossier, copies: Sequence[Copy], published: Published) -> Check:
    """Labels and risk of each address."""
    runs = {copy.key: copy.run for copy in copies if copy.kind == "address"}
    current = [_plain(one) for one in address_evidence(published.connection, list(told.addresses))]
    differences: list[str] = []
    changes: list[str] = []
    beyond: set[str] = set()
    for (chain, address), now in zip(told.addresses, current, strict=True):
        name = f"{harmless(chain, 60)}:{harmless(address, 120)}"
        beyond |= set(told.addresses[chain, address]) - set(now)
        facts, other = _split(
            _differing(told.addresses[chain, address], now), published.run == runs[f"{chain}:{address}"], ()
        )
        differences += [f"{name}: {said}" for said in facts]
        changes += [f"{name}: {said}" for said in other]
    return Check("addresses", len(told.addresses), tuple(differences), tuple(changes), _alone("address", beyond))


def _entities(told: Dossier, copies: Sequence[Copy], published: Published) -> Check:
    """Labels of each entity."""
    runs = {copy.key: copy.run for copy in copies if copy.kind == "entity"}
    entities = told.contents("entity")
    differences: list[str] = []
    changes: list[str] = []
    beyond: set[str] = set()
    for one in entities:
        name = str(one["entity"])
        try:
            now = _plain(entity_evidence(published.connection, name))
            found = _differing(one, now)
            beyond |= set(one) - set(now)
        except NotThere as error:
            found = {"entity": error.message}
        facts, other = _split(found, published.run == runs[name], ())
        differences += [f"{harmless(name, 120)}: {said}" for said in facts]
        changes += [f"{harmless(name, 120)}: {said}" for said in other]
    return Check("entities", len(entities), tuple(differences), tuple(changes), _alone("entity", beyond))


def _alerts(told: Dossier, published: Published) -> Check:
    """Each alert is what the file has under its id, where that is of the same revision."""
    alerts = told.contents("alert")
    current = alert_evidence(published.connection, [str(one["alert_id"]) for one in alerts])
    differences: list[str] = []
    changes: list[str] = []
    beyond: set[str] = set()
    for one in alerts:
        name = harmless(str(one["alert_id"]), 60)
        now = current.get(one["alert_id"])
        if now is None:
            changes.append(f"alert {name} is not in the file")
            beyond |= set(one)
            continue
        found = _differing(one, _plain(now))
        beyond |= set(one) - set(now)
        is_same = "revision" not in found
        (differences if is_same else changes).extend(f"alert {name}: {said}" for said in found.values())
    return Check("alerts", len(alerts), tuple(differences), tuple(changes), _alone("alert", beyond))


def _alone(kind: str, fields: Iterable[str]) -> tuple[str, ...]:
    """Fields of copies that the file says nothing of."""
    names = sorted(fields)
    return (f"{COPIES[kind]}: {_names(names)}",) if names else ()


def _names(fields: Iterable[str]) -> str:
    return ", ".join(harmless(name, 60) for name in fields)


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """Fields that both have and that differ, in words; transfers are compared on their own."""
    return {
        name: f"{name} was {_short(before[name])}, the file has {_short(now[name])}"
        for name in sorted(set(before) & set(now) - {"transfers", "is_known"})
        if before[name] != now[name]
    }


def _split(found: Mapping[str, str], is_same_run: bool, facts: Iterable[str]) -> tuple[list[str], list[str]]:
    """What proves the bundle wrong, and what only changed since."""
    if is_same_run:
        return list(found.values()), []
    return [found[name] for name in found if name in facts], [found[name] for name in found if name not in facts]


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the copies have them."""
    return dict(json.loads(canonical(value)))


def _short(value: Any) -> str:
    if isinstance(value, list):
        value = "; ".join(map(_named, value)) or "none"
    return harmless(value if isinstance(value, str) else json.dumps(value), 200)


def _named(one: Any) -> str:
    """A label by its owner and source, a component by its name, an address of a finding by itself."""
    if not isinstance(one, dict):
        return str(one)
    if "entity" in one:
        return f"{one['entity']} ({one['category']}) by {one['source']}"
    return str(one.get("component") or one.get("address") or json.dumps(one))
