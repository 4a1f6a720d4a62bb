"""Sending what the ledger has to send: single messages up to a rate, a digest beyond it, again until each was taken.

A message is put together and named in the ledger before it is sent, and marked as sent after it. A process killed in between sends the same message
with the same id again, so that receivers can drop the second one: at least once, with the id as idempotency key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flow_pipeline import __version__
from flow_pipeline.alerts.channels import NotDelivered, Payload, send
from flow_pipeline.alerts.ledger import SEVERITIES, as_utc, ledger_file, open_ledger
from flow_pipeline.alerts.rules import check_channels
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection, hold, transaction


@dataclass
class Outcome:
    """What a pass came to: messages sent per channel, the error of each channel that took none, what still waits, and what waits for channels that are gone."""

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
            _put_together(connection, settings, name, now)
        due = connection.execute(
            "SELECT message_id, channel, attempts FROM messages WHERE sent_at IS NULL AND next_try <= ? ORDER BY made_at, is_digest, message_id",
            [now],
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
        wait = min(settings.alerts.retry_seconds * 2.0 ** min(attempts, 30), settings.alerts.max_retry_seconds)
        with open_ledger(settings) as connection:
            connection.execute(
                "UPDATE messages SET attempts = attempts + 1, sent_at = ?, last_error = ?, next_try = ? WHERE message_id = ?",
                [None if error else now, error, now + timedelta(seconds=wait), message_id],
            )
    with open_ledger(settings) as connection:
        row = connection.execute("""
            SELECT (SELECT count(*) FROM messages WHERE sent_at IS NULL) + (SELECT count(*) FROM deliveries WHERE message_id IS NULL AND NOT is_allowed)
        """).fetchone()
        outcome.waiting = int(row[0]) if row else 0
        outcome.homeless = dict(
            connection.execute(
                """
                SELECT channel, count(*) FROM (SELECT channel FROM messages WHERE sent_at IS NULL UNION ALL SELECT channel FROM deliveries WHERE message_id IS NULL AND NOT is_allowed)
                WHERE NOT list_contains($known::VARCHAR[], channel) GROUP BY channel ORDER BY channel
            """,
                {"known": list(settings.alerts.channels)},
            ).fetchall()
        )
    return outcome


def _put_together(connection: Connection, settings: Settings, channel: str, now: datetime) -> None:
    """Give events without a message one of their own, severest first, as far as the rates allow; the rest goes into a digest when one may be sent."""
    rules = settings.alerts
    values: dict[str, Any] = {"channel": channel, "now": now, "severities": list(SEVERITIES)}
    with transaction(connection):
        connection.execute(
            """
            CREATE OR REPLACE TEMP TABLE due AS
            SELECT d.event_id, e.rule, e.topic, row_number() OVER (PARTITION BY e.rule, e.topic ORDER BY list_position($severities, e.severity), e.made_at, e.event_id) AS of_topic,
                   list_position($severities, e.severity) AS rank, e.made_at
            FROM deliveries d JOIN events e USING (event_id) WHERE d.channel = $channel AND d.message_id IS NULL AND NOT d.is_allowed AND d.not_before <= $now
        """,
            values,
        )
        connection.execute(
            """
            CREATE OR REPLACE TEMP TABLE singles AS
            SELECT event_id, rule, topic, md5(event_id || '|' || $channel) AS message_id FROM due
            WHERE of_topic = 1 AND NOT EXISTS (
                FROM messages m WHERE m.channel = $channel AND NOT m.is_digest AND m.rule = due.rule AND m.topic IS NOT DISTINCT FROM due.topic AND m.made_at > $topic_since)
            QUALIFY row_number() OVER (ORDER BY rank, made_at, event_id)
                <= $most - (SELECT count(*) FROM messages WHERE channel = $channel AND NOT is_digest AND made_at > $hour_ago)
        """,
            {
                "channel": channel,
                "topic_since": now - timedelta(minutes=rules.topic_minutes),
                "hour_ago": now - timedelta(hours=1),
                "most": rules.max_messages,
            },
        )
        connection.execute(
            "INSERT INTO messages SELECT message_id, $channel, false, rule, topic, $now, 0, $now, NULL, NULL FROM singles",
            {"channel": channel, "now": now},
        )
        connection.execute(
            "UPDATE deliveries SET message_id = s.message_id FROM singles s WHERE deliveries.event_id = s.event_id AND channel = $c",
            {"c": channel},
        )
        row = connection.execute(
            "SELECT count(*), md5(string_agg(event_id, ',' ORDER BY event_id)) FROM due WHERE event_id NOT IN (SELECT event_id FROM singles)"
        ).fetchone()
        last = connection.execute(
            "SELECT max(made_at) FROM messages WHERE channel = ? AND is_digest", [channel]
        ).fetchone()
        waited = last is None or last[0] is None or last[0] <= now - timedelta(minutes=rules.digest_minutes)
        if row and row[0] and waited:
            connection.execute(
                "INSERT INTO messages VALUES (?, ?, true, NULL, NULL, ?, 0, ?, NULL, NULL)", [row[1], channel, now, now]
            )
            connection.execute(
                "UPDATE deliveries SET message_id = ? WHERE channel = ? AND event_id IN (SELECT event_id FROM due WHERE event_id NOT IN (SELECT event_id FROM singles))",
                [row[1], channel],
            )


def _payload(connection: Connection, settings: Settings, message_id: str) -> Payload:
    """A message as docs/operations/message.schema.json has it. It is the same however often it is made: explanations are those of the event's revision."""
    message = connection.execute(
        "SELECT is_digest, made_at FROM messages WHERE message_id = ?", [message_id]
    ).fetchone()
    counts = connection.execute(
        "SELECT e.severity, count(*) FROM deliveries d JOIN events e USING (event_id) WHERE d.message_id = ? GROUP BY 1 ORDER BY list_position(?, e.severity)",
        [message_id, list(SEVERITIES)],
    ).fetchall()
    found = connection.execute(
        """
        SELECT e.event_id, e.alert_id, e.revision, e.change, e.rule, e.severity, a.chain, a.block_date::VARCHAR AS block_date, e.topic, e.title, e.before, e.after,
               coalesce((SELECT arg_min(n.explained_before, n.revision) FROM events n WHERE n.alert_id = e.alert_id AND n.revision > e.revision), a.explanation) AS explanation
        FROM (FROM events WHERE event_id IN (SELECT event_id FROM deliveries WHERE message_id = $id)) e JOIN alerts a USING (alert_id)
        ORDER BY list_position($severities, e.severity), e.made_at DESC, e.event_id LIMIT $most
    """,
        {"id": message_id, "severities": list(SEVERITIES), "most": settings.alerts.digest_rows},
    )
    names = [column[0] for column in found.description or ()]
    alerts = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
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
