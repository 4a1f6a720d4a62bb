"""Etherscan's web export of token transfers: quoted names, decimals applied, thousands separators."""

from __future__ import annotations

from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import (
    Plan,
    TransferFields,
    address_of,
    integer_of,
    literal,
    text_of,
    timestamp_of,
    token_units,
)
from flow_pipeline.sources.files import InputFile

NAME = "etherscan-export"
SHAPE = (
    "web export of token transfers: "
    "Txhash, UnixTimestamp, From, To, Value (with thousands separators), ContractAddress, TokenSymbol"
)
EXAMPLE = (
    "export.csv",
    b'"Txhash","UnixTimestamp","DateTime","From","To","Value","ContractAddress","TokenName","TokenSymbol"\n'
    b'"0xaa","1746057600","2025-05-01 00:00:00",'
    b'"0x1111111111111111111111111111111111111111","0x2222222222222222222222222222222222222222",'
    b'"1,234.5","0x3333333333333333333333333333333333333333","USD Coin","USDC",""\n',
)
_VALUE = ("Value", "TokenValue", "Quantity")


def recognise(file: InputFile) -> int:
    """By the export's own column names."""
    named = file.has("UnixTimestamp", "From", "To", "ContractAddress", "TokenSymbol") and file.find(
        "Txhash", "Transaction Hash"
    )
    return 10 if file.kind == "csv" and named and file.find(*_VALUE) else 0


def plan(file: InputFile, settings: SourceSettings, chain: str) -> Plan:
    """Amounts stand in token units already; only the separators go."""
    sql_chain = literal(chain)
    return Plan(
        TransferFields(
            chain=sql_chain,
            timestamp=timestamp_of(file, file.find("UnixTimestamp") or ""),
            from_address=text_of(file, file.find("From") or ""),
            to_address=text_of(file, file.find("To") or ""),
            amount=token_units(file, file.find(*_VALUE) or "", has_separators=True),
            block_number=integer_of(file, file.find("Blockno")),
            tx_hash=f"lower({text_of(file, file.find('Txhash', 'Transaction Hash'))})",
            token_address=address_of(file, file.find("ContractAddress") or "", sql_chain),
            token_symbol=text_of(file, file.find("TokenSymbol")),
        ),
        notes=[f"the file does not name its chain: taken as {chain}"],
    )
