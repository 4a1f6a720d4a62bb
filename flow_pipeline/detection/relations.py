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
        "judged_by",
        "identity",
        "usd_threshold",
        "address_count",
        "moved_amount",
        "gross_amount",
        "moved_usd",
        "duration",
        "focus_address",
        "is_large",
        "finding_id",
    ),
    "One row per finding: exact amounts, times and counts, its id, and whether its amount exceeds the threshold.",
)
CHOSEN_FINDINGS = Relation(
    "chosen_findings",
    (
        "finding_id",
        "name",
        "typology",
        "finding",
        "hop_count",
        "is_suspicious",
        "score",
        "severity",
        "reason",
        "evidence",
        "parameters",
        "detector_version",
    ),
    "One row per finding to store, with its verdict.",
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
REPLACED_FINDINGS = Relation(
    "replaced_findings",
    ("finding_id",),
    "One row per stored finding that the ones to store stand for.",
)
