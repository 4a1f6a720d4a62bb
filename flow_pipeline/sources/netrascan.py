"""netrascan: JSON Lines, one wallet per line with its score, category and transactions."""

from __future__ import annotations

from flow_pipeline.domain.chains import native_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.sources.evidence import Reading
from flow_pipeline.sources.fields import Amount, Plan, Shape, TransferFields, base_units, known_decimals, literal
from flow_pipeline.sources.files import InputFile, plain

NAME = "netrascan"
SHAPE = (
    "JSON Lines: wallet, score, category, "
    "txs[{from, to, token_symbol, timestamp or time_stamp, value?, contract_address?, hash?}]"
)
EXAMPLE = (
    "netrascan.jsonl",
    b'{"wallet":"0x1111111111111111111111111111111111111111","score":0.9,"category":"whale","txs":['
    b'{"from":"0x1111111111111111111111111111111111111111","to":"0x2222222222222222222222222222222222222222",'
    b'"token_symbol":"ETH","time_stamp":"1746057600","value":"1500000000000000000","hash":"0xaa"}]}\n',
)

sql = statements(__package__)


def recognise(file: InputFile) -> int:
    """By the wallet and its transactions."""
    has_list = any(plain(name) == "txs" for name in (*file.lists, *file.columns))
    return 200 if file.kind in ("jsonl", "json") and file.has("wallet") and has_list else 0


def shape(file: InputFile) -> Shape:
    """A wallet is a row, and so is each of its transactions."""
    return Shape(explode=sql("netrascan_transactions"))


def plan(reading: Reading) -> Plan:
    """A value is base units; without one the amount stays NULL and is never invented."""
    chain = literal(reading.chain)
    token, symbol = "flow_other_form(nullif(tx->>'$.contract_address', ''))", "nullif(tx->>'$.token_symbol', '')"
    decimals = known_decimals(chain, token, symbol)
    if native := native_of(reading.chain):
        is_native = f"{token} is null and {symbol} = {literal(native.native_symbol)}"
        decimals = f"case when {is_native} then {native.native_decimals} else {decimals} end"
    value = base_units("nullif(trim(tx->>'$.value'), '')", decimals, looks_up=True)
    time = "coalesce(tx->>'$.time_stamp', tx->>'$.timestamp')"
    reading.notes.append(f"the file does not name its chain: taken as {reading.chain}")
    return Plan(
        TransferFields(
            chain=chain,
            timestamp=f"flow_time({time})",
            time_text=time,
            from_address="flow_text(tx->>'$.from')",
            to_address="flow_text(tx->>'$.to')",
            amount=Amount(value.value, value.reason, None, looks_up_decimals=True),
            tx_hash="lower(nullif(tx->>'$.hash', ''))",
            token_address=token,
            token_symbol=symbol,
        ),
        wallet_reports="tx is null",
        looks_up_decimals=True,
    )
