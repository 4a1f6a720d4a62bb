"""The ledger of alerts: what was told, what changed since, who took care of it, and what still has to be sent.

It is a DuckDB file of its own, `<data dir>/alerts/ledger.duckdb`, because it must outlive every build: a warehouse that is built anew tells nobody
twice. A build compares its candidates with the ledger and carries the outcome as `ops.alerts`; once that build is published, `commit` takes its new
revisions into the ledger, in one transaction with the messages to send. Killed anywhere in between, the next run does the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb

from flow_pipeline import __version__
from flow_pipeline.alerts.rules import COLUMNS, RUN_FAILED, discover
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.tables import OPS_ALERTS
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_run
from flow_pipeline.warehouse.store import Connection, engine_config, hold, transaction

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM")

_ALERT = ", ".join(f"{column.name} {column.type}" for column in OPS_ALERTS.columns)
# What people decided stays with the ledger; the warehouse only shows it.
_DECIDED = (
    "acknowledged_by",
    "acknowledged_at",
    "acknowledged_reason",
    "snoozed_by",
    "snoozed_until",
    "snoozed_reason",
)
_TABLES = (
    f"CREATE TABLE IF NOT EXISTS alerts ({_ALERT}, PRIMARY KEY (alert_id))",
    "CREATE TABLE IF NOT EXISTS events (event_id VARCHAR PRIMARY KEY, alert_id VARCHAR, revision INTEGER, change VARCHAR, made_at TIMESTAMP, run_id VARCHAR, rule VARCHAR, "
    "topic VARCHAR, severity VARCHAR, title VARCHAR, before JSON, after JSON, explained_before JSON)",
    "CREATE TABLE IF NOT EXISTS actions (alert_id VARCHAR, action VARCHAR, author VARCHAR, reason VARCHAR, until TIMESTAMP, made_at TIMESTAMP)",
    "CREATE TABLE IF NOT EXISTS allowed (sender VARCHAR, receiver VARCHAR, until TIMESTAMP, author VARCHAR, reason VARCHAR, made_at TIMESTAMP)",
    "CREATE TABLE IF NOT EXISTS deliveries (event_id VARCHAR, channel VARCHAR, is_allowed BOOLEAN, not_before TIMESTAMP, message_id VARCHAR, PRIMARY KEY (event_id, channel))",
    "CREATE TABLE IF NOT EXISTS messages (message_id VARCHAR PRIMARY KEY, channel VARCHAR, is_digest BOOLEAN, rule VARCHAR, topic VARCHAR, made_at TIMESTAMP, attempts INTEGER, "
    "next_try TIMESTAMP, sent_at TIMESTAMP, last_error VARCHAR)",
    "CREATE TABLE IF NOT EXISTS days (block_date DATE PRIMARY KEY, mark VARCHAR)",
    "CREATE TABLE IF NOT EXISTS state (key VARCHAR PRIMARY KEY, value VARCHAR)",
)


def ledger_file(settings: Settings) -> Path:
    """Where the ledger is."""
    return settings.data_dir / "alerts" / "ledger.duckdb"


@contextmanager
def open_ledger(settings: Settings) -> Iterator[Connection]:
    """The ledger, opened by one process at a time and briefly; nothing is sent while it is open.

    Raises:
        FlowError: the file is no ledger, or another process held it for longer than `warehouse.lock_timeout_seconds`.
    """
    path = ledger_file(settings)
    with hold(path.with_suffix(".lock"), settings):
        try:
            connection = duckdb.connect(str(path))
        except duckdb.Error as error:
            raise FlowError(
                f"the alert ledger {path} can not be opened: {error}",
                "restore it from a backup, or move it away: everything is told once more",
            ) from None
        try:
            connection.execute("SET TimeZone = 'UTC'")
            # The log is worked into the file when it has grown, not each time somebody looks.
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")
            for table in _TABLES:
                connection.execute(table)
            yield connection
        finally:
            connection.close()


def compare(connection: Connection, settings: Settings, run_id: str, now: datetime | None = None) -> int:
    """Fill `ops.alerts` of a build: the ledger as it will be once the build is published; the number of new revisions.

    Args:
        connection: The build, after everything alerts rest on.
        settings: Rules' limits in force.
        run_id: The run, kept with what it changes.
        now: Time of the change; else the present.
    """
    moment = as_utc(now)
    with open_ledger(settings):
        pass
    with hold(ledger_file(settings).with_suffix(".lock"), settings):
        connection.execute(f"ATTACH '{_quoted(ledger_file(settings))}' AS ledger (READ_ONLY)")
        try:
            connection.execute("CREATE OR REPLACE TEMP VIEW told AS FROM ledger.alerts")
            connection.execute("CREATE OR REPLACE TEMP TABLE days_told AS FROM ledger.days")
            return _compare(connection, settings, run_id, moment)
        finally:
            connection.execute("DROP VIEW IF EXISTS told")
            connection.execute("DETACH ledger")


def _compare(connection: Connection, settings: Settings, run_id: str, moment: datetime) -> int:
    marks = _mark_days(connection, settings)
    _collect(connection, settings)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE alert_changes AS
        SELECT coalesce(c.alert_id, t.alert_id) AS alert_id, coalesce(t.revision, 0) + 1 AS revision,
               CASE WHEN c.alert_id IS NULL THEN 'withdrawn' WHEN t.alert_id IS NULL OR t.change = 'withdrawn' THEN 'new' ELSE 'changed' END AS change
        FROM alert_candidates c
        FULL JOIN (FROM told WHERE rule IN (FROM compared_rules) AND (rule NOT IN (FROM rules_by_day) OR block_date IN (FROM days_to_tell))) t USING (alert_id)
        WHERE t.alert_id IS NULL OR (c.alert_id IS NULL AND t.change <> 'withdrawn') OR (c.alert_id IS NOT NULL AND (t.change = 'withdrawn' OR c.content::VARCHAR <> t.content))
    """)
    _explain(connection, settings)
    with transaction(connection):
        # Most rows stand as the last build left them; only what differs is written.
        connection.execute("""
            CREATE OR REPLACE TEMP TABLE alerts_kept AS
            SELECT t.alert_id, o.alert_id IS NOT NULL AS stands
            FROM (FROM told WHERE alert_id NOT IN (SELECT alert_id FROM alert_changes)) t
            LEFT JOIN ops.alerts o ON o.alert_id = t.alert_id AND o.revision = t.revision AND o.run_id IS NOT DISTINCT FROM t.run_id
                AND o.acknowledged_at IS NOT DISTINCT FROM t.acknowledged_at AND o.snoozed_until IS NOT DISTINCT FROM t.snoozed_until
        """)
        connection.execute(
            "DELETE FROM ops.alerts WHERE alert_id NOT IN (SELECT alert_id FROM alerts_kept WHERE stands)"
        )
        connection.execute(
            "INSERT INTO ops.alerts BY NAME SELECT * FROM told WHERE alert_id IN (SELECT alert_id FROM alerts_kept WHERE NOT stands)"
        )
        connection.execute(
            """
            INSERT INTO ops.alerts BY NAME
            SELECT c.* EXCLUDE (addresses, entities, baseline), h.change, h.revision, coalesce(t.first_told_at, $now) AS first_told_at, $now AS changed_at, $run AS run_id,
                   x.explanation, NULL AS acknowledged_by, NULL AS acknowledged_at, NULL AS acknowledged_reason, t.snoozed_by, t.snoozed_until, t.snoozed_reason
            FROM alert_changes h JOIN alert_candidates c USING (alert_id) JOIN alert_explanations x USING (alert_id) LEFT JOIN told t USING (alert_id)
            UNION ALL BY NAME
            SELECT t.* REPLACE ('withdrawn' AS change, h.revision AS revision, $now AS changed_at, $run AS run_id, NULL AS acknowledged_by, NULL AS acknowledged_at,
                   NULL AS acknowledged_reason)
            FROM alert_changes h JOIN told t USING (alert_id) WHERE h.change = 'withdrawn'
        """,
            {"now": moment, "run": run_id},
        )
        connection.execute("DELETE FROM store.told_days")
        connection.execute("INSERT INTO store.told_days FROM day_marks")
    row = connection.execute("SELECT count(*) FROM alert_changes").fetchone()
    for table in (
        "alert_candidates",
        "alert_changes",
        "alert_explanations",
        "alerts_kept",
        "compared_rules",
        "rules_by_day",
        *marks,
    ):
        connection.execute(f"DROP TABLE {table}")
    return int(row[0]) if row else 0


