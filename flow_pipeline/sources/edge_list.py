"""Edge lists of graph and simulation tools: `source,target,value,time` with whole time steps."""

from __future__ import annotations

from flow_pipeline.sources.evidence import Reading, of_numbers
from flow_pipeline.sources.fields import Plan, Shape, TransferFields, literal, text_of, token_units
from flow_pipeline.sources.files import InputFile

NAME = "edge-list"
SHAPE = (
    "source, target, value, time (a whole step; --time-unit and --epoch say what a step is); PaySim's step, amount, "
    "nameOrig, nameDest (a step is an hour)"
)
EXAMPLE = ("edges.csv", b"source,target,value,time\n1,2,10.5,3\n")

SOURCE, TARGET = ("source", "sourceNodeId", "src", "nameOrig"), ("target", "targetNodeId", "dst", "nameDest")
TIME = ("time", "step")
SYMBOL = "UNIT"
OWN_CHAIN = "edge-list"


def recognise(file: InputFile) -> int:
    """By its four columns, and a time of few digits where the columns alone could be anything."""
    named = file.find(*SOURCE) and file.find(*TARGET) and _value_of(file) and file.find(*TIME)
    is_step = file.kind == "parquet" or len(str(file.record.get(file.find(*TIME) or "", "")).strip()) < 9
    return 5 if file.kind in ("csv", "parquet") and named and is_step and not file.find("hash", "tx_hash") else 0


def _value_of(file: InputFile) -> str | None:
    return file.find("amount") if file.find("nameOrig") else file.find("value")


def shape(file: InputFile) -> Shape:
    """A row is a transfer."""
    return Shape()


def plan(reading: Reading) -> Plan:
    """Steps become times only by the two settings.

    Raises:
        Unreadable: when either is missing.
    """
    file, settings = reading.file, reading.settings
    is_paysim = file.has("nameOrig", "nameDest", "step")
    unit = settings.time_unit or ("hour" if is_paysim else None)
    if unit is None or settings.epoch is None:
        raise reading.refuse(
            "an edge list's steps have no time of their own",
            "give --time-unit second|minute|hour|day and --epoch YYYY-MM-DD",
        )
    column, value = file.find(*SOURCE) or "", _value_of(file) or ""
    is_address = str(file.record.get(column, "")).startswith("0x")
    chain = literal(reading.chain if is_address else "fiat" if is_paysim else OWN_CHAIN)
    time = text_of(file, file.find(*TIME))
    step = f"try_cast({time} as bigint)"
    number = of_numbers(reading, value).plain(text_of(file, value)) if file.type_of(value) == "VARCHAR" else None
    reading.notes.append(f"steps of one {unit} from {settings.epoch}; nodes are addresses on chain {chain}")
    return Plan(
        TransferFields(
            chain=chain,
            timestamp=f"try(timestamp '{settings.epoch}' + to_seconds({step} * {_SECONDS[unit]}))",
            time_text=time,
            from_address=_end(file, is_paysim, column, file.find(*TARGET)),
            to_address=_end(file, is_paysim, file.find(*TARGET), column),
            amount=token_units(file, value, number),
            token_symbol=literal(SYMBOL),
        )
    )


def _end(file: InputFile, is_paysim: bool, column: str | None, other: str | None) -> str:
    """SQL of an end of an edge: with PaySim's CASH_IN the money goes from the destination to the origin."""
    kind = file.find("type")
    if not is_paysim or kind is None:
        return text_of(file, column)
    return f"case when {text_of(file, kind)} = 'CASH_IN' then {text_of(file, other)} else {text_of(file, column)} end"


_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
