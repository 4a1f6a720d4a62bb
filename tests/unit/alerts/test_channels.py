"""Messages in words, their signature, and channels that need no network; no error carries a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flow_pipeline.alerts.channels import NotDelivered, headline, send, sign, text
from flow_pipeline.alerts.delivery import try_channel
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.settings import AlertSettings, ChannelSettings, Settings
from tests.conftest import ROOT

SCHEMA = json.loads((ROOT / "docs" / "operations" / "message.schema.json").read_text())
SECRET = "s3cr3t-token-nobody-may-see"
VARIABLE = "NETRAFLOW_SECRET_OPS"


def alert(**more: Any) -> dict[str, Any]:
    rule = {"name": "finding", "version": "1", "says": "a score is above the limit", "parameters": {}}
    explained = {"what": "w", "baseline": {"score": 0.9}, "rule": rule, "labels": [], "software": "netraflow"}
    given = {
        "event_id": "e1", "alert_id": "a1", "revision": 1, "change": "new", "rule": "finding", "severity": "HIGH",
        "chain": "ethereum", "block_date": "2025-05-01", "topic": "t", "title": "fan-out of 50 ETH",
        "before": None, "after": {"score": 0.9}, "explanation": explained,
    }  # fmt: skip
    return given | more


def message(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {
        "id": "m1", "type": "alert", "made_at": "2030-01-01T12:00:00Z", "producer": "netraflow 1",
        "count": len(alerts), "severities": {"HIGH": len(alerts)}, "alerts": list(alerts),
    }  # fmt: skip
    return given | more


SINGLE = message(alert())
CHANGED = message(alert(revision=2, change="changed", before={"score": 0.9}, after={"score": 0.7}))
DIGEST = message(
    alert(severity="CRITICAL"), alert(change="withdrawn"), type="digest", count=1_002,
    severities={"CRITICAL": 1, "HIGH": 1_001},
)  # fmt: skip
TEST = message(type="test", severities={})


@pytest.mark.parametrize("payload", [SINGLE, CHANGED, DIGEST, TEST])
def test_these_are_messages_of_the_schema(payload: dict[str, Any]) -> None:
    jsonschema.validate(payload, SCHEMA)


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        (SINGLE, "[HIGH] fan-out of 50 ETH"),
        (CHANGED, "[HIGH] changed: fan-out of 50 ETH"),
        (DIGEST, "netraflow: 1,002 alerts (1 CRITICAL, 1,001 HIGH)"),
        (TEST, "netraflow: this channel works"),
    ],
)
def test_the_headline(payload: dict[str, Any], line: str) -> None:
    assert headline(payload) == line


def test_a_single_message_says_its_rule_and_its_baseline() -> None:
    assert text(SINGLE).splitlines() == [
        "fan-out of 50 ETH", "", "rule: finding 1: a score is above the limit", 'baseline: {"score": 0.9}',
        "more: netraflow alerts show a1", "", "message m1",
    ]  # fmt: skip


def test_a_change_says_what_was_told_before() -> None:
    assert text(CHANGED).splitlines()[:4] == [
        "changed: fan-out of 50 ETH", "", 'was: {"score": 0.9}', 'is:  {"score": 0.7}',
    ]  # fmt: skip


def test_a_digest_says_how_many_it_does_not_list() -> None:
    assert text(DIGEST).splitlines() == [
        "[CRITICAL] fan-out of 50 ETH (netraflow alerts show a1)",
        "[HIGH] withdrawn: fan-out of 50 ETH (netraflow alerts show a1)",
        "… and 1,000 more: netraflow alerts list",
        "",
        "message m1",
    ]


def test_the_signature_is_that_of_the_specification() -> None:
    # the example of the Standard Webhooks specification
    key, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    assert (
        sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_signature_depends_on_everything_it_signs() -> None:
    signed = {
        sign(key, message_id, timestamp, body)
        for key in ("k", "K")
        for message_id in ("1", "2")
        for timestamp in (1, 2)
        for body in (b"a", b"b")
    }
    assert len(signed) == 16
    with pytest.raises(UsageError, match="is not base64"):
        sign("whsec_%%%", "1", 1, b"")


def test_a_file_channel_appends_a_line_per_message(tmp_path: Path) -> None:
    channel = ChannelSettings(kind="file", path=tmp_path / "new" / "alerts.jsonl")
    for payload in (SINGLE, DIGEST):
        send(channel, payload, AlertSettings())
    lines = (tmp_path / "new" / "alerts.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [SINGLE, DIGEST]


def test_a_file_that_can_not_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(NotDelivered, match=r"Not a directory|File exists"):
        send(ChannelSettings(kind="file", path=tmp_path / "taken" / "alerts.jsonl"), SINGLE, AlertSettings())


def test_the_terminal_gets_a_line_and_the_list_of_a_digest(capsys: pytest.CaptureFixture[str]) -> None:
    channel = ChannelSettings(kind="terminal")
    send(channel, SINGLE, AlertSettings())
    assert capsys.readouterr() == ("", f"{headline(SINGLE)}\n")
    send(channel, DIGEST, AlertSettings())
    assert capsys.readouterr() == ("", f"{headline(DIGEST)}\n{text(DIGEST)}\n")


@pytest.mark.parametrize(
    ("kind", "url", "words"),
    [
        ("webhook", f"gopher://{SECRET}", "no connection"),
        ("webhook", f"http://[{SECRET}", "no connection"),
        # Apprise imports what Python deprecates
        pytest.param(
            "apprise", f"nosuchservice://{SECRET}", f"the URL in {VARIABLE} is none that Apprise knows",
            marks=pytest.mark.filterwarnings("ignore::DeprecationWarning"),
        ),
    ],
    ids=["another protocol", "no address", "no service"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_being_told(
    monkeypatch: pytest.MonkeyPatch, kind: Any, url: str, words: str
) -> None:
    monkeypatch.setenv(VARIABLE, url)
    with pytest.raises(NotDelivered, match=words) as refusal:
        send(ChannelSettings(kind=kind, url_env=VARIABLE), SINGLE, AlertSettings())
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("kind", ["webhook", "apprise"])
def test_a_variable_that_is_not_set_is_named(kind: Any) -> None:
    with pytest.raises(NotDelivered, match=f"{VARIABLE} is not set"):
        send(ChannelSettings(kind=kind, url_env=VARIABLE), SINGLE, AlertSettings())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "file"}, "a channel of kind file needs path"),
        ({"kind": "webhook"}, "a channel of kind webhook needs url_env"),
        ({"kind": "apprise"}, "a channel of kind apprise needs url_env"),
        ({"kind": "webhook", "url_env": f"https://example.org/{SECRET}"}, "url_env is not the name of an environment"),
        ({"kind": "webhook", "url_env": VARIABLE, "key_env": SECRET}, "key_env is not the name of an environment"),
        ({"kind": "pigeon"}, "alerts.channels.ops.kind"),
    ],
)
def test_channels_that_can_not_be_are_refused_by_name(settings: Settings, given: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refusal:
        settings.with_changes(alerts={"channels": {"ops": given}})
    assert SECRET not in refusal.value.message


def test_a_channel_is_tried_by_its_name(settings: Settings, tmp_path: Path) -> None:
    ops = settings.with_changes(alerts={"channels": {"ops": {"kind": "file", "path": str(tmp_path / "a.jsonl")}}})
    try_channel(ops, "ops")
    told = json.loads((tmp_path / "a.jsonl").read_text())
    jsonschema.validate(told, SCHEMA)
    assert (told["type"], told["alerts"]) == ("test", [])
    with pytest.raises(UsageError, match="there is no channel oops"):
        try_channel(ops, "oops")
