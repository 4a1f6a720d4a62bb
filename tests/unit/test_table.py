"""Tables for people: they fit a terminal, cut nothing, name what has no room, and keep sentences whole."""

from __future__ import annotations

import pytest

from flow_pipeline.cli.tables import Shape, table

HASH = "0x" + "ab12" * 16


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, *given: object) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    table(*given)  # type: ignore[arg-type]
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    return out


def test_a_sentence_stands_under_its_row(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    reason = f"{HASH[:42]} received 506,817,646 USDC from 9 senders within 17.6 h; the sums are even to 0.89."
    columns = ["finding_id", "e_value", "reason"]
    out = shown(capsys, monkeypatch, 100, columns, [["d0f373d6b4567d26", 3.5e-05, reason]])
    assert "d0f373d6b4567d26 3.5e-05" in " ".join(out.splitlines()[3].split())
    assert " ".join(out.split()).endswith(reason)


def test_hashes_are_told_by_their_ends_where_room_is_short(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns, rows = (
        ["time", "amount", "tx_hash", "usd"],
        [["2025-05-01 12:00:00", amount, HASH, None] for amount in (1, 2)],
    )
    assert HASH in shown(capsys, monkeypatch, 110, columns, rows)
    narrow = shown(capsys, monkeypatch, 80, columns, rows)
    assert "2025-05-01 12:00:00" in narrow
    assert f"{HASH[:6]}…{HASH[-4:]}" in narrow
    assert "without a value: usd; addresses and hashes by their ends; --wide shows all" in narrow


def test_what_has_no_room_is_named_and_what_is_the_same_is_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ["key", *(f"column_{n:02d}" for n in range(16)), "chain"]
    rows = [[f"id{m}", *(10**6 + 1_000 * n + m for n in range(16)), "ethereum"] for m in range(3)]
    out = shown(capsys, monkeypatch, 80, columns, rows, "Title", 2, Shape(first=("key", "column_15")))
    assert "in every row: chain ethereum" in out
    assert "id0 1,015,000" in " ".join(out.split())
    said = out[out.index("left out: ") :].replace("\n", " ")
    for n in range(15):
        assert (f"1,{n:03d},000" in out) != (f"column_{n:02d}" in said)
    assert "… and 1 more; --limit shows them" in out


def test_one_row_that_has_no_room_is_a_list(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = [f"column_{n:02d}" for n in range(16)]
    out = shown(capsys, monkeypatch, 80, columns, [[HASH, *range(10**6, 10**6 + 15)]])
    assert "column_15 1,000,014" in out
    assert HASH in out


def test_wide_shows_everything_and_an_empty_answer_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [f"column_{n:02d}" for n in range(16)]
    table(columns, [[HASH] * 16] * 2, shape=Shape(hidden=("column_03",)), wide=True)
    assert capsys.readouterr().out.count(HASH) == 32
    table(columns, [], "Rows")
    assert capsys.readouterr().out == "Rows: none\n"
