"""Loading files: each transfer exactly once, every row accounted for, one transaction per file.

A file is known by the SHA-256 of its bytes. The same bytes load nothing twice; a file whose content changed at its
path, or whose reading options changed, replaces what it had brought.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import Unreadable, UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.labels.checksums import script_address
from flow_pipeline.loading.candidates import make_candidates, tell_good_from_bad
from flow_pipeline.loading.companions import load_companions
from flow_pipeline.loading.coverage import doubts_about
from flow_pipeline.loading.duplicates import find_duplicates
from flow_pipeline.loading.ids import give_ids
from flow_pipeline.loading.ledger import RecordedLoad
from flow_pipeline.loading.reading import stage, with_json_columns, with_parquet_columns
from flow_pipeline.loading.relations import OF_ONE_FILE, TOKEN_DECIMALS
from flow_pipeline.loading.removals import days_of_loads, remove_loads
from flow_pipeline.loading.reports import FileReport, LoadReport
from flow_pipeline.loading.storing import (
    reject_reasons,
    store_bad_rows,
    store_malformed_rows,
    store_transactions,
    store_transfers,
    store_wallet_reports,
)
from flow_pipeline.settings import Settings
from flow_pipeline.sources import Source, recognise
from flow_pipeline.sources.fields import MACROS, Plan, form_of
from flow_pipeline.sources.files import InputFile, look_at, sha256_of
from flow_pipeline.warehouse.days import add_dirty_days
from flow_pipeline.warehouse.loads import next_load_id, record_load
from flow_pipeline.warehouse.relations import dropped_after
from flow_pipeline.warehouse.store import Connection, get_state, number, transaction

__all__ = ["FileReport", "LoadOptions", "LoadReport", "load_folder", "load_recorded"]


@dataclass(frozen=True)
class LoadOptions:
    """What the user said about the input: chain per file pattern, format override."""

    chains: tuple[tuple[str, str], ...] = ()
    format: str | None = None

    def chain_of(self, path: Path, default: str) -> str:
        """The chain of a file: the first pattern that matches its name, else the default."""
        return next((chain for pattern, chain in self.chains if path.match(pattern)), default)


def load_folder(
    connection: Connection,
    folder: Path,
    window: Window,
    settings: Settings,
    options: LoadOptions,
    on_file: Callable[[Path, int, int], None] = lambda path, number, count: None,
) -> LoadReport:
    """Load every recognised file of a folder, not of its subfolders.

    Args:
        connection: The build file.
        folder: Where the files lie.
        window: Days to load; rows of other days are not read.
        settings: Settings in force.
        options: Chains and format given by the user.
        on_file: Called before each file with its path, number and the count of files.

    Raises:
        UsageError: the folder does not exist, or an option names nothing.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.is_file() else "does not exist"
        raise UsageError(f"{folder} {what}", "give the folder that holds the transfer files")
    _prepare(connection)
    # Files that changed at their path go first: what they no longer hold may stand in a copy that comes after them.
    entries = sorted(
        (path for path in folder.iterdir() if not path.name.startswith(".")),
        key=lambda path: (not _has_changed(connection, path), path),
    )
    report = LoadReport()
    with dropped_after(connection, TOKEN_DECIMALS):
        load_companions(connection, settings)
        for place, path in enumerate(entries, 1):
            on_file(path, place, len(entries))
            report.files.append(_load_or_say_why(connection, path, window, settings, options))
        _read_reopened(connection, settings, report)
    _count_again(connection, report)
    return report


def load_recorded(
    connection: Connection,
    loads: Sequence[RecordedLoad],
    settings: Settings,
    on_file: Callable[[Path, int, int], None] = lambda path, number, count: None,
) -> LoadReport:
    """Load files as a ledger has them: each in its format, chain and window, in the order of the ledger.

    Args:
        connection: A build file.
        loads: What to load; every file is there.
        settings: Settings in force.
        on_file: Called before each file with its path, number and the count of files.
    """
    _prepare(connection)
    report = LoadReport()
    with dropped_after(connection, TOKEN_DECIMALS):
        load_companions(connection, settings)
        for place, load in enumerate(loads, 1):
            on_file(load.path, place, len(loads))
            options = LoadOptions((("*", load.chain),), load.format)
            report.files.append(_load_or_say_why(connection, load.path, load.window, settings, options))
    _count_again(connection, report)
    return report


def _count_again(connection: Connection, report: LoadReport) -> None:
    """Counts of files at the end of all: a later file may have turned rows of an earlier one into duplicates."""
    for file in report.files:
        if file.status == "loaded":
            counts = connection.execute(
                "select rows_loaded, rows_duplicate from raw.loads where load_id = ?", [file.load_id]
            ).fetchone()
            file.rows_loaded, file.rows_duplicate = counts or (file.rows_loaded, file.rows_duplicate)


