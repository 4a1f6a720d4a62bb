"""The words files use: the spellings of each column, and what the values of a status or a kind of row mean.

One row per field. A new exporter's spelling is a word in its row, never code. Case, spaces and signs do not count:
`Block_Time`, `block time` and `blockTime` are one spelling, and so are `token_info.symbol` and `tokenInfoSymbol`.
"""

from __future__ import annotations

COLUMNS: dict[str, tuple[str, ...]] = {
    "chain": (
        "chain", "network", "blockchain", "chain_name", "blockchain_name", "chain_id", "chainid", "evm_chain_id",
        "network_id",
    ),
    "block_number": (
        "block_number", "blockno", "block", "block_height", "height", "block_num", "evt_block_number", "block_id",
        "status.block_height", "slot", "block_slot", "call_block_number",
    ),
    "block_hash": ("block_hash", "blockhash", "status.block_hash"),
    "time": (
        "block_timestamp", "unix_timestamp", "timestamp", "time_stamp", "block_time", "evt_block_time",
        "block_signed_at", "metadata.block_timestamp", "status.block_time", "block_unix_time", "trans_time",
        "transaction_time", "block_datetime", "time", "datetime_utc", "datetime", "date_time", "time_utc",
        "date_time_utc", "date_utc", "human_time", "call_block_time", "block_date_time", "date_and_time",
        "execution_date", "block.time", "block.timestamp", "date", "block_date",
    ),
    "tx_hash": (
        "tx_hash", "transaction_hash", "hash", "txid", "tx_id", "txn_hash", "evt_tx_hash", "transaction_id",
        "signature", "transaction.hash", "trans_id", "call_tx_hash", "tx", "transaction", "parent_transaction_hash",
    ),
    "log_index": (
        "transfer_index", "log_index", "evt_index", "event_index", "output_index", "vout", "log_position",
        "transaction_log_index", "batch_index", "log_id", "index",
    ),
    "trace_index": ("trace_index", "trace_address", "trace_id", "index_trace", "sub_traces_index"),
    "transaction_index": (
        "transaction_index", "tx_position", "tx_index", "transaction_position", "evt_tx_index",
        "index_in_block",
    ),
    "from": (
        "from_address", "from", "sender", "from_addr", "src", "from.hash", "from.address", "sender_address",
        "transfer_from_address", "owner_address", "tx_from", "name_orig", "sender_account", "source_owner",
        "from_user_account", "from_owner", "sender.address", "payer",
    ),
    "to": (
        "to_address", "to", "receiver", "recipient", "to_addr", "dst", "to.hash", "to.address", "receiver_address",
        "recipient_address", "transfer_to_address", "txto", "tx_to", "name_dest", "receiver_account",
        "destination_owner", "to_user_account", "to_owner", "receiver.address", "payee", "destination",
    ),
    "created_contract": ("receipt_contract_address", "created_contract", "creates"),
    "coins": (
        "amount_precise", "value_decimal", "value_formatted", "amount_formatted", "amount_decimal", "token_amount",
        "quantity", "token_qty", "qty", "token_value", "amount", "amount_paid", "token_quantity", "ui_amount",
        "amount_token",
    ),
    "base": (
        "raw_amount_precise", "raw_amount", "amount_raw", "raw_value", "value_raw", "raw_contract.value", "value_wei",
        "wei", "amount_wei", "value_string", "value_sat", "lamports", "amount_lamports", "value_base", "quant",
        "amount_base", "amount_unscaled", "value_binary",
    ),
    "value": ("value", "total.value", "delta", "amount_or_value", "val"),
    "decimals": (
        "decimals", "token_decimals", "token_decimal", "token_info.decimals", "token_info.token_decimal",
        "contract_decimals", "contract_decimal", "total.decimals", "token.decimals", "raw_contract.decimal",
        "raw_contract.decimals", "decimal",
    ),
    "token_address": (
        "token_address", "contract_address", "token_contract", "contract", "token_info.address",
        "token_info.token_id", "raw_contract.address", "token.address", "token.address_hash", "token_contract_address",
        "token_mint", "mint", "token_mint_address", "mint_address", "currency.address", "asset_address",
    ),
    "token_symbol": (
        "token_symbol", "symbol", "asset", "currency", "token_info.symbol", "token_info.token_abbr",
        "contract_ticker_symbol", "token.symbol", "currency.symbol", "payment_currency", "coin", "token", "token_abbr",
        "asset_symbol", "ticker",
    ),
    "amount_usd": ("amount_usd", "value_usd", "usd_value", "usd_value_day_of_tx", "value_quote", "delta_quote", "usd"),
    "success": (
        "success", "tx_succeeded", "tx_success", "succeeded", "is_success", "successful", "is_successful", "txn_status",
        "execution_status", "outcome", "state", "final_result", "txreceipt_status", "receipt_status",
        "tx_status", "status", "transaction_status", "result", "contract_ret", "contract_result", "exec_status",
        "receipts_status", "receipt.status",
    ),
    "failure": (
        "is_error", "failed", "is_failed", "tx_failed", "reverted", "tx_error", "revert", "has_error",
        "is_failure",
    ),
    "error": (
        "error", "err_code", "error_code", "error_message", "err", "revert_reason", "transaction_error",
        "failure_reason", "exit_reason", "fail_reason",
    ),
    "removed": ("removed", "is_removed", "reorged"),
    "kind": (
        "token_standard", "token_type", "category", "event", "event_name", "event_type", "transfer_type", "action",
        "type", "token.type", "erc_type", "contract_type", "activity_type", "call_type",
    ),
    "nft": ("erc721_token_id", "token_id", "token_ids", "nft_id"),
}  # fmt: skip
"""Spellings per field, the surest first."""

