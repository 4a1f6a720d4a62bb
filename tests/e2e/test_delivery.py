"""Messages reach servers on loopback at least once, with an id; a channel that is down loses and holds up nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flow_pipeline.alerts import delivery, ledger
from flow_pipeline.alerts.channels import send
from flow_pipeline.alerts.delivery import deliver, try_channel
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.settings import Settings
from tests.conftest import ROOT, build

SCHEMA = json.loads((ROOT / "docs" / "operations" / "message.schema.json").read_text())
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECRET = "s3cr3t-token-nobody-may-see"


class Server:
    """An HTTP server that keeps what it got and answers with `status`."""

    def __init__(self, port: int = 0) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(outer.status)
                self.end_headers()
                if outer.status == 200:
                    self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.stop()


@pytest.fixture
def hooked(settings: Settings, server: Server, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("NETRAFLOW_SECRET_HOOK", f"http://127.0.0.1:{server.port}/{SECRET}")
    monkeypatch.setenv("NETRAFLOW_SECRET_KEY", "whsec_" + base64.b64encode(SECRET.encode()).decode())
    return settings.with_changes(
        alerts={
            "channels": {
                "ops": {"kind": "webhook", "url_env": "NETRAFLOW_SECRET_HOOK", "key_env": "NETRAFLOW_SECRET_KEY"}
            }
        }
    )


def fail_runs(settings: Settings, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        ledger.record_failure(settings, f"run-{number}", "a reason", NOW)


def each_its_own_topic(settings: Settings) -> None:
    with ledger.open_ledger(settings) as connection:
        connection.execute("UPDATE events SET topic = alert_id")


def test_a_webhook_is_signed_and_fits_its_schema(hooked: Settings, server: Server) -> None:
    fail_runs(hooked, 1)
    outcome = deliver(hooked, NOW)
    assert (outcome.sent, outcome.errors, outcome.waiting) == ({"ops": 1}, {}, 0)
    headers, body = server.got[0]
    message = json.loads(body)
    jsonschema.validate(message, SCHEMA)
    assert headers["webhook-id"] == message["id"]
    signed = hmac.new(
        SECRET.encode(), f"{message['id']}.{headers['webhook-timestamp']}.".encode() + body, hashlib.sha256
    ).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()
    assert message["alerts"][0]["title"] == "run run-0 failed: a reason"
    assert deliver(hooked, NOW + timedelta(days=1)).sent == {}
    assert len(server.got) == 1


def test_one_message_per_topic_and_hour_the_rest_in_a_digest(hooked: Settings, server: Server) -> None:
    fail_runs(hooked, 5)
    deliver(hooked, NOW)
    assert [(message["type"], message["count"]) for message in server.messages] == [("alert", 1), ("digest", 4)]
    fail_runs(hooked, 3, start=5)
    assert deliver(hooked, NOW + timedelta(minutes=30)).waiting == 3
    assert len(server.got) == 2, "within the hour neither a message nor a digest"
    deliver(hooked, NOW + timedelta(minutes=61))
    assert [(message["type"], message["count"]) for message in server.messages[2:]] == [("alert", 1), ("digest", 2)]
    for message in server.messages:
        jsonschema.validate(message, SCHEMA)


def test_a_flood_becomes_a_bounded_number_of_messages(hooked: Settings, server: Server) -> None:
    few = hooked.with_changes(alerts={"max_messages": 3, "digest_rows": 4})
    fail_runs(few, 12)
    each_its_own_topic(few)
    deliver(few, NOW)
    assert [(message["type"], message["count"], len(message["alerts"])) for message in server.messages] == [
        ("alert", 1, 1)
    ] * 3 + [("digest", 9, 4)]


def test_messages_of_a_pass_go_out_severest_first_and_then_in_order_of_time(hooked: Settings, server: Server) -> None:
    for number in range(8):
        ledger.record_failure(hooked, f"run-{number}", "a reason", NOW + timedelta(minutes=number))
    each_its_own_topic(hooked)
    with ledger.open_ledger(hooked) as connection:
        connection.execute("UPDATE events SET severity = if(run_id in ('run-3', 'run-6'), 'CRITICAL', 'HIGH')")
    deliver(hooked, NOW + timedelta(minutes=10))
    told = [message["alerts"][0]["title"].split()[1] for message in server.messages]
    assert told == ["run-3", "run-6", "run-0", "run-1", "run-2", "run-4", "run-5", "run-7"]


def test_an_outage_loses_nothing_and_waits_longer_each_time(hooked: Settings, server: Server, tmp_path: Path) -> None:
    both = hooked.with_changes(
        alerts={
            "channels": {
                **hooked.model_dump()["alerts"]["channels"],
                "log": {"kind": "file", "path": tmp_path / "log.jsonl"},
            }
        }
    )
    server.status = 503
    fail_runs(both, 3)
    each_its_own_topic(both)
    outcome = deliver(both, NOW)
    assert outcome.errors == {"ops": "answered with status 503"}
    assert outcome.sent == {"log": 3}, "the other channel is not held up"
    assert len(server.got) == 1, "a channel that fails is not asked again in the same pass"
    first = server.messages[0]["id"]
    server.status = 204
    assert deliver(both, NOW + timedelta(seconds=1)).sent == {"ops": 2}, "what was not tried yet is due"
    assert deliver(both, NOW + timedelta(seconds=29)).sent == {}
    assert deliver(both, NOW + timedelta(seconds=31)).sent == {"ops": 1}
    assert server.messages[-1]["id"] == first
    assert len({message["id"] for message in server.messages}) == 3


def test_a_clock_set_back_holds_up_no_message(hooked: Settings, server: Server) -> None:
    server.status = 500
    fail_runs(hooked, 3)
    deliver(hooked, NOW)
    server.status = 204
    fail_runs(hooked, 6, start=3)
    deliver(hooked, NOW - timedelta(days=400))
    with ledger.open_ledger(hooked) as connection:
        assert connection.execute("select count(*) from messages where sent_at is null").fetchone() == (0,)
        assert connection.execute("select count(*) from deliveries where message_id is null").fetchone() == (0,)


def test_each_channel_gets_each_event_once_in_digests_of_the_same_events(
    hooked: Settings, server: Server, tmp_path: Path
) -> None:
    files = {name: {"kind": "file", "path": tmp_path / f"{name}.jsonl"} for name in ("first", "second")}
    three = hooked.with_changes(alerts={"channels": {**hooked.model_dump()["alerts"]["channels"], **files}})
    (tmp_path / "second.jsonl").mkdir()
    server.status = 503
    fail_runs(three, 6)
    outcome = deliver(three, NOW)
    assert (outcome.sent, set(outcome.errors)) == ({"first": 2}, {"ops", "second"})
    (tmp_path / "second.jsonl").rmdir()
    server.status = 204
    failed = len(server.got)
    for minutes in (5, 10, 90):
        deliver(three, NOW + timedelta(minutes=minutes))
    got = {
        **{
            name: [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()] for name in files
        },
        "ops": server.messages[failed:],
    }
    for messages in got.values():
        assert [message["type"] for message in messages] == ["alert", "digest"]
        assert sorted(one["title"] for message in messages for one in message["alerts"]) == [
            f"run run-{n} failed: a reason" for n in range(6)
        ]
    assert len({message["id"] for messages in got.values() for message in messages}) == 6


def test_a_fault_of_one_channel_stops_no_other(
    hooked: Settings, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = hooked.with_changes(
        alerts={
            "channels": {
                "a-log": {"kind": "file", "path": tmp_path / "log.jsonl"},
                **hooked.model_dump()["alerts"]["channels"],
            }
        }
    )

    def breaks(channel: Any, *given: Any) -> None:
        if channel.kind == "file":
            raise RuntimeError(SECRET)
        send(channel, *given)

    monkeypatch.setattr(delivery, "send", breaks)
    fail_runs(both, 1)
    outcome = deliver(both, NOW)
    assert (outcome.sent, outcome.errors) == ({"ops": 1}, {"a-log": "can not be sent (RuntimeError)"})


def test_a_server_that_is_stopped_and_started_again_gets_everything(
    hooked: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    monkeypatch.setenv("NETRAFLOW_SECRET_HOOK", f"http://127.0.0.1:{port}/{SECRET}")
    fail_runs(hooked, 2)
    each_its_own_topic(hooked)
    for attempt in range(3):
        outcome = deliver(hooked, NOW + timedelta(hours=attempt))
        assert outcome.errors == {"ops": "no connection (ConnectionError)"}
    server = Server(port)
    try:
        deliver(hooked, NOW + timedelta(hours=5))
        assert len({message["id"] for message in server.messages}) == 2
    finally:
        server.stop()


def test_a_sender_killed_after_the_message_left_sends_it_again_with_the_same_id(
    hooked: Settings, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_runs(hooked, 3)

    def dies(*given: Any) -> None:
        send(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "send", dies)
        with pytest.raises(KeyboardInterrupt):
            deliver(hooked, NOW)
    fail_runs(hooked, 2, start=3)
    deliver(hooked, NOW + timedelta(seconds=1))
    ids = [message["id"] for message in server.messages]
    assert ids[0] == ids[1]
    assert server.messages[0] == server.messages[1]
    assert [message["count"] for message in server.messages] == [1, 1, 2], (
        "the digest that was put together before stays as it was"
    )


@contextmanager
def mail_server(port: int = 0) -> Iterator[tuple[int, list[EmailMessage]]]:
    """A real SMTP server on loopback, and the letters it got."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message

    letters: list[Any] = []

    class Keep(Message):
        def handle_message(self, message: Any) -> None:
            letters.append(message)

    if not port:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port, letters
    finally:
        controller.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_letters_reach_a_mail_server_that_was_down(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as (port, letters):
        monkeypatch.setenv(
            "NETRAFLOW_SECRET_MAIL",
            f"mailto://127.0.0.1:{port}/?mode=insecure&from=netraflow@example.org&to=desk@example.org",
        )
        given = settings.with_changes(
            alerts={"channels": {"mail": {"kind": "apprise", "url_env": "NETRAFLOW_SECRET_MAIL"}}}
        )
        fail_runs(given, 1)
        assert deliver(given, NOW).sent == {"mail": 1}
    assert "run run-0 failed" in str(letters[0]["Subject"]) + letters[0].as_string()
    assert letters[0]["To"].endswith("desk@example.org")
    fail_runs(given, 1, start=1)
    assert "mail" in deliver(given, NOW + timedelta(hours=2)).errors
    with mail_server(port) as (_, letters):
        assert deliver(given, NOW + timedelta(hours=4)).sent == {"mail": 1}
    message_ids = [row[0] for row in _rows(given, "SELECT message_id FROM messages ORDER BY made_at")]
    assert message_ids[1] in str(letters[0].get_payload(decode=False)) or message_ids[1] in letters[0].as_string()


def test_slack_speaks_to_its_hook(settings: Settings, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.slack import NotifySlack

    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("NETRAFLOW_SECRET_SLACK", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk")
    server.status = 200
    given = settings.with_changes(
        alerts={"channels": {"slack": {"kind": "apprise", "url_env": "NETRAFLOW_SECRET_SLACK"}}}
    )
    fail_runs(given, 1)
    assert deliver(given, NOW).sent == {"slack": 1}
    assert "run run-0 failed" in server.got[0][1].decode()


def test_no_secret_appears_in_errors_ledger_or_files(
    hooked: Settings, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    server.status = 500
    fail_runs(hooked, 2)
    outcome = deliver(hooked, NOW)
    assert outcome.errors
    with pytest.raises(FlowError) as refused:
        try_channel(hooked, "ops")
    seen = capfd.readouterr()
    texts = [
        str(outcome),
        refused.value.message,
        refused.value.hint,
        seen.out,
        seen.err,
        str(hooked),
        hooked.model_dump_json(),
    ]
    texts += [path.read_bytes().decode("latin-1") for path in hooked.data_dir.rglob("*") if path.is_file()]
    for text in texts:
        assert SECRET not in text
        assert base64.b64encode(SECRET.encode()).decode() not in text


def test_a_channel_for_a_kind_of_alert_there_is_not_is_refused_before_anything_is_read(
    settings: Settings, tmp_path: Path
) -> None:
    misspelt = settings.with_changes(alerts={"channels": {"ops": {"kind": "terminal", "rules": ["large_transfers"]}}})
    with pytest.raises(UsageError, match=r"alerts.channels.ops.rules: there is no kind of alert large_transfers"):
        build(misspelt, tmp_path)
    with pytest.raises(UsageError, match="large_transfers"):
        try_channel(misspelt, "ops")


def test_messages_for_a_channel_that_left_the_settings_are_named_and_wait(hooked: Settings, server: Server) -> None:
    server.status = 503
    fail_runs(hooked, 2)
    deliver(hooked, NOW)
    gone = deliver(hooked.with_changes(alerts={"channels": {}}), NOW + timedelta(hours=1))
    assert (gone.sent, gone.errors, gone.homeless) == ({}, {}, {"ops": 2})
    server.status = 204
    back = deliver(hooked, NOW + timedelta(hours=2))
    assert (sum(back.sent.values()), back.homeless, len(server.got)) == (2, {}, 3)


def _rows(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with ledger.open_ledger(settings) as connection:
        return connection.execute(sql).fetchall()
