"""Tables for people: they fit a terminal, lose no column without a word, and keep sentences whole."""

from __future__ import annotations

import pytest

from flow_pipeline.cli.common import table

HASH = "0x" + "ab12" * 16


def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, *given: object) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    table(*given)  # type: ignore[arg-type]
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    return out


def test_a_sentence_stands_under_its_row(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    reason = f"{HASH[:42]} received 506,817,646 USDC from 9 senders within 17.6 h; the sums are even to 0.89."
    out = shown(monkeypatch, capsys, 100, ["finding_id", "e_value", "reason"], [["d0f373d6b4567d26", 3.5e-05, reason]])
    lines = out.splitlines()
    assert "d0f373d6b4567d26 3.5e-05" in " ".join(lines[3].split())
    assert " ".join(out.split()).endswith(reason)


def test_what_does_not_fit_is_shortened_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    columns, row = ["time", "amount", "tx_hash", "usd"], ["2025-05-01 12:00:00", 12.5, HASH, None]
    whole = shown(monkeypatch, capsys, 110, columns, [row])
    assert HASH in whole
    narrow = shown(monkeypatch, capsys, 80, columns, [row])
    assert "2025-05-01 12:00:00" in narrow
    assert f"{HASH[:8]}…{HASH[-6:]}" in narrow
    assert "without a value: usd; shortened to fit" in narrow


def test_too_many_columns_stand_row_by_row(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    columns = [f"column_{n:02d}" for n in range(16)]
    out = shown(monkeypatch, capsys, 80, columns, [[HASH, *range(10**6, 10**6 + 15)]] * 3, "Title", 2)
    assert out.count("column_15 1,000,014") == 2
    assert HASH in out.replace("\n", "")
    assert "… and 1 more; --limit shows them" in out
