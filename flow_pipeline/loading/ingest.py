"""Loading files: each transfer exactly once, every row accounted for, one transaction per file.

A file is known by the SHA-256 of its bytes. The same bytes load nothing twice; a file whose content changed at its
path, or whose reading options changed, replaces what it had brought.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import FlowError, Unreadable, UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.text import harmless
from flow_pipeline.domain.windows import Window
from flow_pipeline.labels.checksums import script_address, tron_address
from flow_pipeline.loading.candidates import latest_time, make_candidates, tell_good_from_bad
from flow_pipeline.loading.companions import load_companions
from flow_pipeline.loading.coverage import doubts_about
from flow_pipeline.loading.duplicates import find_duplicates
from flow_pipeline.loading.ids import give_ids
from flow_pipeline.loading.inputs import gone_parts, inputs_of
from flow_pipeline.loading.ledger import RecordedLoad
from flow_pipeline.loading.naming import doubts_about_names
from flow_pipeline.loading.relations import OF_ONE_FILE, TOKEN_CONTRACTS, TOKEN_DECIMALS
from flow_pipeline.loading.removals import days_of_loads, is_as_it_was, remove_loads
from flow_pipeline.loading.reports import FileReport, LoadReport
from flow_pipeline.loading.storing import (
    reject_reasons,
    store_bad_rows,
    store_malformed_rows,
    store_transactions,
    store_transfers,
    store_wallet_reports,
)
from flow_pipeline.loading.strangers import said_of
from flow_pipeline.loading.understanding import understand
from flow_pipeline.settings import Settings, SourceSettings
from flow_pipeline.sources import discover
from flow_pipeline.sources.containers import unpacked
from flow_pipeline.sources.fields import MACROS, Plan
from flow_pipeline.sources.files import sha256_of
from flow_pipeline.sources.maps import FORMAT
from flow_pipeline.warehouse.days import add_dirty_days
from flow_pipeline.warehouse.faults import first_line, stopping, way_out_of
from flow_pipeline.warehouse.loads import next_load_id, record_load
from flow_pipeline.warehouse.relations import dropped_after
from flow_pipeline.warehouse.store import Connection, get_state, number, transaction

sql = statements(__package__)

__all__ = ["FileReport", "LoadOptions", "LoadReport", "load_folder", "load_recorded"]


@dataclass(frozen=True)
class LoadOptions:
    """What holds for this load alone.

    Attributes:
        chain: Of all files.
        format: Of every file, instead of recognising it.
        must_have_rows: Nothing to load is an error.
        landing: Folder of landing files that are loaded too, with its subfolders; it need not be there.
    """

    chain: str | None = None
    format: str | None = None
    must_have_rows: bool = False
    landing: Path | None = None

    def chain_of(self, path: Path, sources: SourceSettings) -> tuple[str, bool]:
        """The chain of a file that does not name its own, and whether anybody said so."""
        told = self.chain or sources.chain_of(path)
        return canonical_chain(told or sources.chain), told is not None or sources.chain != SourceSettings().chain


def load_folder(
    connection: Connection,
    folder: str | Path,
    window: Window,
    settings: Settings,
    options: LoadOptions,
    on_file: Callable[[Path, int, int], None] = lambda path, number, count: None,
) -> LoadReport:
    """Load every recognised file of a folder, and of its subfolders where sources.recursive says so; landing files too.

    A table is loaded by its parts, and what it holds no longer is taken out.

    Args:
        connection: The build file.
        folder: Where the files lie: a folder, a table, or an address of S3 or of Postgres.
        window: Days to load; rows of other days are not read.
        settings: Settings in force.
        options: What holds for this load alone.
        on_file: Called before each file with its path, number and the count of files.

    Raises:
        UsageError: the folder does not exist, or holds nothing to load where something must be.
        FlowError: every row was rejected where something must be loaded.
    """
    make_words(connection)
    # Files that changed at their path go first: what they no longer hold may stand in a copy that comes after them.
    inputs = inputs_of(folder, options.landing, settings)
    entries = sorted(inputs.files, key=lambda path: (not _has_changed(connection, path), path))
    report = LoadReport(inputs.refused)
    with dropped_after(connection, TOKEN_DECIMALS, TOKEN_CONTRACTS):
        load_companions(connection, settings)
        _take_out(connection, gone_parts(inputs.tables))
        for place, path in enumerate(entries, 1):
            on_file(path, place, len(entries))
            report.files.append(_load_or_say_why(connection, path, window, settings, options))
        _read_with_times(connection, window, settings, options, report)
        _read_reopened(connection, settings, report)
    _count_again(connection, report)
    if options.must_have_rows and not any(file.status in ("loaded", "known") for file in report.files):
        raise _nothing_to_load(folder, report)
    if options.must_have_rows and (reasons := _reasons_of_all(connection)):
        raise FlowError(
            f"{folder}: no row could be loaded; rejected: {reasons}",
            "nothing was published; `netraflow inspect FILE` says how a file reads, raw.rejects in the build file has "
            "each row with its reason",
        )
    report.notes = doubts_about_names(connection)
    return report


def _take_out(connection: Connection, parts: Sequence[Path]) -> None:
    """Take out what parts brought that their tables hold no longer; a process killed in between does it again."""
    for part in parts:
        loads = connection.execute("select load_id from raw.loads where source_file = ?", [_named(part)]).fetchall()
        if loads:
            with transaction(connection):
                remove_loads(connection, [row[0] for row in loads])
        part.unlink()


def _nothing_to_load(folder: str | Path, report: LoadReport) -> FlowError:
    """Why a run stops before it publishes an empty build."""
    if report.refused:
        return FlowError(
            f"{folder}: no file could be read: " + "; ".join("; ".join(file.notes) for file in report.refused[:20]),
            "nothing was published",
        )
    seen = ", ".join(f"{file.path.name} ({'; '.join(file.notes)})" for file in report.files[:10])
    return UsageError(
        f"{folder} holds nothing to load{f': {seen}' if seen else ', it is empty'}",
        "give the folder that holds the transfer files; `netraflow inspect FILE` says how a file reads",
    )


def _reasons_of_all(connection: Connection) -> str:
    """Why rows were rejected, the most frequent reason first; nothing where a transfer is stored."""
    if connection.execute("select 1 from store.transfers limit 1").fetchone():
        return ""
    found = connection.execute(
        "select count(*), reason, any_value(message order by source_row) from raw.rejects "
        "group by reason order by count(*) desc, reason"
    ).fetchall()
    return "; ".join(f"{count:,} for {reason} ({message})" for count, reason, message in found)


def _read_with_times(
    connection: Connection, window: Window, settings: Settings, options: LoadOptions, report: LoadReport
) -> None:
    """Read files without times again, now that every file of blocks is known."""
    if not any(file.format == "blocks" and file.status == "loaded" for file in report.files):
        return
    by_blocks = connection.execute("select source_file from raw.loads where options_hash like '%-%-%'").fetchall()
    waiting = {row[0] for row in by_blocks}
    for place, file in enumerate(report.files):
        if file.lacks_times or str(file.path) in waiting:
            report.files[place] = _load_or_say_why(connection, file.path, window, settings, options)


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
    make_words(connection)
    report = LoadReport()
    with dropped_after(connection, TOKEN_DECIMALS, TOKEN_CONTRACTS):
        load_companions(connection, settings)
        for place, load in enumerate(loads, 1):
            on_file(load.path, place, len(loads))
            options = _as_recorded(load.chain, load.format, settings)
            report.files.append(_load_or_say_why(connection, load.path, load.window, settings, options))
    _count_again(connection, report)
    report.notes = doubts_about_names(connection)
    return report


def _as_recorded(chain: str, format_name: str, settings: Settings) -> LoadOptions:
    """What a load was told, as far as it differs from the settings in force."""
    is_usual = chain == canonical_chain(settings.sources.chain) and not settings.sources.chains
    is_name = format_name not in (FORMAT, "empty", "blocks")
    return LoadOptions(None if is_usual else chain, format_name if is_name else None)


def _count_again(connection: Connection, report: LoadReport) -> None:
    """Counts of files at the end of all: a later file may have turned rows of an earlier one into duplicates."""
    for file in report.files:
        if file.status == "loaded":
            counts = connection.execute(
                "select rows_loaded, rows_duplicate from raw.loads where load_id = ?", [file.load_id]
            ).fetchone()
            file.rows_loaded, file.rows_duplicate = counts or (file.rows_loaded, file.rows_duplicate)


def make_words(connection: Connection) -> None:
    """What loading needs of a connection: the words of sources, and a setting."""
    functions: dict[str, Callable[[str | None], str | None]] = {
        "flow_script_address": script_address,
        "flow_tron_address": tron_address,
        "flow_hex": _decimal_of_hex,
        "flow_harmless": lambda text: None if text is None else harmless(text),
        "flow_chain": lambda name: None if name is None else canonical_chain(name),
    }
    for name, function in functions.items():
        if not connection.execute("select 1 from duckdb_functions() where function_name = ?", [name]).fetchone():
            connection.create_function(name, function, ["varchar"], "varchar", null_handling="special")  # type: ignore[call-overload]
    connection.execute(MACROS)
    # Hashes never repeat enough for a dictionary; trying one for every block costs a second per ten million rows.
    connection.execute("set disabled_compression_methods = 'dictionary'")


def _decimal_of_hex(text: str | None) -> str | None:
    """`0x16e360` as `1500000`; None for what is no hexadecimal number."""
    try:
        return None if text is None else str(int(text, 16))
    except ValueError:
        return None


def _has_changed(connection: Connection, path: Path) -> bool:
    """True when an earlier load read other bytes at this path."""
    known = connection.execute(
        "select distinct sha256 from raw.loads where source_file = ? and format not in ('labels', 'groups')",
        [_named(path)],
    ).fetchall()
    try:
        return bool(known) and path.is_file() and sha256_of(path) not in {row[0] for row in known}
    except OSError:
        return False


def _named(path: Path) -> str:
    """A path as the ledger has it: resolved, and as text that can be stored."""
    try:
        path = path.resolve()
    except (OSError, RuntimeError):
        path = path.absolute()
    return _as_text(path)


def _read_reopened(connection: Connection, settings: Settings, report: LoadReport) -> None:
    """Read again the files that had lost rows as duplicates of what is no longer there."""
    reopened = connection.execute("select * from store.reopened").fetchall()
    for path, format_name, chain, first, last in reopened:
        options = _as_recorded(chain, format_name, settings)
        again = _load_or_say_why(connection, Path(path), Window(first, last), settings, options)
        connection.execute("delete from store.reopened where source_file = ?", [path])
        if again.status != "known":
            others = [file for file in report.files if str(file.path) != path or file.status == "loaded"]
            report.files = [*others, again]


def _load_or_say_why(
    connection: Connection, path: Path, window: Window, settings: Settings, options: LoadOptions
) -> FileReport:
    report = _loaded_or_why(connection, path, window, settings, options)
    report.path, report.notes = Path(_as_text(report.path)), [_as_text(note) for note in report.notes]
    return report


def _as_text(name: str | Path) -> str:
    """A name as text that can be stored and shown, also where a file's name is none."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _loaded_or_why(
    connection: Connection, path: Path, window: Window, settings: Settings, options: LoadOptions
) -> FileReport:
    try:
        if path.is_dir():
            hint = "give it as an input folder of its own, or --recursive"
            return FileReport(path, "skipped", notes=[f"a directory; {hint}"])
        path = path.resolve(strict=True)
        if not path.is_file():
            return FileReport(path, "skipped", notes=["no regular file (a pipe, a device or a socket)"])
    except (OSError, RuntimeError) as error:
        why = f"{path}: the link leads nowhere or in a circle ({error.__class__.__name__}); remove it"
        return FileReport(path, "refused", notes=[why])
    try:
        with dropped_after(connection, *OF_ONE_FILE):
            return _Load(connection, path, window, settings, options).run()
    except Unreadable as refusal:
        notes = [f"{refusal.message}; {refusal.hint}"]
        return FileReport(path, "refused", notes=notes, lacks_times="have block numbers and no times" in notes[0])
    except OSError as error:
        if told := stopping(error):
            raise told from error
        why = f"{path}: can not be read: {error.strerror or error}; check the file and its permissions"
        return FileReport(path, "refused", notes=[why])
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError) as error:
        why = f"{path}: can not be read ({error.__class__.__name__}: {str(error)[:200]}); export it again"
        return FileReport(path, "refused", notes=[why])
    except duckdb.Error as error:
        if told := stopping(error):
            raise told from error
        way_out = way_out_of(error, "mend or export it again")
        return FileReport(path, "refused", notes=[f"{path}: can not be read: {first_line(error)}; {way_out}"])


