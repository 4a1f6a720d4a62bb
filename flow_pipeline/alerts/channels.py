"""The ways a message leaves the house: Apprise (Slack, e-mail and more), webhook, broker, file, terminal.

A channel either takes a message or raises `NotDelivered`. Secrets are read when a message is sent; no error has one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import math
import os
import sys
from typing import Any

from flow_pipeline.domain.brokers import kafka_settings, missing
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.text import harmless, harmless_lines
from flow_pipeline.settings import AlertSettings, ChannelSettings, secret

Payload = dict[str, Any]


class NotDelivered(Exception):
    """A channel did not take a message; the text holds no secret."""


def send(channel: ChannelSettings, payload: Payload, settings: AlertSettings) -> None:
    """Hand one message over.

    Args:
        channel: Where it goes.
        payload: The message, in the form of docs/operations/message.schema.json.
        settings: How long the channel may take.

    Raises:
        NotDelivered: it was not taken; try again later.
    """
    try:
        _WAYS[channel.kind](channel, payload, settings)
    except UsageError as error:
        raise NotDelivered(error.message) from None
    except OSError as error:
        raise NotDelivered(error.strerror or type(error).__name__) from None


def headline(payload: Payload) -> str:
    """The message in a line."""
    alerts = payload["alerts"]
    if payload["type"] == "alert":
        return f"[{alerts[0]['severity']}] {_word(alerts[0])}{alerts[0]['title']}"
    if payload["type"] == "test":
        return "netraflow: this channel works"
    severities = ", ".join(f"{count:,} {name}" for name, count in payload["severities"].items())
    return f"netraflow: {payload['count']:,} alerts ({severities})"


def text(payload: Payload) -> str:
    """The message for people, plain text."""
    lines: list[str] = []
    for alert in payload["alerts"]:
        if payload["type"] != "alert":
            lines.append(
                f"[{alert['severity']}] {_word(alert)}{alert['title']} (netraflow alerts show {alert['alert_id']})"
            )
            continue
        lines += [f"{_word(alert)}{alert['title']}", ""]
        if alert["change"] == "changed":
            lines += [f"was: {json.dumps(alert['before'])}", f"is:  {json.dumps(alert['after'])}", ""]
        explained = alert["explanation"]
        lines += [f"rule: {explained['rule']['name']} {explained['rule']['version']}: {explained['rule']['says']}"]
        lines += [f"baseline: {json.dumps(explained['baseline'])}"] if explained["baseline"] else []
        lines += [f"with: [{part['severity']}] {part['title']}" for part in (alert["after"] or {}).get("parts", [])]
        lines += [f"more: netraflow alerts show {alert['alert_id']}"]
    if payload["count"] > len(payload["alerts"]):
        lines.append(f"… and {payload['count'] - len(payload['alerts']):,} more: netraflow alerts list")
    return "\n".join([*lines, "", f"message {payload['id']}"])


def sign(key: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of the Standard Webhooks specification: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`.

    Args:
        key: The shared key; after `whsec_` it is base64, else it is taken as it is.
        message_id: Header webhook-id.
        timestamp: Header webhook-timestamp, seconds.
        body: The body as sent.
    """
    raw = key.encode()
    if key.startswith("whsec_"):
        try:
            raw = base64.b64decode(key.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            raise UsageError(
                "the key of the webhook begins with whsec_ and is not base64",
                "generate it anew, or leave the prefix out",
            ) from None
    return (
        "v1,"
        + base64.b64encode(
            hmac.new(raw, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        ).decode()
    )


def _apprise(channel: ChannelSettings, payload: Payload, settings: AlertSettings) -> None:
    import apprise

    # Its log lines may hold addresses.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    target = apprise.Apprise.instantiate(secret(channel.url_env or ""), suppress_exceptions=True)
    if not isinstance(target, apprise.NotifyBase):
        raise NotDelivered(f"the URL in {channel.url_env} is none that Apprise knows")
    target.socket_connect_timeout = target.socket_read_timeout = settings.timeout_seconds
    kind = (
        apprise.NotifyType.WARNING if payload["severities"].keys() & {"CRITICAL", "HIGH"} else apprise.NotifyType.INFO
    )
    # The body is plain text: services that take HTML or Markdown get it escaped.
    sender = apprise.Apprise()
    sender.add(target)
    if not sender.notify(
        title=headline(payload), body=text(payload), notify_type=kind, body_format=apprise.NotifyFormat.TEXT
    ):
        raise NotDelivered(f"{target.service_name} did not take it")


def _webhook(channel: ChannelSettings, payload: Payload, settings: AlertSettings) -> None:
    import time

    import requests

    url, body, now = secret(channel.url_env or ""), json.dumps(payload).encode(), int(time.time())
    headers = {"Content-Type": "application/json", "webhook-id": payload["id"], "webhook-timestamp": str(now)}
    if channel.key_env:
        headers["webhook-signature"] = sign(secret(channel.key_env), payload["id"], now, body)
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=settings.timeout_seconds, allow_redirects=False)
    except requests.Timeout:
        raise NotDelivered(f"no answer within {settings.timeout_seconds:g} s") from None
    except (requests.RequestException, ValueError) as error:
        raise NotDelivered(f"no connection ({type(error).__name__})") from None
    if not 200 <= answer.status_code < 300:
        raise NotDelivered(f"answered with status {answer.status_code}")


def _file(channel: ChannelSettings, payload: Payload, settings: AlertSettings) -> None:
    path = channel.path
    if path is None:
        raise NotDelivered("no path is set")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(payload) + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def _terminal(channel: ChannelSettings, payload: Payload, settings: AlertSettings) -> None:
    print(harmless(headline(payload)), file=sys.stderr)
    if payload["type"] == "digest":
        print(harmless_lines(text(payload)), file=sys.stderr)


def cloud_event(payload: Payload) -> dict[str, Any]:
    """The message as a CloudEvent 1.0, with its own id: one that comes twice is one event."""
    return {
        "specversion": "1.0",
        "id": payload["id"],
        "source": "/netraflow/alerts",
        "type": "netraflow.alert.v1",
        "time": payload["made_at"],
        "datacontenttype": "application/json",
        "data": payload,
    }


def _nats(channel: ChannelSettings, payload: Payload, settings: AlertSettings) -> None:
    import asyncio

    try:
        import nats.errors
        import nats.js.errors
        from nats.aio.client import Client
    except ImportError:
        raise missing("nats-py") from None

    address, topic, seconds = secret(channel.url_env or ""), channel.topic or "", settings.timeout_seconds

    async def unheard(error: Exception) -> None:
        """What it hears comes as an error of the call, too."""

    async def publish() -> None:
        connection = Client()
        try:
            await connection.connect(
                address,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=math.ceil(seconds),
                error_cb=unheard,
            )
            # The broker keeps one message of an id: one that is sent again is told once.
            headers = {"Nats-Msg-Id": payload["id"], "Content-Type": _CLOUD_EVENTS}
            body = json.dumps(cloud_event(payload)).encode()
            await connection.jetstream().publish(topic, body, timeout=seconds, headers=headers)
        finally:
            await connection.close()
            if connection._transport is not None:
                # A client that could not connect leaves its socket open.
                connection._transport.close()  # type: ignore[no-untyped-call]

    try:
        asyncio.run(publish())
    except nats.js.errors.NoStreamResponseError:
        raise NotDelivered(f"no stream of the NATS server holds the subject {topic}") from None
    except (nats.errors.Error, nats.js.errors.Error) as error:
        raise NotDelivered(f"not taken by the NATS server ({harmless(str(error), 200)})") from None
    except (OSError, TimeoutError, ValueError) as error:
        raise NotDelivered(f"not taken by the NATS server ({type(error).__name__})") from None


def _kafka(channel: ChannelSettings, payload: Payload, settings: AlertSettings) -> None:
    try:
        from confluent_kafka import KafkaException, Producer
    except ImportError:
        raise missing("confluent-kafka") from None

    answers: list[str] = []
    body, seconds = json.dumps(cloud_event(payload)).encode(), settings.timeout_seconds
    try:
        producer = Producer(
            {
                **kafka_settings(secret(channel.url_env or "")),
                "enable.idempotence": True,
                "message.timeout.ms": int(seconds * 1000),
                "log_level": 0,
            }
        )
        producer.produce(
            channel.topic or "",
            body,
            key=payload["id"],
            headers={"content-type": _CLOUD_EVENTS},
            on_delivery=lambda error, _: answers.append(error.name() if error else ""),
        )
        producer.flush(seconds + 1)
    except (KafkaException, ValueError, BufferError) as error:
        raise NotDelivered(f"not taken by the Kafka broker ({type(error).__name__})") from None
    if not answers:
        raise NotDelivered(f"no answer of the Kafka broker within {seconds:g} s")
    if answers[0]:
        raise NotDelivered(f"not taken by the Kafka broker ({answers[0]})")


_CLOUD_EVENTS = "application/cloudevents+json; charset=utf-8"
_WAYS = {
    "apprise": _apprise,
    "webhook": _webhook,
    "file": _file,
    "terminal": _terminal,
    "nats": _nats,
    "kafka": _kafka,
}


def _word(alert: dict[str, Any]) -> str:
    return "" if alert["change"] == "new" else f"{alert['change']}: "
