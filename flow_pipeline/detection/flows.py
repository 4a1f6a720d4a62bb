"""Group flows on the build file: groups from labels and files, transfers day by day, state, results and summaries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import chains_of
from flow_pipeline.graph.prepare import time_order
from flow_pipeline.settings import TracingSettings
from flow_pipeline.sources.files import sha256_of
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
    split_decimals,
)
from flow_pipeline.warehouse.store import Connection, get_state, set_state, transaction, write_changes

_EPOCH = date(1970, 1, 1)
_BATCH = 4_000_000
"""Transfers followed in one piece; a batch ends with a day."""
_SECONDS_OF_A_BLOCK = 600
SOURCE_RISK = {"CRITICAL": "0.5", "HIGH": "0.3", "MEDIUM": "0.1", "LOW": "0"}
DESTINATION_RISK = {"CRITICAL": "0.3", "HIGH": "0.2", "MEDIUM": "0.1", "LOW": "0"}


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
    found = read_groups(path) if path else None
    started = datetime.now(UTC).replace(tzinfo=None)
    with transaction(connection):
        for table in ("raw.rejects", "raw.loads"):
            connection.execute(
                f"DELETE FROM {table} WHERE load_id IN (SELECT load_id FROM raw.loads WHERE format = 'groups')"
            )
        if path and found:
            row = connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM raw.loads").fetchone()
            load_id = row[0] if row else 1
            if found.rejects:
                connection.executemany(
                    "INSERT INTO raw.rejects VALUES (?, ?, ?, ?, ?, ?)",
                    [[load_id, str(path), *reject] for reject in found.rejects],
                )
            connection.execute(
                "INSERT INTO raw.loads (load_id, source_file, sha256, format, rows_read, rows_loaded, rows_duplicate, rows_rejected, transfers_loaded, "
                "transactions_loaded, unknown_amounts, is_truncation_suspected, note, started_at, finished_at) VALUES (?, ?, ?, 'groups', ?, ?, 0, ?, 0, 0, 0, false, ?, ?, ?)",
                [
                    load_id,
                    str(path),
                    mark,
                    found.read,
                    found.read - len(found.rejects),
                    len(found.rejects),
                    "; ".join(found.notes),
                    started,
                    datetime.now(UTC).replace(tzinfo=None),
                ],
            )
        set_state(connection, "groups", mark)
    return found


def run_flows(connection: Connection, settings: TracingSettings) -> dict[str, int]:
    """Bring the flow tables up to date from the first dirty day on.

    Returns:
        Row count per table.
    """
    groups = _groups(connection, settings.groups, settings.use_derived)
    _tokens(connection)
    first = _first_day(connection)
    if first is not None:
        with transaction(connection):
            _follow(connection, settings, groups, first)
            _summarise(connection, settings)
    for table in ("flow_members", "flow_tokens", "flow_done", "flow_steps", "flow_hops"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    names = ("groups", "group_members", "group_flows", "group_flow_transfers", "group_flow_summaries", "active_flows")
    return {
        name: int((connection.execute(f"SELECT count(*) FROM detection.{name}").fetchone() or (0,))[0])
        for name in names
    }


def _groups(connection: Connection, path: Path | None, use_derived: bool) -> list[tuple[str, str, bool, bool]]:
    """Fill detection.groups and group_members; (group_id, risk_level, is_source, is_destination) in the order of their numbers."""
    found = read_groups(path).groups if path else []
    order = {level: n for n, level in enumerate(("LOW", "MEDIUM", "HIGH", "CRITICAL"))}
    rows: dict[str, tuple[str, str]] = {}
    for group in sorted(found, key=lambda g: (-order[g.risk_level], g.group_id)):
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
            for g in found
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
    for name, table in (("file_members", members), ("file_groups", listed), ("families", families)):
        connection.register(name, table)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE flow_members AS
        WITH from_file AS (
            SELECT f.group_id, t.chain, a.address_id, TIMESTAMP '1970-01-01' AS valid_from, TIMESTAMP '9999-12-31' AS valid_to
            FROM file_members f JOIN store.addresses a USING (address)
            JOIN (SELECT DISTINCT chain, coalesce(family, 'evm') AS family FROM store.tokens LEFT JOIN families USING (chain)) t USING (family)
        )
        SELECT * FROM from_file
        UNION ALL
        SELECT i.entity, i.chain, i.address_id, i.valid_from, i.valid_to FROM intermediate.int_address_labels__intervals i
        WHERE (i.is_source OR i.is_destination) AND i.category <> 'burn' AND NOT EXISTS (FROM from_file f WHERE f.chain = i.chain AND f.address_id = i.address_id)
    """)
    connection.execute("DELETE FROM detection.groups")
    connection.execute("""
        INSERT INTO detection.groups
        SELECT group_id, name, type, risk_level, is_source, is_destination, 'file', 0 FROM file_groups
        UNION ALL
        SELECT i.entity, i.entity, upper(min(i.category)), (['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])[max(list_position(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], coalesce(i.risk_level, 'LOW')))],
               bool_or(i.is_source), bool_or(i.is_destination), 'labels', 0
        FROM intermediate.int_address_labels__intervals i
        WHERE i.entity IN (SELECT group_id FROM flow_members) AND i.entity NOT IN (SELECT group_id FROM file_groups) AND i.category <> 'burn' GROUP BY i.entity
    """)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE group_numbers AS SELECT group_id, row_number() OVER (ORDER BY group_id)::INTEGER - 1 AS number FROM detection.groups"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE flow_members AS SELECT m.*, g.number FROM flow_members m JOIN group_numbers g USING (group_id)"
    )
    if use_derived:
        # Only addresses without any label become deposit addresses, so that these never stand against one.
        connection.execute("""
            INSERT INTO flow_members
            SELECT c.entity, c.chain, c.address_id, c.known_from, coalesce(c.known_to, TIMESTAMP '9999-12-31'), g.number
            FROM store.address_clusters c JOIN (SELECT DISTINCT group_id, number FROM flow_members) g ON g.group_id = c.entity
            WHERE c.kind = 'exchange_deposit' AND NOT EXISTS (FROM flow_members f WHERE f.chain = c.chain AND f.address_id = c.address_id)
        """)
    write_changes(
        connection,
        "store.group_members",
        "(SELECT * EXCLUDE (number) FROM flow_members)",
        "true",
        ("group_id", "chain", "address_id", "valid_from"),
    )
    connection.execute("""
        UPDATE detection.groups SET address_count = n
        FROM (SELECT g.group_id AS g, m.n FROM (SELECT number, count(DISTINCT address_id) AS n FROM flow_members GROUP BY number) m JOIN group_numbers g USING (number))
        WHERE g = group_id
    """)
    connection.execute("DROP TABLE temp.group_numbers")
    for name in ("file_members", "file_groups", "families"):
        connection.unregister(name)
    rows_found = connection.execute(
        "SELECT group_id, risk_level, is_source, is_destination FROM detection.groups ORDER BY group_id"
    ).fetchall()
    return [(str(row[0]), str(row[1]), bool(row[2]), bool(row[3])) for row in rows_found]


