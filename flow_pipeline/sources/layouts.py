"""Tables of transfers that are known by name: a row each, never code.

What the words of `vocabulary` say already is not repeated here. A row tells what the words can not: which columns make
the file known, what a column means there that means something else elsewhere, and where the file comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from flow_pipeline.sources.files import InputFile, plain
from flow_pipeline.sources.vocabulary import COLUMNS


@dataclass(frozen=True)
class Layout:
    """A known table of transfers or transactions.

    Attributes:
        format: Word of `--format` and of raw.loads.format; several tables of one exporter share it.
        table: What the exporter calls the table.
        origin: Where the file comes from and how to export it, in Markdown.
        columns: Columns that must be there; `a|b` is either, `a*` any that begins so.
        without: Columns that must not be there.
        fields: Columns per field of `vocabulary.COLUMNS`, where the words would choose another one, or none (`()`).
        constants: Values per field that hold for every row.
        computed: New columns, as SQL over the file's own.
        unit: What the amounts are where the exporter's documentation says so; else the values decide.
        rows: transfers; transactions (values of the chain's own coin, which also fill raw.transactions); blocks (times
            for files without them); or nothing that can be loaded.
        refusal: For `nothing`: what it is, and the way out.
        statuses: Words of its status columns that are on no list, and whether they mean a failure.
        example: A small file that the contract tests load.
    """

    format: str
    table: str
    origin: str
    columns: tuple[str, ...]
    without: tuple[str, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)
    unit: Literal["token", "base"] | None = None
    rows: Literal["transfers", "transactions", "blocks", "nothing"] = "transfers"
    refusal: tuple[str, str] = ("", "")
    statuses: Mapping[str, bool] = field(default_factory=dict)
    example: tuple[str, bytes] | None = None

    @property
    def is_native(self) -> bool:
        """True where every row moves the chain's own coin."""
        return self.rows == "transactions" or self.constants.get("token") == "native"

    def spellings(self, field: str) -> tuple[str, ...]:
        """The columns that a field may stand in, the surest first; none where this table does not have it.

        The columns of a transaction that name a contract, a symbol or a type tell of no token.
        """
        if field in self.fields:
            return self.fields[field]
        is_of_token = field in ("token_address", "token_symbol")
        if (is_of_token and self.is_native) or (field == "kind" and self.rows == "transactions"):
            return ()
        return COLUMNS[field]

    def fits(self, file: InputFile) -> bool:
        """True when the file has the columns that make this table known."""
        names = [plain(column) for column in (*file.columns, *file.lists)]
        return all(_is_there(spec, names) for spec in self.columns) and not any(
            _is_there(spec, names) for spec in self.without
        )


def _is_there(spec: str, names: list[str]) -> bool:
    for one in spec.split("|"):
        word = plain(one)
        if any(name.startswith(word) for name in names) if one.endswith("*") else word in names:
            return True
    return False


_A, _B, _T = "0x" + "1" * 40, "0x" + "2" * 40, "0x" + "3" * 40
_H = "0x" + "a" * 64


def _csv(name: str, *lines: str) -> tuple[str, bytes]:
    return name, ("\n".join(lines) + "\n").encode()


