"""How strong a finding must be to be suspicious, as the last days were judged: for whoever has no pool at hand."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def thresholds(connection: Connection) -> dict[tuple[str, str, str], float]:
    """The strength in token units above which a finding is rarer than the budget, by typology, chain and token.

    A token is named by its contract, or by its symbol where it has none. Taken is the last day that was judged, and of
    its findings the one that needed most: a pool leaves out what is about the same address, so that they differ a
    little. Tokens that were never judged have none.
    """
    rows = connection.execute(sql("finding_thresholds")).fetchall()
    return {(typology, chain, token): needed for typology, chain, token, needed in rows}
