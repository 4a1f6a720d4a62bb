"""The watch list: what watched addresses and entities do is told, once, for as long as they are watched."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from flow_pipeline.alerts.ledger import listed as alerts
from flow_pipeline.alerts.ledger import shown
from flow_pipeline.alerts.tip import TipAlert, take
from flow_pipeline.alerts.watchlist import listed, unwatch, watch
from flow_pipeline.domain.errors import NotThere, UsageError
from flow_pipeline.settings import Settings
from tests.conftest import U, V, build, label_file, transfer, write_csv
from tests.worlds import command

W, X = "0x" + "3" * 40, "0x" + "4" * 40
DAY = date(2025, 5, 1)


def watched(settings: Settings) -> list[dict[str, object]]:
    """Alerts of the watch list with their content, first day first."""
    found = alerts(settings, None, "watched", "all", None)[1]
    return sorted((shown(settings, row[0]) for row in found), key=lambda one: str(one["block_date"]))


def test_what_a_watched_address_does_is_told_day_by_day_while_it_is_watched(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    watch(settings, "address", U.upper().replace("0X", "0x"), "rosa", "a theft", first_day=date(2025, 5, 2))
    write_csv(folder / "a.csv", [transfer(1, U, V, 5), transfer(2, V, W, 7, "2025-05-02T10:00:00Z")])
    build(settings, folder)
    assert watched(settings) == []

    write_csv(
        folder / "b.csv", [transfer(3, U, V, 2, "2025-05-02T11:00:00Z"), transfer(4, W, U, 9, "2025-05-02T12:00:00Z")]
    )
    build(settings, folder)
    (told,) = watched(settings)
    assert (told["severity"], told["block_date"], told["status"]) == ("MEDIUM", date(2025, 5, 2), "open")
    assert told["content"]["sent"] == 1
    assert told["content"]["received"] == 1
    assert "(rosa: a theft)" in str(told["title"])

    build(settings, folder)
    assert [one["revision"] for one in watched(settings)] == [1]
    write_csv(folder / "c.csv", [transfer(5, U, W, 1, "2025-05-02T13:00:00Z")])
    build(settings, folder)
    assert [(one["revision"], one["content"]["sent"]) for one in watched(settings)] == [(2, 2)]

    (watch_id,) = [row[0] for row in listed(settings)[1]]
    assert unwatch(settings, watch_id[:6], date(2025, 5, 2)) == watch_id
    write_csv(folder / "d.csv", [transfer(6, U, W, 1, "2025-05-03T13:00:00Z")])
    build(settings, folder)
    assert [(one["revision"], one["change"]) for one in watched(settings)] == [(2, "changed")]
    assert listed(settings)[1] == []
    assert len(listed(settings, every=True)[1]) == 1


def test_what_an_entity_moves_between_its_own_addresses_is_not_told(settings: Settings, tmp_path: Path) -> None:
    labels = label_file(
        tmp_path / "labels.csv",
        [["ethereum", one, "Northbank", "exchange", "", "1", "t", "", ""] for one in (U, V)],
    )
    made = settings.with_changes(labels={"files": (labels,)})
    watch(made, "entity", "northbank", "rosa", "reserves", first_day=DAY)
    folder = tmp_path / "in"
    write_csv(folder / "a.csv", [transfer(1, U, V, 5), transfer(2, V, W, 7), transfer(3, W, X, 7)])
    build(made, folder)
    (told,) = watched(made)
    assert (told["content"]["sent"], told["content"]["received"]) == (1, 0)
    assert str(told["title"]).startswith("watched northbank: sent 1 transfer on 2025-05-01")


def test_what_is_watched_twice_is_one_watch(settings: Settings) -> None:
    first = watch(settings, "entity", "Northbank", "rosa", "one", first_day=date(2025, 5, 2))
    assert watch(settings, "entity", "northbank ", "otto", "two", first_day=date(2025, 5, 9)) == first
    columns, rows = listed(settings)
    assert [(row[columns.index("owner")], row[columns.index("first_day")]) for row in rows] == [
        ("otto", date(2025, 5, 2))
    ]
    with pytest.raises(UsageError, match="needs its reason"):
        watch(settings, "entity", "Northbank", "rosa", " ", first_day=DAY)
    with pytest.raises(NotThere, match="nothing is watched"):
        unwatch(settings, "zzzz", DAY)


def test_the_command_tells_an_address_from_a_name(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--data-dir", settings.data_dir)
    assert command(*where, "watchlist", "add", U, "--reason", "a", "--from", "2025-05-01") == 0
    assert command(*where, "watchlist", "add", "Northbank", "--reason", "b", "--owner", "rosa") == 0
    assert command(*where, "watchlist", "add", "Northbank", "--reason", "b", "--from", "soon") == 2
    capsys.readouterr()
    assert command(*where, "watchlist", "list", "--csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["entity", "address"]


def test_what_nothing_would_ever_be_told_of_is_not_watched(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "in" / "a.csv", [transfer(1, U, V, 5)])
    build(settings, tmp_path / "in")
    where = ("--data-dir", settings.data_dir, "watchlist", "add")
    assert command(*where, "0x1234", "--reason", "mistyped") == 2
    assert "no label names an entity 0x1234" in capsys.readouterr().err
    assert command(*where, U, "--chain", "solana", "--reason", "another chain") == 2
    assert command(*where, "0x" + "9" * 40, "--reason", "not seen yet") == 0
    assert len(listed(settings)[1]) == 1


def test_the_build_confirms_what_the_tip_told_of_a_watched_address(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "a.csv", [transfer(1, V, W, 5)])
    build(settings, folder)
    watch_id = watch(settings, "address", U, "rosa", "a theft", first_day=DAY)
    told = TipAlert(
        rule="watched",
        rule_version="1",
        subject=f"{watch_id}|ethereum|2025-05-02",
        topic="watched",
        chain="ethereum",
        block_date=date(2025, 5, 2),
        severity="MEDIUM",
        title="watched: 1 transfer so far",
        content={"tip": {"said": "1 transfer so far"}},
        source="evm:ethereum",
        block=10,
        finality="final",
    )
    assert take(settings, [told]) == {"new": 1}
    more = [transfer(2, U, V, 2, "2025-05-02T11:00:00Z"), transfer(3, U, W, 2, "2025-05-02T12:00:00Z")]
    write_csv(folder / "b.csv", more)
    build(settings, folder)
    (one,) = watched(settings)
    assert (one["revision"], one["change"], one["finality"]) == (1, "new", None)
    assert one["content"]["sent"] == 2
