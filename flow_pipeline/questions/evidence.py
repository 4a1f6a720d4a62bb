"""What is copied into a case: a finding, addresses, an entity, a run, each with all that is known of it then."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flow_pipeline.domain.errors import NotThere
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.findings import one_finding
from flow_pipeline.questions.rows import Records, records
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def finding_evidence(connection: Connection, finding_id: str) -> dict[str, Any]:
    """A finding with its `addresses`, and its `transfers` with US dollars and the hash of the file they came in.

    Files are named without their folders.

    Raises:
        UsageError: no finding has that id.
    """
    transfers = records(connection, sql("evidence_transfers"), {"finding_id": finding_id})
    return {**one_finding(connection, finding_id), "transfers": transfers}


def address_evidence(connection: Connection, places: Sequence[tuple[str, str]]) -> Records:
    """Labels, conflicts and risk of addresses, a record each in the order asked; nothing known of one is said too.

    Args:
        connection: A published file.
        places: Chain and address as transfers have it.
    """
    values = {"chains": [chain for chain, _ in places], "addresses": [address for _, address in places]}
    return records(connection, sql("evidence_addresses"), values)


def entity_evidence(connection: Connection, entity: str) -> dict[str, Any]:
    """An entity as its labels name it, with these.

    Raises:
        NotThere: no label names it.
    """
    labels = records(connection, sql("evidence_entity"), {"entity": entity})
    if not labels:
        raise NotThere(f"no label names an entity {entity}", "names are matched whole, in any case")
    return {"entity": labels[0]["entity"], "labels": labels}


def run_evidence(connection: Connection, run_id: str) -> dict[str, Any]:
    """What a published file rests on: hashes of its tables, versions of detectors, rules, label sets, the engine."""
    published = """
        select published_at, window_first, window_last, table_name, row_count, content_hash
        from ops.publications where run_id = $run order by table_name
    """
    tables = records(connection, published, {"run": run_id})
    first = tables[0] if tables else {}
    engine = connection.execute("select version()").fetchone()
    detectors = "select typology, detector_version, rule_set, rule_set_hash from ops.detections order by typology"
    return {
        "run_id": run_id,
        **{name: first.get(name) for name in ("published_at", "window_first", "window_last")},
        "tables": {row["table_name"]: row["content_hash"] for row in tables},
        "detectors": records(connection, detectors),
        "label_sets": records(connection, sql("evidence_label_sets")),
        "duckdb": engine[0] if engine else None,
    }


def alert_evidence(connection: Connection, alert_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Alerts as the file has them, by id: revision, rule, severity, title, content."""
    statement = """
        select alert_id, revision, rule, severity, title, content from ops.alerts
        where alert_id in (select unnest($ids::varchar[]))
    """
    found = records(connection, statement, {"ids": list(alert_ids)})
    return {one["alert_id"]: {**one, "content": json.loads(one["content"])} for one in found}


_TOLD_BY = {
    "chains": "chain",
    "times": "block_timestamp",
    "marks": "tx_hash",
    "places": "transfer_index",
    "senders": "from_address",
    "receivers": "to_address",
    "amounts": "amount",
}


def transfers_not_found(connection: Connection, transfers: Sequence[Mapping[str, Any]]) -> list[int]:
    """Places of the transfers that the file does not have, by all that tells a transfer from others.

    Args:
        connection: A published file.
        transfers: chain, block_timestamp, tx_hash, transfer_index, from_address, to_address, amount of each.
    """
    if not transfers:
        return []
    values = {name: [one[column] for one in transfers] for name, column in _TOLD_BY.items()}
    found = {place - 1 for (place,) in connection.execute(sql("evidence_found"), values).fetchall()}
    return [place for place in range(len(transfers)) if place not in found]
