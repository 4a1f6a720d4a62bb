"""The LPT study's CSV: amounts in token units, the token's symbol in the name of the value column."""

from __future__ import annotations

import re

from flow_pipeline.sources.evidence import Reading, of_numbers, of_times
from flow_pipeline.sources.fields import Plan, Shape, TransferFields, hash_of, integer_of, literal, text_of, token_units
from flow_pipeline.sources.files import InputFile
from flow_pipeline.sources.vocabulary import COLUMNS

NAME = "lpt"
SHAPE = "hash, blockNumber, timeStamp, from, to, value_<SYMBOL>"
EXAMPLE = (
    "lpt.csv",
    b"hash,blockNumber,timeStamp,from,to,value_LPT\n"
    b"0xaa,1,1746057600,0x1111111111111111111111111111111111111111,0x2222222222222222222222222222222222222222,1892.5\n",
)


_NO_SYMBOLS = {
    "usd", "eur", "raw", "wei", "gwei", "sat", "sats", "satoshi", "lamports", "decimal", "formatted", "base", "quote",
    "binary", "string", "token", "coin", "coins", "native", "hex", "in", "out", "fiat", "lossless",
}  # fmt: skip


def _value_column(file: InputFile) -> str | None:
    return next(
        (
            column
            for column in file.columns
            if re.fullmatch(r"value_[A-Za-z0-9]{2,12}", column) and column.lower()[6:] not in _NO_SYMBOLS
        ),
        None,
    )


def recognise(file: InputFile) -> int:
    """By the one column that carries the symbol, in a file that names neither token nor status otherwise."""
    fields = ("coins", "base", "value", "token_address", "token_symbol", "decimals", "success", "failure", "error")
    if any(file.find(*COLUMNS[field]) for field in fields):
        return 0
    return 50 if file.kind == "csv" and file.has("timeStamp", "from", "to") and _value_column(file) else 0


def shape(file: InputFile) -> Shape:
    """A row is a transfer."""
    return Shape()


def plan(reading: Reading) -> Plan:
    """One token per file."""
    file, chain = reading.file, literal(reading.chain)
    time, value = file.find("timeStamp") or "", _value_column(file) or ""
    reading.notes.append(f"the file does not name its chain: taken as {reading.chain}")
    return Plan(
        TransferFields(
            chain=chain,
            timestamp=of_times(reading, time),
            time_text=text_of(file, time),
            from_address=text_of(file, file.find("from")),
            to_address=text_of(file, file.find("to")),
            amount=token_units(file, value, of_numbers(reading, value).plain(text_of(file, value))),
            block_number=integer_of(file, file.find("blockNumber")),
            tx_hash=hash_of(text_of(file, file.find("hash")), chain),
            token_symbol=literal(value.removeprefix("value_").upper()),
        )
    )