def _tokens(connection: Connection) -> None:
    """The temp table flow_tokens: a number per token key, and whether its clock is the chain's blocks."""
    bitcoin = ", ".join(f"'{chain}'" for chain in chains_of("bitcoin"))
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE flow_tokens AS
        SELECT k.token_id, k.token_key, dense_rank() OVER (ORDER BY k.token_key)::INTEGER - 1 AS number, k.chain, k.token_symbol,
               k.chain IN ({bitcoin}) AS is_bitcoin
        FROM intermediate.int_tokens__canonical k WHERE k.is_summable
    """)


def _first_day(connection: Connection) -> date | None:
    """First day to follow again; None when nothing is dirty. Without a state to go on from it is the first day of all."""
    row = connection.execute(
        "SELECT min(block_date), (SELECT min(block_date) FROM store.transfers) FROM store.dirty_days"
    ).fetchone()
    dirty, start = row or (None, None)
    if dirty is None or start is None:
        return None
    before = connection.execute("SELECT max(block_date) FROM ops.flow_days WHERE block_date < ?", [dirty]).fetchone()
    has_state = connection.execute(
        "SELECT count(*) FROM store.state WHERE key = 'flow_states_from' AND value <= ?",
        [str(before[0]) if before and before[0] else ""],
    ).fetchone()
    is_first = connection.execute("SELECT count(*) FROM store.transfers WHERE block_date < ?", [dirty]).fetchone()
    if (is_first and is_first[0] == 0) or (before and before[0] and has_state and has_state[0]):
        return date.fromisoformat(str(dirty))
    return date.fromisoformat(str(start))


def _rules(connection: Connection, settings: TracingSettings, groups: list[tuple[str, str, bool, bool]]) -> Rules:
    tokens = connection.execute(
        "SELECT DISTINCT ON (number) number, token_symbol, is_bitcoin FROM flow_tokens ORDER BY number"
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


def _follow(
    connection: Connection, settings: TracingSettings, groups: list[tuple[str, str, bool, bool]], first: date
) -> None:
    """Follow every transfer from a day on, batch by batch, and replace what those days had."""
    for table in ("detection.group_flow_transfers", "detection.group_flows", "ops.flow_days", "store.flow_states"):
        where = (
            "flow_id IN (SELECT flow_id FROM detection.group_flows WHERE block_date >= ?)"
            if table.endswith("transfers")
            else "block_date >= ?"
        )
        connection.execute(f"DELETE FROM {table} WHERE {where}", [first])
    rules = _rules(connection, settings, groups)
    state = _read_state(connection, groups, settings.max_hops)
    keep_from = connection.execute(
        "SELECT max(block_date) - ?::INTEGER FROM store.transfers", [settings.keep_states_days]
    ).fetchone()
    for start, stop in _batches(connection, first):
        moves = _read_moves(connection, start, stop)
        result = advance(state, moves, rules, keep_states=True)
        state = result.state
        _store(connection, settings, groups, result, keep_from[0] if keep_from else first)
    connection.execute("DELETE FROM store.flow_states WHERE block_date < ?", [keep_from[0] if keep_from else first])
    oldest = connection.execute(
        "SELECT min(block_date) FROM ops.flow_days WHERE block_date >= ?", [keep_from[0] if keep_from else first]
    ).fetchone()
    set_state(connection, "flow_states_from", str(oldest[0]) if oldest and oldest[0] else "9999-12-31")
    _list_active(connection, groups, state)


def _batches(connection: Connection, first: date) -> list[tuple[date, date]]:
    """Stretches of days from the first on, none with more transfers than a batch unless it is one day."""
    days = connection.execute(
        "SELECT block_date, count(*) FROM store.transfers WHERE block_date >= ? GROUP BY 1 ORDER BY 1", [first]
    ).fetchall()
    found: list[tuple[date, date]] = []
    size = 0
    for day, count in days:
        if found and size + count <= _BATCH:
            found[-1] = (found[-1][0], day)
            size += count
        else:
            found.append((day, day))
            size = count
    return found


def _read_moves(connection: Connection, start: date, stop: date) -> Moves:
    rows = connection.execute(
        f"""
        SELECT (f.block_date - DATE '1970-01-01')::BIGINT AS day, epoch_us(f.block_timestamp) AS time, coalesce(f.block_number, -1) AS block,
               coalesce(f.transfer_index, -1) AS transfer_index,
               CASE WHEN k.is_bitcoin THEN coalesce(f.block_number, epoch(f.block_timestamp)::BIGINT // {_SECONDS_OF_A_BLOCK}) ELSE epoch(f.block_timestamp)::BIGINT END AS clock,
               k.number AS token, f.from_id AS sender, f.to_id AS receiver, f.amount, coalesce(s.number, -1) AS from_group, coalesce(r.number, -1) AS to_group,
               f.load_id::BIGINT * 1099511627776 + f.source_row AS ref, f.rowid AS row
        FROM store.transfers f
        JOIN flow_tokens k USING (token_id)
        LEFT JOIN flow_members s ON s.address_id = f.from_id AND s.chain = k.chain AND f.block_timestamp >= s.valid_from AND f.block_timestamp < s.valid_to
        LEFT JOIN flow_members r ON r.address_id = f.to_id AND r.chain = k.chain AND f.block_timestamp >= r.valid_from AND f.block_timestamp < r.valid_to
        WHERE f.block_date BETWEEN ? AND ? AND f.is_edge
    """,
        [start, stop],
    ).to_arrow_table()
    column = {name: np.asarray(rows[name].to_numpy()) for name in rows.column_names if name != "amount"}
    units, parts = _exact(rows["amount"])

    def texts(sql: str) -> Any:
        def of(positions: np.ndarray) -> np.ndarray:
            connection.register("tied", pa.table({"at": np.arange(len(positions)), "row": column["row"][positions]}))
            found = connection.execute(
                f"SELECT {sql} AS h FROM tied t JOIN store.transfers f ON f.rowid = t.row JOIN store.addresses a ON a.address_id = f.from_id "
                "JOIN store.addresses b ON b.address_id = f.to_id JOIN store.tokens k USING (token_id) ORDER BY t.at"
            ).to_arrow_table()
            connection.unregister("tied")
            return np.asarray(found["h"].to_numpy(zero_copy_only=False), dtype=str)

        return of

    order, rank = time_order(
        column["time"], column["block"], column["transfer_index"], texts("coalesce(f.tx_hash, '')")
    )
    # Transfers equal in all of that have no order; what they say settles in which place they stand, so that no input order shows.
    same = np.flatnonzero(np.diff(rank) == 0)
    if len(same):
        tied = np.unique(np.concatenate([same, same + 1]))
        said = texts(
            "concat_ws('|', k.chain, coalesce(k.token_address, k.token_symbol, ''), a.address, b.address, f.amount::VARCHAR)"
        )(order[tied])
        order[tied] = order[tied][np.lexsort((said, rank[tied]))]
    return Moves(
        column["day"][order], rank.astype(np.int64), column["clock"][order], column["token"][order].astype(np.int32), column["sender"][order].astype(np.int32),
        column["receiver"][order].astype(np.int32), units[order], parts[order], column["from_group"][order].astype(np.int32), column["to_group"][order].astype(np.int32),
        column["ref"][order],
    )  # fmt: skip


def _exact(amount: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Whole units and 1e-18 parts of a DECIMAL(38, 18) column, without a float."""
    units, parts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for chunk in amount.chunks:
        words = np.frombuffer(chunk.buffers()[1], np.uint64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
        whole, rest = split_decimals(words)
        units.append(whole)
        parts.append(rest)
    return np.concatenate(units), np.concatenate(parts)


def _read_state(connection: Connection, groups: list[tuple[str, str, bool, bool]], max_hops: int) -> State:
    """The state at the end of the last day that stands."""
    number = {group[0]: n for n, group in enumerate(groups)}
    rows = connection.execute("""
        SELECT t.number AS token, s.* FROM store.flow_states s JOIN (SELECT DISTINCT token_key, number FROM flow_tokens) t USING (token_key)
        WHERE s.block_date = (SELECT max(block_date) FROM ops.flow_days) ORDER BY position
    """).to_arrow_table()
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
        columns["token"].astype(np.int32), columns["address_id"].astype(np.int32), source, columns["units"], columns["parts"], columns["hops"].astype(np.int8),
        columns["confidence"], columns["started"], columns["moved"], path,
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
        connection.execute("SELECT DISTINCT ON (number) token_key FROM flow_tokens ORDER BY number")
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
        f"INSERT INTO ops.flow_days SELECT DATE '1970-01-01' + day::INTEGER, {', '.join(COUNTS)}, active FROM counted"
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
            "INSERT INTO store.flow_states BY NAME SELECT DATE '1970-01-01' + ?::INTEGER AS block_date, * FROM lots",
            [int(day)],
        )
        connection.unregister("lots")
    if len(result.completed):
        _store_completed(connection, settings, names, keys, result.completed)


def _store_completed(
    connection: Connection, settings: TracingSettings, names: np.ndarray, keys: np.ndarray, done: Completed
) -> None:
    lengths = done.hops.astype(np.int64)
    flows = pa.table(
        {
            "n": np.arange(len(done)),
            "source_group": pa.array(names[done.source], pa.string()),
            "destination_group": pa.array(names[done.destination], pa.string()),
            "token_key": keys[done.token],
            "units": done.units,
            "parts": done.parts,
            "hop_count": done.hops.astype(np.int32),
            "confidence": done.confidence,
            "day": done.day,
        }
    )
    # No path is older than flows live. Where blocks are the clock, that says nothing of days.
    row = connection.execute("SELECT bool_or(is_bitcoin) FROM flow_tokens").fetchone()
    oldest = date.min if row and row[0] else _EPOCH + timedelta(days=int(done.day.min()) - ceil(settings.max_age_days))
    refs = _lists(done.path, done.hops).flatten()
    hop = np.arange(len(refs)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    connection.register("done_in", flows)
    connection.register(
        "steps_in", pa.table({"n": np.repeat(np.arange(len(done)), lengths), "hop": hop.astype(np.int32), "ref": refs})
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE flow_hops AS
        SELECT s.n, s.hop, f.block_timestamp, f.tx_hash, f.transfer_index, a.address AS from_address, b.address AS to_address, f.amount, l.sha256, f.source_row
        FROM steps_in s
        JOIN store.transfers f ON f.load_id = (s.ref >> 40)::INTEGER AND f.source_row = s.ref & 1099511627775 AND f.block_date >= ?
        JOIN store.addresses a ON a.address_id = f.from_id JOIN store.addresses b ON b.address_id = f.to_id
        JOIN raw.loads l ON l.load_id = f.load_id
    """,
        [oldest],
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE flow_done AS
        SELECT d.*, k.chain, k.token_symbol, k.token_address, h.* EXCLUDE (n, keys),
               substr(md5(? || '|' || k.chain || '|' || coalesce(k.token_address, k.token_symbol, '') || '|' || h.keys), 1, 16) AS flow_id
        FROM done_in d
        JOIN (SELECT DISTINCT token_key, chain, token_symbol, token_address FROM intermediate.int_tokens__canonical) k USING (token_key)
        JOIN (SELECT n, min(block_timestamp) AS started_at, max(block_timestamp) AS completed_at, min_by(from_address, hop) AS source_address, max_by(to_address, hop) AS destination_address,
                     [min_by(from_address, hop)] || list(to_address ORDER BY hop) AS path,
                     string_agg(coalesce(tx_hash || ':' || coalesce(transfer_index::VARCHAR, from_address || '>' || to_address || '>' || amount::VARCHAR), sha256 || ':' || source_row),
                                ',' ORDER BY hop) AS keys
              FROM flow_hops GROUP BY n) h USING (n)
    """,
        [settings.attribution],
    )
    connection.execute(
        """
        INSERT INTO detection.group_flows BY NAME
        SELECT flow_id, ? AS attribution, chain, token_symbol, token_address, DATE '1970-01-01' + day::INTEGER AS block_date, source_group, destination_group,
               units::DECIMAL(38, 18) + parts::DECIMAL(38, 0) * 0.000000000000000001::DECIMAL(18, 18) AS amount, hop_count, confidence, started_at, completed_at,
               source_address, destination_address, path
        FROM flow_done
    """,
        [settings.attribution],
    )
    connection.execute("""
        INSERT INTO detection.group_flow_transfers BY NAME
        SELECT d.flow_id, h.hop, d.chain, h.block_timestamp, h.tx_hash, h.transfer_index, h.from_address, h.to_address, h.amount FROM flow_hops h JOIN flow_done d USING (n)
    """)
    for name in ("done_in", "steps_in"):
        connection.unregister(name)


def _summarise(connection: Connection, settings: TracingSettings) -> None:
    """One row per pair and token, with the risk in exact decimals."""

    def level(table: dict[str, str], column: str) -> str:
        return (
            f"CASE {column} " + " ".join(f"WHEN '{word}' THEN {value}" for word, value in table.items()) + " ELSE 0 END"
        )

    large = pa.table(
        {
            "token_symbol": list(settings.large_amount_by_token),
            "large": [repr(value) for value in settings.large_amount_by_token.values()],
        }
    )
    connection.register("large_amounts", large)
    connection.execute("DELETE FROM detection.group_flow_summaries")
    connection.execute(f"""
        INSERT INTO detection.group_flow_summaries BY NAME
        WITH pairs AS (
            SELECT source_group, destination_group, chain, token_symbol, token_address, sum(amount)::DECIMAL(38, 18) AS total_amount, count(*) AS flow_count,
                   (sum(hop_count)::DECIMAL(18, 4) / count(*))::DECIMAL(9, 4) AS average_hops, sum(hop_count) > 4 * count(*) AS is_long,
                   (sum(confidence::DECIMAL(18, 17)) / count(*))::DOUBLE AS average_confidence, min(completed_at) AS first_at, max(completed_at) AS last_at
            FROM detection.group_flows GROUP BY ALL
        )
        SELECT p.* EXCLUDE (is_long),
               least(1, {level(SOURCE_RISK, "s.risk_level")}::DECIMAL(4, 2) + {level(DESTINATION_RISK, "d.risk_level")}::DECIMAL(4, 2)
                        + CASE WHEN p.total_amount > l.large::DECIMAL(38, 18) THEN 0.1 ELSE 0 END::DECIMAL(4, 2)
                        + CASE WHEN p.is_long THEN 0.1 ELSE 0 END::DECIMAL(4, 2))::DECIMAL(4, 2) AS risk_score
        FROM pairs p JOIN detection.groups s ON s.group_id = p.source_group JOIN detection.groups d ON d.group_id = p.destination_group
        LEFT JOIN large_amounts l ON l.token_symbol = p.token_symbol
        QUALIFY row_number() OVER (ORDER BY p.flow_count DESC, p.source_group, p.destination_group, p.chain, p.token_symbol, p.token_address) <= {settings.max_summaries}
    """)
    connection.unregister("large_amounts")


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
    connection.register("lots", lots)
    connection.execute("DELETE FROM detection.active_flows")
    connection.execute("""
        INSERT INTO detection.active_flows BY NAME
        SELECT l.source_group, k.chain, k.token_symbol, k.token_address, a.address,
               l.units::DECIMAL(38, 18) + l.parts::DECIMAL(38, 0) * 0.000000000000000001::DECIMAL(18, 18) AS amount, l.hop_count, l.confidence,
               f.block_timestamp AS started_at, m.block_timestamp AS moved_at
        FROM lots l
        JOIN (SELECT DISTINCT t.number, c.chain, c.token_symbol, c.token_address FROM flow_tokens t JOIN intermediate.int_tokens__canonical c USING (token_id)) k ON k.number = l.token
        JOIN store.addresses a USING (address_id)
        JOIN store.transfers f ON f.load_id = (l.first_ref >> 40)::INTEGER AND f.source_row = l.first_ref & 1099511627775
        JOIN store.transfers m ON m.load_id = (l.last_ref >> 40)::INTEGER AND m.source_row = l.last_ref & 1099511627775
    """)
    connection.unregister("lots")
