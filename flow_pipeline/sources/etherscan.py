"""Etherscan-style account exports: `tokentx`, `txlist` and `txlistinternal`, as CSV or as the API's JSON."""

from __future__ import annotations

from flow_pipeline.domain.chains import CHAINS, canonical_chain
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import (
    Plan,
    TransferFields,
    address_of,
    base_units,
    integer_of,
    known_decimals,
    literal,
    quoted,
    text_of,
    timestamp_of,
)
from flow_pipeline.sources.files import InputFile

NAME = "etherscan"
SHAPE = "account tokentx, txlist or txlistinternal (CSV or JSON): blockNumber, timeStamp, hash, from, to, value, …"
EXAMPLE = (
    "tokentx.csv",
    b"blockNumber,timeStamp,hash,from,contractAddress,to,value,tokenSymbol,tokenDecimal\n"
    b"1,1746057600,0xaa,0x1111111111111111111111111111111111111111,0x3333333333333333333333333333333333333333,0x2222222222222222222222222222222222222222,1500000,USDC,6\n",
)


def recognise(file: InputFile) -> int:
    """By the API's own column names."""
    if file.kind == "parquet" or not file.has("blockNumber", "timeStamp", "hash", "from", "to", "value"):
        return 0
    return 10 if file.find("tokenDecimal", "isError", "txreceipt_status", "cumulativeGasUsed") else 0


def plan(file: InputFile, settings: SourceSettings, chain: str) -> Plan:
    """Token transfers by their decimals; a transaction list also fills raw.transactions."""
    sql_chain = literal(chain)
    value = text_of(file, file.find("value"))
    is_token = file.find("tokenDecimal") is not None
    created = file.find("contractAddress")
    to_address = text_of(file, file.find("to") or "")
    is_failed = _failed(file)
    if is_token:
        token, symbol = (
            address_of(file, created, sql_chain) if created else "null",
            text_of(file, file.find("tokenSymbol")),
        )
        amount = base_units(
            value,
            f"coalesce({integer_of(file, file.find('tokenDecimal'))}, {known_decimals(sql_chain, token, symbol)})",
            looks_up=True,
        )
    else:
        native = next((c for c in CHAINS if c.name == canonical_chain(chain)), None)
        token, symbol = "null", literal(native.native_symbol) if native else "null"
        amount = base_units(value, str(native.native_decimals) if native else "null")
        if created:
            to_address = f"coalesce({to_address}, {text_of(file, created)})"
    is_list = not is_token and file.find("traceId") is None
    fields = TransferFields(
        chain=sql_chain,
        timestamp=timestamp_of(file, file.find("timeStamp") or ""),
        from_address=text_of(file, file.find("from") or ""),
        to_address=to_address,
        amount=amount,
        block_number=integer_of(file, file.find("blockNumber")),
        tx_hash=f"lower({text_of(file, file.find('hash'))})",
        transfer_index=integer_of(file, file.find("logIndex")),
        token_address=token,
        token_symbol=symbol,
        is_failed="false" if is_list else is_failed,
        is_transfer=f"not {is_failed} and regexp_matches({value}, '[1-9]')" if is_list else "true",
    )
    notes = [f"the file does not name its chain: taken as {chain}"]
    return Plan(
        fields,
        _transaction(file, fields, is_failed, sql_chain) if is_list else None,
        looks_up_decimals=is_token,
        notes=notes,
    )


def _failed(file: InputFile) -> str:
    error, status = file.find("isError"), file.find("txreceipt_status")
    checks = [f"flow_is_yes({quoted(error)})"] if error else []
    checks += [f"flow_is_no({quoted(status)})"] if status else []
    return f"({' or '.join(checks)})" if checks else "false"


def _transaction(file: InputFile, fields: TransferFields, is_failed: str, chain: str) -> dict[str, str]:
    created = file.find("contractAddress")
    error, status = file.find("isError"), file.find("txreceipt_status")
    good = [f"lower({text_of(file, error)}) in ('0', 'false')"] if error else []
    good += [f"flow_succeeded({quoted(status)})"] if status else []
    return {
        "transaction_index": integer_of(file, file.find("transactionIndex")),
        "to_address": address_of(file, file.find("to") or "", chain),
        "value": fields.amount.value,
        "gas_price": f"try_cast({text_of(file, file.find('gasPrice'))} as decimal(38, 0))",
        "gas_used": integer_of(file, file.find("gasUsed")),
        "is_success": f"case when {is_failed} then false when {' or '.join(good)} then true end" if good else "null",
        "method_id": text_of(file, file.find("methodId")),
        "created_contract": address_of(file, created, chain) if created else "null",
    }
