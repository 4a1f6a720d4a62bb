"""Tables of a bundle as CSV: what a spreadsheet opens runs nothing, whatever a stranger called his token."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from flow_pipeline.domain.text import csv_cell, harmless
from flow_pipeline.explorer.evidence.dossier import Dossier

TRANSFERS = (
    "finding_id", "typology", "ordinal", "part", "chain", "block_timestamp", "block_number", "tx_hash",
    "transaction_index", "transfer_index", "from_address", "from_name", "to_address", "to_name", "token_symbol",
    "token_address", "amount", "amount_usd", "source_file", "source_sha256", "source_row",
)  # fmt: skip
ADDRESSES = (
    "chain", "address", "roles", "entity", "category", "labels", "sources", "has_conflict", "risk", "risk_category",
    "risk_confidence", "components", "findings", "run", "sha256",
)  # fmt: skip


def transfers_csv(dossier: Dossier) -> str:
    """One row per finding and transfer."""
    rows = []
    for finding in dossier.findings:
        for one in finding["transfers"]:
            told = {
                **one,
                "finding_id": finding["finding_id"],
                "typology": finding["typology"],
                "block_timestamp": f"{one['block_timestamp']}Z",
                "from_name": dossier.name_of(one["chain"], one["from_address"]),
                "to_name": dossier.name_of(one["chain"], one["to_address"]),
            }
            rows.append([told[name] for name in TRANSFERS])
    return as_csv(TRANSFERS, rows)


def addresses_csv(dossier: Dossier) -> str:
    """One row per address."""
    return as_csv(ADDRESSES, address_rows(dossier, ADDRESSES))


def address_rows(dossier: Dossier, columns: Sequence[str]) -> list[list[Any]]:
    """A row per address, of some of `ADDRESSES`."""
    roles: dict[tuple[str, str], dict[str, list[str]]] = {}
    for finding in dossier.findings:
        for one in finding["addresses"]:
            seen = roles.setdefault((finding["chain"], one["address"]), {})
            seen.setdefault(one["role"], []).append(finding["finding_id"])
    marks = {copy.key: copy for copy in dossier.copies if copy.kind == "address"}
    rows = []
    for place, one in sorted(dossier.addresses.items()):
        labels, seen, copy = one["labels"], roles.get(place, {}), marks[":".join(place)]
        told = {
            **one,
            "roles": "; ".join(sorted(seen)),
            "entity": labels[0]["entity"] if labels else None,
            "category": labels[0]["category"] if labels else None,
            "labels": "; ".join(
                f"{label['entity']} ({label['category']}, {label['confidence']:g})" for label in labels
            ),
            "sources": "; ".join(dict.fromkeys(str(label["source"]) for label in labels)),
            "components": "; ".join(
                f"{part['component']} {part['score']:.4g} x {part['confidence']:.4g} x {part['weight']:.4g}"
                for part in one["components"]
                if part["is_active"]
            ),
            "findings": "; ".join(sorted({finding_id for ids in seen.values() for finding_id in ids})),
            "run": copy.run,
            "sha256": copy.sha256,
        }
        rows.append([told[name] or None if isinstance(told[name], str) else told[name] for name in columns])
    return rows


def timeline_csv(dossier: Dossier) -> str:
    """One row per act."""
    names = ("made_at", "author", "case_id", "act", "detail")
    rows = [
        [
            f"{event['made_at'].isoformat()}Z",
            event["author"],
            event["case_id"],
            event["act"],
            json.dumps(event["detail"]),
        ]
        for event in dossier.timeline
    ]
    return as_csv(names, rows)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Columns and rows as CSV; texts are harmless in a terminal and in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return csv_cell(harmless(value)) if isinstance(value, str) else value
