"""Group flows on the build file: groups from labels and files, transfers day by day, state, results and summaries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import ceil
from pathlib import Path

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import chains_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.vocabulary import RISK_LEVELS
from flow_pipeline.settings import Settings, TracingSettings
from flow_pipeline.sources.files import sha256_of
from flow_pipeline.tracing import VERSION
from flow_pipeline.tracing.groups import GroupFile, read_groups
from flow_pipeline.tracing.kernel import (
    ATTRIBUTIONS,
    COUNTS,
    PARTS,
    Advance,
    Completed,
    Moves,
    Rules,
    State,
    advance,
)
from flow_pipeline.tracing.moves import in_order
from flow_pipeline.warehouse.content import keeping_hash, write_changes
from flow_pipeline.warehouse.loads import next_load_id, record_load
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import (
    Connection,
    engine_memory,
    get_state,
    held_beside,
    set_state,
    table_counts,
    transaction,
)

sql = statements(__package__)

_OF_DAYS = "block_date >= ?"
_OF_FLOWS = f"flow_id in (select flow_id from detection.group_flows where {_OF_DAYS})"
"""Flows from a day on, and their transfers."""
_EPOCH = date(1970, 1, 1)
_SECONDS_OF_A_BLOCK = 600
SOURCE_RISK = {"CRITICAL": Decimal("0.5"), "HIGH": Decimal("0.3"), "MEDIUM": Decimal("0.1"), "LOW": Decimal(0)}
DESTINATION_RISK = {"CRITICAL": Decimal("0.3"), "HIGH": Decimal("0.2"), "MEDIUM": Decimal("0.1"), "LOW": Decimal(0)}


def load_groups(connection: Connection, settings: TracingSettings) -> GroupFile | None:
    """Read the group file of the settings into raw.rejects and the ledger; None without one or when it is unchanged.

    Raises:
        UsageError: the file is missing or says something impossible.
    """
    path = settings.groups
    mark = sha256_of(path) if path and path.is_file() else ""
    if path is not None and not mark:
        read_groups(path)
    if get_state(connection, "groups") == mark:
        return None
    group_file = read_groups(path) if path else None
    started = datetime.now(UTC).replace(tzinfo=None)
    with transaction(connection):
        for table in ("raw.rejects", "raw.loads"):
            connection.execute(
                f"delete from {table} where load_id in (select load_id from raw.loads where format = 'groups')"
            )
        if path and group_file:
            load_id = next_load_id(connection)
            if group_file.rejects:
                connection.executemany(
                    "insert into raw.rejects values (?, ?, ?, ?, ?, ?)",
                    [[load_id, str(path), *reject] for reject in group_file.rejects],
                )
            record_load(
                connection,
                load_id,
                path,
                sha256=mark,
                format="groups",
                rows_read=group_file.read,
                rows_loaded=group_file.read - len(group_file.rejects),
                rows_rejected=len(group_file.rejects),
                notes=group_file.notes,
                started_at=started,
            )
        set_state(connection, "groups", mark)
    return group_file


@detects("flows")
def run_flows(connection: Connection, settings: Settings) -> dict[str, int]:
    """Bring the flow tables up to date from the first dirty day on.

    Returns:
        Row count per table.
    """
    groups = _groups(connection, settings.tracing.groups, settings.tracing.use_derived)
    _tokens(connection)
    first = _first_day(connection)
    if first is not None:
        with transaction(connection):
            _keep_what_was(connection)
            with (
                keeping_hash(connection, "detection.group_flow_transfers", _OF_FLOWS, [first]),
                keeping_hash(connection, "detection.group_flows", _OF_DAYS, [first]),
            ):
                _follow(connection, settings, groups, first)
            _summarise(connection, settings.tracing)
            _record_restatement(connection)
    for table in ("flow_members", "flow_tokens", "flow_hops", "arrived_flows"):
        connection.execute(f"drop table if exists temp.{table}")
    names = ("groups", "group_members", "group_flows", "group_flow_transfers", "group_flow_summaries", "active_flows")
    counts = table_counts(connection, [f"detection.{name}" for name in names])
    return {name: counts[f"detection.{name}"] for name in names}


def _keep_what_was(connection: Connection) -> None:
    """The temp table flows_before: flows of another version of the definition, none when it is this one's."""
    connection.execute(
        "create or replace temp table flows_before as select * from detection.group_flows where $is_other",
        {"is_other": _version(connection) != VERSION},
    )


