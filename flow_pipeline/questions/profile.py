"""A reference profile from a warehouse: its largest findings, for verdicts on traffic too small to judge itself."""

from __future__ import annotations

from datetime import UTC, datetime

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.rows import records
from flow_pipeline.scoring.profile import LARGEST, Profile
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def profile_of(connection: Connection, source: str, token_usd: dict[str, float]) -> Profile:
    """The profile of all days of a warehouse.

    Args:
        connection: A published file.
        source: Which traffic it is, and from where: verdicts that rest on the profile say it.
        token_usd: US dollars per token unit, by `chain:symbol`; for the other tokens the warehouse's own prices hold.

    Raises:
        FlowError: no transfer has a price.
    """
    values = {"names": list(token_usd), "usd": list(token_usd.values())}
    traffic = records(connection, sql("profile_traffic"), values)
    transfers = sum(row["transfers"] for row in traffic)
    if not transfers:
        raise FlowError(
            "no token of this warehouse has a price, so that its findings have no size that others can be measured by",
            "give prices with `netraflow analyze … --prices FILE`, or here with --price ethereum:ETH=2500",
        )
    found = records(connection, sql("profile_findings"), {**values, "largest": LARGEST})
    return Profile(
        source=source,
        first_day=min(row["first_day"] for row in traffic).isoformat(),
        last_day=max(row["last_day"] for row in traffic).isoformat(),
        made_on=datetime.now(UTC).date().isoformat(),
        transfers=transfers,
        token_usd={row["token"]: row["usd"] for row in traffic},
        typologies={row["typology"]: ([round(size, 2) for size in row["largest"]], row["findings"]) for row in found},
    )
