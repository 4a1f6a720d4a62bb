"""Days on which a listed wallet pays far more, or less, than it is used to."""

from __future__ import annotations

from typing import Any

from flow_pipeline.alerts.rules import number, short
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "unusual_activity", "1", False
SAYS = "what a smart-money wallet paid on a day is far from its own past"

_SELECT = f"""
SELECT concat_ws('|', chain, wallet, block_date) AS subject, wallet AS topic, chain, block_date, CASE WHEN abs(activity_zscore) >= 2 * $zscore THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
       {short("wallet")} || ' paid ' || {number("day_usd")} || ' USD on ' || block_date || ', usually ' || {number("usual_day_usd")} AS title,
       NULL::VARCHAR AS from_address, NULL::VARCHAR AS to_address, NULL::VARCHAR AS from_entity, NULL::VARCHAR AS to_entity, [wallet] AS addresses, NULL::VARCHAR[] AS entities,
       json_object('day_usd', round(day_usd, 2)) AS content,
       json_object('usual_day_usd', round(usual_day_usd, 2), 'zscore', round(activity_zscore, 2), 'explain', 'netraflow wallet ' || wallet) AS baseline
FROM detection.smart_money_history WHERE abs(activity_zscore) >= $zscore
"""


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Days beyond the limit, of wallets that were listed on them."""
    return _SELECT, parameters(settings)


def parameters(settings: Settings) -> dict[str, Any]:
    """The limit."""
    return {"zscore": settings.alerts.activity_zscore}