def _record_restatement(connection: Connection) -> None:
    """Record in ops.flow_restatements what another version of the definition changed, once."""
    before = _version(connection)
    if before != VERSION:
        values = {"now": datetime.now(UTC).replace(tzinfo=None), "before": before, "version": VERSION}
        connection.execute(sql("flows_restated"), values)
        set_state(connection, "flows_version", VERSION)
    connection.execute("drop table temp.flows_before")


def _version(connection: Connection) -> str:
    """Version of the definition that gave detection.group_flows; the first one left no mark."""
    return get_state(connection, "flows_version") or "1"


def _groups(connection: Connection, path: Path | None, use_derived: bool) -> list[tuple[str, str, bool, bool]]:
    """Fill detection.groups and group_members.

    Returns:
        (group_id, risk_level, is_source, is_destination) in the order of the groups' numbers.
    """
    groups = read_groups(path).groups if path else []
    order = {level: n for n, level in enumerate(RISK_LEVELS)}
    rows: dict[str, tuple[str, str]] = {}
    for group in sorted(groups, key=lambda g: (-order[g.risk_level], g.group_id)):
        for address in group.addresses:
            rows.setdefault(address, (group.group_id, "evm" if address.startswith("0x") else "bitcoin"))
    members = pa.table(
        {
            "address": pa.array(list(rows), pa.string()),
            "group_id": pa.array([g for g, _ in rows.values()], pa.string()),
            "family": pa.array([f for _, f in rows.values()], pa.string()),
        }
    )
    listed = pa.Table.from_pylist(
        [
            {
                "group_id": g.group_id,
                "name": g.name,
                "type": g.type,
                "risk_level": g.risk_level,
                "is_source": g.is_source,
                "is_destination": g.is_destination,
            }
            for g in groups
        ],
        pa.schema(
            [(name, pa.string()) for name in ("group_id", "name", "type", "risk_level")]
            + [(name, pa.bool_()) for name in ("is_source", "is_destination")]
        ),
    )
    families = pa.table(
        {
            "chain": [*chains_of("evm"), *chains_of("bitcoin")],
            "family": ["evm"] * len(chains_of("evm")) + ["bitcoin"] * len(chains_of("bitcoin")),
        }
    )
    for name, table in (("file_members", members), ("file_groups", listed), ("chain_families", families)):
        connection.register(name, table)
    connection.execute(sql("flows_memberships"))
    connection.execute("delete from detection.groups")
    connection.execute(sql("flows_groups"))
    connection.execute(sql("flows_members"))
    if use_derived:
        connection.execute(sql("flows_deposit_members"))
    write_changes(
        connection,
        "store.group_members",
        "(select * exclude (number) from flow_members)",
        "true",
        ("group_id", "chain", "address_id", "valid_from"),
    )
    connection.execute(sql("flows_group_sizes"))
    connection.execute("drop table temp.group_memberships")
    for name in ("file_members", "file_groups", "chain_families"):
        connection.unregister(name)
    numbered = connection.execute(
        "select group_id, risk_level, is_source, is_destination from detection.groups order by group_id"
    ).fetchall()
    return [(str(row[0]), str(row[1]), bool(row[2]), bool(row[3])) for row in numbered]


def _tokens(connection: Connection) -> None:
    """The temp table flow_tokens: a number per token key, and whether its clock is the chain's blocks."""
    connection.execute(sql("flows_tokens"), {"bitcoin_chains": list(chains_of("bitcoin"))})


