"""A case as its bundle sees it: what it is about, by kind, each with run and hash."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from flow_pipeline.explorer.store.asking import copies_of, shown
from flow_pipeline.explorer.store.copies import Copy
from flow_pipeline.explorer.store.opening import Store

SUBJECTS = ("focus", "source")
"""Roles of the addresses that a finding is about, the first that it has."""
NOT_TOLD = ("bundled",)
"""Acts of the timeline that a bundle leaves out: it would have another hash each time it is made."""


@dataclass(frozen=True)
class Dossier:
    """What goes into a bundle.

    Attributes:
        case: As `asking.shown` gives it.
        copies: What it is about, in one order.
    """

    case: dict[str, Any]
    copies: tuple[Copy, ...]

    def contents(self, kind: str) -> list[dict[str, Any]]:
        """Copies of a kind, as they were made."""
        return [json.loads(copy.content) for copy in self.copies if copy.kind == kind]

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        """Findings, the most dollars first, then by the time they began."""
        return sorted(
            self.contents("finding"),
            key=lambda one: (-Decimal(one["moved_usd"] or 0), one["first_timestamp"], one["finding_id"]),
        )

    @cached_property
    def addresses(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Addresses by chain and address."""
        return {(one["chain"], one["address"]): one for one in self.contents("address")}

    @cached_property
    def runs(self) -> list[dict[str, Any]]:
        """What the copies rest on, the latest run first."""
        return sorted(self.contents("run"), key=lambda one: str(one["run_id"]), reverse=True)

    @cached_property
    def timeline(self) -> list[dict[str, Any]]:
        """Who did what, but the making of bundles."""
        return [event for event in self.case["timeline"] if event["act"] not in NOT_TOLD]

    def name_of(self, chain: str, address: str) -> str | None:
        """Who an address is by its surest label, None for nobody known."""
        labels = self.addresses.get((chain, address), {}).get("labels") or []
        return str(labels[0]["entity"]) if labels else None

    def subjects(self) -> list[tuple[str, str]]:
        """Chain and address of whom the findings are about."""
        found: dict[tuple[str, str], None] = {}
        for finding in self.findings:
            roles = {one["role"] for one in finding["addresses"]}
            role = next((role for role in SUBJECTS if role in roles), None)
            for one in finding["addresses"]:
                if one["role"] == role and not one["is_terminal"]:
                    found[finding["chain"], one["address"]] = None
        return list(found)

    def moved_usd(self) -> Decimal | None:
        """Dollars that moved, each transfer counted once: of findings that share one, the larger; None if unknown."""
        counted: set[tuple[Any, ...]] = set()
        total: Decimal | None = None
        for finding in self.findings:
            marks = set(map(identity, finding["transfers"]))
            if finding["moved_usd"] is None or counted & marks:
                continue
            counted |= marks
            total = (total or Decimal(0)) + Decimal(finding["moved_usd"])
        return total

    def span(self) -> tuple[str, str] | None:
        """Time of the first and the last transfer of all findings."""
        ends = [(one["first_timestamp"], one["last_timestamp"]) for one in self.findings]
        return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


def identity(transfer: dict[str, Any]) -> tuple[Any, ...]:
    """What tells a transfer from others."""
    names = ("chain", "tx_hash", "transfer_index", "from_address", "to_address", "amount", "block_timestamp")
    return tuple(transfer[name] for name in names)


def dossier(store: Store, case_id: int) -> Dossier:
    """A case with its copies.

    Raises:
        NotThere: there is no such case.
    """
    return Dossier(shown(store, case_id), tuple(copies_of(store, case_id)))
