"""Who may sign in: of passwords, sessions and tokens only hashes are kept, and removed is removed."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from flow_pipeline.domain.errors import NotThere, UsageError
from flow_pipeline.explorer.store import people
from flow_pipeline.explorer.store.opening import Store, open_store
from flow_pipeline.explorer.store.people import Visitor
from flow_pipeline.settings import Settings
from tests.worlds import command

PASSWORD = "a sentence that nobody guesses"


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as opened:
        people.add(opened, "mira", "investigator", PASSWORD)
        yield opened


def everything(store: Store) -> str:
    """All that the database holds, as text."""
    with store.reading() as session:
        tables = session.scalars(sa.text("select name from sqlite_master where type = 'table'")).all()
        return "".join(str(session.execute(sa.text(f"select * from {table}")).all()) for table in tables)


def test_the_right_password_opens_a_session_that_a_restart_outlives(store: Store, settings: Settings) -> None:
    token = people.sign_in(store, "mira", PASSWORD)
    assert token
    with open_store(settings) as again:
        assert people.visitor(again, token) == Visitor("mira", "investigator")
        assert people.visitor(again, token + "x") is None
    assert people.sign_in(store, "mira", PASSWORD + " ") is None
    assert people.sign_in(store, "Mira", PASSWORD) is None
    assert people.sign_in(store, "nobody", PASSWORD) is None
    assert people.sign_in(store, "mira", PASSWORD.ljust(2_000, "x")) is None


def test_letters_are_the_same_composed_or_not(store: Store) -> None:
    people.add(store, "zoë", "reader", "grün wie die Wiesen im Mai")
    assert people.sign_in(store, "zoë", "gru\u0308n wie die Wiesen im Mai")


def test_nothing_that_opens_a_door_is_stored(store: Store) -> None:
    session, token = people.sign_in(store, "mira", PASSWORD), people.make_token(store, "mira", "nightly")
    text = everything(store)
    assert session
    assert all(secret not in text for secret in (PASSWORD, session, token, token[3:]))
    assert text.count("scrypt$") == 1


def test_two_people_with_one_password_have_two_hashes() -> None:
    assert people.hashed(PASSWORD) != people.hashed(PASSWORD)
    assert people.fits(PASSWORD, people.hashed(PASSWORD))


def test_nobody_takes_as_long_as_a_wrong_password(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    scrypt, asked = hashlib.scrypt, []

    def counted(password: bytes, **given: object) -> bytes:
        asked.append({name: value for name, value in given.items() if name != "salt"})
        return scrypt(password, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(hashlib, "scrypt", counted)
    for name in ("mira", "nobody"):
        assert people.sign_in(store, name, "wrong in any case, and long enough") is None
    assert len(asked) == 2
    assert asked[0] == asked[1]


def test_a_session_ends_by_signing_out_and_by_itself(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = people.sign_in(store, "mira", PASSWORD), people.sign_in(store, "mira", PASSWORD)
    assert first
    assert second
    people.sign_out(store, first)
    assert people.visitor(store, first) is None
    assert people.visitor(store, second)
    later = people.now() + timedelta(hours=store.settings.explorer.session_hours, seconds=1)
    monkeypatch.setattr(people, "now", lambda: later)
    assert people.visitor(store, second) is None
    # what has ended is swept up by the next one
    assert people.sign_in(store, "mira", PASSWORD)
    with store.reading() as session:
        assert session.scalar(sa.text("select count(*) from sign_ins")) == 1


def test_whoever_is_removed_is_out_at_once(store: Store) -> None:
    session, token = people.sign_in(store, "mira", PASSWORD), people.make_token(store, "mira", "nightly")
    assert session
    people.remove(store, "mira")
    assert people.visitor(store, session) is None
    assert people.bearer(store, token) is None
    assert not people.is_anybody(store)
    people.add(store, "mira", "reader", PASSWORD)
    assert people.visitor(store, session) is None
    with pytest.raises(NotThere, match="nobody called ben"):
        people.remove(store, "ben")


def test_another_password_ends_sessions_and_leaves_tokens(store: Store) -> None:
    session, token = people.sign_in(store, "mira", PASSWORD), people.make_token(store, "mira", "nightly")
    assert session
    people.set_password(store, "mira", "another sentence altogether")
    assert people.visitor(store, session) is None
    assert people.bearer(store, token) == Visitor("mira", "investigator")
    assert people.sign_in(store, "mira", PASSWORD) is None


def test_a_token_can_be_revoked_and_says_when_it_was_used(store: Store) -> None:
    token = people.make_token(store, "mira", "nightly")
    people.add(store, "ben", "reader", PASSWORD)
    other = people.make_token(store, "ben", "own")
    assert people.tokens(store, "mira")[1][0][3] is None
    assert people.bearer(store, token)
    ((number, name, _, used),) = people.tokens(store, "mira")[1]
    assert (name, used is not None) == ("nightly", True)
    with pytest.raises(NotThere, match="ben has no token"):
        people.revoke(store, "ben", number)
    people.revoke(store, "mira", number)
    assert people.bearer(store, token) is None
    assert people.bearer(store, other) == Visitor("ben", "reader")


def test_bad_names_roles_and_passwords_are_refused(store: Store) -> None:
    for name, role, password, told in (
        ("mira", "reader", PASSWORD, "somebody called mira"),
        ("", "reader", PASSWORD, "0 letters"),
        ("x" * 65, "reader", PASSWORD, "65 letters"),
        ("ben", "owner", PASSWORD, "no role owner"),
        ("ben", "reader", "too short", "9 letters"),
        ("ben", "reader", "x" * 1_025, "1,025 letters"),
    ):
        with pytest.raises(UsageError, match=told):
            people.add(store, name, role, password)


def test_the_verbs(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*words: object, typed: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return command("--data-dir", settings.data_dir, "people", *words)

    assert ask("add", "mira", "--role", "investigator", typed=PASSWORD + "\n") == 0
    assert ask("add", "ben") == 2
    assert "no password on the standard input" in capsys.readouterr().err
    assert ask("token", "mira", "--name", "nightly") == 0
    token = capsys.readouterr().out.strip()
    assert ask("token", "mira", "--list", "--json") == 0
    shown = capsys.readouterr().out
    assert token not in shown
    assert [row["name"] for row in json.loads(shown)] == ["nightly"]
    assert ask("list") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["role"], row["tokens"]) == ("mira", "investigator", 1)
    assert ask("token", "mira", "--revoke", "1") == 0
    assert ask("password", "mira", typed="another sentence altogether\n") == 0
    with open_store(settings) as store:
        assert people.bearer(store, token) is None
        assert people.sign_in(store, "mira", "another sentence altogether")
    assert ask("remove", "mira") == 0
    assert ask("remove", "mira") == 2
