"""Loading files: each transfer exactly once, every row accounted for, one transaction per file.

A file is known by the SHA-256 of its bytes. The same bytes load nothing twice; a file whose content changed at its path, or
whose reading options changed, replaces what it had brought. Rows are deduplicated by the keys of docs/data-dictionary.md:
hashes find the suspects in one pass, exact keys decide about the suspects only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from flow_pipeline.domain.chains import CHAINS, ZERO_ADDRESS, canonical_chain
from flow_pipeline.domain.errors import Unreadable, UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.labels.checksums import script_address
from flow_pipeline.loading.reading import Relation, stage, with_json_columns, with_parquet_columns
from flow_pipeline.settings import Settings, SourceSettings
from flow_pipeline.sources import Source, recognise
from flow_pipeline.sources.fields import MACROS, Plan, form_of, literal
from flow_pipeline.sources.files import InputFile, look_at, sha256_of
from flow_pipeline.warehouse.loads import next_load_id, record_load
from flow_pipeline.warehouse.store import Connection, get_state, set_state, transaction

_EVM_PATTERN = "0x[0-9a-f]{40}"
_OTHER_PATTERN = r"[^\s]{1,128}"
_BITCOIN_PATTERN = "[A-Za-z0-9]{14,90}|coinbase|fees"


@dataclass(frozen=True)
class LoadOptions:
    """What the user said about the input: chain per file pattern, format override."""

    chains: tuple[tuple[str, str], ...] = ()
    format: str | None = None

    def chain_of(self, path: Path, default: str) -> str:
        """The chain of a file: the first pattern that matches its name, else the default."""
        return next((chain for pattern, chain in self.chains if path.match(pattern)), default)


@dataclass
class FileReport:
    """What became of one file. `status` is loaded, known (nothing new), skipped (no data file) or refused (unreadable)."""

    path: Path
    status: str
    format: str = ""
    rows_read: int = 0
    rows_loaded: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    is_truncation_suspected: bool = False
    notes: list[str] = field(default_factory=list)
    load_id: int | None = None


@dataclass
class LoadReport:
    """What became of every file of a load, in file order."""

    files: list[FileReport] = field(default_factory=list)

    def total(self, name: str) -> int:
        """Sum of a row count over all files."""
        return sum(getattr(file, name) for file in self.files)

    @property
    def refused(self) -> list[FileReport]:
        """Files that could not be read at all."""
        return [file for file in self.files if file.status == "refused"]

    @property
    def has_news(self) -> bool:
        """True when any file was loaded."""
        return any(file.status == "loaded" for file in self.files)


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
    connection.execute(MACROS)
    if not connection.execute(
        "SELECT 1 FROM duckdb_functions() WHERE function_name = 'flow_script_address'"
    ).fetchone():
        connection.create_function(
            "flow_script_address", script_address, ["varchar"], "varchar", null_handling="special"
        )  # type: ignore[call-overload]
    # Hashes never repeat enough for a dictionary; trying one for every block costs a second per ten million rows.
    connection.execute("SET disabled_compression_methods = 'dictionary'")
    load_companions(connection, settings)
    report = LoadReport()
    # Files that changed at their path go first: what they no longer hold may stand in a copy that comes after them.
    entries = sorted(
        (path for path in folder.iterdir() if not path.name.startswith(".")),
        key=lambda path: (not _has_changed(connection, path), path),
    )
    for number, path in enumerate(entries, 1):
        on_file(path, number, len(entries))
        report.files.append(_load_or_say_why(connection, path, window, settings, options))
    for path, name, chain, first, last in connection.execute("FROM store.reopened").fetchall():
        again = _load_or_say_why(
            connection, Path(path), Window(first, last), settings, LoadOptions((("*", chain),), name)
        )
        connection.execute("DELETE FROM store.reopened WHERE source_file = ?", [path])
        if again.status != "known":
            report.files = [
                *(file for file in report.files if str(file.path) != path or file.status == "loaded"),
                again,
            ]
    for file in report.files:
        if file.status == "loaded":  # a later file may have turned rows of an earlier one into duplicates
            counts = connection.execute(
                "SELECT rows_loaded, rows_duplicate FROM raw.loads WHERE load_id = ?", [file.load_id]
            ).fetchone()
            file.rows_loaded, file.rows_duplicate = counts or (file.rows_loaded, file.rows_duplicate)
    return report


def _has_changed(connection: Connection, path: Path) -> bool:
    """True when an earlier load read other bytes at this path."""
    known = connection.execute(
        "SELECT DISTINCT sha256 FROM raw.loads WHERE source_file = ? AND format <> 'labels'", [str(path.absolute())]
    ).fetchall()
    return bool(known) and path.is_file() and sha256_of(path) not in {row[0] for row in known}


def _load_or_say_why(
    connection: Connection, path: Path, window: Window, settings: Settings, options: LoadOptions
) -> FileReport:
    try:
        if path.is_dir():
            return FileReport(path, "skipped", notes=["a directory; give it as an input folder of its own"])
        path = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        return FileReport(
            path,
            "refused",
            notes=[f"{path}: the link leads nowhere or in a circle ({error.__class__.__name__}); remove it"],
        )
    try:
        file = look_at(path)
        if file is None:
            return FileReport(path, "skipped", notes=["not a data file"])
        if file.kind == "parquet":
            file = with_parquet_columns(connection, file)
        elif file.kind in ("json", "jsonl"):
            file = with_json_columns(connection, file, settings.sources)
        source = recognise(file, options.format)
        if source is None:
            return FileReport(
                path,
                "skipped",
                notes=[
                    f"no format fits its columns ({', '.join(file.columns[:8])}); see `netraflow formats`, or say which with --format"
                ],
            )
        chain = canonical_chain(options.chain_of(path, settings.sources.chain))
        return _Load(connection, file, source, chain, window, settings).run()
    except Unreadable as refusal:
        return FileReport(path, "refused", notes=[f"{refusal.message}; {refusal.hint}"])
    except duckdb.Error as error:
        return FileReport(
            path, "refused", notes=[f"{path}: can not be read: {str(error).splitlines()[0]}; mend or export it again"]
        )


def load_companions(connection: Connection, settings: Settings) -> None:
    """Read the token file and the price file of the settings into the store, replacing what was there.

    Raises:
        UsageError: a file is missing, lacks a column, or has an impossible value.
    """
    with transaction(connection):
        for name, path, columns, insert in (
            (
                "token file",
                settings.sources.tokens,
                ("chain", "token_address", "decimals"),
                "INSERT INTO store.token_decimals SELECT DISTINCT flow_chain(trim(chain)), coalesce(lower(nullif(trim(token_address), '')), trim({symbol})), "
                "nullif(trim({symbol}), ''), decimals::INTEGER FROM {file}",
            ),
            (
                "price file",
                settings.sources.prices,
                ("token", "date", "usd"),
                "INSERT INTO store.prices SELECT DISTINCT lower(trim(token)), date::DATE, usd::DOUBLE FROM {file}",
            ),
        ):
            table = "token_decimals" if name == "token file" else "prices"
            connection.execute(f"DELETE FROM store.{table}")
            set_state(connection, f"{table}_sha256", "")
            if path is None:
                continue
            if not path.is_file():
                raise UsageError(f"{name} {path} does not exist", f"give a CSV with the columns {', '.join(columns)}")
            relation = (
                f"read_parquet({literal(str(path))})"
                if path.suffix == ".parquet"
                else f"read_csv({literal(str(path))}, all_varchar=true, header=true)"
            )
            try:
                found = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
                missing = [column for column in columns if column not in found]
                if missing:
                    raise UsageError(
                        f"{name} {path} has no column {', '.join(missing)}", f"it needs {', '.join(columns)}"
                    )
                symbol = "token_symbol" if "token_symbol" in found else "symbol" if "symbol" in found else "NULL"
                connection.execute(insert.format(file=relation, symbol=symbol))
                _check_companion(connection, name, path)
            except UsageError:
                raise
            except Exception as error:
                raise UsageError(f"{name} {path}: {str(error).splitlines()[0]}", "mend the value it names") from None
            set_state(connection, f"{table}_sha256", sha256_of(path))
    connection.execute("CREATE OR REPLACE TEMP VIEW token_decimals AS SELECT * FROM store.token_decimals")


def _check_companion(connection: Connection, name: str, path: Path) -> None:
    """One believable value per key: a second price of a day would count every transfer of that day twice."""
    if name == "price file":
        key, table, value, bad = (
            "token, price_date",
            "store.prices",
            "usd",
            "usd IS NULL OR NOT isfinite(usd) OR usd <= 0",
        )
    else:
        key, table, value, bad = (
            "chain, token",
            "store.token_decimals",
            "decimals",
            "decimals IS NULL OR decimals NOT BETWEEN 0 AND 77",
        )
    row = connection.execute(f"SELECT concat_ws(' ', {key}), {value} FROM {table} WHERE {bad} LIMIT 1").fetchone()
    if row:
        raise UsageError(f"{name} {path}: {value} of {row[0]} is {row[1]}", "mend the value it names")
    row = connection.execute(
        f"SELECT concat_ws(' ', {key}), count(*) FROM {table} GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
    ).fetchone()
    if row:
        raise UsageError(f"{name} {path} has {row[1]} rows for {row[0]} that differ", "keep one of them")


class _Load:
    """The load of one file. Every step is one SQL statement over the file's candidate rows."""

    def __init__(
        self, connection: Connection, file: InputFile, source: Source, chain: str, window: Window, settings: Settings
    ) -> None:
        self.connection, self.file, self.source, self.chain, self.settings = connection, file, source, chain, settings
        self.window = window
        self.report = FileReport(file.path, "loaded", source.NAME)

    def run(self) -> FileReport:
        started = _now()
        plan = self.source.plan(self.file, self.settings.sources, self.chain)
        sha = sha256_of(self.file.path)
        options_hash = self._options_hash(plan)
        earlier = self.connection.execute(
            "SELECT load_id, source_file, sha256, options_hash, window_first, window_last FROM raw.loads WHERE (sha256 = ? OR source_file = ?) AND format <> 'labels'",
            [sha, str(self.file.path)],
        ).fetchall()
        same = [row for row in earlier if row[2] == sha and row[3] == options_hash]
        stale = [
            row
            for row in earlier
            if (row[1] == str(self.file.path) and row[2] != sha) or (row[2] == sha and row[3] != options_hash)
        ]
        done = [Window(row[4], row[5]) for row in same]
        if not stale and any(window.covers(self.window) for window in done):
            others = {row[1] for row in same} - {str(self.file.path)}
            self.report.status = "known"
            self.report.notes = [f"same content as {others.pop()}" if others else "already loaded"]
            return self.report
        for row in stale:
            self.window = _hull(self.window, Window(row[4], row[5]))
        relation = stage(self.connection, self.file, self.settings.sources, plan.explode)
        self._candidates(relation, plan, done)
        with transaction(self.connection):
            if stale:
                self.report.notes.append("replaces an earlier version of its rows")
                remove_loads(self.connection, [row[0] for row in stale])
            self._load(plan, sha, options_hash, started, is_first=not done)
        for table in (
            "staged",
            "lines",
            "malformed",
            "kept_rows",
            "new_transfers",
            "new_transactions",
            "bad_addresses",
            "suspects",
            "batch_addresses",
            "address_keys",
        ):
            self.connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
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

    def _candidates(self, relation: Relation, plan: Plan, done: Sequence[Window]) -> None:
        """The view `candidate`: every row of the window with typed values and the reason it may not load."""
        f, sources = plan.transfers, self.settings.sources
        is_report = plan.wallet_reports or "false"
        latest = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=sources.max_future_hours)
        missing = f"OR ({f.amount.text}) IS NULL" if f.amount.text else ""
        needs_receiver = "true" if plan.transactions is None else f"({f.is_transfer})"
        self.connection.execute(f"""
            CREATE OR REPLACE TEMP VIEW read_rows AS
            SELECT * EXCLUDE (is_missing, is_failed, amount_reason),
                   CASE WHEN is_report THEN NULL
                        WHEN is_missing THEN 'missing_column_value'
                        WHEN block_timestamp IS NULL OR block_timestamp < TIMESTAMP '{sources.earliest}' OR block_timestamp >= TIMESTAMP '{latest}' THEN 'bad_timestamp'
                        WHEN is_failed THEN 'failed_transaction'
                        ELSE amount_reason END AS reason
            FROM (
                SELECT source_row, {f.chain} AS chain, ({f.block_number})::BIGINT AS block_number, {f.timestamp} AS block_timestamp, ({f.tx_hash})::VARCHAR AS tx_hash,
                       ({f.transfer_index})::BIGINT AS transfer_index, ({f.token_address})::VARCHAR AS token_address, ({f.token_symbol})::VARCHAR AS token_symbol,
                       ({f.from_address})::VARCHAR AS from_text, ({f.to_address})::VARCHAR AS to_text, {f.amount.value} AS amount, ({f.amount_usd})::DECIMAL(38, 6) AS amount_usd,
                       {is_report} AS is_report, coalesce({f.is_transfer}, false) AND NOT {is_report} AS is_transfer,
                       ({f.from_address}) IS NULL OR (({f.to_address}) IS NULL AND {needs_receiver}) OR ({self._time_text(f.timestamp)}) IS NULL {missing} AS is_missing,
                       {f.is_failed} AS is_failed, {f.amount.reason} AS amount_reason
                FROM {relation.sql})
        """)
        days = [
            f"(block_timestamp >= TIMESTAMP '{w.first or date.min}' AND block_timestamp < TIMESTAMP '{min(w.last or date(9000, 1, 1), date(9000, 1, 1)) + timedelta(days=1)}')"
            for w in (self.window, *done)
        ]
        is_dated = f"coalesce(block_timestamp >= TIMESTAMP '{sources.earliest}' AND block_timestamp < TIMESTAMP '{latest}', false)"
        in_window = "true" if self.window == Window() else days[0]
        wanted = " AND NOT ".join([in_window, *days[1:]])
        undated = "false" if done else f"NOT ({is_dated})"
        condition = "true" if wanted == "true" else f"CASE WHEN {is_dated} THEN {wanted} ELSE {undated} END"
        rows = f"(SELECT * FROM read_rows WHERE {condition})"
        if self.file.kind != "parquet":
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE kept_rows AS FROM {rows}")
            rows = "kept_rows"
        self.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW candidate AS SELECT *, {form_of('from_text', f.chain)} AS from_address, {form_of('to_text', f.chain)} AS to_address FROM {rows}"
        )
        self.form = form_of("text", f.chain)
        self.raw_relation = relation.sql

    @staticmethod
    def _time_text(timestamp: str) -> str:
        """The text a timestamp is read from: a missing time is no bad time."""
        for macro in ("flow_time(", "flow_epoch("):
            if timestamp.startswith(macro):
                return timestamp[len(macro) : -1]
        return "true" if timestamp.startswith("DATE ") else timestamp

    def _load(self, plan: Plan, sha: str, options_hash: str, started: datetime, is_first: bool) -> None:
        load_id = next_load_id(self.connection)
        self.report.load_id = load_id
        self._give_ids()
        self._find_duplicates()
        stored = self._insert_transfers(load_id)
        transactions = self._insert_transactions(plan, load_id) if plan.transactions else 0
        reports = self._insert_wallet_reports(load_id) if plan.wallet_reports else 0
        # Where a missing amount is a reason to reject, none is stored; reading what was just written takes one thread.
        unknown = (
            0
            if plan.transfers.amount.text
            else _one(
                self.connection, f"SELECT count(*) FROM store.transfers WHERE load_id = {load_id} AND amount IS NULL"
            )
        )
        candidates, lost = (
            _one(self.connection, "SELECT count(*) FROM candidate"),
            _one(self.connection, "SELECT count(*) FROM losers"),
        )
        rejected = self._insert_rejects(load_id, is_first, has_bad=candidates > stored + lost)
        read = candidates + (_one(self.connection, "SELECT count(*) FROM malformed") if is_first else 0)
        loaded = stored + reports
        if plan.transactions:
            loaded = _one(
                self.connection,
                "SELECT count(DISTINCT source_row) FROM (SELECT source_row FROM new_transactions UNION ALL SELECT source_row FROM store.transfers WHERE load_id = ?)",
                [load_id],
            )
        report = self.report
        report.rows_read, report.rows_loaded, report.rows_rejected = read, loaded, rejected
        report.rows_duplicate = read - loaded - rejected
        span = self.connection.execute(
            f"SELECT min(block_timestamp), max(block_timestamp), count(*) FROM candidate WHERE block_timestamp >= TIMESTAMP '{self.settings.sources.earliest}'"
        ).fetchone() or (None, None, 0)
        first, last, _ = span
        if stored < candidates:
            first, last = self.connection.execute(
                "SELECT min(block_timestamp), max(block_timestamp) FROM store.transfers WHERE load_id = ?", [load_id]
            ).fetchone() or (None, None)
        report.notes += plan.notes
        self._suspect_truncation(read, *span)
        if unknown:
            report.notes.append(f"{unknown} transfers without a value: their amount stays NULL")
        record_load(
            self.connection,
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
        self.connection.execute(
            "INSERT INTO store.dirty_days SELECT d FROM (SELECT block_date AS d FROM store.transfers WHERE load_id = $load "
            "UNION SELECT block_timestamp::DATE FROM raw.transactions WHERE load_id = $load) WHERE d NOT IN (FROM store.dirty_days)",
            {"load": load_id},
        )

    def _give_ids(self) -> None:
        """Dense ids for new addresses and tokens; texts that are no address of their chain go to `bad_addresses`."""
        run = self.connection.execute
        run("CREATE OR REPLACE TEMP TABLE bad_addresses (chain VARCHAR, text VARCHAR)")
        run("CREATE OR REPLACE TEMP TABLE batch_addresses (address_id INTEGER, text VARCHAR)")
        run("""
            INSERT INTO store.tokens
            SELECT (SELECT coalesce(max(token_id), 0) FROM store.tokens) + row_number() OVER (ORDER BY chain, token_address, token_symbol), n.* FROM (
                SELECT DISTINCT chain, token_address, token_symbol FROM candidate WHERE is_transfer
                EXCEPT SELECT chain, token_address, token_symbol FROM store.tokens) n
        """)
        for (chain,) in run("SELECT DISTINCT chain FROM candidate WHERE is_transfer").fetchall():
            of_chain = f"is_transfer AND chain = {literal(chain)}"
            run(f"""
                CREATE OR REPLACE TEMP TABLE seen AS
                SELECT text, {self.form} AS address, regexp_full_match(address, '{_pattern(chain)}') AS is_good
                FROM (SELECT from_text AS text FROM candidate WHERE {of_chain} UNION SELECT to_text FROM candidate WHERE {of_chain})
                WHERE text IS NOT NULL
            """)
            run(f"INSERT INTO bad_addresses SELECT {literal(chain)}, text FROM seen WHERE NOT is_good")
            run("DELETE FROM seen WHERE NOT is_good OR text IN (SELECT text FROM batch_addresses)")
            known = _one(self.connection, "SELECT max(address_id) FROM store.addresses")
            run(
                "INSERT INTO batch_addresses SELECT a.address_id, s.text FROM store.addresses a JOIN seen s USING (address)"
            )
            run(
                f"INSERT INTO store.addresses SELECT {known} + row_number() OVER (), address FROM (SELECT DISTINCT address FROM seen WHERE text NOT IN (SELECT text FROM batch_addresses))"
            )
            run(
                f"INSERT INTO batch_addresses SELECT a.address_id, s.text FROM store.addresses a JOIN seen s USING (address) WHERE a.address_id > {known}"
            )
        run("DROP TABLE IF EXISTS temp.seen")
        has_bad = _one(self.connection, "SELECT count(*) FROM bad_addresses")
        bad = (
            "EXISTS (FROM bad_addresses b WHERE b.chain = c.chain AND b.text IN (c.from_text, c.to_text))"
            if has_bad
            else "false"
        )
        run(
            f"CREATE OR REPLACE TEMP VIEW good AS SELECT * FROM candidate c WHERE reason IS NULL AND is_transfer AND NOT {bad}"
        )
        run(
            f"CREATE OR REPLACE TEMP VIEW bad AS SELECT * REPLACE (coalesce(reason, 'bad_address') AS reason) FROM candidate c WHERE reason IS NOT NULL OR (is_transfer AND {bad})"
        )

    def _find_duplicates(self) -> None:
        """Fill `losers(source_row)` with new rows that are duplicates, and take superseded old rows out of the store.

        Suspects share a hash: of (tx_hash, transfer_index) when every row involved has an index, else of tx_hash alone.
        """
        run = self.connection.execute
        run("CREATE OR REPLACE TEMP TABLE losers (source_row BIGINT)")
        unindexed = _one(
            self.connection,
            "SELECT count(*) FROM candidate WHERE is_transfer AND transfer_index IS NULL AND tx_hash IS NOT NULL",
        )
        stored = _one(self.connection, "SELECT count(*) FROM store.transfers WHERE tx_hash IS NOT NULL")
        stored_unindexed = stored and _one(
            self.connection, "SELECT count(*) FROM store.transfers WHERE transfer_index IS NULL AND tx_hash IS NOT NULL"
        )
        key = "hash(tx_hash)" if unindexed or stored_unindexed else "hash(tx_hash, transfer_index)"
        new_keys = f"SELECT {key} AS k FROM candidate WHERE is_transfer AND tx_hash IS NOT NULL"
        known = (
            f"UNION SELECT {key} FROM store.transfers WHERE tx_hash IS NOT NULL AND {key} IN ({new_keys})"
            if stored
            else ""
        )
        run(
            f"CREATE OR REPLACE TEMP TABLE suspect_keys AS SELECT k FROM ({new_keys}) GROUP BY k HAVING count(*) > 1 {known}"
        )
        if not _one(self.connection, "SELECT count(*) FROM suspect_keys"):
            return
        run(f"""
            CREATE OR REPLACE TEMP TABLE suspects AS
            SELECT 0 AS load_id, source_row, chain, tx_hash, transfer_index, from_address, to_address, coalesce(token_address, token_symbol) AS token, token_symbol,
                   amount, amount_usd, block_number, block_timestamp
            FROM good WHERE tx_hash IS NOT NULL AND {key} IN (SELECT k FROM suspect_keys)
            UNION ALL
            SELECT f.load_id, f.source_row, t.chain, f.tx_hash, f.transfer_index, s.address, r.address, coalesce(t.token_address, t.token_symbol), t.token_symbol,
                   f.amount, f.amount_usd, f.block_number, f.block_timestamp
            FROM (SELECT * FROM store.transfers WHERE tx_hash IS NOT NULL AND {key} IN (SELECT k FROM suspect_keys)) f
            JOIN store.tokens t USING (token_id) JOIN store.addresses s ON s.address_id = f.from_id JOIN store.addresses r ON r.address_id = f.to_id
        """)
        run("""
            CREATE OR REPLACE TEMP TABLE lost AS
            WITH by_index AS (
                SELECT *, transfer_index IS NOT NULL AND row_number() OVER (
                    PARTITION BY chain, tx_hash, transfer_index
                    ORDER BY block_number NULLS LAST, block_timestamp, token, token_symbol NULLS LAST, from_address, to_address, amount NULLS LAST,
                             amount_usd NULLS LAST, load_id = 0, load_id, source_row) > 1 AS is_lost
                FROM suspects
            ), by_content AS (
                SELECT load_id, source_row, block_timestamp, row_number() OVER (
                    PARTITION BY chain, tx_hash, from_address, to_address, token, amount
                    ORDER BY transfer_index NULLS LAST, block_number NULLS LAST, block_timestamp, token_symbol NULLS LAST,
                             amount_usd NULLS LAST, load_id = 0, load_id, source_row) > 1 AND transfer_index IS NULL AS is_lost
                FROM by_index WHERE NOT is_lost
            )
            SELECT load_id, source_row, block_timestamp FROM by_index WHERE is_lost
            UNION ALL SELECT load_id, source_row, block_timestamp FROM by_content WHERE is_lost
        """)
        run("INSERT INTO losers SELECT source_row FROM lost WHERE load_id = 0")
        run("DELETE FROM lost WHERE load_id = 0")
        if _one(self.connection, "SELECT count(*) FROM lost"):
            supersede(self.connection, "lost")

    def _insert_transfers(self, load_id: int) -> int:
        not_lost = (
            "WHERE NOT EXISTS (FROM losers d WHERE d.source_row = c.source_row)"
            if _one(self.connection, "SELECT count(*) FROM losers")
            else ""
        )
        run = self.connection.execute
        # Where no two texts of the batch share a hash, equal hashes are equal texts; joining on the hash spares a fifth of the insert.
        run("CREATE OR REPLACE TEMP TABLE address_keys AS SELECT hash(text) AS key, address_id FROM batch_addresses")
        is_unique = _one(self.connection, "SELECT count(*) - count(DISTINCT key) FROM address_keys") == 0
        senders, receivers = (
            f"JOIN address_keys {alias} ON {alias}.key = hash(c.{end}_text)"
            if is_unique
            else f"JOIN batch_addresses {alias} ON {alias}.text = c.{end}_text"
            for alias, end in (("s", "from"), ("r", "to"))
        )
        return _one(
            self.connection,
            f"""
            INSERT INTO store.transfers
            SELECT {load_id}, c.source_row, c.block_number, c.block_timestamp, c.block_timestamp::DATE, c.tx_hash, c.transfer_index,
                   t.token_id, s.address_id, r.address_id, c.amount, c.amount_usd, s.address_id <> r.address_id AND coalesce(c.amount > 0, false)
            FROM good c
            JOIN store.tokens t ON t.chain = c.chain AND t.token_address IS NOT DISTINCT FROM c.token_address AND t.token_symbol IS NOT DISTINCT FROM c.token_symbol
            {senders}
            {receivers}
            {not_lost}
        """,
        )

    def _insert_transactions(self, plan: Plan, load_id: int) -> int:
        """Insert new transactions; `new_transactions` keeps their source rows."""
        columns = plan.transactions or {}
        select = ", ".join(
            f"({columns[name]}) AS x_{name}"
            for name in (
                "transaction_index",
                "to_address",
                "value",
                "gas_price",
                "gas_used",
                "is_success",
                "method_id",
                "created_contract",
            )
        )
        self.connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE new_transactions AS
            SELECT c.*, x.* EXCLUDE (x_row) FROM candidate c JOIN (SELECT source_row AS x_row, {select} FROM {self.raw_relation}) x ON x.x_row = c.source_row
            WHERE c.source_row NOT IN (SELECT source_row FROM bad) AND NOT EXISTS (FROM raw.transactions k WHERE k.chain = c.chain AND k.tx_hash = c.tx_hash)
            QUALIFY row_number() OVER (PARTITION BY c.chain, c.tx_hash ORDER BY c.source_row) = 1
        """)
        self.connection.execute(f"""
            INSERT INTO raw.transactions
            SELECT chain, block_number, block_timestamp, x_transaction_index, tx_hash, from_address, x_to_address, x_value, x_gas_price, x_gas_used,
                   x_is_success, x_method_id, x_created_contract, {load_id} FROM new_transactions
        """)
        # Whoever signs or is called has an id, also where nothing is transferred.
        self.connection.execute(f"""
            INSERT INTO store.addresses
            SELECT (SELECT coalesce(max(address_id), 0) FROM store.addresses) + row_number() OVER (ORDER BY address), address
            FROM (SELECT from_address AS address FROM new_transactions UNION SELECT x_to_address FROM new_transactions)
            WHERE regexp_full_match(address, '{_pattern(self.chain)}') AND address NOT IN (SELECT address FROM store.addresses)
        """)
        return _one(self.connection, "SELECT count(*) FROM new_transactions")

    def _insert_wallet_reports(self, load_id: int) -> int:
        return _one(
            self.connection,
            f"""
            INSERT INTO raw.wallet_reports
            SELECT flow_address(trim(s.wallet)), s.category, try_cast(s.score AS DOUBLE), s.tx_count, c.chain, {literal(str(self.file.path))}, c.source_row, {load_id}
            FROM candidate c JOIN staged s USING (source_row) WHERE c.is_report
        """,
        )

    def _insert_rejects(self, load_id: int, is_first: bool, has_bad: bool) -> int:
        limit, path = self.settings.sources.max_raw_text, literal(str(self.file.path))
        if is_first:
            self.connection.execute(
                f"INSERT INTO raw.rejects SELECT {load_id}, {path}, source_row, 'malformed_row', left(message, 500), left(raw_text, {limit}) FROM malformed"
            )
        if has_bad:
            self.connection.execute(f"""
                INSERT INTO raw.rejects
                SELECT {load_id}, {path}, b.source_row, b.reason, b.message, left(to_json(r)::VARCHAR, {limit})
                FROM (SELECT source_row, reason, {_MESSAGE} AS message FROM bad) b
                JOIN (SELECT * FROM {self.raw_relation}) r USING (source_row)
            """)
        self.report.reasons = dict(
            self.connection.execute(
                "SELECT reason, count(*) FROM raw.rejects WHERE load_id = ? GROUP BY reason ORDER BY 2 DESC, 1",
                [load_id],
            ).fetchall()
        )
        return sum(self.report.reasons.values())

    def _suspect_truncation(self, read: int, first: datetime | None, last: datetime | None, count: int) -> None:
        """The coverage check of the LPT study: exactly as many rows as an API cap, or an end long before the window's."""
        sources: SourceSettings = self.settings.sources
        doubts = []
        if read in sources.api_caps:
            doubts.append(
                f"exactly {read:,} rows, an API cap: rows {'after ' + str(last) if last else ''} are probably missing"
            )
        if self.window.last and first and last and count > 1:
            gap = (last - first) / (count - 1)
            silence = (
                datetime.combine(min(self.window.last, date(9000, 1, 1)) + timedelta(days=1), datetime.min.time())
                - last
            )
            if silence > timedelta(days=1) and silence > sources.silence_factor * gap:
                doubts.append(
                    f"ends at {last}, {silence.days} days before the window does, with a mean gap of {gap.total_seconds():,.0f} s"
                )
        if doubts:
            self.report.is_truncation_suspected = True
            self.report.notes.insert(0, "suspected truncation: " + "; ".join(doubts))


_MESSAGE = """CASE reason
    WHEN 'missing_column_value' THEN 'time, sender, receiver or amount is empty'
    WHEN 'bad_timestamp' THEN 'time outside the believable range or unreadable: ' || coalesce(block_timestamp::VARCHAR, '?')
    WHEN 'bad_address' THEN 'sender ' || from_address || ', receiver ' || to_address || ' on ' || chain
    WHEN 'unknown_decimals' THEN 'no decimals known for ' || coalesce(token_address, token_symbol, '?') || ' on ' || chain || '; give a token file'
    WHEN 'failed_transaction' THEN 'the transaction failed'
    ELSE 'the amount is not usable' END"""


def remove_loads(connection: Connection, load_ids: Sequence[int]) -> None:
    """Take everything a load brought out of the raw tables, and reopen files that had lost rows as duplicates.

    A file that is gone or has changed keeps what it has: it could not be read again as it was.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE gone AS SELECT unnest(?::INTEGER[]) AS load_id", [list(load_ids)])
    # A file that was read in several windows is reopened whole: each of its loads left out what the others had read.
    loads = connection.execute("""
        SELECT load_id, source_file, sha256, format, chain, window_first, window_last FROM raw.loads
        WHERE format <> 'labels' AND load_id NOT IN (FROM gone) AND source_file IN (SELECT source_file FROM raw.loads WHERE rows_duplicate > 0 AND load_id NOT IN (FROM gone))
        ORDER BY load_id
    """).fetchall()
    is_as_it_was = {path: Path(path).is_file() and sha256_of(Path(path)) == sha for _, path, sha, *_ in loads}
    for load_id, path, _, *rest in loads:
        if is_as_it_was[path]:
            connection.execute("INSERT INTO gone VALUES (?)", [load_id])
            connection.execute("INSERT INTO store.reopened VALUES (?, ?, ?, ?, ?)", [path, *rest])
    connection.execute(
        "INSERT INTO store.dirty_days SELECT d FROM (SELECT block_date AS d FROM store.transfers WHERE load_id IN (FROM gone) "
        "UNION SELECT block_timestamp::DATE FROM raw.transactions WHERE load_id IN (FROM gone)) WHERE d NOT IN (FROM store.dirty_days)"
    )
    for table in ("store.transfers", "raw.transactions", "raw.rejects", "raw.wallet_reports", "raw.loads"):
        connection.execute(f"DELETE FROM {table} WHERE load_id IN (FROM gone)")


def supersede(connection: Connection, table: str) -> None:
    """Delete stored transfers listed in `table(load_id, source_row, block_timestamp)` and correct their loads' counts."""
    connection.execute(
        f"DELETE FROM store.transfers WHERE (load_id, source_row) IN (SELECT load_id, source_row FROM {table})"
    )
    connection.execute(f"""
        UPDATE raw.loads SET transfers_loaded = transfers_loaded - n, rows_loaded = rows_loaded - moved, rows_duplicate = rows_duplicate + moved
        FROM (SELECT load_id AS id, count(*) AS n, count(*) FILTER (WHERE NOT in_transactions) AS moved FROM (
                SELECT x.load_id, EXISTS (FROM raw.transactions t WHERE t.load_id = x.load_id) AS in_transactions FROM {table} x) GROUP BY ALL) c
        WHERE raw.loads.load_id = c.id
    """)
    connection.execute(
        f"INSERT INTO store.dirty_days SELECT DISTINCT block_timestamp::DATE FROM {table} WHERE block_timestamp::DATE NOT IN (FROM store.dirty_days)"
    )


def _pattern(chain: str) -> str:
    family = next((c.family for c in CHAINS if c.name == chain), "other")
    return {"evm": _EVM_PATTERN, "bitcoin": _BITCOIN_PATTERN}.get(family, _OTHER_PATTERN)


def _hull(one: Window, other: Window) -> Window:
    first = None if one.first is None or other.first is None else min(one.first, other.first)
    last = None if one.last is None or other.last is None else max(one.last, other.last)
    return Window(first, last)


def _one(connection: Connection, sql: str, parameters: list[object] | None = None) -> int:
    row = connection.execute(sql, parameters or []).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


__all__ = ["ZERO_ADDRESS", "FileReport", "LoadOptions", "LoadReport", "load_companions", "load_folder"]
