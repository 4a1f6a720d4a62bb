"""Alert channels on real brokers: CloudEvents, each once where the broker can tell."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flow_pipeline.alerts.channels import NotDelivered, cloud_event, send
from flow_pipeline.settings import AlertSettings, ChannelSettings
from tests.servers import free_port, kafka_broker, nats_server
from tests.unit.alerts.test_channels import DIGEST, SINGLE, TEST

VARIABLE = "NETRAFLOW_SECRET_BROKER"
QUICK = AlertSettings(timeout_seconds=5)


def channel(kind: Any) -> ChannelSettings:
    return ChannelSettings(kind=kind, url_env=VARIABLE, topic="alerts")


def test_a_nats_channel_tells_each_message_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nats

    async def stream(address: str, does_create: bool) -> list[Any]:
        connection = await nats.connect(address)
        try:
            js = connection.jetstream()
            if does_create:
                await js.add_stream(name="A", subjects=["alerts"])
                return []
            last = (await js.stream_info("A")).state.last_seq
            return [await js.get_msg("A", number) for number in range(1, last + 1)]
        finally:
            await connection.close()

    with nats_server(tmp_path) as server:
        address = f"nats://127.0.0.1:{server.port}"
        monkeypatch.setenv(VARIABLE, address)
        with pytest.raises(NotDelivered, match="no stream of the NATS server holds the subject alerts"):
            send(channel("nats"), SINGLE, QUICK)
        asyncio.run(stream(address, True))
        other = DIGEST | {"id": "m2"}
        for payload in (SINGLE, SINGLE, other):
            send(channel("nats"), payload, QUICK)
        first, second = asyncio.run(stream(address, False))
        assert json.loads(first.data) == cloud_event(SINGLE)
        assert json.loads(second.data)["data"] == other
        assert first.headers["Nats-Msg-Id"] == "m1"


def test_a_kafka_channel_writes_cloud_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from confluent_kafka import Consumer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic

    with kafka_broker(tmp_path) as server:
        address = f"127.0.0.1:{server.port}"
        monkeypatch.setenv(VARIABLE, address)
        admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
        admin.create_topics([NewTopic("alerts", 1, 1)])["alerts"].result(20)
        send(channel("kafka"), SINGLE, QUICK)
        consumer = Consumer({"bootstrap.servers": address, "group.id": "x", "log_level": 0})
        consumer.assign([TopicPartition("alerts", 0, 0)])
        (message,) = consumer.consume(1, 10)
        consumer.close()
        assert message.error() is None
        said = json.loads(message.value())
        assert said == {
            "specversion": "1.0", "id": "m1", "source": "/netraflow/alerts", "type": "netraflow.alert.v1",
            "time": SINGLE["made_at"], "datacontenttype": "application/json", "data": SINGLE,
        }  # fmt: skip
        assert (message.key(), dict(message.headers())["content-type"]) == (
            b"m1", b"application/cloudevents+json; charset=utf-8",
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["nats", "kafka"])
def test_a_broker_that_is_away_takes_nothing_and_no_error_has_a_secret(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = "nats" if kind == "nats" else "sasl_plaintext"
    monkeypatch.setenv(VARIABLE, f"{scheme}://user:hunter2@127.0.0.1:{free_port()}")
    with pytest.raises(NotDelivered) as refusal:
        send(channel(kind), TEST, AlertSettings(timeout_seconds=1))
    assert "hunter2" not in str(refusal.value)
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(NotDelivered, match=VARIABLE):
        send(channel(kind), TEST, QUICK)
    with pytest.raises(ValidationError, match=f"a channel of kind {kind} needs topic"):
        ChannelSettings(kind=kind, url_env=VARIABLE)  # type: ignore[arg-type]