class _Load:
    """The load of one file: whether it is needed, what it replaces, its steps, its counts."""

    def __init__(
        self, connection: Connection, path: Path, window: Window, settings: Settings, options: LoadOptions
    ) -> None:
        self.connection, self.path, self.settings, self.options = connection, path, settings, options
        self.window = window
        self.chain, self.is_chain_given = options.chain_of(path, settings.sources)
        self.report = FileReport(path, "loaded")

    def run(self) -> FileReport:
        started = _now()
        sha, path = sha256_of(self.path), _named(self.path)
        earlier = self.connection.execute(
            "select load_id, source_file, sha256, options_hash, window_first, window_last, format from raw.loads "
            "where (sha256 = $sha or source_file = $path) and format not in ('labels', 'groups')",
            {"sha": sha, "path": path},
        ).fetchall()
        earlier = [self._as_it_lies(row, path, sha) for row in earlier]
        is_same = {
            row[0]: row[2] == sha and row[3] in self._options_hashes(row[6]) and self.options.format in (None, row[6])
            for row in earlier
        }
        is_same |= dict.fromkeys(self._with_rows_of_the_future([row[0] for row in earlier if is_same[row[0]]]), False)
        same = [row for row in earlier if is_same[row[0]]]
        stale = [row for row in earlier if not is_same[row[0]] and (row[1] == path or row[2] == sha)]
        loaded = [Window(row[4], row[5]) for row in same]
        if not stale and any(window.covers(self.window) for window in loaded):
            others = {row[1] for row in same} - {path}
            if others:
                self.connection.execute(
                    "insert into store.copies select $sha, $path where not exists "
                    "(select 1 from store.copies where sha256 = $sha and source_file = $path)",
                    {"sha": sha, "path": path},
                )
            self.report.status, self.report.format = "known", same[0][6]
            self.report.notes = [f"same content as {others.pop()}" if others else "already loaded"]
            return self.report
        for row in stale:
            self.window = _hull(self.window, Window(row[4], row[5]))
        sources = self.settings.sources
        with unpacked(self.path, self.settings.scratch_dir, sources.max_unpacked_bytes) as content:
            understood = understand(
                self.connection,
                self.path,
                content,
                sources,
                self.chain,
                self.is_chain_given,
                self.options.format,
            )
            if understood is None:
                return FileReport(self.path, "skipped", notes=["not a data file"])
            self.report.decisions, self.report.notes = understood.reading.decisions, understood.reading.notes
            if understood.source is None or understood.plan is None:
                self.report.format = "empty"
                self._record_empty(sha, self._options_hashes("empty")[0], started)
                return self.report
            self.report.format = understood.source.NAME
            file, rows, plan = understood.file, understood.rows, understood.plan
            relation = understood.reading.relation(rows)
            if plan.block_times:
                self.report.format = "blocks"
            candidates = make_candidates(
                self.connection, relation, plan, self.window, loaded, sources, file.kind != "parquet"
            )
            is_by_token = plan.looks_up_decimals or candidates.is_by_symbol
            self.report.notes += said_of(candidates.renamed)
            base, with_tokens, with_times = self._options_hashes(understood.source.NAME)
            options_hash = with_times if plan.looks_up_times else with_tokens if is_by_token else base
            with transaction(self.connection):
                if stale:
                    self.report.notes.append("replaces an earlier version of its rows")
                    remove_loads(self.connection, [row[0] for row in stale])
                self._load(plan, rows, relation, sha, options_hash, started, is_first=not loaded)
        return self.report

    def _as_it_lies(self, row: tuple[Any, ...], path: str, sha: str) -> tuple[Any, ...]:
        """An earlier load of this path; where the file has changed and a copy has not, the load is the copy's."""
        load_id, source_file, loaded_sha, *rest = row
        if source_file != path or loaded_sha == sha:
            return row
        copies = self.connection.execute(
            "select source_file from store.copies where sha256 = ? order by 1", [loaded_sha]
        ).fetchall()
        for (copy,) in copies:
            if copy != path and is_as_it_was(Path(copy), loaded_sha):
                with transaction(self.connection):
                    self.connection.execute(
                        "update raw.loads set source_file = $copy where load_id = $load_id",
                        {"copy": copy, "load_id": load_id},
                    )
                    self.connection.execute(
                        "delete from store.copies where sha256 = $sha and source_file = $copy",
                        {"sha": loaded_sha, "copy": copy},
                    )
                return (load_id, copy, loaded_sha, *rest)
        return row

    def _with_rows_of_the_future(self, load_ids: list[int]) -> list[int]:
        """Loads that refused rows as of the future, and whose times are believable by now: the clock was wrong."""
        rows = self.connection.execute(
            sql("ingest_rows_of_the_future"),
            {
                "load_ids": load_ids,
                "earliest": self.settings.sources.earliest,
                "latest": latest_time(self.settings.sources),
            },
        ).fetchall()
        return [row[0] for row in rows]

    def _load_blocks(
        self,
        fields: tuple[str, str, str],
        rows: str,
        load_id: int,
        sha: str,
        options_hash: str,
        started: datetime,
    ) -> None:
        """Store the times of blocks; a row without a number or a time is a reject."""
        chain, block, time = fields
        connection, report, path = self.connection, self.report, _named(self.path)
        read = number(connection, f"select count(*) from {rows}")
        report.rows_loaded = number(
            connection,
            f"insert into store.block_times select $load_id, {chain}, {block}, {time} from {rows} "
            f"where {block} is not null and {time} is not null",
            {"load_id": load_id},
        )
        connection.execute(
            f"insert into raw.rejects select $load_id, $path, source_row, 'missing_column_value', "
            f"'a block without a number or a time', '' from {rows} where {block} is null or {time} is null",
            {"load_id": load_id, "path": path},
        )
        store_malformed_rows(connection, load_id, path, self.settings.sources.max_raw_text)
        report.reasons = reject_reasons(connection, load_id)
        report.rows_rejected = sum(report.reasons.values())
        report.rows_read = read + report.reasons.get("malformed_row", 0)
        report.notes.append("times of blocks, for files of the folder that have none")
        record_load(
            connection,
            load_id,
            Path(path),
            sha256=sha,
            format=report.format,
            chain=self.chain,
            rows_read=report.rows_read,
            rows_loaded=report.rows_loaded,
            rows_rejected=report.rows_rejected,
            notes=report.notes,
            decisions=[asdict(one) for one in report.decisions],
            options_hash=options_hash,
            started_at=started,
        )

    def _options_hashes(self, source: str) -> tuple[str, str, str]:
        """Hash of all that decides how a source reads the file; the same with what is known of tokens; and of times."""
        base = self._options_hash(source)
        with_tokens = f"{base}-{get_state(self.connection, 'token_decimals_sha256') or ''}"
        blocks = number(self.connection, "select count(*) from store.block_times")
        return base, with_tokens, f"{with_tokens}-{blocks}"

    def _options_hash(self, source: str) -> str:
        version = getattr(discover().get(source), "VERSION", None)
        sources = self.settings.sources
        facts = {
            "chain": self.chain,
            "symbols": "are put to their contracts",
            **{
                name: str(getattr(sources, name))
                for name in ("value_unit", "decimal_mark", "date_order", "time_zone", "time_unit", "epoch", "earliest")
            },
            "map": sources.map.model_dump(mode="json") if sources.map else None,
            **({"version": version} if version else {}),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def _record_empty(self, sha: str, base: str, started: datetime) -> None:
        with transaction(self.connection):
            self.report.load_id = next_load_id(self.connection)
            record_load(
                self.connection,
                self.report.load_id,
                Path(_named(self.path)),
                sha256=sha,
                format="empty",
                chain=self.chain,
                rows_read=0,
                rows_loaded=0,
                rows_rejected=0,
                window=self.window,
                notes=self.report.notes,
                options_hash=base,
                started_at=started,
            )

    def _load(
        self, plan: Plan, rows: str, relation: str, sha: str, options_hash: str, started: datetime, is_first: bool
    ) -> None:
        """Store the candidates and account for every row of the file."""
        connection, path, of_load = self.connection, _named(self.path), "load_id = $load_id"
        load_id = next_load_id(connection)
        self.report.load_id = load_id
        if plan.block_times:
            self._load_blocks(plan.block_times, rows, load_id, sha, options_hash, started)
            return
        give_ids(connection)
        tell_good_from_bad(connection)
        find_duplicates(connection)
        stored = store_transfers(connection, load_id)
        transactions, loaded = 0, stored
        if plan.transactions:
            transactions, loaded = store_transactions(connection, load_id, plan.transactions, relation, self.chain)
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
            store_bad_rows(connection, load_id, path, max_text, rows, plan.transfers.time_text)
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
        is_whole = getattr(discover().get(report.format), "IS_WHOLE", False)
        if not is_whole and (doubts := doubts_about(self.settings.sources, self.window.last, read, *span)):
            report.is_truncation_suspected = True
            report.notes.insert(0, "suspected truncation: " + "; ".join(doubts))
        if unknown:
            report.notes.append(f"{unknown} transfers without a value: their amount stays NULL")
        record_load(
            connection,
            load_id,
            Path(path),
            sha256=sha,
            format=report.format,
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
            decisions=[asdict(one) for one in report.decisions],
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
