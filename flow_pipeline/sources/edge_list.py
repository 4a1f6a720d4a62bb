"""Edge lists of graph and simulation tools: `source,target,value,time` with whole time steps."""

from __future__ import annotations

from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import Plan, TransferFields, literal, text_of, token_units
from flow_pipeline.sources.files import InputFile

NAME = "edge-list"
SHAPE = "source, target, value, time (a whole step; --time-unit and --epoch say what a step is)"
EXAMPLE = ("edges.csv", b"source,target,value,time\n1,2,10.5,3\n")

SOURCE, TARGET = ("source", "sourceNodeId", "src"), ("target", "targetNodeId", "dst")
SYMBOL = "UNIT"
OWN_CHAIN = "edge-list"


def recognise(file: InputFile) -> int:
    """By its four columns."""
    named = file.find(*SOURCE) and file.find(*TARGET) and file.has("value", "time") and not file.find("hash", "tx_hash")
    return 5 if file.kind in ("csv", "parquet") and named else 0


def plan(file: InputFile, settings: SourceSettings, chain: str) -> Plan:
    """Steps become times only by the two settings.

    Raises:
        Unreadable: when either is missing.
    """
    if settings.time_unit is None or settings.epoch is None:
        raise Unreadable(
            f"{file.path}: an edge list's steps have no time of their own",
            "give --time-unit second|minute|hour|day and --epoch YYYY-MM-DD",
        )
    column = file.find(*SOURCE) or ""
    sql_chain = literal(chain if str(file.record.get(column, "")).startswith("0x") else OWN_CHAIN)
    step = f"try_cast({text_of(file, file.find('time'))} as integer)"
    return Plan(
        TransferFields(
            chain=sql_chain,
            timestamp=f"date '{settings.epoch}' + to_seconds({step} * {_SECONDS[settings.time_unit]})",
            from_address=text_of(file, column),
            to_address=text_of(file, file.find(*TARGET) or ""),
            amount=token_units(file, file.find("value") or ""),
            token_symbol=literal(SYMBOL),
        ),
        notes=[f"steps of one {settings.time_unit} from {settings.epoch}; nodes are addresses on chain {sql_chain}"],
    )


_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
