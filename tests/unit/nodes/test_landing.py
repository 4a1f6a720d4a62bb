"""Landing files: whole or not there, never changed, the same bytes for the same rows, and a proof that finds faults."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.nodes import LOGS, TRANSFERS, Block
from flow_pipeline.nodes.landing import LANDED, Landed, faults, gaps, landed, plan_of, write_landing
from flow_pipeline.settings import Settings
from tests.conftest import ROOT, ask, load_only
from tests.liar import block_hash


def block(number: int) -> Block:
    return Block(number, block_hash(number), block_hash(number - 1), (1_746_057_600 + 12 * number) * 1_000_000)


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "block_number": number,
        "block_timestamp": datetime(2025, 5, 1, 0, 0, number),
        "tx_hash": f"0x{number:064x}",
        "from_address": "0x" + "1" * 40,
        "to_address": "0x" + "2" * 40,
        "token_address": "0x" + "c" * 40,
        "amount": Decimal("1.000000000000000001"),
        "block_hash": block_hash(number),
        **changes,
    }


def table(*numbers: int, schema: pa.Schema = LOGS, **changes: Any) -> pa.Table:
    return pa.Table.from_pylist([row(number, **changes) for number in numbers], schema=schema)


def test_a_file_says_of_which_blocks_it_is(tmp_path: Path) -> None:
    path = write_landing(tmp_path, "ethereum", "evm-1", table(3, 4), [block(n) for n in (2, 3, 4, 9)])
    assert path == tmp_path / "ethereum" / "evm-1" / "000000000002-000000000009.parquet"
    assert landed(path.parent) == [Landed(path, block(2), block(9), 2)]
    found = pq.read_table(path, partitioning=None)
    assert found.schema.equals(LANDED)
    assert found["parent_hash"].to_pylist() == [block_hash(2), block_hash(3)]
    assert set(found["chain"].to_pylist()) == {"ethereum"}


def test_hashes_come_from_the_blocks_where_the_rows_have_none(tmp_path: Path) -> None:
    path = write_landing(tmp_path, "ethereum", "x", table(3, schema=TRANSFERS), [block(3)])
    found = pq.read_table(path, partitioning=None)
    assert found["block_hash"].to_pylist() == [block_hash(3)]


def test_the_same_rows_are_the_same_bytes_also_elsewhere(tmp_path: Path) -> None:
    one = write_landing(tmp_path / "a", "ethereum", "x", table(1, 2), [block(1), block(2)])
    mark = one.stat().st_mtime_ns
    assert write_landing(tmp_path / "a", "ethereum", "x", table(1, 2), [block(2), block(1)]) == one
    assert one.stat().st_mtime_ns == mark
    pq.write_table(table(1, 2), tmp_path / "rows.parquet", compression="gzip", row_group_size=1)
    script = (
        "from pathlib import Path; import pyarrow.parquet as pq; from flow_pipeline.nodes import Block; "
        "from flow_pipeline.nodes.landing import write_landing; "
        f"rows = pq.read_table({str(tmp_path / 'rows.parquet')!r}); "
        f"write_landing(Path({str(tmp_path / 'b')!r}), 'ethereum', 'x', rows, {[block(1), block(2)]!r})"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, env={**os.environ, "TZ": "Asia/Tokyo"})
    assert (tmp_path / "b" / one.relative_to(tmp_path / "a")).read_bytes() == one.read_bytes()


def test_other_rows_never_take_the_place_of_a_file(tmp_path: Path) -> None:
    path = write_landing(tmp_path, "ethereum", "x", table(1), [block(1)])
    before = path.read_bytes()
    for other, ends in ((table(1, amount=Decimal(2)), [block(1)]), (table(1), [Block(1, "0xother", None, 0)])):
        with pytest.raises(FlowError, match="holds other transfers than were given for the same blocks"):
            write_landing(tmp_path, "ethereum", "x", other, ends)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == [path]


def test_a_file_of_another_writer_with_the_same_rows_is_the_same(tmp_path: Path) -> None:
    path = write_landing(tmp_path, "ethereum", "x", table(1), [block(1)])
    marks = pq.read_metadata(path).metadata
    found = pq.read_table(path, partitioning=None)
    with pq.ParquetWriter(path, LANDED, compression="none", store_schema=False) as writer:
        writer.write_table(found)
        writer.add_key_value_metadata(marks)
    assert write_landing(tmp_path, "ethereum", "x", table(1), [block(1)]) == path


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "_plan", "A"])
def test_names_stay_within_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="can not be the name of a folder"):
        write_landing(tmp_path, "ethereum", name, table(1), [block(1)])
    with pytest.raises(UsageError, match="can not be the name of a folder"):
        write_landing(tmp_path, name, "x", table(1), [block(1)])


def files(*ranges: tuple[int, int], **changes: Block) -> list[Landed]:
    return [Landed(Path(f"{first}"), block(first), block(last), 0) for first, last in ranges]


def test_gaps_are_what_no_file_holds() -> None:
    held = files((10, 19), (20, 29), (40, 49))
    assert gaps(held, 0, 60) == [(0, 9), (30, 39), (50, 60)]
    assert gaps(held, 12, 25) == []
    assert gaps(held, 25, 35) == [(30, 35)]
    assert gaps(held, 41, 45) == []
    assert gaps([], 5, 5) == [(5, 5)]


def test_the_proof_finds_gaps_and_strangers() -> None:
    assert faults(files((0, 9), (10, 19)), 0, 19) == []
    assert faults(files((0, 9), (20, 29)), 0, 29) == ["blocks 10 to 19 are missing"]
    stranger = Landed(Path("x"), Block(10, "0xa", "0xother", 0), block(19), 0)
    assert "block 10 is no child of block 9" in faults([*files((0, 9)), stranger], 0, 19)[0]
    silent = Landed(Path("x"), Block(10, "", None, 0), block(19), 0)
    assert faults([*files((0, 9)), silent], 0, 19) == []


def test_a_file_that_is_cut_or_overlaps_is_told(tmp_path: Path) -> None:
    path = write_landing(tmp_path, "ethereum", "x", table(1), [block(1), block(5)])
    write_landing(tmp_path, "ethereum", "x", table(5), [block(5), block(9)])
    with pytest.raises(FlowError, match="both hold block 5"):
        landed(path.parent)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FlowError, match="is no landing file, or was cut short"):
        landed(path.parent)


def test_a_folder_is_of_one_question_and_one_process(tmp_path: Path) -> None:
    (tmp_path / ".000-001.parquet.abcd").write_bytes(b"left by a process that was killed")
    with plan_of(tmp_path, {"tokens": ["a"]}):
        assert not list(tmp_path.glob(".*"))
        with pytest.raises(FlowError, match="another process fetches into"), plan_of(tmp_path, {"tokens": ["a"]}):
            pass
    with pytest.raises(FlowError, match="tells of another question"), plan_of(tmp_path, {"tokens": ["b"]}):
        pass
    with plan_of(tmp_path, {"tokens": ["a"]}):
        pass


def test_the_load_takes_every_column_as_it_stands(settings: Settings) -> None:
    rows = pa.Table.from_pylist(
        [
            row(1, transfer_index=3, transaction_index=2, token_symbol="TUSD", amount_usd=Decimal("1.5")),
            row(2, amount=None),
            row(3, token_address=None, token_symbol="ETH"),
            row(4, amount=Decimal(10) ** 18),
        ],
        schema=LOGS,
    )
    write_landing(settings.landing, "ethereum", "x", rows, [block(n) for n in (1, 2, 3, 4)])
    write_landing(settings.landing, "ethereum", "empty", LOGS.empty_table(), [block(1), block(4)])
    report = load_only(settings.with_changes(sources={"recursive": True, "chain": "bsc"}), settings.landing)
    assert {file.status: file.reasons for file in report.files if file.rows_read} == {
        "loaded": {"amount_out_of_range": 1}
    }
    assert [(file.format, file.rows_read, file.is_truncation_suspected) for file in report.files if file.rows_read] == [
        ("landing", 4, False)
    ]
    empty = [file for file in report.files if not file.rows_read]
    assert [(file.status, file.format) for file in empty] == [("loaded", "landing")]
    found = ask(
        settings,
        "select chain, block_number, transaction_index, transfer_index, token_symbol, amount, amount_usd "
        "from raw.transfers order by block_number",
        is_build=True,
    )
    unit = Decimal("1.000000000000000001")
    assert found == [
        ("ethereum", 1, 2, 3, "TUSD", unit, Decimal("1.5")),
        ("ethereum", 2, None, None, None, None, None),
        ("ethereum", 3, None, None, "ETH", unit, None),
    ]