def _first_day(connection: Connection) -> date | None:
    """First day to follow again, the first of all without a state to go on from; None when nothing is dirty."""
    row = connection.execute(
        "select min(block_date), (select min(block_date) from store.transfers) from store.dirty_days"
    ).fetchone()
    dirty, start = row or (None, None)
    if dirty is None or start is None:
        return None
    before = connection.execute("select max(block_date) from ops.flow_days where block_date < ?", [dirty]).fetchone()
    has_state = connection.execute(
        "select count(*) from store.state where key = 'flow_states_from' and value <= ?",
        [str(before[0]) if before and before[0] else ""],
    ).fetchone()
    is_first = connection.execute("select count(*) from store.transfers where block_date < ?", [dirty]).fetchone()
    if (is_first and is_first[0] == 0) or (before and before[0] and has_state and has_state[0]):
        return date.fromisoformat(str(dirty))
    return date.fromisoformat(str(start))


def _rules(connection: Connection, settings: TracingSettings, groups: list[tuple[str, str, bool, bool]]) -> Rules:
    tokens = connection.execute(
        "select distinct on (number) number, token_symbol, is_bitcoin from flow_tokens order by number"
    ).fetchall()
    least = [settings.min_amount_by_token.get(symbol or "", 0.0) for _, symbol, _ in tokens]
    is_bitcoin = np.array([row[2] for row in tokens], bool)
    return Rules(
        attribution=ATTRIBUTIONS[settings.attribution],
        max_hops=settings.max_hops,
        decay=settings.decay,
        min_confidence=settings.min_confidence,
        max_flows=settings.max_flows,
        max_age=np.where(is_bitcoin, settings.max_age_blocks, round(settings.max_age_days * 86_400)),
        max_idle=np.where(is_bitcoin, settings.max_idle_blocks, round(settings.max_idle_days * 86_400)),
        day_ticks=np.where(is_bitcoin, 0, 86_400),
        min_units=np.array([int(value) for value in least], np.int64),
        min_parts=np.array([round((value - int(value)) * PARTS) for value in least], np.int64),
        is_source=np.array([group[2] for group in groups], bool),
        is_destination=np.array([group[3] for group in groups], bool),
    )


