"""What is to be stored of what was found: exact amounts, times and counts, the strongest of each day, and words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.detection.search import Found
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.detection.verdicts import SUSPECT_CATEGORIES
from flow_pipeline.detectors.typology import Hits, Measured, Typology, parameters_of, typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings, TypologySettings, VerdictSettings
from flow_pipeline.warehouse.store import Connection, held_beside

sql = statements(__package__)
_DESCRIBED_AT_ONCE = 50_000
"""Findings whose words are made at once: some hundred bytes each, and as much for the numbers in them."""


@dataclass(frozen=True)
class Count:
    """How many findings a typology has, stored or not, and whether a search was stopped before all were seen."""

    found: int
    is_capped: bool


def measure(
    connection: Connection, found: dict[str, Found], stretch: Stretch, settings: Settings, knows_before: bool
) -> dict[str, Count]:
    """The temp tables `measures`, `chosen_findings`, `chosen_transfers` and `descriptions` of a stretch.

    Args:
        connection: Where the transfers are; graph_tokens holds the tokens of the stretch, store.traffic_days all days.
        found: Per typology what was found; let go as soon as it is written down.
        stretch: Where it was found.
        settings: In force.
        knows_before: Whether what was found before the stretch is stored: most of it is the same transfers.

    Returns:
        How much there was of each typology.
    """
    parameters = {name: parameters_of(name, settings.typologies) for name in found}
    size = sum(table.nbytes for one in found.values() for table in (one.strengths, one.rows, one.transfers))
    with held_beside(connection, settings, size):
        _register(connection, found, stretch, knows_before)
    hits = {name: one.hits for name, one in found.items()}
    found.clear()
    _measure(connection, {name: (typologies()[name], parameters[name]) for name in parameters}, settings.verdicts)
    choose(connection, settings.typologies)
    connection.execute(sql("findings_chosen_transfers"))
    connection.execute("drop table temp.hits")
    connection.execute("drop table temp.hit_transfers")
    _describe(connection, hits, parameters)
    return {name: Count(one.found, one.is_capped) for name, one in hits.items()}


def counted(counts: Iterable[dict[str, Count]]) -> dict[str, Count]:
    """What there was in several groups of tokens."""
    groups = [*counts]
    return {
        name: Count(sum(one[name].found for one in groups), any(one[name].is_capped for one in groups))
        for name in groups[0]
    }


def choose(connection: Connection, common: TypologySettings) -> None:
    """The temp table `chosen_findings`: which of those measured are stored."""
    connection.execute(sql("findings_chosen"), {"max_findings": common.max_findings})


def _register(connection: Connection, found: dict[str, Found], stretch: Stretch, knows_before: bool) -> None:
    """The temp tables `hits`, a narrow row per finding and transfer, `hit_transfers`, and `strengths`."""
    _read_transfers(connection, pa.concat_tables([one.transfers for one in found.values()]), stretch, knows_before)
    connection.register("hits_in", pa.concat_tables([one.rows for one in found.values()]))
    connection.execute(
        "create or replace temp table hits as "
        "select h.* exclude (row), t.position from hits_in as h inner join hit_transfers as t using (row)"
    )
    connection.unregister("hits_in")
    connection.register("strengths_in", pa.concat_tables([one.strengths for one in found.values()]))
    connection.execute("create or replace temp table strengths as select * from strengths_in")
    connection.unregister("strengths_in")


def _read_transfers(connection: Connection, transfers: pa.Table, stretch: Stretch, knows_before: bool) -> None:
    """The temp table `hit_transfers`: transfers with what they say, each once and in order.

    Args:
        connection: The build file.
        transfers: row, time (microseconds), from_is_terminal, to_is_terminal; may repeat.
        stretch: Where they were found.
        knows_before: As in `measure`.
    """
    connection.register("transfers_read", transfers)
    values = {"since": pc.min(transfers["time"]).as_py() or 0, "until": stretch.end}
    connection.execute(sql("findings_transfers"), values)
    connection.unregister("transfers_read")
    if knows_before:
        connection.execute(sql("findings_known_contents"), {"day": stretch.first or date.min})
    else:
        contents = "rowid as row, block_number, transaction_index, transfer_index, tx_hash, amount"
        connection.execute(
            f"create or replace temp table transfer_contents as select {contents} from store.transfers limit 0"
        )
    row = connection.execute(
        "select min(block_timestamp) from transfers_of_findings anti join transfer_contents using (row)"
    ).fetchone()
    values = {"since": row[0] if row and row[0] else datetime.max, "until": stretch.end}
    connection.execute(sql("findings_new_contents"), values)
    connection.execute(sql("findings_hit_transfers"))
    connection.execute("drop table temp.transfers_of_findings")
    connection.execute("drop table temp.transfer_contents")


def _measure(connection: Connection, detectors: dict[str, tuple[Typology, Any]], verdicts: VerdictSettings) -> None:
    """The temp table `measures`: exact amounts, times and counts per finding, what makes it suspicious by itself."""
    rules = [
        {
            "typology": number,
            "name": name,
            "moved": detector.MOVED,
            "limited_by": detector.LIMITED_BY,
            "identity": detector.IDENTITY,
            "is_path": detector.IS_PATH,
            "is_proof": detector.IS_PROOF,
            "own_rate": getattr(detector, "OWN_RATE", None),
            "amount_usd": getattr(parameters, "amount_usd", None),
        }
        for number, (name, (detector, parameters)) in enumerate(detectors.items())
    ]
    thresholds = [
        {"typology": number, "token_symbol": symbol, "amount": repr(amount)}
        for number, (_, parameters) in enumerate(detectors.values())
        for symbol, amount in getattr(parameters, "amount_by_token", {}).items()
    ]
    types = {"amount_usd": pa.float64(), "own_rate": pa.string(), "is_path": pa.bool_(), "is_proof": pa.bool_()}
    columns = {key: pa.array([rule[key] for rule in rules], types.get(key)) for key in rules[0]}
    connection.register("typology_rules", pa.table(columns))
    schema = pa.schema([("typology", pa.int64()), ("token_symbol", pa.string()), ("amount", pa.string())])
    connection.register("token_thresholds", pa.Table.from_pylist(thresholds, schema))
    _look_at_own_rates(connection, verdicts)
    connection.execute(sql("findings_measures"), {"suspect_categories": list(SUSPECT_CATEGORIES)})
    connection.execute("drop table temp.own_rates")
    connection.execute("drop table temp.strengths")
    connection.unregister("typology_rules")
    connection.unregister("token_thresholds")


def _look_at_own_rates(connection: Connection, verdicts: VerdictSettings) -> None:
    """The temp table `own_rates`: how likely each burst is at the rate of its address."""
    days = float(verdicts.own_rate_days)
    connection.execute(sql("findings_own_rate_sides"), {"own_rate_days": days})
    since, until = connection.execute(
        "select date_trunc('day', min(since)), max(first_at) from own_rate_sides"
    ).fetchall()[0]
    looked_at = {"since": since or datetime.max, "until": until or datetime.min}
    history_days = verdicts.own_rate_history_days
    connection.execute(
        sql("findings_own_rates"), {"own_rate_days": days, "own_rate_history_days": history_days, **looked_at}
    )
    connection.execute("drop table temp.own_rate_sides")


def _describe(connection: Connection, hits: dict[str, Hits], parameters: dict[str, Any]) -> None:
    """The temp table `descriptions`: what happened, per chosen finding."""
    connection.execute(
        "create or replace temp table descriptions "
        "(typology integer, finding integer, hop_count integer, reason varchar, evidence varchar)"
    )
    for number, (name, found) in enumerate(hits.items()):
        rows = connection.execute(
            "select finding from chosen_findings where typology = ? order by finding", [number]
        ).fetchnumpy()
        chosen = np.asarray(rows["finding"])
        for begin in range(0, len(chosen), _DESCRIBED_AT_ONCE):
            part = chosen[begin : begin + _DESCRIBED_AT_ONCE]
            connection.register("described", _described(connection, number, name, found, parameters[name], part))
            connection.execute("insert into descriptions by name select * from described")
            connection.unregister("described")


def _described(
    connection: Connection, number: int, name: str, hits: Hits, parameters: Any, chosen: np.ndarray
) -> pa.Table:
    """Some findings of a typology in words.

    Args:
        connection: The build file, with what was measured.
        number, name: The typology.
        hits: All that it found.
        parameters: Its own.
        chosen: Which to describe, ascending.
    """
    values = {"typology": number, "first": int(chosen[0]), "last": int(chosen[-1])}
    rows = connection.execute(sql("findings_to_describe"), values).to_arrow_table()
    some = replace(
        hits,
        start=np.zeros(len(chosen) + 1, np.int64),
        focus=hits.focus[chosen],
        hop_count=hits.hop_count[chosen],
        facts={key: column[chosen] for key, column in hits.facts.items()},
    )
    measured = Measured(
        rows["token_symbol"].to_pylist(),
        rows["duration"].to_numpy(),
        some.hop_count,
        rows["transfer_count"].to_numpy(),
        rows["address_count"].to_numpy(),
        rows["moved_amount"].to_pylist(),
        rows["gross_amount"].to_pylist(),
        rows["focus_address"].to_pylist(),
    )
    facts = [
        dict(zip(some.facts, values, strict=True))
        for values in zip(*(_shown(column).tolist() for column in some.facts.values()), strict=True)
    ]
    return pa.table(
        {
            "typology": np.full(len(chosen), number, np.int32),
            "finding": chosen,
            "hop_count": some.hop_count.astype(np.int32),
            "reason": pa.array(typologies()[name].describe(measured, some, parameters), pa.string()),
            "evidence": pa.array([json.dumps(fact) for fact in facts] if facts else ["{}"] * len(chosen), pa.string()),
        }
    )


def _shown(column: np.ndarray) -> np.ndarray:
    """Six digits, for people to read."""
    return column.round(6) if column.dtype.kind == "f" else column