def _prepare(connection: Connection) -> None:
    """What loading needs of a connection: the words of sources, and a setting."""
    connection.execute(MACROS)
    name = "flow_script_address"
    if not connection.execute("select 1 from duckdb_functions() where function_name = ?", [name]).fetchone():
        connection.create_function(name, script_address, ["varchar"], "varchar", null_handling="special")  # type: ignore[call-overload]
    # Hashes never repeat enough for a dictionary; trying one for every block costs a second per ten million rows.
    connection.execute("set disabled_compression_methods = 'dictionary'")


def _has_changed(connection: Connection, path: Path) -> bool:
    """True when an earlier load read other bytes at this path."""
    known = connection.execute(
        "select distinct sha256 from raw.loads where source_file = ? and format <> 'labels'", [str(path.absolute())]
    ).fetchall()
    return bool(known) and path.is_file() and sha256_of(path) not in {row[0] for row in known}


def _read_reopened(connection: Connection, settings: Settings, report: LoadReport) -> None:
    """Read again the files that had lost rows as duplicates of what is no longer there."""
    reopened = connection.execute("select * from store.reopened").fetchall()
    for path, format_name, chain, first, last in reopened:
        options = LoadOptions((("*", chain),), format_name)
        again = _load_or_say_why(connection, Path(path), Window(first, last), settings, options)
        connection.execute("delete from store.reopened where source_file = ?", [path])
        if again.status != "known":
            others = [file for file in report.files if str(file.path) != path or file.status == "loaded"]
            report.files = [*others, again]


def _load_or_say_why(
    connection: Connection, path: Path, window: Window, settings: Settings, options: LoadOptions
) -> FileReport:
    try:
        if path.is_dir():
            return FileReport(path, "skipped", notes=["a directory; give it as an input folder of its own"])
        path = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        why = f"{path}: the link leads nowhere or in a circle ({error.__class__.__name__}); remove it"
        return FileReport(path, "refused", notes=[why])
    try:
        with dropped_after(connection, *OF_ONE_FILE):
            return _load_file(connection, path, window, settings, options)
    except Unreadable as refusal:
        return FileReport(path, "refused", notes=[f"{refusal.message}; {refusal.hint}"])
    except duckdb.Error as error:
        return FileReport(
            path, "refused", notes=[f"{path}: can not be read: {str(error).splitlines()[0]}; mend or export it again"]
        )


def _load_file(
    connection: Connection, path: Path, window: Window, settings: Settings, options: LoadOptions
) -> FileReport:
    file = look_at(path)
    if file is None:
        return FileReport(path, "skipped", notes=["not a data file"])
    if file.kind == "parquet":
        file = with_parquet_columns(connection, file)
    elif file.kind in ("json", "jsonl"):
        file = with_json_columns(connection, file, settings.sources)
    source = recognise(file, options.format)
    if source is None:
        why = (
            f"no format fits its columns ({', '.join(file.columns[:8])}); "
            "see `netraflow formats`, or say which with --format"
        )
        return FileReport(path, "skipped", notes=[why])
    chain = canonical_chain(options.chain_of(path, settings.sources.chain))
    return _Load(connection, file, source, chain, window, settings).run()


