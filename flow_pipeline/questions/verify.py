"""Proving findings again: run each one's evidence_sql and compare transfers and totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.rows import Rows
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


@dataclass(frozen=True)
class Proof:
    """What a finding's query gave; `differences` is empty when it is proved."""

    finding_id: str
    typology: str
    transfers: int
    differences: tuple[str, ...]


def verify(
    connection: Connection, finding_ids: Sequence[str], every: bool, say: Callable[[str], None] = lambda text: None
) -> list[Proof]:
    """Run evidence_sql of findings and compare with what is stored.

    Args:
        connection: The published file.
        finding_ids: Findings to prove; empty for all suspicious ones.
        every: With no ids: also those that are not suspicious.
        say: Called now and then with how far it is.

    Raises:
        UsageError: an id that no finding has.
    """
    findings = connection.execute(sql("proofs"), {"finding_ids": list(finding_ids) or None, "every": every}).fetchall()
    missing = set(finding_ids) - {row[0] for row in findings}
    if missing:
        raise UsageError(f"there is no finding {', '.join(sorted(missing))}", "`netraflow findings --every` lists them")
    proofs = []
    for number, finding in enumerate(findings):
        finding_id, typology, evidence, first, last, duration, count, gross, stored, stored_gross = finding
        if number % 100 == 0:
            say(f"verify {number:,} of {len(findings):,}")
        returned = connection.execute(
            f"select tx_hash, transfer_index, from_address, to_address, amount, block_timestamp from ({evidence})"
        ).fetchall()
        expected = stored or []
        differences = []
        extra, lost = _minus(returned, expected), _minus(expected, returned)
        if extra:
            differences.append(f"{extra} transfers returned that the finding does not list")
        if lost:
            differences.append(f"{lost} transfers listed that the query does not return")
        if count != len(expected):
            differences.append(f"transfer_count is {count}, listed are {len(expected)}")
        if stored_gross != gross:
            differences.append(f"gross_amount is {gross}, the transfers sum to {stored_gross}")
        times = [row[5] for row in returned]
        if times and (min(times), max(times)) != (first, last):
            differences.append(f"times are {min(times)} to {max(times)}, not {first} to {last}")
        if times and round((max(times) - min(times)).total_seconds() - duration) not in (0, 1, -1):
            differences.append(f"duration_seconds is {duration}")
        proofs.append(Proof(finding_id, typology, len(returned), tuple(differences)))
    return proofs


def as_rows(proofs: Sequence[Proof]) -> Rows:
    """A row per proof."""
    columns = ["finding_id", "typology", "transfers", "differences"]
    found = [(proof.finding_id, proof.typology, proof.transfers, list(proof.differences)) for proof in proofs]
    return Rows(columns, found, ["VARCHAR", "VARCHAR", "BIGINT", "VARCHAR[]"])


def _minus(some: Sequence[object], others: Sequence[object]) -> int:
    """How many of some stand not among others, repeats counted."""
    left: dict[object, int] = {}
    for item in others:
        left[item] = left.get(item, 0) + 1
    lacking = 0
    for item in some:
        if left.get(item, 0):
            left[item] -= 1
        else:
            lacking += 1
    return lacking
