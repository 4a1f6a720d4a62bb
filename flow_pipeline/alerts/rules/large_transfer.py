"""Single transfers above the limits of the settings; moves between wallets of one entity are no news."""

from __future__ import annotations

from typing import Any

from flow_pipeline.alerts.rules import number, short
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "large_transfer", "1", True
SAYS = "one transfer moved more than the limit of its token, or more US dollars than the limit where the token has none"

# The narrow rows tell which transfers are large; names are joined to those alone.
_SELECT = f"""
WITH limits AS (SELECT unnest($tokens) AS symbol, unnest($medium) AS medium, unnest($high) AS high, unnest($critical) AS critical),
measured AS (
    SELECT f.block_number, f.block_timestamp, f.block_date, f.tx_hash, f.transfer_index, f.amount, f.from_id, f.to_id, k.chain, k.token_symbol, k.token_address,
           coalesce((f.amount::DOUBLE * p.usd)::DECIMAL(38, 6), f.amount_usd) AS amount_usd,
           CASE WHEN l.symbol IS NULL THEN $usd ELSE [l.medium, l.high, l.critical] END AS limits, CASE WHEN l.symbol IS NULL THEN 'USD' ELSE 'token units' END AS unit
    FROM store.transfers f JOIN intermediate.int_tokens__canonical k USING (token_id) LEFT JOIN limits l ON l.symbol = k.token_symbol
    LEFT JOIN store.prices p ON p.price_date = f.block_date AND p.token = k.price_token
    WHERE f.block_date IN (FROM days_to_tell) AND f.from_id <> f.to_id
        AND CASE WHEN l.symbol IS NOT NULL THEN f.amount > l.medium ELSE coalesce(f.amount::DOUBLE * p.usd, f.amount_usd) > $usd[1] END
),
named AS (
    SELECT m.*, a.address AS from_address, b.address AS to_address, s.entity AS from_entity, r.entity AS to_entity,
           CASE WHEN unit = 'USD' THEN amount_usd::DOUBLE ELSE amount::DOUBLE END AS size
    FROM measured m JOIN store.addresses a ON a.address_id = m.from_id JOIN store.addresses b ON b.address_id = m.to_id
    LEFT JOIN intermediate.int_address_labels__intervals s ON s.address_id = m.from_id AND s.chain = m.chain AND m.block_timestamp >= s.valid_from AND m.block_timestamp < s.valid_to
    LEFT JOIN intermediate.int_address_labels__intervals r ON r.address_id = m.to_id AND r.chain = m.chain AND m.block_timestamp >= r.valid_from AND m.block_timestamp < r.valid_to
    WHERE s.entity IS NULL OR s.entity IS DISTINCT FROM r.entity
)
SELECT md5(concat_ws('|', chain, coalesce(tx_hash, 'at ' || block_timestamp), coalesce(transfer_index, -1), coalesce(token_address, ''), from_address, to_address,
                     row_number() OVER (PARTITION BY chain, coalesce(tx_hash, 'at ' || block_timestamp), transfer_index, token_address, from_address, to_address ORDER BY amount)))
           AS subject,
       concat_ws(' ', coalesce(token_symbol, token_address), coalesce(from_entity, from_address), 'to', coalesce(to_entity, to_address)) AS topic, chain, block_date,
       CASE WHEN size > limits[3] THEN 'CRITICAL' WHEN size > limits[2] THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
       {number("amount")} || ' ' || coalesce(token_symbol, token_address, '?') || CASE WHEN amount_usd IS NULL THEN '' ELSE ' (' || {number("amount_usd")} || ' USD)' END
           || ' from ' || coalesce(from_entity, {short("from_address")}) || ' to ' || coalesce(to_entity, {short("to_address")}) || ' at ' || strftime(block_timestamp, '%Y-%m-%d %H:%M:%S')
           AS title,
       from_address, to_address, from_entity, to_entity, [from_address, to_address] AS addresses, NULL::VARCHAR[] AS entities,
       json_object('amount', amount::VARCHAR, 'amount_usd', amount_usd::VARCHAR, 'from_entity', from_entity, 'to_entity', to_entity, 'severity', severity) AS content,
       json_object('tx_hash', tx_hash, 'transfer_index', transfer_index, 'block_number', block_number, 'token_address', token_address, 'limits', limits, 'unit', unit) AS baseline
FROM named
"""


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Transfers above their limit on the days to tell."""
    limits = settings.alerts.transfer_by_token
    medium, high, critical = ([values[place] for values in limits.values()] for place in range(3))
    return _SELECT, {
        "tokens": list(limits),
        "medium": medium,
        "high": high,
        "critical": critical,
        "usd": list(settings.alerts.transfer_usd),
    }


def parameters(settings: Settings) -> dict[str, Any]:
    """The limits."""
    return {"transfer_by_token": settings.alerts.transfer_by_token, "transfer_usd": settings.alerts.transfer_usd}