def _mark_days(connection: Connection, settings: Settings) -> tuple[str, ...]:
    """`days_to_tell`: days whose transfers, or the labels, prices or rules in force, are not those of the last comparison."""
    rules = discover()
    by_day = {name: rule for name, rule in rules.items() if rule.BY_DAY}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE compared_rules AS SELECT unnest($rules) AS rule", {"rules": list(rules)}
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rules_by_day AS SELECT unnest($rules::VARCHAR[]) AS rule", {"rules": list(by_day)}
    )
    frozen = json.dumps(
        {name: [rule.VERSION, rule.parameters(settings)] for name, rule in by_day.items()}, default=str, sort_keys=True
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE day_marks AS
        SELECT block_date, md5(concat_ws('|', d.content_hash, d.row_count, $frozen, (SELECT coalesce(bit_xor(hash(l)), 0) FROM raw.labels l),
                                         (SELECT coalesce(bit_xor(hash(p)), 0) FROM store.prices p))) AS mark
        FROM store.day_hashes d
    """,
        {"frozen": frozen},
    )
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE days_to_tell AS
        SELECT coalesce(d.block_date, t.block_date) AS block_date FROM day_marks d FULL JOIN days_told t USING (block_date) WHERE d.mark IS DISTINCT FROM t.mark
    """)
    return "day_marks", "days_told", "days_to_tell"


