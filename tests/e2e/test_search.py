"""Search: what a few letters may mean, the best first, whatever the letters are."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.questions.search import MATCHES, search
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.store import open_published
from tests.conftest import build, label_file, transfer, write_csv
from tests.worlds import address

DESK, COLD, BUSY, QUIET, NOBODY = (f"0xabc{n}{'0' * 32}{n}def" for n in range(5))
PEER = address("peer")
SEGWIT = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
TRANSFERS = [
    *(transfer(n, BUSY, PEER, n, at=f"2025-05-0{n}") for n in range(1, 6)),
    transfer(6, QUIET, DESK, 1),
    transfer(7, DESK, COLD, 1),
    transfer(7, COLD, PEER, 2, index=1),
    transfer(8, NOBODY, PEER, 0),
    transfer(9, QUIET, PEER, 3, chain="polygon"),
    transfer(10, PEER, QUIET, 3, symbol="100%_off"),
    transfer(11, PEER, QUIET, 3, symbol="100abcoff"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("search")
    labels = [
        ["ethereum", DESK, "Desk", "exchange", "hot", 0.9, "a test", "2020-01-01", ""],
        ["ethereum", COLD, "Desk", "exchange", "cold", 0.9, "a test", "2020-01-01", ""],
        ["*", address("late"), "Desktop", "dex", "x", 0.9, "a test", "2020-01-01", ""],
        ["*", address("long"), "Old Desk", "fund", "x", 0.9, "a test", "2020-01-01", ""],
    ]
    write_csv(folder / "in" / "t.csv", TRANSFERS)
    settings = load_settings(folder / "data").with_changes(labels={"files": (label_file(folder / "l.csv", labels),)})
    build(settings, folder / "in")
    return settings


def hits(world: Settings, text: str, limit: int = 20) -> list[dict[str, Any]]:
    with open_published(world) as connection:
        return list(search(connection, text, limit))


def keys(found: list[dict[str, Any]], kind: str) -> list[str]:
    return [hit["key"] for hit in found if hit["kind"] == kind]


def test_addresses_that_begin_so_have_labelled_ones_first_and_then_the_busier(world: Settings) -> None:
    found = [hit for hit in hits(world, "0xABC") if hit["chain"] == "ethereum"]
    assert [hit["key"] for hit in found] == [DESK, COLD, BUSY, QUIET, NOBODY]
    assert [hit["transfers"] for hit in found] == [2, 2, 5, 3, 0]
    assert (found[0]["title"], found[0]["detail"]) == ("Desk", "exchange, 2 transfers")
    assert {hit["match"] for hit in found} == {"prefix"}
    assert [hit["key"] for hit in hits(world, "0xabc", limit=2)] == [DESK, COLD]


def test_an_address_is_found_whole_in_any_case_on_each_of_its_chains_and_by_its_ends(world: Settings) -> None:
    for text in (QUIET, QUIET.upper().replace("X", "x"), f"  {QUIET}\n"):
        found = hits(world, text)
        assert [(hit["chain"], hit["match"]) for hit in found] == [("ethereum", "exact"), ("polygon", "exact")]
    for text in ("0xABC3…3DEF", "0xabc3...3def", "…3def"):
        assert {(hit["key"], hit["match"]) for hit in hits(world, text)} == {(QUIET, "ends")}
    assert hits(world, "0xabc3…4def") == []


def test_names_are_found_whole_then_at_their_begin_then_within(world: Settings) -> None:
    found = hits(world, "dEsK")
    assert [hit["match"] for hit in found] == sorted((hit["match"] for hit in found), key=MATCHES.index)
    assert {(hit["kind"], hit["key"]) for hit in found if hit["match"] == "exact"} == {
        ("entity", "Desk"), ("exchange", "Desk"), ("group", "Desk"),
    }  # fmt: skip
    on = {(hit["key"], hit["match"], hit["chain"]) for hit in found if hit["kind"] == "entity"}
    assert {("Desktop", "prefix", "ethereum"), ("Desktop", "prefix", "polygon"), ("Old Desk", "part", "polygon")} <= on


def test_signs_of_patterns_are_letters(world: Settings) -> None:
    assert keys(hits(world, "100%_"), "token") == ["100%_off"]
    assert set(keys(hits(world, "100"), "token")) == {"100%_off", "100abcoff"}
    for text in ("%%%", "___", "' or '1'='1", "0x%", "a\\b\x00c"):
        assert hits(world, text) == []


def test_a_transaction_is_found_by_its_hash_and_by_how_it_begins(world: Settings) -> None:
    whole = f"0x{7:064x}"
    (found,) = hits(world, whole.upper().replace("X", "x"))
    assert (found["kind"], found["chain"], found["key"], found["match"]) == ("transaction", "ethereum", whole, "exact")
    assert found["detail"] == "2025-05-01 12:00:00 UTC, 2 transfers"
    assert keys(hits(world, "0x00000000"), "transaction")[0] == f"0x{1:064x}"


def test_a_finding_is_found_by_its_id(world: Settings) -> None:
    with open_published(world) as connection:
        row = connection.execute("select finding_id from detection.findings order by 1 limit 1").fetchone()
    if row is None:
        pytest.fail("this world has no finding")
    assert hits(world, row[0].upper())[0]["key"] == row[0]
    assert row[0] in keys(hits(world, row[0][:6]), "finding")


def test_two_letters_are_refused(world: Settings) -> None:
    for text in ("", "  0x ", "0x…", "ab…"):
        with pytest.raises(UsageError, match="too short"):
            hits(world, text)


@budget(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=3, max_size=60) | st.text(string.hexdigits + "x…%_'\"", min_size=3, max_size=70))
def test_whatever_is_typed_is_answered_within_the_limit(world: Settings, text: str) -> None:
    if len("".join(part.strip() for part in text.strip().replace("...", "…").split("…", 1))) < 3:
        return
    found = hits(world, text, limit=3)
    assert len(found) <= 3
    lower = text.strip().lower()
    for hit in found:
        if hit["match"] in ("exact", "prefix"):
            assert hit["key"].lower().startswith(lower) or hit["title"].lower().startswith(lower)
        if hit["match"] == "part":
            assert lower in hit["key"].lower() or lower in hit["title"].lower()


def test_every_address_is_found_by_any_beginning_of_it(world: Settings) -> None:
    with open_published(world) as connection:
        for one in (DESK, COLD, BUSY, QUIET, NOBODY, PEER):
            for length in range(3, len(one) + 1):
                found = search(connection, one[:length], 50)
                assert one in keys(list(found), "address"), one[:length]


def test_addresses_whose_case_counts_are_found_as_they_are_spelled(settings: Settings, tmp_path: Path) -> None:
    old = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
    rows = [transfer(1, old, SEGWIT, 1, symbol="BTC", chain="bitcoin")]
    write_csv(tmp_path / "in" / "t.csv", rows)
    build(settings, tmp_path / "in")
    assert keys(hits(settings, "1BvB"), "address") == [old]
    assert keys(hits(settings, "1bvb"), "address") == []
    assert keys(hits(settings, SEGWIT.upper()[:12]), "address") == [SEGWIT]
