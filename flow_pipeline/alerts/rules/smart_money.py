"""Wallets that are listed as smart money, and what they are like."""

from __future__ import annotations

from typing import Any

from flow_pipeline.alerts.rules import number, short
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "smart_money", "1", False
SAYS = "a wallet is listed as smart money, or its category changed"

_SELECT = f"""
SELECT concat_ws('|', chain, wallet) AS subject, wallet AS topic, chain, NULL::DATE AS block_date, 'MEDIUM' AS severity,
       {short("wallet")} || coalesce(' (' || entity || ')', '') || ' is smart money: ' || replace(category, '_', ' ') || ', score ' || format('{{:.2f}}', formula_score)
           || ', made ' || {number("realised_usd")} || ' USD in 30 days' AS title,
       NULL::VARCHAR AS from_address, NULL::VARCHAR AS to_address, entity AS from_entity, NULL::VARCHAR AS to_entity, [wallet] AS addresses, NULL::VARCHAR[] AS entities,
       json_object('category', category) AS content,
       json_object('score', round(formula_score, 4), 'confidence', round(confidence, 4), 'realised_usd', round(realised_usd, 2), 'last_active', last_active,
                   'explain', 'netraflow wallet ' || wallet) AS baseline
FROM detection.smart_money_wallets WHERE is_smart
"""


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Listed wallets; what is compared is the category, not the score, which moves every day."""
    return _SELECT, {}


def parameters(settings: Settings) -> dict[str, Any]:
    """What decides who is listed."""
    rules = settings.smart_money
    return {"min_score": rules.min_score, "weights": rules.weights, "full_marks": rules.full_marks}