class _Load:
    """The load of one file: whether it is needed, what it replaces, its steps, its counts."""

    def __init__(
        self, connection: Connection, file: InputFile, source: Source, chain: str, window: Window, settings: Settings
    ) -> None:
        self.connection, self.file, self.source, self.chain, self.settings = connection, file, source, chain, settings
        self.window = window
        self.report = FileReport(file.path, "loaded", source.NAME)

    def run(self) -> FileReport:
        started = _now()
        sources = self.settings.sources
        plan = self.source.plan(self.file, sources, self.chain)
        sha, path = sha256_of(self.file.path), str(self.file.path)
        options_hash = self._options_hash(plan)
        earlier = self.connection.execute(
            "select load_id, source_file, sha256, options_hash, window_first, window_last from raw.loads "
            "where (sha256 = $sha or source_file = $path) and format <> 'labels'",
            {"sha": sha, "path": path},
        ).fetchall()
        same = [row for row in earlier if row[2] == sha and row[3] == options_hash]
        stale = [
            row for row in earlier if (row[1] == path and row[2] != sha) or (row[2] == sha and row[3] != options_hash)
        ]
        loaded = [Window(row[4], row[5]) for row in same]
        if not stale and any(window.covers(self.window) for window in loaded):
            others = {row[1] for row in same} - {path}
            self.report.status = "known"
            self.report.notes = [f"same content as {others.pop()}" if others else "already loaded"]
            return self.report
        for row in stale:
            self.window = _hull(self.window, Window(row[4], row[5]))
        rows = stage(self.connection, self.file, sources, plan.explode)
        make_candidates(self.connection, rows, plan, self.window, loaded, sources, self.file.kind != "parquet")
        with transaction(self.connection):
            if stale:
                self.report.notes.append("replaces an earlier version of its rows")
                remove_loads(self.connection, [row[0] for row in stale])
            self._load(plan, rows, sha, options_hash, started, is_first=not loaded)
        return self.report

    def _options_hash(self, plan: Plan) -> str:
        sources = self.settings.sources
        facts = {
            "format": self.source.NAME,
            "chain": self.chain,
            "value_unit": sources.value_unit,
            "time_unit": sources.time_unit,
            "epoch": str(sources.epoch),
            "earliest": str(sources.earliest),
            "tokens": get_state(self.connection, "token_decimals_sha256") if plan.looks_up_decimals else "",
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def _load(self, plan: Plan, rows: str, sha: str, options_hash: str, started: datetime, is_first: bool) -> None:
        """Store the candidates and account for every row of the file."""
        connection, path, of_load = self.connection, str(self.file.path), "load_id = $load_id"
        load_id = next_load_id(connection)
        self.report.load_id = load_id
        give_ids(connection, form_of("text", plan.transfers.chain))
        tell_good_from_bad(connection)
        find_duplicates(connection)
        stored = store_transfers(connection, load_id)
        transactions, loaded = 0, stored
        if plan.transactions:
            transactions, loaded = store_transactions(connection, load_id, plan.transactions, rows, self.chain)
        if plan.wallet_reports:
            loaded += store_wallet_reports(connection, load_id, path)
        # Where a missing amount is a reason to reject, none is stored; reading what was just written takes one thread.
        unknown = 0
        if not plan.transfers.amount.text:
            without = f"select count(*) from store.transfers where {of_load} and amount is null"
            unknown = number(connection, without, {"load_id": load_id})
        candidates = number(connection, "select count(*) from candidate_rows")
        malformed = number(connection, "select count(*) from malformed_rows") if is_first else 0
        max_text = self.settings.sources.max_raw_text
        if malformed:
            store_malformed_rows(connection, load_id, path, max_text)
        if candidates > stored + number(connection, "select count(*) from duplicate_rows"):
            store_bad_rows(connection, load_id, path, max_text, rows)
        read, report = candidates + malformed, self.report
        report.reasons = reject_reasons(connection, load_id)
        rejected = sum(report.reasons.values())
        report.rows_read, report.rows_loaded, report.rows_rejected = read, loaded, rejected
        report.rows_duplicate = read - loaded - rejected
        span = connection.execute(
            "select min(block_timestamp), max(block_timestamp), count(*) from candidate_rows "
            f"where block_timestamp >= timestamp '{self.settings.sources.earliest}'"
        ).fetchone() or (None, None, 0)
        first, last, _ = span
        if stored < candidates:
            first, last = connection.execute(
                f"select min(block_timestamp), max(block_timestamp) from store.transfers where {of_load}",
                {"load_id": load_id},
            ).fetchone() or (None, None)
        report.notes += plan.notes
        if doubts := doubts_about(self.settings.sources, self.window.last, read, *span):
            report.is_truncation_suspected = True
            report.notes.insert(0, "suspected truncation: " + "; ".join(doubts))
        if unknown:
            report.notes.append(f"{unknown} transfers without a value: their amount stays NULL")
        record_load(
            connection,
            load_id,
            self.file.path,
            sha256=sha,
            format=self.source.NAME,
            chain=self.chain,
            rows_read=read,
            rows_loaded=loaded,
            rows_duplicate=report.rows_duplicate,
            rows_rejected=rejected,
            transfers_loaded=stored,
            transactions_loaded=transactions,
            unknown_amounts=unknown,
            first_timestamp=first or span[0],
            last_timestamp=last or span[1],
            window=self.window,
            is_truncation_suspected=report.is_truncation_suspected,
            notes=report.notes,
            options_hash=options_hash,
            started_at=started,
        )
        add_dirty_days(connection, days_of_loads(of_load), {"load_id": load_id})


def _hull(one: Window, other: Window) -> Window:
    first = None if one.first is None or other.first is None else min(one.first, other.first)
    last = None if one.last is None or other.last is None else max(one.last, other.last)
    return Window(first, last)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
