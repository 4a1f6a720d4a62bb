"""Canonical transfers: the warehouse's own columns, and the spellings other people give them."""

from __future__ import annotations

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import (
    Amount,
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
    token_units,
)
from flow_pipeline.sources.files import CHAIN_COLUMNS, InputFile

NAME = "canonical"
SHAPE = (
    "CSV, JSON, JSON Lines or Parquet with from, to, time, amount (or value) and optionally chain, hash, index, token"
)
EXAMPLE = (
    "canonical.csv",
    b"chain,block_number,block_timestamp,tx_hash,transfer_index,token_address,token_symbol,from_address,to_address,amount\n"
    b"ethereum,1,2025-05-01T00:00:00Z,0xaa,0,,LPT,0x1111111111111111111111111111111111111111,0x2222222222222222222222222222222222222222,1.5\n",
)

FROM = ("from_address", "from", "sender", "from_addr", "src")
TO = ("to_address", "to", "receiver", "recipient", "to_addr", "dst")
TIME = (
    "block_timestamp",
    "timestamp",
    "time_stamp",
    "block_time",
    "time",
    "datetime",
    "date_time",
    "unix_timestamp",
    "evt_block_time",
    "date",
)
AMOUNT = ("amount", "token_amount", "quantity")
BASE = ("raw_amount", "raw_value", "amount_raw", "value_raw")
HASH = ("tx_hash", "transaction_hash", "hash", "txid", "tx_id", "evt_tx_hash")
INDEX = ("transfer_index", "log_index", "evt_index", "output_index", "vout")
TOKEN = ("token_address", "contract_address", "token_contract", "contract")
SYMBOL = ("token_symbol", "symbol", "asset", "currency", "token")
DECIMALS = ("decimals", "token_decimals", "token_decimal")


def recognise(file: InputFile) -> int:
    """Weakly: any other source that fits knows better."""
    has_amount = file.find(*AMOUNT, *BASE, "value")
    return 1 if file.find(*FROM) and file.find(*TO) and file.find(*TIME) and has_amount else 0


def plan(file: InputFile, settings: SourceSettings, chain: str) -> Plan:
    """Columns by any known spelling; a `value` is base units only where the file speaks of contracts or decimals."""
    notes = []
    chain_column = file.find(*CHAIN_COLUMNS)
    if chain_column in file.constants:
        sql_chain = literal(canonical_chain(file.constants[chain_column]))
    elif chain_column:
        sql_chain = f"coalesce(flow_chain({text_of(file, chain_column)}), {literal(chain)})"
    else:
        sql_chain = literal(canonical_chain(chain))
        notes.append(f"no chain column: taken as {chain}")
    token, symbol = file.find(*TOKEN), file.find(*SYMBOL)
    sql_token = address_of(file, token, sql_chain) if token else "null::varchar"
    sql_symbol = text_of(file, symbol)
    # A column called token holds contracts in some files, symbols in others.
    if token is None and symbol is not None and symbol == file.find("token"):
        sql_token = f"case when starts_with({sql_symbol}, '0x') then lower({sql_symbol}) end"
        sql_symbol = f"case when not starts_with({sql_symbol}, '0x') then {sql_symbol} end"
    amount = _amount(file, settings, sql_chain, sql_token, sql_symbol, notes)
    usd = file.find("amount_usd", "value_usd", "usd_value")
    hash_column = file.find(*HASH)
    return Plan(
        TransferFields(
            chain=sql_chain,
            timestamp=timestamp_of(file, file.find(*TIME) or ""),
            from_address=text_of(file, file.find(*FROM) or ""),
            to_address=text_of(file, file.find(*TO) or ""),
            amount=amount,
            block_number=integer_of(file, file.find("block_number", "block", "block_height", "height")),
            tx_hash=address_of(file, hash_column, sql_chain) if hash_column else "null::varchar",
            transfer_index=integer_of(file, file.find(*INDEX)),
            token_address=sql_token,
            token_symbol=sql_symbol,
            amount_usd=f"try_cast({quoted(usd)} as decimal(38, 6))" if usd else "null",
            is_failed=_failed(file),
        ),
        looks_up_decimals=amount.looks_up_decimals,
        notes=notes,
    )


def _failed(file: InputFile) -> str:
    columns = [(name, "flow_is_yes") for name in ("is_error", "error")] + [
        (name, "flow_is_no") for name in ("txreceipt_status", "status", "receipt_status", "is_success")
    ]
    checks = [f"{macro}({quoted(file.find(name))})" for name, macro in columns if file.find(name)]
    return f"({' or '.join(checks)})" if checks else "false"


def _amount(file: InputFile, settings: SourceSettings, chain: str, token: str, symbol: str, notes: list[str]) -> Amount:
    units = file.find(*AMOUNT)
    if units:
        return token_units(file, units)
    column = file.find(*BASE) or file.find("value") or ""
    decimals = file.find(*DECIMALS)
    from_file = known_decimals(chain, token, symbol)
    of_token = f"coalesce({integer_of(file, decimals)}, {from_file})" if decimals else from_file
    kind, text = file.type_of(column), text_of(file, column)
    base = base_units(f"{text}::varchar" if file.type_of(column) != "VARCHAR" else text, of_token, looks_up=True)
    if plain_base := bool(file.find(*BASE)) or decimals is not None or settings.value_unit == "base":
        return base
    if settings.value_unit == "token" or not file.find(*TOKEN):
        return token_units(file, column)
    if kind in ("DOUBLE", "FLOAT") or (kind.startswith("DECIMAL") and not kind.endswith(",0)")):
        notes.append(
            f"column {column} is {kind}: taken as token units (value_unit = auto); "
            "set sources.value_unit = base if it counts base units"
        )
        return token_units(file, column)
    assert not plain_base
    notes.append(
        f"column {column}: whole numbers are base units, "
        "numbers with a decimal point are token units (value_unit = auto)"
    )
    is_units = f"regexp_matches({text}, '\\.\\d')"
    units_amount = token_units(file, column)
    return Amount(
        f"case when {is_units} then {units_amount.value} else {base.value} end",
        f"case when {is_units} then {units_amount.reason} else {base.reason} end",
        text,
        looks_up_decimals=True,
    )
