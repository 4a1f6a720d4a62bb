"""Files that change, overlap, repeat or break between runs lose nothing and double nothing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.settings import Settings
from tests.conftest import HEADER, U, V, ask, build, label_file, load_only, transfer, write_csv

W = "0x" + "3" * 40


def hashes_in(settings: Settings) -> list[int]:
    return [
        int(str(row[0]), 16) for row in ask(settings, "SELECT tx_hash FROM raw.transfers ORDER BY 1", is_build=True)
    ]


def at(day: int) -> str:
    return f"2025-05-{day:02d}T12:00:00Z"


def test_overlapping_windows_and_a_change_in_another_file_lose_no_row(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "a.csv", [transfer(1, U, V, 1, at=at(1))])
    write_csv(
        folder / "z.csv",
        [transfer(1, U, V, 1, at=at(1)), transfer(2, U, V, 1, at=at(1)), transfer(3, U, V, 1, at=at(2))],
    )
    load_only(settings, folder, Window.parse("2025-05-01", "2025-05-01"))
    load_only(settings, folder)
    write_csv(folder / "a.csv", [transfer(1, U, V, 1, at=at(1)), transfer(9, U, V, 1, at=at(1))])
    load_only(settings, folder)
    assert hashes_in(settings) == [1, 2, 3, 9]


def test_a_copy_outlives_the_original_it_was_known_by(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "latest.csv", [transfer(1, U, V, 1, at=at(1))])
    load_only(settings, folder)
    (folder / "a-copy.csv").write_bytes((folder / "latest.csv").read_bytes())
    write_csv(folder / "latest.csv", [transfer(2, U, V, 1, at=at(2))])
    load_only(settings, folder)
    assert hashes_in(settings) == [1, 2]


def test_a_file_that_broke_keeps_what_it_had_when_another_changes(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "a.csv", [transfer(1, U, V, 1)])
    write_csv(folder / "b.csv", [transfer(n, U, V, 1) for n in (1, 2, 3)])
    load_only(settings, folder)
    write_csv(folder / "a.csv", [transfer(1, U, V, 1), transfer(9, U, V, 1)])
    (folder / "b.csv").write_bytes(b"")
    report = load_only(settings, folder)
    assert [file.path.name for file in report.refused] == ["b.csv"]
    assert hashes_in(settings) == [1, 2, 3, 9]


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_gzip_is_refused_whole(settings: Settings, tmp_path: Path, damage: str) -> None:
    path = write_csv(tmp_path / "in" / "t.csv.gz", [transfer(n, U, V, n) for n in range(1, 20_000)])
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[len(content) * 9 // 10] ^= 1
    path.write_bytes(bytes(content))
    assert [file.status for file in load_only(settings, tmp_path / "in").files] == ["refused"]
    assert hashes_in(settings) == []


def test_keys_that_appear_late_in_json_are_columns(settings: Settings, tmp_path: Path) -> None:
    plain = {"from": U, "to": V, "timestamp": at(1), "amount": "1", "tx_hash": "0x1"}
    late = {**plain, "tx_hash": "0x2", "token_symbol": "USDC", "token_address": W, "log_index": 5}
    failed = {**plain, "tx_hash": "0x3", "is_error": "1"}
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps({"data": [plain, late, failed]}, indent=1))
    (tmp_path / "in" / "b.jsonl.gz").write_bytes(
        gzip.compress(
            "\n".join(
                json.dumps(row)
                for row in [
                    *({**plain, "tx_hash": f"0x{n:x}"} for n in range(16, 9_000)),
                    {**late, "tx_hash": "0xffff"},
                ]
            ).encode()
        )
    )
    load_only(settings, tmp_path / "in")
    assert ask(
        settings, "SELECT tx_hash, transfer_index FROM raw.transfers WHERE token_symbol = 'USDC' ORDER BY 1", True
    ) == [("0x2", 5), ("0xffff", 5)]
    assert ask(settings, "SELECT reason FROM raw.rejects", True) == [("failed_transaction",)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("is_success", "FALSE"),
        ("isError", "TRUE"),
        ("status", "Failed"),
        ("receipt_status", "0.0"),
        ("txreceipt_status", "0"),
    ],
)
def test_a_failed_transaction_is_none_however_it_is_spelled(
    settings: Settings, tmp_path: Path, column: str, value: str
) -> None:
    write_csv(tmp_path / "in" / "t.csv", [[*transfer(1, U, V, 1), value]], [*HEADER, column])
    assert load_only(settings, tmp_path / "in").files[0].reasons == {"failed_transaction": 1}


def test_a_column_called_source_row_means_nothing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    columns = {
        name: [str(row[i]) for row in [transfer(n, U, V, n, index=0) for n in (1, 2, 3)]]
        for i, name in enumerate(HEADER)
    }
    pq.write_table(pa.table({**columns, "source_row": [1, 1, 2]}), tmp_path / "in" / "t.parquet")
    write_csv(tmp_path / "in" / "a.csv", [transfer(1, U, V, 1)])
    load_only(settings, tmp_path / "in")
    assert hashes_in(settings) == [1, 2, 3]


def test_a_forced_format_must_fit(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])
    report = load_only(settings, tmp_path / "in", options=LoadOptions(format="lpt"))
    assert [file.status for file in report.files] == ["refused"]
    assert "are not those of --format lpt" in report.files[0].notes[0]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["ETH,2025-05-01,10", "eth,2025-05-01,11"], "2 rows for eth 2025-05-01 that differ"),
        (["ETH,2025-05-01,-5"], "usd of eth 2025-05-01 is -5"),
        (["ETH,2025-05-01,nan"], "usd of eth 2025-05-01 is nan"),
    ],
)
def test_a_price_file_has_one_believable_price_a_day(
    settings: Settings, tmp_path: Path, lines: list[str], said: str
) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])
    (tmp_path / "prices.csv").write_text("\n".join(["token,date,usd", *lines]))
    with pytest.raises(UsageError, match=said):
        load_only(settings.with_changes(sources={"prices": tmp_path / "prices.csv"}), tmp_path / "in")


def test_entities_in_any_script_stay_apart(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 100)])
    rows = [
        ["ethereum", address, name, "exchange", name, 0.9, "test", "2020-01-01", ""]
        for address, name in ((U, "币安"), (V, "火币"), (W, "Биржа"))
    ]
    build(settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", rows),)}), tmp_path / "in")
    assert ask(settings, "SELECT from_entity, to_entity, flow_type FROM marts.fct_transfers") == [
        ("币安", "火币", "cross_exchange")
    ]


def test_a_corrected_date_takes_its_days_back(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1, at="2025-09-01")])
    rows = [["ethereum", V, "Mine", "exchange", "x", 0.9, "test", "2020-01-01", ""]]
    settings = settings.with_changes(
        labels={"files": (label_file(tmp_path / "l.csv", rows),)}, quality={"max_collapse": 1.0}
    )
    build(settings, tmp_path / "in")
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1, at="2025-05-01"), transfer(2, U, V, 1, at="2025-05-02")])
    build(settings, tmp_path / "in")
    assert ask(settings, "SELECT count(*), max(block_date)::VARCHAR FROM marts.fct_daily_exchange_netflow") == [
        (2, "2025-05-02")
    ]


def test_exports_belong_to_the_published_run_even_after_a_kill_between_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "in" / "a.csv", [transfer(1, U, V, 1, at=at(1))])
    build(settings, tmp_path / "in")
    write_csv(tmp_path / "in" / "b.csv", [transfer(2, U, V, 1, at=at(2))])
    monkeypatch.setattr("flow_pipeline.pipeline.export_run", lambda settings: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        build(settings, tmp_path / "in")
    monkeypatch.undo()
    build(settings, tmp_path / "in")
    assert at(2)[:10] in (settings.exports_dir / "outflow_by_day.csv").read_text()