def _follow(connection: Connection, settings: Settings, groups: list[tuple[str, str, bool, bool]], first: date) -> None:
    """Follow every transfer from a day on, batch by batch, and replace what those days had."""
    for table in ("detection.group_flow_transfers", "detection.group_flows", "ops.flow_days", "store.flow_states"):
        connection.execute(
            f"delete from {table} where {_OF_FLOWS if table.endswith('transfers') else _OF_DAYS}", [first]
        )
    tracing, each = settings.tracing, settings.warehouse.bytes_per_followed
    rules = _rules(connection, tracing, groups)
    state = _read_state(connection, groups, tracing.max_hops)
    keep_from = connection.execute(
        "select max(block_date) - ?::integer from store.transfers", [tracing.keep_states_days]
    ).fetchone()
    for start, stop, size in _batches(connection, first, engine_memory(settings.warehouse) // 2 // each):
        with held_beside(connection, settings, size * each):
            moves = _read_moves(connection, start, stop)
            result = advance(state, moves, rules, keep_states=True)
            del moves
            state = result.state
            _store(connection, tracing, groups, result, keep_from[0] if keep_from else first)
    connection.execute("delete from store.flow_states where block_date < ?", [keep_from[0] if keep_from else first])
    oldest = connection.execute(
        "select min(block_date) from ops.flow_days where block_date >= ?", [keep_from[0] if keep_from else first]
    ).fetchone()
    set_state(connection, "flow_states_from", str(oldest[0]) if oldest and oldest[0] else "9999-12-31")
    _list_active(connection, groups, state)


def _batches(connection: Connection, first: date, most: int) -> list[tuple[date, date, int]]:
    """Stretches of days from the first on and their transfers, none with more than so many unless it is one day."""
    days = connection.execute(
        "select block_date, count(*) from store.transfers where block_date >= ? group by 1 order by 1", [first]
    ).fetchall()
    batches: list[tuple[date, date, int]] = []
    for day, count in days:
        if batches and batches[-1][2] + count <= most:
            start, _, size = batches[-1]
            batches[-1] = (start, day, size + count)
        else:
            batches.append((day, day, count))
    return batches


def _read_moves(connection: Connection, start: date, stop: date) -> Moves:
    rows = connection.execute(
        sql("flows_transfers"), {"first": start, "last": stop, "seconds_of_a_block": _SECONDS_OF_A_BLOCK}
    ).to_arrow_table()
    row_ids = np.asarray(rows["row"].to_numpy())

    def tie_break(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ties = pa.table({"position": np.arange(len(positions)), "row": row_ids[positions]})
        connection.register("tied_transfers", ties)
        rows = connection.execute(sql("flows_ties")).to_arrow_table()
        connection.unregister("tied_transfers")
        hashes, content = (
            np.asarray(rows[name].to_numpy(zero_copy_only=False), dtype=str) for name in ("tx_hash", "content")
        )
        return hashes, content

    return in_order(rows, tie_break)


def _read_state(connection: Connection, groups: list[tuple[str, str, bool, bool]], max_hops: int) -> State:
    """The state at the end of the last day that stands."""
    number = {group[0]: n for n, group in enumerate(groups)}
    rows = connection.execute(sql("flows_state")).to_arrow_table()
    if not len(rows):
        return State.empty(max_hops)
    lists, names = rows["path"].combine_chunks(), rows["source_group"].combine_chunks().dictionary_encode()
    lengths = lists.value_lengths().to_numpy()
    path = np.full((len(rows), max_hops), -1, np.int64)
    path[np.arange(max_hops)[None, :] < lengths[:, None]] = lists.flatten().to_numpy()
    numbers = np.array([*(number[name] for name in names.dictionary.to_pylist()), -1], np.int32)
    source = numbers[names.indices.fill_null(len(numbers) - 1).to_numpy()]
    columns = {
        name: np.asarray(rows[name].to_numpy())
        for name in ("token", "address_id", "units", "parts", "hops", "confidence", "started", "moved")
    }
    return State(
        columns["token"].astype(np.int32), columns["address_id"].astype(np.int32), source, columns["units"],
        columns["parts"], columns["hops"].astype(np.int8), columns["confidence"], columns["started"], columns["moved"],
        path,
    )  # fmt: skip


def _lists(path: np.ndarray, hops: np.ndarray) -> pa.Array:
    """Rows of a padded matrix as lists."""
    lengths = hops.astype(np.int64)
    inside = np.arange(path.shape[1])[None, :] < lengths[:, None]
    return pa.ListArray.from_arrays(
        pa.array(np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)), pa.array(path[inside])
    )


def _store(
    connection: Connection,
    settings: TracingSettings,
    groups: list[tuple[str, str, bool, bool]],
    result: Advance,
    keep_from: date,
) -> None:
    names = np.array([group[0] for group in groups] or [""], object)
    keys = (
        connection.execute("select distinct on (number) token_key from flow_tokens order by number")
        .to_arrow_table()["token_key"]
        .to_numpy()
    )
    connection.register(
        "counted",
        pa.table(
            {"day": result.days, **{name: result.counts[:, n] for n, name in enumerate(COUNTS)}, "active": result.alive}
        ),
    )
    connection.execute(
        f"insert into ops.flow_days select date '1970-01-01' + day::integer, {', '.join(COUNTS)}, active from counted"
    )
    connection.unregister("counted")
    first = (keep_from - _EPOCH).days
    for day, state in zip(result.days, result.states, strict=True):
        if day < first or not len(state):
            continue
        lots = pa.table(
            {
                "position": np.arange(len(state), dtype=np.int32),
                "token_key": keys[state.token],
                "address_id": state.address,
                "source_group": pa.array(np.where(state.source < 0, None, names[state.source]), pa.string()),
                "units": state.units,
                "parts": state.parts,
                "hops": state.hops,
                "confidence": state.confidence,
                "started": state.started,
                "moved": state.moved,
                "path": _lists(state.path, state.hops),
            }
        )
        connection.register("lots", lots)
        connection.execute(
            "insert into store.flow_states by name select date '1970-01-01' + ?::integer as block_date, * from lots",
            [int(day)],
        )
        connection.unregister("lots")
    if len(result.completed):
        _store_completed(connection, settings, names, keys, result.completed)


def _store_completed(
    connection: Connection, settings: TracingSettings, names: np.ndarray, keys: np.ndarray, completed: Completed
) -> None:
    lengths = completed.hops.astype(np.int64)
    flows = pa.table(
        {
            "n": np.arange(len(completed)),
            "source_group": pa.array(names[completed.source], pa.string()),
            "destination_group": pa.array(names[completed.destination], pa.string()),
            "token_key": keys[completed.token],
            "units": completed.units,
            "parts": completed.parts,
            "hop_count": completed.hops.astype(np.int32),
            "confidence": completed.confidence,
            "day": completed.day,
        }
    )
    # No path is older than flows live. Where blocks are the clock, that says nothing of days.
    row = connection.execute("select bool_or(is_bitcoin) from flow_tokens").fetchone()
    oldest = (
        date.min if row and row[0] else _EPOCH + timedelta(days=int(completed.day.min()) - ceil(settings.max_age_days))
    )
    refs = _lists(completed.path, completed.hops).flatten()
    hop = np.arange(len(refs)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    connection.register("arrivals", flows)
    connection.register(
        "path_steps",
        pa.table({"n": np.repeat(np.arange(len(completed)), lengths), "hop": hop.astype(np.int32), "ref": refs}),
    )
    connection.execute(sql("flows_hops"), {"oldest": oldest})
    connection.execute(sql("flows_arrived"), {"attribution": settings.attribution})
    connection.execute(sql("flows_group_flows"), {"attribution": settings.attribution})
    connection.execute(sql("flows_group_flow_transfers"))
    for name in ("arrivals", "path_steps"):
        connection.unregister(name)


def _summarise(connection: Connection, settings: TracingSettings) -> None:
    """One row per pair and token, with the risk in exact decimals."""
    scores = pa.table(
        {
            "risk_level": list(RISK_LEVELS),
            "as_source": [SOURCE_RISK[level] for level in RISK_LEVELS],
            "as_destination": [DESTINATION_RISK[level] for level in RISK_LEVELS],
        }
    )
    large = pa.table(
        {
            "token_symbol": list(settings.large_amount_by_token),
            "large": [repr(value) for value in settings.large_amount_by_token.values()],
        }
    )
    connection.register("level_scores", scores)
    connection.register("large_amounts", large)
    connection.execute("delete from detection.group_flow_summaries")
    connection.execute(sql("flows_summaries"), {"max_summaries": settings.max_summaries})
    for name in ("level_scores", "large_amounts"):
        connection.unregister(name)


def _list_active(connection: Connection, groups: list[tuple[str, str, bool, bool]], state: State) -> None:
    """What is on its way after the last day."""
    is_flow = state.source >= 0
    names = np.array([group[0] for group in groups] or [""], object)
    refs = state.path[is_flow, np.maximum(state.hops[is_flow] - 1, 0)]
    lots = pa.table(
        {
            "token": state.token[is_flow],
            "address_id": state.address[is_flow],
            "source_group": pa.array(names[state.source[is_flow]], pa.string()),
            "units": state.units[is_flow],
            "parts": state.parts[is_flow],
            "hop_count": state.hops[is_flow].astype(np.int32),
            "confidence": state.confidence[is_flow],
            "first_ref": state.path[is_flow, 0],
            "last_ref": refs,
        }
    )
    connection.register("active_lots", lots)
    connection.execute("delete from detection.active_flows")
    connection.execute(sql("flows_active"))
    connection.unregister("active_lots")
