"""The ledger of alerts: what was told, what changed since, who took care of it, and what still has to be sent.

It is a DuckDB file of its own, `<data dir>/alerts/ledger.duckdb`, because it must outlive every build: a warehouse that
is built anew tells nobody twice. A build compares its candidates with the ledger and carries the outcome as
`ops.alerts`; once that build is published, `commit` takes its new revisions into the ledger, in one transaction with
the messages to send. Killed anywhere in between, the next run does the rest.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb

from flow_pipeline import __version__
from flow_pipeline.alerts.relations import DAYS_TO_TELL
from flow_pipeline.alerts.rules import COLUMNS, RUN_FAILED, WITHOUT_RULE, discover, lend_words
from flow_pipeline.domain.errors import Conflict, FlowError, NotThere, UsageError, one_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import OPS_ALERTS
from flow_pipeline.domain.text import harmless
from flow_pipeline.questions.rows import Rows, records, rows
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.faults import HELD, explained, faults_of, first_line, is_held
from flow_pipeline.warehouse.publish import published_run
from flow_pipeline.warehouse.relations import dropped_after
from flow_pipeline.warehouse.rollback import is_chosen
from flow_pipeline.warehouse.store import PUBLISHED_WAY_OUT, Connection, engine_config, hold, lend_macros, transaction

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM")
STATUSES = ("open", "waiting", "acknowledged", "snoozed", "part", "withdrawn")
VERDICTS = ("true", "known", "noise")
"""What an alert turned out to be: what it says, something explained, or nothing."""
BUDGET_SHARES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Smaller budgets that a review tries; what a larger one would tell, nobody was told and nobody judged."""

_LONGEST_REASON = 1_000
"""Letters kept of why a run failed: errors of libraries may quote whole rows."""

PARTS_LISTED = 20
"""Parts that an alert lists; a finding may put hundreds of addresses at risk, and all of them are counted."""

sql = statements(__package__)

_ALERT = ", ".join(f"{column.name} {column.type}" for column in OPS_ALERTS.columns)
_SNOOZED = ("snoozed_by", "snoozed_until", "snoozed_reason")
_TABLES = (
    f"create table if not exists alerts ({_ALERT}, primary key (alert_id))",
    "create table if not exists days (block_date date primary key, mark varchar)",
    "create table if not exists state (key varchar primary key, value varchar)",
    *map(
        sql,
        (
            "ledger_events",
            "ledger_actions",
            "ledger_allowed",
            "ledger_deliveries",
            "ledger_messages",
            "ledger_watched",
        ),
    ),
)


WAY_OUT = "restore it from a backup, or move it away: everything is told once more"


def ledger_file(settings: Settings) -> Path:
    """Where the ledger is."""
    return settings.data_dir / "alerts" / "ledger.duckdb"


_TURN = threading.RLock()
"""Threads of one process take turns at once, other processes by looking again at the lock file."""


class LedgerUnavailable(FlowError):
    """The ledger is held by another process or can not be written; nothing says that it is damaged."""


