"""Sending what the ledger has to send: single messages up to a rate, a digest beyond it, again until each was taken.

A message is put together and named in the ledger before it is sent, and marked as sent after it. A process killed in
between sends the same message with the same id again, so that receivers can drop the second one: at least once, with
the id as idempotency key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb

from flow_pipeline import __version__
from flow_pipeline.alerts.channels import NotDelivered, Payload, send
from flow_pipeline.alerts.ledger import as_utc, ledger_file, open_ledger
from flow_pipeline.alerts.rules import check_channels
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.rows import records
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection, hold, transaction

sql = statements(__package__)


@dataclass
class Outcome:
    """What a pass came to.

    Attributes:
        sent: Messages taken, per channel.
        errors: The error of each channel that took none.
        waiting: What still waits.
        homeless: What waits for channels that are gone.
    """

    sent: dict[str, int] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    waiting: int = 0
    homeless: dict[str, int] = field(default_factory=dict)


def deliver(settings: Settings, now: datetime | None = None) -> Outcome:
    """Send everything that is due. A channel that fails is left alone until its next try, and holds up no other one.

    Args:
        settings: Channels, limits and waits.
        now: The time it is taken to be; else the present.

    Raises:
        FlowError: another process is sending.
    """
    with hold(ledger_file(settings).with_name("sending.lock"), settings):
        return _deliver(settings, as_utc(now))


def _deliver(settings: Settings, now: datetime) -> Outcome:
    outcome = Outcome()
    with open_ledger(settings) as connection:
        for name in settings.alerts.channels:
            try:
                _put_together(connection, settings, name, now)
            except duckdb.Error as failure:
                # Its transaction is undone; the other channels have theirs.
                outcome.errors[name] = f"its messages can not be put together: {str(failure).splitlines()[0]}"
        due = connection.execute(
            sql("due_messages"), {"now": now, "latest": now + timedelta(seconds=settings.alerts.max_retry_seconds)}
        ).fetchall()
    for message_id, name, attempts in due:
        channel = settings.alerts.channels.get(name)
        if channel is None or name in outcome.errors:
            continue
        with open_ledger(settings) as connection:
            payload = _payload(connection, settings, message_id)
        error = None
        try:
            send(channel, payload, settings.alerts)
            outcome.sent[name] = outcome.sent.get(name, 0) + 1
        except NotDelivered as refused:
            error = outcome.errors[name] = str(refused)
        except Exception as failure:
            # A fault of one channel's library holds up no other; its text may hold secrets.
            error = outcome.errors[name] = f"can not be sent ({type(failure).__name__})"
        wait = min(settings.alerts.retry_seconds * 2.0 ** min(attempts, 30), settings.alerts.max_retry_seconds)
        with open_ledger(settings) as connection:
            connection.execute(
                """
                    update messages set attempts = attempts + 1, sent_at = ?, last_error = ?, next_try = ?
                    where message_id = ?
                """,
                [None if error else now, error, now + timedelta(seconds=wait), message_id],
            )
    with open_ledger(settings) as connection:
        row = connection.execute("""
            select (select count(*) from messages where sent_at is null)
                + (select count(*) from deliveries where message_id is null and not is_allowed)
        """).fetchone()
        outcome.waiting = int(row[0]) if row else 0
        known = {"known": list(settings.alerts.channels)}
        outcome.homeless = dict(connection.execute(sql("homeless_messages"), known).fetchall())
    return outcome


def _put_together(connection: Connection, settings: Settings, channel: str, now: datetime) -> None:
    """Give events without a message one of their own, severest first, as far as the rates allow; the rest a digest."""
    rules = settings.alerts
    rates = {
        "topic_since": now - timedelta(minutes=rules.topic_minutes),
        "now": now,
        "hour_ago": now - timedelta(hours=1),
        "most": rules.max_messages,
    }
    rest = "select event_id from due_events where event_id not in (select event_id from single_messages)"
    with transaction(connection):
        connection.execute(sql("due_events"), {"channel": channel, "now": now})
        connection.execute(sql("single_messages"), {"channel": channel, **rates})
        connection.execute(
            """
                insert into messages
                select message_id, $channel, false, rule, topic, $now, 0, $now, null, null from single_messages
            """,
            {"channel": channel, "now": now},
        )
        connection.execute(
            """
                update deliveries set message_id = s.message_id from single_messages as s
                where deliveries.event_id = s.event_id and channel = $channel
            """,
            {"channel": channel},
        )
        row = connection.execute(
            f"select count(*), md5(string_agg(event_id, ',' order by event_id) || '|' || ?) from ({rest})", [channel]
        ).fetchone()
        last = connection.execute(
            "select max(made_at) from messages where channel = ? and is_digest", [channel]
        ).fetchone()
        since = last[0] if last and last[0] and last[0] <= now else datetime.min
        waited = since <= now - timedelta(minutes=rules.digest_minutes)
        if row and row[0] and waited:
            connection.execute(
                "insert into messages values (?, ?, true, null, null, ?, 0, ?, null, null)", [row[1], channel, now, now]
            )
            connection.execute(
                f"update deliveries set message_id = ? where channel = ? and event_id in ({rest})", [row[1], channel]
            )


def _payload(connection: Connection, settings: Settings, message_id: str) -> Payload:
    """A message as docs/operations/message.schema.json has it.

    It is the same however often it is made: explanations are those of the event's revision.
    """
    values = {"id": message_id}
    message = connection.execute("select is_digest, made_at from messages where message_id = $id", values).fetchone()
    counts = connection.execute(
        """
            select e.severity, count(*) from deliveries as d inner join events as e using (event_id)
            where d.message_id = $id group by e.severity order by risk_rank(e.severity) desc
        """,
        values,
    ).fetchall()
    alerts = records(connection, sql("alerts_of_message"), {**values, "most": settings.alerts.digest_rows})
    for alert in alerts:
        for name in ("before", "after", "explanation"):
            alert[name] = json.loads(alert[name]) if alert[name] else None
    is_digest, made_at = message or (False, datetime.min)
    return {
        "id": message_id,
        "type": "digest" if is_digest else "alert",
        "made_at": made_at.isoformat() + "Z",
        "producer": f"netraflow {__version__}",
        "count": sum(count for _, count in counts),
        "severities": dict(counts),
        "alerts": alerts,
    }


def try_channel(settings: Settings, name: str) -> None:
    """Send a test message.

    Raises:
        UsageError: there is no such channel.
        FlowError: it did not take the message.
    """
    check_channels(settings)
    channel = settings.alerts.channels.get(name)
    if channel is None:
        raise UsageError(
            f"there is no channel {name}",
            f"the settings have {', '.join(settings.alerts.channels) or 'none'}; see docs/operations.md, Delivery",
        )
    payload = {
        "id": "test",
        "type": "test",
        "made_at": as_utc(None).isoformat() + "Z",
        "producer": f"netraflow {__version__}",
        "count": 0,
        "severities": {},
        "alerts": [],
    }
    try:
        send(channel, payload, settings.alerts)
    except NotDelivered as error:
        raise FlowError(
            f"channel {name}: {error}", "mend the channel; alerts wait in the ledger until it works"
        ) from None
