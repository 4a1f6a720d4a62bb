"""What is known of an address: its risk and its labels, what it did and what it is."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.chains import family_of
from flow_pipeline.domain.errors import NotThere
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.counterparties import counterparty_count
from flow_pipeline.questions.known import ADDRESS_HINT, find_address, known_chain
from flow_pipeline.questions.places import relations
from flow_pipeline.questions.rows import Records, records
from flow_pipeline.scoring.risk import category
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

_FINDINGS = 50
"""Findings of a page about an address; `findings` has all."""


def about_address(connection: Connection, address: str) -> dict[str, Any]:
    """What is known of an address: `address` as asked, its `risk` per chain, its `labels`.

    It may be given in the spelling of transfers, in lower case, or by its ends.

    Raises:
        NotThere: it stands in no transfer and no label.
    """
    spelling = find_address(connection, address)
    address = spelling or address
    risk, labels = risk_of(connection, address), labels_of(connection, address)
    if not risk and not labels and spelling is None:
        raise NotThere(f"{address} stands in no transfer and no label", ADDRESS_HINT)
    return {"address": address, "risk": risk, "labels": labels}


def risk_of(connection: Connection, address: str) -> list[dict[str, Any]]:
    """The risk of an address, a dict per chain, with its `components`; empty when it has none."""
    risks = list(
        records(
            connection,
            "select * from detection.address_risk where address in ($address, lower($address)) order by score desc",
            {"address": address},
        )
    )
    for risk in risks:
        place = {"chain": risk["chain"], "address": risk["address"]}
        risk["components"] = records(connection, sql("address_risk_components"), place)
    return risks


def labels_of(connection: Connection, address: str) -> Records:
    """Every label of an address, the surest first."""
    statement = """
        select chain, entity, category, confidence, source from marts.dim_address_labels
        where address in ($address, lower($address)) order by confidence desc, entity
    """
    return records(connection, statement, {"address": address})


def profile(connection: Connection, chain: str, address_id: int) -> dict[str, Any]:
    """What an address did and is on a chain.

    Returns:
        `chain`, `address`; `activity`: first and last seen, days, transfers, dollars, `counterparties`; `tokens`, sums
        per token; `hours`, transfers per weekday (1 for Monday) and hour, UTC, all 168; `labels`, and `conflicts`, the
        entities that they name where they are several; `owners`: the exchange whose deposit address it is, the cluster
        that it signs with; `roles`: hub, service, member of a group of flows, each since when; `risk` with its
        components and `clears`, None without one; `findings`, the gravest; where it is a wallet, `features` of its last
        days, `smart_money`, and `events` by the order of transactions; `reports` of wallet scans.

    Raises:
        NotThere: there is no such chain, or no address of that id.
    """
    name = known_chain(connection, chain)
    values: dict[str, Any] = {"chain": name, "address_id": address_id}
    row = connection.execute(
        "select address from store.addresses where address_id = $address_id", {"address_id": address_id}
    ).fetchone()
    if row is None:
        raise NotThere(f"there is no address of the id {address_id}", ADDRESS_HINT)
    place = {"chain": name, "address": str(row[0])}
    ends = relations(connection).ends
    activity = records(connection, sql("address_activity", ends=ends), values)[0]
    labels = records(connection, sql("address_labels"), {**place, "is_evm": family_of(name) == "evm"})
    entities = list(dict.fromkeys(label["entity"] for label in labels))
    risk = next((one for one in risk_of(connection, place["address"]) if one["chain"] == name), None)
    return {
        **place,
        "activity": {**activity, "counterparties": counterparty_count(connection, name, address_id)},
        "tokens": records(connection, sql("address_tokens", ends=ends), values),
        "hours": records(connection, sql("address_hours", ends=ends), values),
        "labels": labels,
        "conflicts": entities if len(entities) > 1 else [],
        "owners": records(connection, sql("address_owners"), place),
        "roles": records(connection, sql("address_roles"), values),
        "risk": {**risk, "clears": clears_risk(risk)} if risk else None,
        "findings": findings_of(connection, name, place["address"], _FINDINGS),
        "events": records(connection, sql("address_events"), place),
        **_wallet(connection, place),
    }


def findings_of(connection: Connection, chain: str, address: str, limit: int) -> Records:
    """Findings with an address in them and its role there, suspicious and severe ones first."""
    return records(connection, sql("address_findings"), {"chain": chain, "address": address, "most": limit})


def clears_risk(risk: dict[str, Any]) -> list[str]:
    """What would lower the risk of an address, in words: each component that counts, and the score without it."""
    ways = []
    for part in risk["components"]:
        if part["is_active"]:
            score = risk["without"][part["component"]]
            finding = part["finding_id"]
            what = f"what clears finding {finding}" if finding else f"evidence against this: {part['evidence']}"
            ways.append(f"without {part['component']} the score is {score:.4f} ({category(score)}): {what}")
    return ways


def _wallet(connection: Connection, place: dict[str, Any]) -> dict[str, Any]:
    """What is known of an address as a wallet."""
    score = """
        select * exclude (chain, wallet) from detection.smart_money_wallets where chain = $chain and wallet = $address
    """
    reports = """
        select category, score, tx_count, source_file from raw.wallet_reports
        where chain = $chain and wallet = $address order by source_file
    """
    features = records(connection, sql("wallet_features"), {"wallet": place["address"]})
    return {
        "features": [row for row in features if row["chain"] == place["chain"]],
        "smart_money": next(iter(records(connection, score, place)), None),
        "reports": records(connection, reports, place),
    }
