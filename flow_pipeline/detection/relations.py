"""Temp relations of detection that more than one file reads."""

from __future__ import annotations

from flow_pipeline.warehouse.relations import Relation

# Findings: made by `findings`, `graph` and `past`.

GRAPH_TOKENS = Relation(
    "graph_tokens",
    (
        "token_id",
        "token_key",
        "position",
        "chain",
        "token_symbol",
        "token_address",
        "price_token",
        "spoof_suspected",
        "chain_number",
    ),
    "One row per token whose transfers can be edges, with its position in the graph.",
)
EARLIER_TRANSFERS = Relation(
    "earlier_transfers",
    ("row", "block_date"),
    "One row per transfer that the graph holds besides the latest ones, by its row of store.transfers; may repeat.",
)
MEASURES = Relation(
    "measures",
    (
        "typology",
        "finding",
        "chain",
        "token_symbol",
        "token_address",
        "focus_id",
        "first_timestamp",
        "last_timestamp",
        "transfer_count",
        "least",
        "inflow",
        "outflow",
        "mean_usd",
        "from_focus",
        "all_keys",
        "first_key",
        "name",
        "limited_by",
        "identity",
        "is_path",
        "is_proof",
        "usd_threshold",
        "address_count",
        "met_most",
        "strength",
        "unstored_instances",
        "own_rate_log10",
        "transfers_before",
        "suspect",
        "is_order_known",
        "moved_amount",
        "gross_amount",
        "moved_usd",
        "duration",
        "focus_address",
        "centre_address",
        "strength_usd",
        "exceeds_limit",
        "finding_id",
    ),
    "One row per finding: exact amounts, times and counts, its id, and what makes it suspicious by itself.",
)
CHOSEN_FINDINGS = Relation(
    "chosen_findings",
    ("finding_id", "name", "typology", "finding"),
    "One row per finding to store.",
)
CHOSEN_TRANSFERS = Relation(
    "chosen_transfers",
    (
        "finding_id",
        "typology",
        "finding",
        "part",
        "focus_id",
        "row",
        "from_is_terminal",
        "to_is_terminal",
        "chain",
        "token_key",
        "token_symbol",
        "token_address",
        "block_timestamp",
        "block_number",
        "transaction_index",
        "transfer_index",
        "tx_hash",
        "amount",
        "from_id",
        "to_id",
        "from_address",
        "to_address",
        "source_file",
        "source_row",
        "amount_usd",
        "key",
        "position",
        "ordinal",
    ),
    "One row per finding to store and transfer, numbered in time.",
)
DESCRIPTIONS = Relation(
    "descriptions",
    ("typology", "finding", "hop_count", "reason", "evidence"),
    "One row per finding to store: what happened, in words and numbers.",
)
REPLACED_FINDINGS = Relation(
    "replaced_findings",
    ("finding_id",),
    "One row per stored finding that the ones to store stand for.",
)
VERDICTS = Relation(
    "verdicts",
    (
        "finding_id",
        "instance_of",
        "instance_count",
        "e_value",
        "pool_size",
        "pool_place",
        "strength_needed",
        "stake",
        "is_assessed",
        "judged_by",
        "is_suspicious",
        "score",
        "severity",
        "verdict",
    ),
    "One row per finding to store, and per stored one that they may change, with its verdict.",
)