@contextmanager
def open_ledger(settings: Settings) -> Iterator[Connection]:
    """The ledger, opened by one process at a time and briefly; nothing is sent while it is open.

    Raises:
        LedgerUnavailable: it can not be written, or another process held it for longer than
            `warehouse.lock_timeout_seconds`.
        FlowError: the file is damaged or no ledger.
    """
    path = ledger_file(settings)
    with _TURN, ExitStack() as held:
        try:
            held.enter_context(hold(path.with_suffix(".lock"), settings))
        except FlowError as error:
            raise LedgerUnavailable(f"the alert ledger {path} waits: {error.message}", error.hint) from None
        with faults_of(path, WAY_OUT), closing(_connected(path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            # The log is worked into the file when it has grown, not each time somebody looks.
            connection.execute("pragma disable_checkpoint_on_shutdown")
            lend_macros(connection)
            connection.execute(sql("macros"))
            for table in _TABLES:
                connection.execute(table)
            _complete(connection)
            yield connection


def _connected(path: Path) -> Connection:
    try:
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        if found := explained(error):
            raise LedgerUnavailable(f"the alert ledger {path} waits: {found.message}", found.hint) from None
        if is_held(error):
            raise LedgerUnavailable(f"the alert ledger {path} waits: {first_line(error)}", HELD) from None
        raise FlowError(f"the alert ledger {path} can not be opened: {first_line(error)}", WAY_OUT) from None


def ledger_trouble(settings: Settings) -> LedgerUnavailable | None:
    """Why nothing can be written to the ledger for now; None when it can, or when there is none yet.

    Raises:
        FlowError: it is damaged.
    """
    if not ledger_file(settings).exists():
        return None
    try:
        with open_ledger(settings):
            return None
    except LedgerUnavailable as error:
        return error


def _complete(connection: Connection) -> None:
    """Give a ledger of an earlier version the columns that it lacks; what it told, it told."""
    known = {row[0] for row in connection.execute("describe alerts").fetchall()}
    missing = [column for column in OPS_ALERTS.columns if column.name not in known]
    if not missing:
        return
    with transaction(connection):
        for column in missing:
            connection.execute(f"alter table alerts add column {column.name} {column.type}")
        if "told_at" in {column.name for column in missing}:
            connection.execute("update alerts set told_at = first_told_at")
        connection.execute("alter table actions add column if not exists verdict varchar")
        connection.execute("alter table deliveries add column if not exists is_history boolean")


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
        try:
            with faults_of(ledger_file(settings), WAY_OUT):
                connection.execute(f"attach '{_quoted(ledger_file(settings))}' as ledger (read_only)")
            with dropped_after(connection, DAYS_TO_TELL):
                return _compare(connection, settings, run_id, moment)
        finally:
            connection.execute("detach database if exists ledger")


def _compare(connection: Connection, settings: Settings, run_id: str, moment: datetime) -> int:
    _mark_days(connection, settings)
    _collect(connection, settings)
    _weigh(connection, settings)
    _join_parts(connection)
    connection.execute(sql("alert_changes"))
    connection.execute(sql("alerts_to_tell"), {"now": moment, "per_week": settings.alerts.per_week})
    connection.execute(sql("alerts_told_late"))
    _explain(connection, settings)
    with transaction(connection):
        # Most rows stand as the last build left them; only what differs is written.
        connection.execute(sql("standing_alerts"))
        connection.execute(
            "delete from ops.alerts where alert_id not in (select alert_id from standing_alerts where is_written)"
        )
        connection.execute("""
            insert into ops.alerts by name select * from ledger.alerts
            where alert_id in (select alert_id from standing_alerts where not is_written)
        """)
        connection.execute(sql("changed_alerts"), {"now": moment, "run": run_id})
        connection.execute("""
            update ops.alerts set finality = null, content = c.content
            from alert_candidates as c where c.alert_id = ops.alerts.alert_id and ops.alerts.finality is not null
        """)
        connection.execute("delete from store.told_days")
        connection.execute("insert into store.told_days select * from day_marks")
    row = connection.execute("select count(*) from alert_changes").fetchone()
    for table in (
        "alert_candidates",
        "alert_parts",
        "alert_changes",
        "alerts_to_tell",
        "alert_explanations",
        "standing_alerts",
        "compared_rules",
        "rules_by_day",
        "day_marks",
    ):
        connection.execute(f"drop table {table}")
    return int(row[0]) if row else 0


def _mark_days(connection: Connection, settings: Settings) -> None:
    """`days_to_tell`: days whose transfers, or the labels, prices or rules in force, are not those last compared."""
    rules = discover()
    by_day = {name: rule for name, rule in rules.items() if rule.BY_DAY}
    for table, names in (("compared_rules", rules), ("rules_by_day", by_day)):
        connection.execute(
            f"create or replace temp table {table} as select unnest($rules::varchar[]) as rule", {"rules": list(names)}
        )
    frozen = json.dumps(
        {name: [rule.VERSION, rule.parameters(settings)] for name, rule in by_day.items()}, default=str, sort_keys=True
    )
    connection.execute(sql("day_marks"), {"rules": frozen})
    connection.execute(sql("days_to_tell"))


def _collect(connection: Connection, settings: Settings) -> None:
    """`alert_candidates`: what every rule finds worth an alert.

    Raises:
        FlowError: the SELECT of a rule can not be asked, or lacks a column of the room.
    """
    lend_words(connection)
    names = ", ".join(COLUMNS)
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"""
        create or replace temp table alert_candidates (alert_id varchar, rule varchar, rule_version varchar, {columns})
    """)
    for name, rule in discover().items():
        candidates, values = rule.candidates(settings)
        try:
            connection.execute(
                f"""
                    insert into alert_candidates
                    select left(md5($rule || '|' || subject), 16), $rule, $version, {names} from ({candidates})
                """,
                {**values, "rule": name, "version": rule.VERSION},
            )
        except duckdb.ProgrammingError as error:
            raise FlowError(
                f"alert rule {name}: its SELECT can not be asked: {str(error).splitlines()[0]}",
                f"it gives the columns {names}",
            ) from None


def _weigh(connection: Connection, settings: Settings) -> None:
    """Say how severe those are whose rule leaves it open: by rarity and stake, as findings are; LOW is no alert."""
    # Whoever only lists alerts can do without arrays.
    import numpy as np
    import pyarrow as pa

    from flow_pipeline.scoring.severity import WORDS, severity

    open_ones = "from alert_candidates where severity is null"
    found = connection.execute(f"select alert_id, rarity, stake_usd {open_ones}").fetchnumpy()
    rarity, usd = (np.ma.filled(np.ma.asarray(found[name], np.float64), np.nan) for name in ("rarity", "stake_usd"))
    limits = settings.verdicts.small_usd, settings.verdicts.large_usd
    words = np.array(WORDS)[severity(np.full(len(rarity), True), rarity, usd, *limits)]
    weighed = pa.table({"alert_id": pa.array(found["alert_id"], pa.string()), "severity": pa.array(words, pa.string())})
    connection.register("weighed", weighed)
    connection.execute("""
        update alert_candidates set severity = w.severity,
            content = json_merge_patch(content, json_object('severity', w.severity))
        from weighed as w where alert_candidates.alert_id = w.alert_id and alert_candidates.severity is null
    """)
    connection.unregister("weighed")
    connection.execute("delete from alert_candidates where severity = 'LOW'")


def _join_parts(connection: Connection) -> None:
    """Related candidates are one alert, the others are its parts: one event is told once."""
    connection.execute(sql("alert_parts"))
    connection.execute(sql("alert_heads"), {"most": PARTS_LISTED})
    connection.execute(sql("joined_parts"))
    connection.execute("drop table alert_heads")


def _explain(connection: Connection, settings: Settings) -> None:
    """`alert_explanations`, frozen with a new revision: the rule and its version, the baseline, the labels used."""
    rules = discover()
    connection.execute("create or replace temp table alert_rules (rule varchar, says varchar, parameters json)")
    connection.executemany(
        "insert into alert_rules values (?, ?, ?)",
        [[name, rule.SAYS, json.dumps(rule.parameters(settings), default=str)] for name, rule in rules.items()],
    )
    connection.execute(sql("alert_explanations"), {"version": __version__})
    connection.execute("drop table alert_rules")


def commit(settings: Settings) -> dict[str, int]:
    """Take the published `ops.alerts` into the ledger, with messages to send; how many are new, changed and withdrawn.

    Nothing happens when that was done before, or when somebody went back from a later publication: what was told of
    that one stays told. A revision that the ledger lacks is an event, whatever run it is of.
    """
    run_id = published_run(settings)
    if run_id is None:
        return {}
    with open_ledger(settings) as connection:
        committed = connection.execute("select value from state where key = 'committed'").fetchone()
        is_back = committed and committed[0] > run_id and is_chosen(settings)
        if is_back or (committed and committed[0] == run_id):
            return {}
        for name, value in engine_config(settings).items():
            if name != "temp_directory":
                connection.execute(f"set {name} = ?", [value])
        with faults_of(settings.published_link.resolve(), PUBLISHED_WAY_OUT):
            connection.execute(f"attach '{_quoted(settings.published_link.resolve())}' as warehouse (read_only)")
        news_from = connection.execute(sql("news_from"), {"most": settings.alerts.news_days}).fetchone()
        with transaction(connection):
            connection.execute(sql("new_ids"), {"run": run_id})
            connection.execute(sql("new_revisions"))
            take_revisions(connection, settings, news_from[0] if news_from else None)
            connection.execute(sql("tip_confirmed"))
            connection.execute(
                "delete from days where block_date not in (select block_date from warehouse.store.told_days)"
            )
            connection.execute("insert or replace into days select * from warehouse.store.told_days")
            connection.execute("insert or replace into state values ('committed', ?)", [run_id])
        counts = connection.execute(
            "select change, count(*) from new_revisions group by change order by change"
        ).fetchall()
        connection.execute("detach warehouse")
    return dict(counts)


def take_revisions(connection: Connection, settings: Settings, news_from: date | None = None) -> None:
    """Take `new_revisions`, alerts with the content and explanation that they replace, into the tables.

    Args:
        connection: The ledger.
        settings: Channels in force.
        news_from: The first day whose alerts are news, where a history was published; else every day's are.
    """
    # What people decided stays with the ledger; the warehouse only shows it.
    snoozed = ", ".join(f"coalesce(a.{name}, f.{name}) as {name}" for name in _SNOOZED)
    connection.execute(f"""
        insert or replace into alerts by name
        select f.* exclude (before, explained_before) replace ({snoozed})
        from new_revisions as f left join alerts as a using (alert_id)
    """)
    connection.execute(sql("new_events"))
    for name, channel in settings.alerts.channels.items():
        values = {"channel": name, "least": channel.min_severity, "rules": list(channel.rules), "news_from": news_from}
        connection.execute(sql("new_deliveries"), values)


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
        if connection.execute("select 1 from alerts where alert_id = ?", [alert_id]).fetchone():
            return alert_id
        reason = harmless(reason, _LONGEST_REASON)
        title = f"run {run_id} failed: {reason}"
        rule = {"name": RUN_FAILED, "version": "1", "says": WITHOUT_RULE[RUN_FAILED].says, "parameters": {}}
        software = f"netraflow {__version__}"
        explanation: dict[str, Any] = {
            "what": title,
            "baseline": None,
            "rule": rule,
            "labels": [],
            "software": software,
        }
        given = {
            "alert_id": alert_id,
            "rule": RUN_FAILED,
            "rule_version": "1",
            "subject": run_id,
            "topic": RUN_FAILED,
            "severity": "HIGH",
            "title": title,
            "content": json.dumps({"reason": reason}),
            "change": "new",
            "revision": 1,
            "first_told_at": moment,
            "told_at": moment,
            "changed_at": moment,
            "run_id": run_id,
            "explanation": json.dumps(explanation),
        }
        values = ", ".join(f"${column.name}::{column.type} as {column.name}" for column in OPS_ALERTS.columns)
        connection.execute(
            f"""
                create or replace temp table new_revisions as
                select {values}, null::varchar as before, null::varchar as explained_before
            """,
            {column.name: given.get(column.name) for column in OPS_ALERTS.columns},
        )
        take_revisions(connection, settings)
    return alert_id


def find(connection: Connection, prefix: str) -> str:
    """The id of the one alert that begins with a prefix.

    Raises:
        UsageError: none does, or several do.
    """
    ids = connection.execute(
        "select alert_id from alerts where starts_with(alert_id, ?) limit 3", [prefix.lower()]
    ).fetchall()
    if len(ids) != 1:
        raise (UsageError if ids else NotThere)(
            f"{'several alerts begin' if ids else 'no alert begins'} with '{prefix}'",
            "`netraflow alerts list` shows the ids",
        )
    return str(ids[0][0])


def acknowledge(
    settings: Settings,
    prefix: str,
    author: str,
    reason: str,
    verdict: str | None = None,
    now: datetime | None = None,
    seen: str | None = None,
) -> str:
    """Somebody took care of an alert; it is told again only when it changes.

    Args:
        settings: Where the ledger is.
        prefix: The alert's id, or its first letters.
        author: Who did.
        reason: Why.
        verdict: What it turned out to be, one of `VERDICTS`; kept for good, also when the alert changes.
        now: When; else the present.
        seen: `state` of the alert that the decision is about.

    Raises:
        UsageError: no such alert.
        Conflict: the alert is not as it was seen.
    """
    return _decide(settings, prefix, "acknowledge", author, reason, None, now, verdict, seen)


def acknowledge_together(
    settings: Settings, alert_ids: Sequence[str], author: str, reason: str, verdict: str
) -> list[str]:
    """Somebody took care of several alerts at once, all of them or none; the ids of those that the ledger has.

    One that stands acknowledged by the same author with the same reason and verdict is left as it is, so that a call
    that was cut off can be made again.
    """
    at, known = as_utc(None), []
    with open_ledger(settings) as connection, transaction(connection):
        for alert_id in alert_ids:
            row = connection.execute(
                "select acknowledged_by, acknowledged_reason, acknowledged_as from alerts where alert_id = ?",
                [alert_id],
            ).fetchone()
            if row is None:
                continue
            known.append(alert_id)
            if row != (author, reason, verdict):
                _acknowledge(connection, alert_id, author, at, reason, verdict)
    return known


def snooze(
    settings: Settings,
    prefix: str,
    until: date,
    author: str,
    reason: str,
    now: datetime | None = None,
    seen: str | None = None,
) -> str:
    """Hold back what happens to an alert until a day begins; then it is told.

    Raises:
        UsageError: no such alert, or the day is past.
        Conflict: the alert is not as it was seen, where `seen` says how.
    """
    moment = datetime(until.year, until.month, until.day)
    if moment <= as_utc(now):
        raise UsageError(f"--until {until}: that day has begun", "give a day that is still to come")
    return _decide(settings, prefix, "snooze", author, reason, moment, now, seen=seen)


def _decide(
    settings: Settings, prefix: str, action: str, author: str, reason: str, until: datetime | None,
    now: datetime | None, verdict: str | None = None, seen: str | None = None,
) -> str:  # fmt: skip
    at, reason = as_utc(now), _reason(reason)
    with open_ledger(settings) as connection, transaction(connection):
        alert_id = find(connection, prefix)
        if seen is not None and seen != state_of(connection, alert_id):
            raise Conflict(
                f"alert {alert_id} changed since it was read", "load it again, and decide on what stands there now"
            )
        if action == "snooze":
            connection.execute(
                "update alerts set snoozed_by = ?, snoozed_until = ?, snoozed_reason = ? where alert_id = ?",
                [author, until, reason, alert_id],
            )
            connection.execute(
                """
                    update deliveries set not_before = ?
                    where message_id is null and event_id in (select event_id from events where alert_id = ?)
                """,
                [until, alert_id],
            )
            _note_action(connection, alert_id, action, author, reason, until, at, None)
        else:
            _acknowledge(connection, alert_id, author, at, reason, verdict)
    return alert_id


def _reason(text: str) -> str:
    """A reason that says something.

    Raises:
        UsageError: it is empty.
    """
    if not text.strip():
        raise UsageError("there is no reason", "say why, for whoever reads it later")
    return text.strip()


def _acknowledge(
    connection: Connection, alert_id: str, author: str, at: datetime, reason: str, verdict: str | None
) -> None:
    connection.execute(
        """
            update alerts set acknowledged_by = ?, acknowledged_at = ?, acknowledged_reason = ?, acknowledged_as = ?,
                snoozed_until = least(snoozed_until, ?)
            where alert_id = ?
        """,
        [author, at, reason, verdict, at, alert_id],
    )
    _note_action(connection, alert_id, "acknowledge", author, reason, None, at, verdict)


def _note_action(
    connection: Connection, alert_id: str, action: str, author: str, reason: str, until: datetime | None,
    at: datetime, verdict: str | None,
) -> None:  # fmt: skip
    connection.execute(
        "insert into actions by name select ? as alert_id, ? as action, ? as author, ? as reason, "
        "?::timestamp as until, ?::timestamp as made_at, ? as verdict",
        [alert_id, action, author, reason, until, at, verdict],
    )


def state_of(connection: Connection, alert_id: str) -> str:
    """What an alert is at, its revision and how many decisions were made: whoever decides says which it was."""
    row = connection.execute(
        "select revision || '.' || (select count(*) from actions where alert_id = ?1) from alerts where alert_id = ?1",
        [alert_id],
    ).fetchone()
    return str(row[0]) if row else ""


def allow(
    settings: Settings, sender: str, receiver: str, until: date, author: str, reason: str, now: datetime | None = None
) -> None:
    """Send nothing about transfers from one address or entity to another until a day begins; they stay in the ledger.

    Raises:
        UsageError: the day is past, or an end or the reason is empty.
    """
    at, moment = as_utc(now), datetime(until.year, until.month, until.day)
    if moment <= at:
        raise UsageError(f"--until {until}: that day has begun", "give a day that is still to come")
    ends = [end.lower() if end.startswith("0x") else end for end in (sender.strip(), receiver.strip())]
    if not all(ends):
        raise UsageError("a pair needs both ends", "name who pays and who is paid, by address or entity")
    reason = _reason(reason)
    with open_ledger(settings) as connection:
        connection.execute("insert into allowed values (?, ?, ?, ?, ?, ?)", [*ends, moment, author, reason, at])


def listed(
    settings: Settings,
    severity: str | None,
    rule: str | None,
    status: str | None,
    first: date | None,
    after: str | None = None,
    most: int | None = None,
) -> Rows:
    """Alerts, severest and latest first; only open ones unless a status (or `all`) is given.

    Args:
        settings: Where the ledger is.
        severity: Only such ones.
        rule: Only of this kind, or with a part of it.
        status: One of `STATUSES`, or all.
        first: Only of this day and later.
        after: The alert behind which the list goes on.
        most: Rows.

    Raises:
        UsageError: there is no such severity, rule or status.
    """
    for what, value, known in (
        ("severity", severity, SEVERITIES),
        ("rule", rule, (*discover(), *WITHOUT_RULE)),
        ("status", status, (*STATUSES, "all")),
    ):
        if value is not None:
            one_of(what, value, known)
    values = {"severity": severity, "rule": rule, "status": status or "open", "first": first}
    with open_ledger(settings) as connection:
        return rows(connection, sql("listed_alerts"), {**values, "after": after, "most": most})


def shown(settings: Settings, prefix: str) -> dict[str, Any]:
    """One alert with its events, actions and messages."""
    alerts = """
        select *, alert_status(change, part_of, told_at, snoozed_until, acknowledged_at) as status
        from alerts where alert_id = $id
    """
    events = """
        select event_id, revision, change, made_at, run_id, severity, title, before, after
        from events where alert_id = $id order by revision
    """
    actions = (
        "select action, author, verdict, reason, until, made_at from actions where alert_id = $id order by made_at"
    )
    with open_ledger(settings) as connection:
        values = {"id": find(connection, prefix)}
        alert = records(connection, alerts, values)[0]
        return {
            **alert,
            "state": state_of(connection, values["id"]),
            "content": json.loads(alert["content"]),
            "explanation": json.loads(alert["explanation"]),
            "events": records(connection, events, values),
            "actions": records(connection, actions, values),
            "messages": records(connection, sql("messages_of_alert"), values),
        }


def reviewed(settings: Settings) -> Rows:
    """How right each kind of alert was so far, by what people said of it.

    Returns:
        Columns and rows: rule, typology, judged, true, known, noise, precision (true and known over judged), and the
        bounds of its 95 % interval (Wilson, 1927, Journal of the American Statistical Association 22).
    """
    with open_ledger(settings) as connection:
        return rows(connection, sql("reviewed_rules"))


def reviewed_budgets(settings: Settings) -> Rows:
    """What other budgets would have told of what people judged, as shares of the budget in force.

    Returns:
        Columns and rows: share_of_budget, told, true, known, noise, precision.
    """
    with open_ledger(settings) as connection:
        return rows(connection, sql("reviewed_budgets"), {"shares": list(BUDGET_SHARES)})


def as_utc(moment: datetime | None) -> datetime:
    """A moment, or the present, as UTC without a zone: what the ledger holds."""
    return (
        (moment or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        if moment is None or moment.tzinfo
        else moment
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