YES = {"1", "0x1", "0x01", "true", "t", "yes", "y"}
NO = {"0", "0x0", "0x00", "0x", "false", "f", "no", "n"}
EMPTY = {"", "-", "null", "none", "nan", "nil", "n/a", "na", "<nil>", "undefined"}
"""What files write for yes, for no, and for nothing, in lower case."""

SUCCEEDED = YES | {
    "success", "successful", "succeeded", "succeed", "ok", "okay", "confirmed", "completed", "complete", "done",
    "finalized", "finalised", "safe", "executed", "mined", "valid", "passed", "processed", "included", "finished",
    "status_ok", "status_success", "tx_success", "1 (success)", "success (1)", "rooted", "settled", "validated",
}  # fmt: skip
"""Values of a column that says whether a transaction worked: it did. Empty says so too: explorers leave it blank."""

FAILED = NO | {
    "fail", "failed", "failure", "error", "err", "errored", "reverted", "revert", "out of gas", "out_of_gas",
    "outofgas", "out_of_energy", "out of energy", "out_of_time", "bad instruction", "invalid", "rejected", "dropped",
    "cancelled", "canceled", "aborted", "unsuccessful", "dropped&replaced", "replaced", "0 (fail)", "0 (failed)",
    "status_error", "status_fail", "status_failed", "tx_failed", "execution reverted", "fail (0)",
    "bad_jump_destination", "illegal_operation", "stack_too_small", "transfer_failed", "unknown_error", "orphaned",
}  # fmt: skip
"""It did not, and nothing moved. Words that begin with one of them and a bracket or colon count: `Error(0)`."""

UNFINISHED = {"pending", "queued", "unconfirmed", "processing", "mempool", "waiting", "submitted", "in progress"}
"""It is in no block yet, so nothing has moved."""

NO_ERROR = NO | EMPTY | SUCCEEDED - YES
"""Values of a column of errors that tell of none; any other text is the error."""

NFT = {
    "erc721", "erc-721", "erc1155", "erc-1155", "nft", "specialnft", "bep721", "bep1155", "trc721", "trc-721",
    "erc404", "cryptopunks", "non_fungible", "nonfungible", "erc721token", "erc1155token", "trc1155", "nfttransfer",
    "nft_transfer", "nfts", "erc721_transfer", "erc1155_transfer",
}  # fmt: skip
"""Kinds of rows that move no coins but things."""

APPROVAL = {
    "approval", "approve", "approvalforall", "approval_for_all", "setapprovalforall", "increaseallowance",
    "decreaseallowance", "permit", "revoke", "spl_approve", "token_approve",
}  # fmt: skip
"""Kinds of rows that allow somebody to move coins, and move none."""

NO_MOVE = {
    "createaccount", "create_account", "closeaccount", "close_account", "setauthority", "set_authority", "freeze",
    "thaw", "initialize", "initializeaccount", "activity_spl_create_account", "activity_spl_close_account",
    "activity_spl_set_owner_authority", "ownershiptransferred", "paused", "unpaused", "vote", "delegate",
    "delegatecall", "staticcall", "callcode", "delegatevotechanged", "delegatechanged", "rolegranted", "upgraded",
    "initialized",
}  # fmt: skip
"""Kinds of rows that change a state and move nothing."""

NATIVE_ADDRESSES = (
    "0x0000000000000000000000000000000000000000",
    "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
    "11111111111111111111111111111111",
    "so11111111111111111111111111111111111111111",
    "native",
    "_",
    "trx",
)
"""What files write as the contract of a chain's own coin, in lower case."""

NOTHING = ("0x", "null", "none", "nan", "-", "n/a", "na", "0", "\\n", "<na>", "<nil>", "nil", "undefined", "nat")
"""What files write where a row has no hash, contract, symbol or receiver."""

BASE_UNITS = {"wei", "sat", "sats", "satoshi", "satoshis", "lamport", "lamports", "sun", "drop", "drops"}
"""Units beside a number that are the smallest of a chain's own coin."""

PARTS_OF_COINS = {
    "kwei", "mwei", "gwei", "szabo", "finney", "msat", "msats", "mbtc", "bits", "k", "m", "b", "mm", "bn", "mn", "mln",
    "mio", "mrd", "tsd", "thousand", "million", "billion",
}  # fmt: skip
"""Units beside a number that are neither coins nor their smallest unit, and words for thousands and more."""

TABLES = {"block", "transaction", "log", "token_transfer", "trace"}
"""Kinds of rows that an exporter may write into one file, and that mean their columns differently."""

FAILED_FOR_SURE = {one for one in FAILED - NO if one not in ("invalid", "replaced")}
"""Words that tell of a failure in any column, whatever its name."""
