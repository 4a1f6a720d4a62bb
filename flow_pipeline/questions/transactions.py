"""One transaction: its transfers in order with the names of both ends, its own data, the findings that contain it."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.chains import family_of
from flow_pipeline.domain.errors import NotThere
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.known import known_chain
from flow_pipeline.questions.rows import records
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def transaction(connection: Connection, chain: str, tx_hash: str) -> dict[str, Any]:
    """A transaction with all that is known of it.

    Args:
        connection: The published file.
        chain: Any spelling.
        tx_hash: In any case where the chain's hashes have none.

    Returns:
        `chain` and `tx_hash` as they are spelled; `transfers` in their order, with the names of both ends at that time;
        `sent`, who sent it, gas and success, where its source has it; `findings` that contain a transfer of it, with
        the places of these; `mev`, the events it is part or victim of.

    Raises:
        UsageError: there is no such chain, or no transfer and no transaction list has the hash.
    """
    known = known_chain(connection, chain)
    spelled = tx_hash.strip()
    if family_of(known) != "other":
        spelled = spelled.lower()
    place = {"chain": known, "tx_hash": spelled}
    # Hashes lie in no order. Their column is read alone first, and the other ones of the day that it tells.
    first, last = connection.execute(sql("transaction_days"), {"tx_hash": spelled}).fetchall()[0]
    transfers = records(connection, sql("transaction_transfers"), {**place, "first": first, "last": last})
    sent = records(
        connection,
        "select * exclude (load_id) from raw.transactions where chain = $chain and tx_hash = $tx_hash",
        place,
    )
    if not transfers and not sent:
        raise NotThere(
            f"no transfer on {known} has the transaction {spelled[:80]}",
            "check the hash; search finds it by how it begins",
        )
    return {
        **place,
        "transfers": transfers,
        "sent": sent,
        "findings": records(connection, sql("transaction_findings"), place),
        "mev": records(connection, sql("transaction_events"), place),
    }
