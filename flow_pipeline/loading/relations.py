"""Temp relations of one file's load, in the order in which they come about."""

from __future__ import annotations

from flow_pipeline.warehouse.relations import Relation

LINES = Relation("lines", ("line_row", "line"), "One row per JSON object of the file.")
STAGED_ROWS = Relation(
    "staged_rows",
    ("source_row", "*"),
    "One row per well-formed row of a text file, with its place in the file and the file's own columns.",
)
MALFORMED_ROWS = Relation(
    "malformed_rows", ("source_row", "message", "raw_text"), "One row per row of a text file that can not be read."
)

_TYPED = (
    "source_row",
    "chain",
    "block_number",
    "block_timestamp",
    "transaction_index",
    "tx_hash",
    "transfer_index",
    "token_address",
    "token_symbol",
    "from_text",
    "to_text",
    "amount",
    "amount_usd",
    "is_report",
    "is_transfer",
    "reason",
)
_CANDIDATE = (*_TYPED, "from_address", "to_address")
TYPED_ROWS = Relation(
    "typed_rows",
    _TYPED,
    "One row per row of the file, with typed values and the reason why it may not load, NULL where it may.",
    is_view=True,
)
ROWS_IN_WINDOW = Relation("rows_in_window", _TYPED, "One row per typed row of the days to load; text files only.")
HARMLESS_NAMES = Relation(
    "harmless_names", ("name", "safe"), "One row per name of the file that is not harmless, and how it is stored."
)
HARMLESS_ROWS = Relation(
    "harmless_rows", _TYPED, "One row per row of the file to load, with harmless names.", is_view=True
)
NAMED_ROWS = Relation(
    "named_rows",
    _TYPED,
    "One row per row of the file to load, with the contract that a symbol alone means.",
    is_view=True,
)
CANDIDATE_ROWS = Relation(
    "candidate_rows", _CANDIDATE, "One row per typed row of the days to load, with its addresses.", is_view=True
)
ADDRESS_TEXTS = Relation(
    "address_texts", ("address_id", "text"), "One row per good text of a sender or receiver, with its address's id."
)
BAD_ADDRESSES = Relation(
    "bad_addresses", ("chain", "text"), "One row per text of a sender or receiver that is no address of its chain."
)
GOOD_TRANSFERS = Relation("good_transfers", _CANDIDATE, "One row per candidate transfer that may load.", is_view=True)
BAD_ROWS = Relation("bad_rows", _CANDIDATE, "One row per candidate that may not load, with its reason.", is_view=True)
DUPLICATE_ROWS = Relation(
    "duplicate_rows", ("source_row",), "One row per good transfer that another row of the file or the store tells too."
)
OF_ONE_FILE = (
    LINES,
    STAGED_ROWS,
    MALFORMED_ROWS,
    TYPED_ROWS,
    ROWS_IN_WINDOW,
    HARMLESS_NAMES,
    HARMLESS_ROWS,
    NAMED_ROWS,
    CANDIDATE_ROWS,
    ADDRESS_TEXTS,
    BAD_ADDRESSES,
    GOOD_TRANSFERS,
    BAD_ROWS,
    DUPLICATE_ROWS,
)
TOKEN_DECIMALS = Relation(
    "token_decimals",
    ("chain", "token", "decimals"),
    "One row per token with known decimals, by contract or by symbol in upper case, as sources look them up.",
    is_view=True,
)
TOKEN_CONTRACTS = Relation(
    "token_contracts",
    ("chain", "symbol", "token_address"),
    "One row per chain and symbol, in upper case, that means one contract.",
    is_view=True,
)
