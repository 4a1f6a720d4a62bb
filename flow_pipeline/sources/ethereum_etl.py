"""ethereum-etl: `token_transfers` and `transactions`."""

from __future__ import annotations

from flow_pipeline.domain.chains import CHAINS, canonical_chain
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import (
    Plan,
    TransferFields,
    address_of,
    base_units,
    form_of,
    integer_of,
    known_decimals,
    literal,
    quoted,
    text_of,
    timestamp_of,
)
from flow_pipeline.sources.files import InputFile

NAME = "ethereum-etl"
SHAPE = (
    "token_transfers (token_address, transaction_hash, log_index, value, …) "
    "or transactions (hash, nonce, gas_price, value, …)"
)
EXAMPLE = (
    "transactions.csv",
    b"hash,nonce,block_number,transaction_index,from_address,to_address,value,gas,gas_price,input,block_timestamp,receipt_status\n"
    b"0xaa,0,1,0,0x1111111111111111111111111111111111111111,0x2222222222222222222222222222222222222222,1500000000000000000,21000,1,0x,1746057600,1\n",
)


def _is_transfers(file: InputFile) -> bool:
    return file.has(
        "token_address", "from_address", "to_address", "value", "transaction_hash", "log_index", "block_timestamp"
    )


def recognise(file: InputFile) -> int:
    """By the exporter's own column names."""
    if file.kind == "json":
        return 0
    is_transactions = file.has("hash", "nonce", "from_address", "to_address", "value", "gas_price", "block_timestamp")
    return 10 if is_transactions or (_is_transfers(file) and not file.find("amount")) else 0


def plan(file: InputFile, settings: SourceSettings, chain: str) -> Plan:
    """Values are base units: wei for transactions, the token's own for transfers (decimals only from a token file)."""
    sql_chain = literal(chain)
    value = text_of(file, file.find("value"))
    common = {
        "chain": sql_chain,
        "timestamp": timestamp_of(file, file.find("block_timestamp") or ""),
        "from_address": text_of(file, file.find("from_address") or ""),
        "block_number": integer_of(file, file.find("block_number")),
    }
    notes = [f"the file does not name its chain: taken as {chain}"]
    to_address = text_of(file, file.find("to_address") or "")
    if _is_transfers(file):
        token = address_of(file, file.find("token_address") or "", sql_chain)
        transfer = TransferFields(
            **common,
            to_address=to_address,
            amount=base_units(value, known_decimals(sql_chain, token, "null"), looks_up=True),
            tx_hash=f"lower({text_of(file, file.find('transaction_hash'))})",
            transfer_index=integer_of(file, file.find("log_index")),
            token_address=token,
        )
        return Plan(transfer, looks_up_decimals=True, notes=notes)
    native = next((c for c in CHAINS if c.name == canonical_chain(chain)), None)
    created = file.find("receipt_contract_address")
    sql_created = text_of(file, created)
    sql_to = f"coalesce({to_address}, {sql_created})"
    status = file.find("receipt_status", "status")
    is_failed = f"flow_is_no({quoted(status)})" if status else "false"
    if not status:
        notes.append("no status column: transactions with a value are taken as successful, is_success stays NULL")
    fields = TransferFields(
        **common,
        to_address=sql_to,
        amount=base_units(value, str(native.native_decimals) if native else "null"),
        tx_hash=f"lower({text_of(file, file.find('hash'))})",
        token_symbol=literal(native.native_symbol) if native else "null",
        is_transfer=f"not {is_failed} and regexp_matches({value}, '[1-9]') and {sql_to} is not null",
    )
    transaction = {
        "transaction_index": integer_of(file, file.find("transaction_index")),
        "to_address": form_of(to_address, sql_chain),
        "value": fields.amount.value,
        "gas_price": f"try_cast({text_of(file, file.find('gas_price'))} as decimal(38, 0))",
        "gas_used": integer_of(file, file.find("receipt_gas_used")),
        "is_success": f"flow_succeeded({quoted(status)})" if status else "null",
        "method_id": f"nullif(substr({text_of(file, file.find('input'))}, 1, 10), '0x')"
        if file.find("input")
        else "null",
        "created_contract": form_of(sql_created, sql_chain),
    }
    return Plan(fields, transaction, notes=notes)