def _collect(connection: Connection, settings: Settings) -> None:
    """`alert_candidates`: what every rule finds worth an alert."""
    names = ", ".join(COLUMNS)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE alert_candidates (alert_id VARCHAR, rule VARCHAR, rule_version VARCHAR, {', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})"
    )
    for name, rule in discover().items():
        sql, values = rule.candidates(settings)
        connection.execute(
            f"INSERT INTO alert_candidates SELECT left(md5($rule || '|' || subject), 16), $rule, $version, {names} FROM ({sql})",
            {**values, "rule": name, "version": rule.VERSION},
        )


def _explain(connection: Connection, settings: Settings) -> None:
    """`alert_explanations`: what is frozen with a new revision — the rule and its version, the baseline, the labels that were used."""
    rules = discover()
    connection.execute("CREATE OR REPLACE TEMP TABLE alert_rules (rule VARCHAR, says VARCHAR, parameters JSON)")
    connection.executemany(
        "INSERT INTO alert_rules VALUES (?, ?, ?)",
        [[name, rule.SAYS, json.dumps(rule.parameters(settings), default=str)] for name, rule in rules.items()],
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE alert_explanations AS
        WITH fresh AS (SELECT c.* FROM alert_changes h JOIN alert_candidates c USING (alert_id)),
        used AS (
            SELECT alert_id, to_json(list(DISTINCT {'address': l.address, 'entity': l.entity, 'category': l.category, 'source': l.source, 'label_set': l.label_set, 'confidence': l.confidence})) AS labels
            FROM (SELECT alert_id, chain, unnest(addresses) AS address FROM fresh) f JOIN raw.labels l ON l.address = f.address AND l.chain = f.chain GROUP BY alert_id
        ),
        sets AS (
            SELECT entity, to_json({'entity': entity, 'addresses': count(DISTINCT address), 'label_sets': list(DISTINCT label_set ORDER BY label_set)}) AS labels
            FROM raw.labels WHERE entity IN (SELECT unnest(entities) FROM fresh) GROUP BY entity
        )
        SELECT f.alert_id, json_object('what', f.title, 'baseline', f.baseline, 'rule', json_object('name', f.rule, 'version', f.rule_version, 'says', r.says, 'parameters', r.parameters),
                   'labels', coalesce(u.labels, s.labels, '[]'::JSON), 'software', 'netraflow ' || $version) AS explanation
        FROM fresh f JOIN alert_rules r USING (rule) LEFT JOIN used u USING (alert_id) LEFT JOIN sets s ON s.entity = f.entities[1]
    """,
        {"version": __version__},
    )
    connection.execute("DROP TABLE alert_rules")


def commit(settings: Settings) -> dict[str, int]:
    """Take the published `ops.alerts` into the ledger, with the messages to send; numbers of new, changed and withdrawn alerts.

    Nothing happens when that was done before. A revision that the ledger does not have is an event, whatever run brought it.
    """
    run_id = published_run(settings)
    if run_id is None:
        return {}
    with open_ledger(settings) as connection:
        done = connection.execute("SELECT value FROM state WHERE key = 'committed'").fetchone()
        if done and done[0] == run_id:
            return {}
        for name, value in engine_config(settings).items():
            if name != "temp_directory":
                connection.execute(f"SET {name} = ?", [value])
        connection.execute(f"ATTACH '{_quoted(settings.published_link.resolve())}' AS warehouse (READ_ONLY)")
        with transaction(connection):
            connection.execute("""
                CREATE OR REPLACE TEMP TABLE fresh_ids AS
                SELECT p.alert_id FROM warehouse.ops.alerts p LEFT JOIN alerts t USING (alert_id) WHERE t.alert_id IS NULL OR p.revision > t.revision
            """)
            connection.execute("""
                CREATE OR REPLACE TEMP TABLE fresh AS
                SELECT p.*, t.content AS before, t.explanation AS explained_before FROM (FROM warehouse.ops.alerts WHERE alert_id IN (FROM fresh_ids)) p
                LEFT JOIN (SELECT alert_id, content, explanation FROM alerts WHERE alert_id IN (FROM fresh_ids)) t USING (alert_id)
            """)
            _take(connection, settings)
            connection.execute(
                "DELETE FROM days WHERE block_date NOT IN (SELECT block_date FROM warehouse.store.told_days)"
            )
            connection.execute("INSERT OR REPLACE INTO days FROM warehouse.store.told_days")
            connection.execute("INSERT OR REPLACE INTO state VALUES ('committed', ?)", [run_id])
        counts = connection.execute("SELECT change, count(*) FROM fresh GROUP BY change ORDER BY change").fetchall()
        connection.execute("DETACH warehouse")
    return dict(counts)


def _take(connection: Connection, settings: Settings) -> None:
    """Rows of `fresh`, alerts with the content and explanation they replace, into alerts, events and deliveries."""
    kept = ", ".join(
        f"coalesce(a.{name}, f.{name}) AS {name}" if name.startswith("snoozed") else f"f.{name} AS {name}"
        for name in _DECIDED
    )
    connection.execute(f"""
        INSERT OR REPLACE INTO alerts BY NAME
        SELECT f.* EXCLUDE (before, explained_before, {", ".join(_DECIDED)}), {kept} FROM fresh f LEFT JOIN alerts a USING (alert_id)
    """)
    connection.execute("""
        INSERT INTO events BY NAME
        SELECT md5(concat_ws('|', alert_id, revision, change, content)) AS event_id, alert_id, revision, change, changed_at AS made_at, run_id, rule, topic, severity, title,
               before::JSON AS before, CASE WHEN change <> 'withdrawn' THEN content END::JSON AS after, explained_before::JSON AS explained_before
        FROM fresh
    """)
    for name, channel in settings.alerts.channels.items():
        connection.execute(
            """
            INSERT INTO deliveries
            SELECT md5(concat_ws('|', f.alert_id, f.revision, f.change, f.content)), $channel,
                   EXISTS (FROM allowed w WHERE w.until > f.changed_at AND w.sender IN (f.from_address, f.from_entity) AND w.receiver IN (f.to_address, f.to_entity)),
                   greatest(f.changed_at, coalesce(a.snoozed_until, f.changed_at)), NULL
            FROM fresh f JOIN alerts a USING (alert_id)
            WHERE (list_position($severities, f.severity) <= list_position($severities, $least) AND (len($rules) = 0 OR f.rule IN (SELECT unnest($rules))))
                -- whoever was told of an alert is told what becomes of it
                OR f.alert_id IN (SELECT e.alert_id FROM deliveries d JOIN events e USING (event_id) WHERE d.channel = $channel)
        """,
            {
                "channel": name,
                "least": channel.min_severity,
                "severities": list(SEVERITIES),
                "rules": list(channel.rules),
            },
        )


def record_failure(settings: Settings, run_id: str, reason: str, now: datetime | None = None) -> str:
    """Note a run that failed as an alert, once; its id.

    Args:
        settings: Channels in force.
        run_id: The run, which is the alert's subject.
        reason: What is told; the caller has taken secrets out of it.
        now: Time of the failure; else the present.
    """
    moment, alert_id = as_utc(now), md5(f"{RUN_FAILED}|{run_id}".encode()).hexdigest()[:16]
    with open_ledger(settings) as connection, transaction(connection):
        if connection.execute("SELECT 1 FROM alerts WHERE alert_id = ?", [alert_id]).fetchone():
            return alert_id
        rule = {"name": RUN_FAILED, "version": "1", "says": "a run failed and published nothing", "parameters": {}}
        given = {
            "alert_id": alert_id, "rule": RUN_FAILED, "rule_version": "1", "subject": run_id, "topic": RUN_FAILED, "severity": "HIGH", "title": f"run {run_id} failed: {reason}",
            "content": json.dumps({"reason": reason}), "change": "new", "revision": 1, "first_told_at": moment, "changed_at": moment, "run_id": run_id,
            "explanation": json.dumps({"what": f"run {run_id} failed: {reason}", "baseline": None, "rule": rule, "labels": [], "software": f"netraflow {__version__}"}),
        }  # fmt: skip
        values = ", ".join(f"${column.name}::{column.type} AS {column.name}" for column in OPS_ALERTS.columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {values}, NULL::VARCHAR AS before, NULL::VARCHAR AS explained_before",
            {column.name: given.get(column.name) for column in OPS_ALERTS.columns},
        )
        _take(connection, settings)
    return alert_id


def find(connection: Connection, prefix: str) -> str:
    """The id of the one alert that begins with a prefix.

    Raises:
        UsageError: none does, or several do.
    """
    found = [
        row[0]
        for row in connection.execute(
            "SELECT alert_id FROM alerts WHERE starts_with(alert_id, ?) LIMIT 3", [prefix.lower()]
        ).fetchall()
    ]
    if len(found) != 1:
        raise UsageError(
            f"{'several alerts begin' if found else 'no alert begins'} with '{prefix}'",
            "`netraflow alerts list` shows the ids",
        )
    return str(found[0])


def acknowledge(settings: Settings, prefix: str, author: str, reason: str, now: datetime | None = None) -> str:
    """Somebody took care of an alert; it is told again only when it changes."""
    return _decide(settings, prefix, "acknowledge", author, reason, None, now)


def snooze(settings: Settings, prefix: str, until: date, author: str, reason: str, now: datetime | None = None) -> str:
    """Hold back what happens to an alert until a day begins; then it is told.

    Raises:
        UsageError: no such alert, or the day is past.
    """
    moment = datetime(until.year, until.month, until.day)
    if moment <= as_utc(now):
        raise UsageError(f"--until {until}: that day has begun", "give a day that is still to come")
    return _decide(settings, prefix, "snooze", author, reason, moment, now)


def _decide(
    settings: Settings, prefix: str, action: str, author: str, reason: str, until: datetime | None, now: datetime | None
) -> str:
    at = as_utc(now)
    with open_ledger(settings) as connection, transaction(connection):
        alert_id = find(connection, prefix)
        if action == "snooze":
            connection.execute(
                "UPDATE alerts SET snoozed_by = ?, snoozed_until = ?, snoozed_reason = ? WHERE alert_id = ?",
                [author, until, reason, alert_id],
            )
            connection.execute(
                "UPDATE deliveries SET not_before = ? WHERE message_id IS NULL AND event_id IN (SELECT event_id FROM events WHERE alert_id = ?)",
                [until, alert_id],
            )
        else:
            connection.execute(
                "UPDATE alerts SET acknowledged_by = ?, acknowledged_at = ?, acknowledged_reason = ? WHERE alert_id = ?",
                [author, at, reason, alert_id],
            )
        connection.execute(
            "INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?)", [alert_id, action, author, reason, until, at]
        )
    return alert_id


def allow(
    settings: Settings, sender: str, receiver: str, until: date, author: str, reason: str, now: datetime | None = None
) -> None:
    """Send nothing about transfers from one address or entity to another until a day begins; they stay in the ledger.

    Raises:
        UsageError: the day is past.
    """
    at, moment = as_utc(now), datetime(until.year, until.month, until.day)
    if moment <= at:
        raise UsageError(f"--until {until}: that day has begun", "give a day that is still to come")
    ends = [end.lower() if end.startswith("0x") else end for end in (sender, receiver)]
    with open_ledger(settings) as connection:
        connection.execute("INSERT INTO allowed VALUES (?, ?, ?, ?, ?, ?)", [*ends, moment, author, reason, at])


STATUS = "CASE WHEN change = 'withdrawn' THEN 'withdrawn' WHEN snoozed_until > now()::TIMESTAMP THEN 'snoozed' WHEN acknowledged_at IS NOT NULL THEN 'acknowledged' ELSE 'open' END"
"""SQL of how an alert stands at present."""


def listed(
    settings: Settings, severity: str | None, rule: str | None, status: str | None, first: date | None
) -> tuple[list[str], list[Any]]:
    """Alerts, severest and latest first; only open ones unless a status (or `all`) is given."""
    with open_ledger(settings) as connection:
        found = connection.execute(
            f"""
            SELECT alert_id, severity, {STATUS} AS status, change, revision, rule, block_date, title, changed_at FROM alerts
            WHERE ($severity IS NULL OR severity = $severity) AND ($rule IS NULL OR rule = $rule) AND ($status = 'all' OR {STATUS} = $status)
                AND ($first::DATE IS NULL OR coalesce(block_date, changed_at::DATE) >= $first)
            ORDER BY list_position($severities, severity), coalesce(block_date, changed_at::DATE) DESC, changed_at DESC, alert_id
        """,
            {
                "severity": severity,
                "rule": rule,
                "status": status or "open",
                "first": first,
                "severities": list(SEVERITIES),
            },
        )
        return [column[0] for column in found.description or ()], found.fetchall()


def shown(settings: Settings, prefix: str) -> dict[str, Any]:
    """One alert with its events, actions and messages."""
    with open_ledger(settings) as connection:
        alert_id = find(connection, prefix)
        alert = _dicts(connection, f"SELECT *, {STATUS} AS status FROM alerts WHERE alert_id = $id", {"id": alert_id})[
            0
        ]
        alert["content"], alert["explanation"] = json.loads(alert["content"]), json.loads(alert["explanation"])
        alert["events"] = _dicts(
            connection,
            "SELECT event_id, revision, change, made_at, run_id, severity, title, before, after FROM events WHERE alert_id = $id ORDER BY revision",
            {"id": alert_id},
        )
        alert["actions"] = _dicts(
            connection,
            "SELECT action, author, reason, until, made_at FROM actions WHERE alert_id = $id ORDER BY made_at",
            {"id": alert_id},
        )
        alert["messages"] = _dicts(
            connection,
            """
            SELECT d.channel, d.event_id, d.is_allowed, d.not_before, m.is_digest, m.attempts, m.sent_at, m.last_error
            FROM deliveries d JOIN events e USING (event_id) LEFT JOIN messages m USING (message_id) WHERE e.alert_id = $id ORDER BY e.revision, d.channel
        """,
            {"id": alert_id},
        )
    return alert


def _dicts(connection: Connection, sql: str, values: dict[str, Any] | Sequence[Any]) -> list[dict[str, Any]]:
    found = connection.execute(sql, values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def as_utc(moment: datetime | None) -> datetime:
    """A moment, or the present, as UTC without a zone: what the ledger holds."""
    return (
        (moment or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        if moment is None or moment.tzinfo
        else moment
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
