"""The LPT study's CSV: amounts in token units, the token's symbol in the name of the value column."""

from __future__ import annotations

import re

from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import Plan, TransferFields, integer_of, literal, text_of, timestamp_of, token_units
from flow_pipeline.sources.files import InputFile

NAME = "lpt"
SHAPE = "hash, blockNumber, timeStamp, from, to, value_<SYMBOL>"
EXAMPLE = (
    "lpt.csv",
    b"hash,blockNumber,timeStamp,from,to,value_LPT\n"
    b"0xaa,1,1746057600,0x1111111111111111111111111111111111111111,0x2222222222222222222222222222222222222222,1892.5\n",
)


def _value_column(file: InputFile) -> str | None:
    return next(
        (
            column
            for column in file.columns
            if re.fullmatch(r"value_[A-Za-z0-9]{2,12}", column) and column.lower() not in ("value_usd", "value_raw")
        ),
        None,
    )


def recognise(file: InputFile) -> int:
    """By the one column that carries the symbol."""
    return 10 if file.kind == "csv" and file.has("timeStamp", "from", "to") and _value_column(file) else 0


def plan(file: InputFile, settings: SourceSettings, chain: str) -> Plan:
    """One token per file."""
    sql_chain, value = literal(chain), _value_column(file) or ""
    return Plan(
        TransferFields(
            chain=sql_chain,
            timestamp=timestamp_of(file, file.find("timeStamp") or ""),
            from_address=text_of(file, file.find("from") or ""),
            to_address=text_of(file, file.find("to") or ""),
            amount=token_units(file, value),
            block_number=integer_of(file, file.find("blockNumber")),
            tx_hash=f"lower({text_of(file, file.find('hash'))})",
            token_symbol=literal(value.removeprefix("value_").upper()),
        ),
        notes=[f"the file does not name its chain: taken as {chain}"],
    )
