"""netrascan: JSON Lines, one wallet per line with its score, category and transactions."""

from __future__ import annotations

from flow_pipeline.domain.chains import CHAINS, canonical_chain
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import Amount, Plan, TransferFields, base_units, known_decimals, literal
from flow_pipeline.sources.files import InputFile

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
    return 10 if file.kind == "jsonl" and file.has("wallet", "txs") else 0


def plan(file: InputFile, settings: SourceSettings, chain: str) -> Plan:
    """A value is base units; without one the amount stays NULL and is never invented."""
    sql_chain = literal(chain)
    native = next((c for c in CHAINS if c.name == canonical_chain(chain)), None)
    token, symbol = "lower(nullif(tx->>'$.contract_address', ''))", "nullif(tx->>'$.token_symbol', '')"
    decimals = known_decimals(sql_chain, token, symbol)
    if native:
        is_native = f"{token} is null and {symbol} = {literal(native.native_symbol)}"
        decimals = f"case when {is_native} then {native.native_decimals} else {decimals} end"
    value = base_units("nullif(trim(tx->>'$.value'), '')", decimals, looks_up=True)
    return Plan(
        TransferFields(
            chain=sql_chain,
            timestamp="flow_time(coalesce(tx->>'$.time_stamp', tx->>'$.timestamp'))",
            from_address="flow_text(tx->>'$.from')",
            to_address="flow_text(tx->>'$.to')",
            amount=Amount(value.value, value.reason, None, looks_up_decimals=True),
            tx_hash="lower(nullif(tx->>'$.hash', ''))",
            token_address=token,
            token_symbol=symbol,
        ),
        wallet_reports="tx is null",
        explode=sql("netrascan_transactions"),
        looks_up_decimals=True,
        notes=[f"the file does not name its chain: taken as {chain}"],
    )