def _json(name: str, text: str) -> tuple[str, bytes]:
    for sign, value in (
        ("@hash", _H), ("@from", _A), ("@token", _T), ("@to", _B), ("@event", _TRANSFER),
        ("@usdc", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"),
    ):  # fmt: skip
        text = text.replace(sign, value)
    return name, text.encode()


_TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""The first topic of the event Transfer(address,address,uint256)."""
_LOG_TIMES = ("blockTimestamp", "timeStamp", "block_time", "timestamp")
_LOG_FIELDS: dict[str, tuple[str, ...]] = {
    "token_address": ("address", "contract_address"), "from": ("log_sender",), "to": ("log_receiver",),
    "base": ("data",), "value": (), "coins": (), "nft": ("log_token_id",), "kind": (), "time": _LOG_TIMES,
}  # fmt: skip


def _event(topic: str) -> dict[str, str]:
    """Columns of a log's event and its three arguments, as SQL over its topics; `topic` is that of a number."""
    names = ("contract_kind", "log_sender", "log_receiver", "log_token_id")
    event, *arguments = (topic.replace("#", str(number)) for number in range(4))
    columns = dict(zip(names[1:], arguments, strict=True))
    return {**columns, names[0]: f"case when lower({event}) is distinct from '{_TRANSFER}' then 'another_event' end"}


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "etherscan",
        "account tokentx",
        "Etherscan V2 API and every explorer on it: `module=account&action=tokentx`, the JSON as it is answered or the "
        "same columns as CSV. A call gives 10,000 rows at most, 1,000 on the free tier: page by block.",
        ("blockNumber", "timeStamp", "hash", "from", "to", "value", "tokenDecimal"),
        without=("tokenID",),
        unit="base",
        example=_csv(
            "tokentx.csv",
            "blockNumber,timeStamp,hash,from,contractAddress,to,value,tokenSymbol,tokenDecimal",
            f"1,1746057600,0xaa,{_A},{_T},{_B},1500000,USDC,6",
        ),
    ),
    Layout(
        "etherscan",
        "account txlist",
        "The same API with `action=txlist`.",
        ("blockNumber", "timeStamp", "hash", "from", "to", "value", "isError|txreceipt_status|cumulativeGasUsed"),
        without=("tokenDecimal", "tokenSymbol", "tokenID", "traceId"),
        fields={"created_contract": ("contractAddress",)},
        unit="base",
        rows="transactions",
    ),
    Layout(
        "etherscan",
        "account txlistinternal",
        "The same API with `action=txlistinternal`.",
        ("blockNumber", "timeStamp", "from", "to", "value", "traceId|errCode"),
        without=("tokenDecimal", "tokenSymbol", "nonce"),
        fields={"created_contract": ("contractAddress",), "kind": (), "log_index": ()},
        constants={"token": "native"},
        unit="base",
    ),
    Layout(
        "etherscan",
        "account tokennfttx and token1155tx",
        "The same API with `action=tokennfttx` or `token1155tx`: things, not coins.",
        ("blockNumber", "timeStamp", "hash", "from", "to", "tokenID"),
        rows="nothing",
        refusal=("these are transfers of NFTs, no coins", "leave the file out; coins come with action=tokentx"),
    ),
    Layout(
        "etherscan-export",
        "token transfers of an address",
        "Etherscan and its sisters, page of an address, tab *Token Transfers (ERC-20)*, *Download CSV*.",
        ("UnixTimestamp|DateTime (UTC)", "From", "To", "Txhash|Transaction Hash", "Value|TokenValue|Quantity",
         "ContractAddress", "TokenSymbol"),
        without=("TokenId", "Token ID"),
        fields={"coins": ("TokenValue", "Quantity", "Value"), "value": (), "base": ()},
        unit="token",
        example=_csv(
            "export.csv",
            '"Txhash","UnixTimestamp","DateTime","From","To","Value","ContractAddress","TokenName","TokenSymbol"',
            f'"0xaa","1746057600","2025-05-01 00:00:00","{_A}","{_B}","1,234.5","{_T}","USD Coin","USDC",""',
        ),
    ),
    Layout(
        "etherscan-export",
        "transactions of an address",
        "The same page, tab *Transactions*, *Download CSV*. The coin stands in the names of the columns.",
        ("Transaction Hash|Txhash", "UnixTimestamp|DateTime (UTC)", "From", "To", "Value_IN*", "Value_OUT*",
         "TxnFee*|Method"),
        without=("ParentTxFrom",),
        fields={"created_contract": ("ContractAddress",), "amount_usd": ()},
        unit="token",
        rows="transactions",
    ),
    Layout(
        "etherscan-export",
        "internal transactions of an address",
        "The same page, tab *Internal Transactions*, *Download CSV*.",
        ("Transaction Hash|Txhash", "UnixTimestamp|DateTime (UTC)", "From", "TxTo|To", "Value_IN*", "Value_OUT*",
         "ParentTxFrom"),
        fields={
            "created_contract": ("ContractAddress",), "kind": (), "to": ("TxTo", "To"), "amount_usd": (),
            "success": (), "failure": ("Status",), "error": ("ErrCode",),
        },
        constants={"token": "native"},
        unit="token",
    ),
    Layout(
        "etherscan-export",
        "transfers of a token",
        "Page of a token, *Download CSV*. The file names no token: name it in a map file.",
        ("Transaction Hash|Txhash", "UnixTimestamp|DateTime (UTC)", "From", "To", "Quantity"),
        without=("ContractAddress", "TokenSymbol", "TokenId", "Token ID"),
        unit="token",
    ),
    Layout(
        "blockscout",
        "token transfers as CSV",
        "Blockscout, page of an address, tab *Token transfers*, *Download CSV*.",
        ("TxHash", "BlockNumber", "UnixTimestamp", "FromAddress", "ToAddress", "TokenContractAddress",
         "TokensTransferred"),
        fields={"base": ("TokensTransferred",), "decimals": ("TokenDecimals",), "kind": ()},
        example=_csv(
            "token-transfers.csv",
            "TxHash,BlockNumber,UnixTimestamp,FromAddress,ToAddress,TokenContractAddress,Type,TokenDecimals,"
            "TokenSymbol,TokensTransferred,TransactionFee,Status,ErrCode",
            f"{_H},1,2025-05-01 00:00:00Z,{_A},{_B},{_T},IN,6,USDC,1500000,21000,ok,",
        ),
    ),
    Layout(
        "blockscout",
        "transactions as CSV",
        "The same page, tab *Transactions*, *Download CSV*.",
        ("TxHash", "BlockNumber", "UnixTimestamp", "FromAddress", "ToAddress", "ContractAddress", "Value", "Fee"),
        fields={"created_contract": ("ContractAddress",)},
        unit="base",
        rows="transactions",
    ),
    Layout(
        "blockscout",
        "API v2 token transfers",
        "`/api/v2/addresses/ADDRESS/token-transfers`; 50 rows a page.",
        ("from.hash", "to.hash", "total.value", "timestamp", "token.address|token.address_hash"),
        fields={"base": ("total.value",), "kind": ("token.type",), "tx_hash": ("transaction_hash", "tx_hash")},
        unit="base",
    ),
    Layout(
        "blockscout",
        "API v2 transactions",
        "`/api/v2/addresses/ADDRESS/transactions`.",
        ("hash", "from.hash", "to.hash|created_contract.hash", "value", "timestamp", "gas_used|gas_price", "status"),
        fields={
            "created_contract": ("created_contract.hash",), "decimals": (), "success": ("status",), "failure": (),
            "error": (), "transaction_index": ("position",),
        },
        unit="base",
        rows="transactions",
    ),
    Layout(
        "blockscout",
        "internal transactions as CSV",
        "The same page, tab *Internal txns*, *Download CSV*.",
        ("TxHash", "BlockNumber", "Timestamp|UnixTimestamp", "FromAddress", "ToAddress", "ContractAddress", "Value",
         "CallType", "ErrorCode|Type"),
        fields={
            "created_contract": ("ContractAddress",), "kind": ("CallType",), "log_index": (), "trace_index": ("Index",),
        },
        constants={"token": "native"},
        unit="base",
    ),
    Layout(
        "blockscout",
        "API v2 internal transactions",
        "`/api/v2/addresses/ADDRESS/internal-transactions`.",
        ("transaction_hash", "from.hash", "to.hash|created_contract.hash", "value", "timestamp", "index", "gas_limit",
         "success"),
        without=("total.value", "token.type", "gas_price"),
        fields={
            "created_contract": ("created_contract.hash",), "kind": ("type",), "log_index": (),
            "trace_index": ("index",),
        },
        constants={"token": "native"},
        unit="base",
    ),
    Layout(
        "dune",
        "tokens.transfers",
        "Dune, `select * from tokens.transfers where …`, result as CSV.",
        ("blockchain", "block_time", "tx_hash", "from", "to", "amount_raw|amount", "token_standard"),
        fields={"base": ("amount_raw",), "coins": ("amount",)},
        example=_csv(
            "dune.csv",
            "blockchain,block_time,block_number,tx_hash,evt_index,token_standard,from,to,contract_address,symbol,"
            "amount_raw,amount,amount_usd",
            f"ethereum,2025-05-01 00:00:00.000 UTC,1,{_H},7,erc20,{_A},{_B},{_T},USDC,1500000,1.5,1.5",
        ),
    ),
    Layout(
        "dune",
        "tokens_solana.transfers",
        "Dune, `select * from tokens_solana.transfers where …`, result as CSV.",
        ("block_time", "tx_id", "amount", "from_owner", "to_owner", "token_mint_address"),
        fields={"base": ("amount",), "coins": ("amount_display",), "log_index": ("instruction",), "kind": ("action",)},
        constants={"chain": "solana"},
        computed={"instruction": "concat_ws('_', {outer_instruction_index}, {inner_instruction_index})"},
        unit="base",
    ),
    Layout(
        "dune",
        "erc20 evt_Transfer",
        "Dune, `select * from erc20_ethereum.evt_Transfer where …`, result as CSV.",
        ("contract_address", "evt_tx_hash", "evt_index", "evt_block_time", "from|src", "to|dst", "value|wad"),
        fields={"base": ("value", "wad"), "value": ()},
        unit="base",
    ),
    Layout(
        "dune",
        "transactions",
        "Dune, `select * from ethereum.transactions where …`, result as CSV.",
        ("block_time", "hash", "from", "to", "value", "gas_price", "gas_used|gas_limit", "success|nonce"),
        fields={"transaction_index": ("index",)},
        unit="base",
        rows="transactions",
    ),
    Layout(
        "ethereum-etl",
        "token_transfers",
        "`ethereumetl export_token_transfers`, BigQuery `crypto_ethereum.token_transfers`, AWS Public Blockchain Data. "
        "The exporter's default has no times: put its `blocks` file beside it.",
        ("token_address", "from_address", "to_address", "value", "transaction_hash", "log_index"),
        without=("amount",),
        fields={"base": ("value",), "value": (), "kind": ()},
        unit="base",
    ),
    Layout(
        "ethereum-etl",
        "transactions",
        "`ethereumetl export_blocks_and_transactions`, BigQuery `crypto_ethereum.transactions`, AWS Public Blockchain "
        "Data.",
        ("hash", "nonce", "from_address", "to_address", "value", "gas_price", "block_timestamp|block_number"),
        fields={"success": ("receipt_status", "status"), "failure": ()},
        unit="base",
        rows="transactions",
        example=_csv(
            "transactions.csv",
            "hash,nonce,block_number,transaction_index,from_address,to_address,value,gas,gas_price,input,"
            "block_timestamp,receipt_status",
            f"0xaa,0,1,0,{_A},{_B},1500000000000000000,21000,1,0x,1746057600,1",
        ),
    ),
    Layout(
        "ethereum-etl",
        "blocks",
        "`ethereumetl export_blocks_and_transactions` or cryo: times for files of the folder that have none.",
        ("number|block_number", "timestamp", "miner|author|gas_used|transaction_count|gas_limit|parent_hash"),
        without=("from_address", "from", "to", "to_address", "value", "tx", "transactions", "vin", "topics", "data"),
        rows="blocks",
    ),
    Layout(
        "ethereum-etl",
        "token_transfers of goog_blockchain",
        "BigQuery `bigquery-public-data.goog_blockchain_ethereum_mainnet_us.token_transfers`.",
        ("transaction_hash", "event_index", "address", "from_address", "to_address", "quantity", "event_type"),
        fields={
            "token_address": ("address",), "base": ("quantity",), "coins": (), "kind": ("event_type",),
            "log_index": ("event_index",), "nft": (),
        },
        unit="base",
    ),
    Layout(
        "event-logs",
        "logs of a node",
        "`eth_getLogs`, Etherscan's `module=logs&action=getLogs`, BigQuery and ethereum-etl `logs` as JSON; events "
        "other than `Transfer` are rejects. Where a log has no time, put a file of blocks beside it.",
        ("address", "topics.0", "data", "transactionHash", "logIndex", "blockNumber"),
        fields=_LOG_FIELDS,
        computed=_event("{topics.#}"),
        unit="base",
        example=_json(
            "logs.json",
            '{"jsonrpc": "2.0", "id": 1, "result": [{"address": "@usdc", "topics": ["@event", "@from", "@to"], '
            '"data": "0x16e360", "blockNumber": "0x1", "transactionHash": "@hash", "logIndex": "0x7", '
            '"blockTimestamp": "0x6812b9c0", "removed": false}]}\n',
        ),
    ),
    Layout(
        "event-logs",
        "logs as a table",
        "BigQuery and ethereum-etl `logs` as CSV: the topics in one column.",
        ("address", "topics", "data", "transaction_hash", "log_index", "block_number"),
        without=("topics.0",),
        fields=_LOG_FIELDS,
        computed=_event("regexp_extract_all({topics}, '0x[0-9a-fA-F]+')[# + 1]"),
        unit="base",
    ),
    Layout(
        "event-logs",
        "logs with a column per topic",
        "`cryo logs`, Dune `ethereum.logs`.",
        ("address|contract_address", "topic0", "topic1", "topic2", "data", "transaction_hash|tx_hash",
         "log_index|index", "block_number"),
        fields={**_LOG_FIELDS, "from": ("topic1",), "to": ("topic2",), "nft": ("topic3",), "time": _LOG_TIMES},
        computed={
            "contract_kind": f"case when lower(hex({{topic0}}::blob)) not in ('{_TRANSFER[2:]}', "
            f"'{_TRANSFER.encode().hex()}') then 'another_event' end",
        },
        unit="base",
    ),
    Layout(
        "flipside",
        "ez_token_transfers",
        "Flipside, `select * from ethereum.core.ez_token_transfers where …`.",
        ("tx_hash", "block_timestamp", "event_index", "from_address", "to_address", "contract_address", "raw_amount"),
        fields={
            "base": ("raw_amount_precise", "raw_amount"), "coins": ("amount_precise", "amount"),
            "kind": ("token_standard",), "log_index": ("event_index",),
        },
        example=_csv(
            "ez_token_transfers.csv",
            "BLOCK_NUMBER,BLOCK_TIMESTAMP,TX_HASH,TX_POSITION,EVENT_INDEX,FROM_ADDRESS,TO_ADDRESS,CONTRACT_ADDRESS,"
            "TOKEN_STANDARD,NAME,SYMBOL,DECIMALS,RAW_AMOUNT_PRECISE,RAW_AMOUNT,AMOUNT_PRECISE,AMOUNT,AMOUNT_USD",
            f"1,2025-05-01 00:00:00.000,{_H},4,12,{_A},{_B},{_T},erc20,USD Coin,USDC,6,1500000,1500000,1.5,1.5,1.5",
        ),
    ),
    Layout(
        "flipside",
        "ez_native_transfers",
        "Flipside, `select * from ethereum.core.ez_native_transfers where …`.",
        ("tx_hash", "block_timestamp", "trace_index", "from_address", "to_address", "amount_precise|amount"),
        without=("contract_address",),
        fields={"coins": ("amount_precise", "amount"), "base": (), "kind": ()},
        constants={"token": "native"},
        unit="token",
    ),
    Layout(
        "flipside",
        "fact_transactions",
        "Flipside, `select * from ethereum.core.fact_transactions where …`.",
        ("tx_hash", "block_timestamp", "from_address", "to_address", "value_precise_raw", "gas_price"),
        fields={
            "base": ("value_precise_raw",), "coins": (), "value": (), "success": ("tx_succeeded", "status"),
        },
        unit="base",
        rows="transactions",
    ),
    Layout(
        "cryo",
        "erc20_transfers",
        "`cryo erc20_transfers`, Parquet. It has no times unless `--include-columns timestamp`: put the Parquet of "
        "`cryo blocks` beside it.",
        ("block_number", "log_index", "transaction_hash", "erc20", "from_address", "to_address",
         "value_string|value_binary|value_f64"),
        fields={
            "token_address": ("erc20",), "base": ("value_string", "value_binary", "value_f64"), "value": (),
            "kind": (),
        },
        unit="base",
    ),
    Layout(
        "cryo",
        "native_transfers",
        "`cryo native_transfers`, Parquet, with the times of `cryo blocks`.",
        ("block_number", "transfer_index", "transaction_hash", "from_address", "to_address",
         "value_string|value_binary|value_f64"),
        without=("erc20",),
        fields={"base": ("value_string", "value_binary", "value_f64"), "log_index": (), "kind": ()},
        constants={"token": "native"},
        unit="base",
        example=_csv(
            "native_transfers.csv",
            "block_number,transaction_index,transfer_index,transaction_hash,from_address,to_address,value_string,"
            "chain_id,timestamp",
            f"1,0,7,{_H},{_A},{_B},1500000000000000000,1,1746057600",
        ),
    ),
    Layout(
        "cryo",
        "transactions",
        "`cryo transactions`, Parquet.",
        ("block_number", "transaction_index", "transaction_hash", "nonce", "from_address", "to_address",
         "value_string|value_binary|value_f64"),
        fields={"base": ("value_string", "value_binary", "value_f64"), "value": ()},
        unit="base",
        rows="transactions",
    ),
    Layout(
        "alchemy",
        "alchemy_getAssetTransfers",
        "Alchemy `alchemy_getAssetTransfers` with `withMetadata: true`; 1,000 rows a page.",
        ("hash", "from", "to", "asset", "category", "metadata.blockTimestamp|blockNum"),
        fields={
            "base": ("rawContract.value",), "decimals": ("rawContract.decimal",), "coins": ("value",), "value": (),
            "token_address": ("rawContract.address",), "block_number": ("blockNum",), "nft": (),
            "log_index": ("log_of_unique_id",), "kind": ("category",),
        },
        computed={"log_of_unique_id": "regexp_extract({uniqueId}, ':(?:log|internal):(.*)$', 1)"},
        example=_json(
            "transfers.json",
            '{"jsonrpc": "2.0", "id": 1, "result": {"transfers": [{"blockNum": "0x1", "uniqueId": "@hash:log:7", '
            '"hash": "@hash", "from": "@from", "to": "@to", "value": 1.5, "erc721TokenId": null, '
            '"erc1155Metadata": null, "tokenId": null, "asset": "USDC", "category": "erc20", '
            '"rawContract": {"value": "0x16e360", '
            '"address": "@token", "decimal": "0x6"}, "metadata": {"blockTimestamp": "2025-05-01T00:00:00.000Z"}}], '
            '"pageKey": ""}}\n',
        ),
    ),
    Layout(
        "moralis",
        "ERC-20 transfers",
        "Moralis `/ADDRESS/erc20/transfers`; 100 rows a page.",
        ("address", "transaction_hash", "block_timestamp", "from_address", "to_address", "value",
         "token_decimals|value_decimal"),
        fields={"token_address": ("address",), "base": ("value",), "coins": ("value_decimal",), "kind": ()},
        unit="base",
        example=_json(
            "moralis.json",
            '{"page": 0, "page_size": 100, "cursor": null, "result": [{"token_name": "USD Coin", "token_symbol": '
            '"USDC", "token_decimals": "6", "address": "@token", "transaction_hash": "@hash", "block_timestamp": '
            '"2025-05-01T00:00:00.000Z", "block_number": "1", "from_address": "@from", "to_address": "@to", "value": '
            '"1500000", "transaction_index": 4, "log_index": 7, "value_decimal": "1.5"}]}\n',
        ),
    ),
    Layout(
        "moralis",
        "wallet history",
        "Moralis `/wallets/ADDRESS/history`.",
        ("hash", "block_timestamp", "from_address", "to_address", "value", "erc20_transfers", "native_transfers",
         "nft_transfers"),
        rows="nothing",
        refusal=(
            "the transfers of a wallet's history lie in several lists inside each transaction",
            "use Moralis `/ADDRESS/erc20/transfers` for tokens and `/ADDRESS` for the chain's own coin",
        ),
    ),
    Layout(
        "solscan",
        "parsed transactions of Helius",
        "Helius `/v0/addresses/ADDRESS/transactions`.",
        ("signature", "timestamp", "feePayer", "nativeTransfers", "tokenTransfers"),
        rows="nothing",
        refusal=(
            "the transfers of a parsed transaction lie in two lists (nativeTransfers, tokenTransfers)",
            "write each list into a file of its own, with the signature and timestamp of its transaction, or "
            "use Solscan or Dune",
        ),
    ),
    Layout(
        "safe",
        "transfers of a Safe",
        "Safe transaction service `/api/v1/safes/ADDRESS/transfers/`.",
        ("executionDate", "transactionHash", "from", "to", "value", "transferId", "type"),
        fields={"time": ("executionDate",), "token_address": ("token_of_row",), "base": ("value",), "value": ()},
        computed={
            "token_of_row": "coalesce({tokenAddress}, case when {type} = 'ETHER_TRANSFER' then 'native' end)",
        },
        unit="base",
        example=_json(
            "safe.json",
            '{"count": 1, "results": [{"type": "ETHER_TRANSFER", "executionDate": "2025-05-01T00:00:00Z", '
            '"blockNumber": 1, "transactionHash": "@hash", "from": "@from", "to": "@to", "value": '
            '"1500000000000000000", "tokenId": null, "tokenAddress": null, "transferId": "i1", "tokenInfo": null}]}\n',
        ),
    ),
    Layout(
        "thegraph",
        "transfers of a subgraph",
        "The Graph: `transfers { from { id } to { id } token { id symbol decimals } … }`.",
        ("from.id", "to.id", "token.id", "value|amount", "timestamp|blockTimestamp"),
        fields={
            "from": ("from.id",), "to": ("to.id",), "token_address": ("token.id",), "nft": (),
            "tx_hash": ("transaction.id", "transaction.hash", "transactionHash", "txHash", "hash", "id"),
            "value": ("value", "amount"), "coins": (),
        },
        example=_json(
            "graph.json",
            '{"data": {"transfers": [{"id": "1", "from": {"id": "@from"}, "to": {"id": "@to"}, "value": "1500000", '
            '"timestamp": "1746057600", "token": {"id": "@token", "symbol": "TOK", "decimals": "6"}, "transaction": '
            '{"id": "@hash"}}]}}\n',
        ),
    ),
    Layout(
        "bitquery",
        "transfers of API v1",
        "Bitquery GraphQL v1, `transfers { … }` with `block { timestamp { time } }` and `transaction { hash }`.",
        ("block.timestamp.time|block.timestamp.iso8601|block.timestamp.unixtime", "sender.address",
         "receiver.address", "amount", "currency.symbol|currency.address"),
        fields={
            "time": ("block.timestamp.iso8601", "block.timestamp.time", "block.timestamp.unixtime"), "decimals": (),
            "block_number": ("block.height",), "base": (), "value": (), "nft": ("entityId",),
        },
        unit="token",
        example=_json(
            "bitquery.json",
            '{"data": {"ethereum": {"transfers": [{"block": {"timestamp": {"time": "2025-05-01 00:00:00"}, '
            '"height": 1}, "sender": {"address": "@from"}, "receiver": {"address": "@to"}, "amount": 1.5, "currency": '
            '{"symbol": "TOK", "address": "@token"}, "transaction": {"hash": "@hash"}}]}}}\n',
        ),
    ),
    Layout(
        "bitquery",
        "Transfers of API v2",
        "Bitquery GraphQL v2, `Transfers { Block Transfer Transaction Log }`.",
        ("Block.Time", "Transfer.Amount", "Transfer.Sender", "Transfer.Receiver"),
        fields={
            "time": ("Block.Time",), "block_number": ("Block.Number",), "from": ("Transfer.Sender",),
            "to": ("Transfer.Receiver",), "coins": ("Transfer.Amount",), "base": (), "value": (), "decimals": (),
            "token_address": ("Transfer.Currency.SmartContract",), "token_symbol": ("Transfer.Currency.Symbol",),
            "log_index": ("Log.Index", "Transfer.Index"), "success": ("Transfer.Success", "TransactionStatus.Success"),
            "nft": ("Transfer.Id",), "kind": ("Transfer.Currency.ProtocolName",),
        },
        unit="token",
    ),
    Layout(
        "covalent",
        "ERC-20 transfers",
        "Covalent (GoldRush) `/CHAIN/address/ADDRESS/transfers_v2/?contract-address=…`.",
        ("tx_hash", "block_signed_at", "from_address", "to_address", "contract_decimals", "contract_address", "delta"),
        fields={"base": ("delta",), "kind": ()},
        unit="base",
        example=_json(
            "covalent.json",
            '{"data": {"chain_id": 1, "items": [{"tx_hash": "@hash", "transfers": [{"block_signed_at": '
            '"2025-05-01T00:00:00Z", "tx_hash": "@hash", "from_address": "@from", "to_address": "@to", '
            '"contract_decimals": 6, "contract_ticker_symbol": "USDC", "contract_address": "@token", '
            '"transfer_type": "OUT", "delta": '
            '"1500000"}]}]}, "error": false}\n',
        ),
    ),
    Layout(
        "trongrid",
        "TRC-20 transfers",
        "TronGrid `/v1/accounts/ADDRESS/transactions/trc20`; 200 rows a page.",
        ("transaction_id", "block_timestamp", "from", "to", "value", "token_info.address", "token_info.decimals"),
        fields={"base": ("value",), "kind": ("type",)},
        constants={"chain": "tron"},
        unit="base",
        example=_json(
            "trc20.json",
            '{"data": [{"transaction_id": "00aa", "token_info": {"symbol": "USDT", "address": '
            '"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "decimals": 6, "name": "Tether USD"}, "block_timestamp": '
            '1746057600000, "from": "TNXoiAJ3dct8Fjg4M9fkLFh9S2v9TXc32G", "to": "TKHuVq1oKVruCGLvqVexFs6dawKv6fQgFs", '
            '"type": "Transfer", "value": "1500000"}], "success": true, "meta": {"page_size": 1}}\n',
        ),
    ),
    Layout(
        "trongrid",
        "transactions",
        "TronGrid `/v1/accounts/ADDRESS/transactions`: transfers of TRX, also those that go with a contract call.",
        ("txID", "raw_data.contract", "block_timestamp"),
        fields={
            "tx_hash": ("txID",), "from": ("raw_data.contract.0.parameter.value.owner_address",), "to": ("paid_to",),
            "base": ("paid",), "time": ("block_timestamp",), "success": ("ret.0.contractRet",), "kind": (),
        },
        constants={"chain": "tron", "token": "native"},
        computed={
            "paid": "coalesce({raw_data.contract.0.parameter.value.amount}, "
            "{raw_data.contract.0.parameter.value.call_value})",
            "paid_to": "coalesce({raw_data.contract.0.parameter.value.to_address}, "
            "{raw_data.contract.0.parameter.value.contract_address})",
            "contract_kind": "case when {raw_data.contract.0.type} <> 'TransferContract' and not coalesce("
            "{raw_data.contract.0.type} = 'TriggerSmartContract' "
            "and regexp_matches({raw_data.contract.0.parameter.value.call_value}, '[1-9]'), false) "
            "then 'no_transfer_of_trx' end",
        },
        unit="base",
    ),
    Layout(
        "trongrid",
        "internal transactions",
        "TronGrid `/v1/accounts/ADDRESS/internal-transactions`: TRX that contracts send.",
        ("internal_tx_id", "tx_id", "from_address", "to_address", "block_timestamp", "data.call_value.(no name)"),
        fields={
            "tx_hash": ("tx_id",), "base": ("data.call_value.(no name)",), "failure": ("data.rejected",), "kind": (),
        },
        constants={"chain": "tron", "token": "native"},
        unit="base",
    ),
    Layout(
        "tronscan",
        "token transfers as CSV",
        "TronScan, page of an address, tab *Transfers*, *Download CSV*.",
        ("TxnHash|Transaction Hash|Txn Hash|Hash", "Date Time(UTC)|Time(UTC)|Time (UTC)|Time", "From", "To",
         "Token|Token Symbol|TokenSymbol", "Amount|Amount/TokenID|Quantity", "Result|Status|Block"),
        without=("UnixTimestamp", "ContractAddress", "contract_address", "decimals"),
        fields={
            "coins": ("Amount", "Quantity", "Amount/TokenID"), "success": ("Result", "Status"),
            "failure": (), "kind": ("Token Type",),
        },
        constants={"chain": "tron"},
        unit="token",
        example=_csv(
            "tronscan.csv",
            "TxnHash,Block,Date Time(UTC),From,To,Token Symbol,Amount,Result",
            f"{'a' * 64},1,2025-05-01 00:00:00,TNXoiAJ3dct8Fjg4M9fkLFh9S2v9TXc32G,"
            "TKHuVq1oKVruCGLvqVexFs6dawKv6fQgFs,USDT,1.5,SUCCESS",
        ),
    ),
    Layout(
        "tronscan",
        "API transfers of TRX",
        "TronScan `/api/transfer`.",
        ("transactionHash", "transferFromAddress", "transferToAddress", "amount", "timestamp"),
        fields={
            "base": ("amount",), "decimals": ("tokenInfo.tokenDecimal",), "token_address": ("tokenInfo.tokenId",),
            "token_symbol": ("tokenInfo.tokenAbbr",), "success": ("contractRet",), "failure": ("revert",), "nft": (),
            "coins": (), "kind": (),
        },
        constants={"chain": "tron"},
        unit="base",
    ),
    Layout(
        "tronscan",
        "API token transfers",
        "TronScan `/api/token_trc20/transfers`.",
        ("transaction_id", "block_ts", "from_address", "to_address", "quant", "contract_address"),
        fields={
            "time": ("block_ts",), "base": ("quant",), "decimals": ("tokenInfo.tokenDecimal",),
            "token_symbol": ("tokenInfo.tokenAbbr",), "success": ("finalResult", "contractRet"), "failure": ("revert",),
            "kind": ("event_type",),
        },
        constants={"chain": "tron"},
        unit="base",
    ),
    Layout(
        "solscan",
        "transfers",
        "Solscan, page of an account, tab *Transfers*, *Export CSV*; or the Pro API's `account/transfer`.",
        ("Signature|trans_id", "Block Time|block_time", "Action|activity_type", "From|from_address", "To|to_address",
         "Amount", "Decimals|token_decimals", "Token Address|token_address"),
        fields={"base": ("Amount",), "coins": (), "value": (), "amount_usd": ("Value",), "time": ("Block Time",)},
        constants={"chain": "solana"},
        unit="base",
        example=_csv(
            "solscan.csv",
            "Signature,Block Time,Human Time,Action,From,To,Amount,Flow,Value,Decimals,Token Address,Multiplier",
            "5zUvLKNkGLbYw1nWFjyFpcWzF4eMnnQ3aqmbYyKpTvhC,1746057600,2025-05-01T00:00:00.000Z,TRANSFER,"
            "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin,7Np41oeYqPefeNQEHSv1UDhYrehxin3NStELsSKCT4K2,1500000,in,1.5,"
            "6,EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v,1.0",
        ),
    ),
    Layout(
        "blockchair",
        "ethereum erc-20 transactions",
        "Blockchair database dumps, `ethereum/erc-20/transactions`, TSV.",
        ("block_id", "transaction_hash", "time", "token_address", "sender", "recipient", "value"),
        fields={"base": ("value",), "kind": ()},
        unit="base",
        example=_csv(
            "blockchair_erc-20_transactions.tsv",
            "block_id\ttransaction_hash\ttime\ttoken_address\ttoken_name\ttoken_symbol\ttoken_decimals\tsender\t"
            "recipient\tvalue",
            f"1\t{_H[2:]}\t2025-05-01 00:00:00\t{_T[2:]}\tUSD Coin\tUSDC\t6\t{_A[2:]}\t{_B[2:]}\t1500000",
        ),
    ),
    Layout(
        "blockchair",
        "ethereum transactions",
        "Blockchair database dumps, `ethereum/transactions`, TSV.",
        ("block_id", "hash", "time", "failed", "sender", "recipient", "value", "internal_value"),
        fields={
            "failure": ("failed",), "success": (), "transaction_index": ("index",), "amount_usd": ("value_usd",),
        },
        unit="base",
        rows="transactions",
    ),
    Layout(
        "blockchair",
        "bitcoin inputs, outputs and transactions",
        "Blockchair database dumps of Bitcoin and its sisters: three files that only together tell who paid whom.",
        ("block_id", "transaction_hash|hash", "time", "recipient|input_total|output_total", "value|fee"),
        without=("sender", "from"),
        rows="nothing",
        refusal=(
            "inputs and outputs in files of their own do not say who paid whom",
            "use bitcoin-etl, Bitcoin Core getblock (verbosity 3) or Esplora",
        ),
    ),
    Layout(
        "amlworld",
        "IBM AMLworld transactions",
        "IBM's synthetic AML transactions (`HI-Small_Trans.csv` and its sisters). Accounts are addresses "
        "(`bank:account`) of chain `fiat`, the currency paid is the token.",
        ("Timestamp", "From Bank", "Account", "To Bank", "Account.1", "Amount Paid", "Payment Currency"),
        fields={
            "from": ("from_account",), "to": ("to_account",), "coins": ("Amount Paid",), "value": (),
            "token_symbol": ("Payment Currency",), "kind": (),
        },
        constants={"chain": "fiat"},
        computed={
            "from_account": "concat_ws(':', trim({From Bank}), trim({Account}))",
            "to_account": "concat_ws(':', trim({To Bank}), trim({Account.1}))",
        },
        unit="token",
        example=_csv(
            "HI-Small_Trans.csv",
            "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,"
            "Payment Currency,Payment Format,Is Laundering",
            "2022/09/01 00:20,010,8000EBD30,012,8000F5340,1.5,US Dollar,1.5,US Dollar,ACH,0",
        ),
    ),
    Layout(
        "saml-d",
        "SAML-D transactions",
        "The SAML-D data set. Accounts are addresses of chain `fiat`, the currency paid is the token.",
        ("Time", "Date", "Sender_account", "Receiver_account", "Amount", "Payment_currency", "Payment_type"),
        fields={"time": ("date_and_time",), "token_symbol": ("Payment_currency",), "kind": (), "coins": ("Amount",)},
        constants={"chain": "fiat"},
        computed={"date_and_time": "concat_ws(' ', trim({Date}), trim({Time}))"},
        unit="token",
        example=_csv(
            "SAML-D.csv",
            "Time,Date,Sender_account,Receiver_account,Amount,Payment_currency,Received_currency,"
            "Sender_bank_location,Receiver_bank_location,Payment_type,Is_laundering,Laundering_type",
            "10:35:19,2022-10-07,8724731955,2769355426,1459.15,UK pounds,UK pounds,UK,UK,Cash Deposit,0,Normal",
        ),
    ),
)  # fmt: skip
