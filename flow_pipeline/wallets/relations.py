"""Temp tables that trades.py fills and mev.py reads too."""

from __future__ import annotations

from flow_pipeline.warehouse.relations import Relation

PARTIES = Relation(
    "parties",
    (
        "chain",
        "tx_hash",
        "id",
        "block_number",
        "block_timestamp",
        "block_date",
        "first_index",
        "gives",
        "gets",
        "gave_key",
        "gave_amount",
        "gave_usd",
        "got_key",
        "got_amount",
        "got_usd",
    ),
    "One row per transaction of several transfers and address whose balance it changes: what it gave and got.",
)
PARTY_TRANSACTIONS = Relation(
    "party_transactions",
    (
        "chain",
        "tx_hash",
        "block_number",
        "transaction_index",
        "method_id",
        "sender_id",
        "called_id",
        "gas",
        "gas_usd",
    ),
    "One row per transaction of the parties that is known and did not fail.",
)
SWAPS = Relation(
    "swaps",
    (
        "chain",
        "tx_hash",
        "id",
        "gave_key",
        "got_key",
        "gave_amount",
        "got_amount",
        "gave_usd",
        "got_usd",
        "method_id",
        "wallet_basis",
        "transaction_index",
        "block_number",
        "block_timestamp",
        "block_date",
        "value_usd",
        "price_basis",
        "gas_amount",
        "gas_usd",
        "n",
    ),
    "One row per trade among the parties, in time order, with the value of both legs.",
)
