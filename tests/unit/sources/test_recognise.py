"""Every source knows its own example best, and leaves files that are nobody's alone."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import Unreadable, UsageError
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources import discover, edge_list, recognise
from flow_pipeline.sources.files import InputFile, look_at

NAMES = sorted(discover())
ONE, TWO = "0x" + "1" * 40, "0x" + "2" * 40
API_ANSWER = (
    b'{"status": "1", "result": [{"blockNumber": "1", "timeStamp": "1", "hash": "0xaa", "from": "a", "to": "b", '
    b'"value": "1", "isError": "0"}]}'
)


def seen(folder: Path, name: str, content: bytes) -> InputFile:
    (folder / name).write_bytes(content)
    file = look_at(folder / name)
    assert file is not None
    return file


def example(folder: Path, name: str) -> InputFile:
    return seen(folder, *discover()[name].EXAMPLE)


@pytest.mark.parametrize("name", NAMES)
def test_a_source_knows_its_example_better_than_any_other(name: str, tmp_path: Path) -> None:
    file = example(tmp_path, name)
    scores = {other: source.recognise(file) for other, source in discover().items()}
    assert scores[name] > 0
    assert [other for other in scores if scores[other] >= scores[name]] == [name]
    found = recognise(file)
    assert found is discover()[name]
    assert name == found.NAME
    assert found.SHAPE


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_known_packed_too(name: str, tmp_path: Path) -> None:
    file_name, content = discover()[name].EXAMPLE
    found = recognise(seen(tmp_path, f"{file_name}.gz", gzip.compress(content)))
    assert found is discover()[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_source_says_how_its_example_reads(name: str, tmp_path: Path) -> None:
    given = SourceSettings(time_unit="day", epoch="2025-01-01")
    plan = discover()[name].plan(example(tmp_path, name), given, "ethereum")
    fields = plan.transfers
    assert all((fields.chain, fields.timestamp, fields.from_address, fields.to_address, fields.amount.value))


@pytest.mark.parametrize(
    ("file_name", "content", "expected"),
    [
        ("a.csv", b"from,to,value,timestamp\n", "canonical"),
        ("a.csv", b"Sender;Receiver;Token Amount;Block-Time\n1;2;3;4\n", "canonical"),
        ("a.csv", b"source,target,amount,time\n", None),
        ("a.csv", b"name,city\n", None),
        ("a.csv", b"hash,blockNumber,timeStamp,from,to,value_USD\n", None),
        ("a.csv", b"hash,blockNumber,timeStamp,from,to,value_LPT\n", "lpt"),
        ("a.csv", b"blockNumber,timeStamp,hash,from,to,value\n", "canonical"),
        ("a.csv", b"blockNumber,timeStamp,hash,from,to,value,isError\n", "etherscan"),
        ("a.json", API_ANSWER, "etherscan"),
        ("a.jsonl", b'{"wallet": "a", "txs": []}\n{"wallet": "b", "txs": []}\n', "netrascan"),
        ("a.jsonl", b'{"hash": "aa", "inputs": [], "outputs": []}\n' * 2, "bitcoin"),
    ],
)  # fmt: skip
def test_files_by_their_columns(file_name: str, content: bytes, expected: str | None, tmp_path: Path) -> None:
    found = recognise(seen(tmp_path, file_name, content))
    assert (found.NAME if found else None) == expected


def test_the_format_that_is_given_wins_where_it_fits(tmp_path: Path) -> None:
    file = example(tmp_path, "etherscan")
    found = recognise(file, "canonical")
    assert found is not None
    assert found.NAME == "canonical"
    with pytest.raises(Unreadable, match="are not those of --format bitcoin"):
        recognise(file, "bitcoin")
    with pytest.raises(UsageError, match="--format excel: there is no such format"):
        recognise(file, "excel")


def test_two_that_fit_equally_well_are_a_question_to_the_user(tmp_path: Path) -> None:
    columns = "hash,blockNumber,timeStamp,from,to,value,isError,value_LPT"
    with pytest.raises(UsageError, match="looks like both lpt and etherscan"):
        recognise(seen(tmp_path, "a.csv", f"{columns}\n".encode()))


def test_steps_of_an_edge_list_need_a_beginning_and_a_length(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no time of their own"):
        edge_list.plan(example(tmp_path, "edge-list"), SourceSettings(), "ethereum")


def test_the_chain_of_an_edge_list_is_its_own_unless_its_nodes_are_addresses(tmp_path: Path) -> None:
    given = SourceSettings(time_unit="day", epoch="2025-01-01")
    of_addresses = seen(tmp_path, "a.csv", f"source,target,value,time\n{ONE},{TWO},1,1\n".encode())
    assert edge_list.plan(example(tmp_path, "edge-list"), given, "polygon").transfers.chain == "'edge-list'"
    assert edge_list.plan(of_addresses, given, "polygon").transfers.chain == "'polygon'"


def test_a_parquet_file_is_known_by_the_columns_it_is_given(tmp_path: Path) -> None:
    pq.write_table(pa.table({"source": [1], "target": [2], "value": [1.0], "time": [3]}), tmp_path / "a.parquet")
    file = look_at(tmp_path / "a.parquet")
    assert file == InputFile(tmp_path / "a.parquet", "parquet"), "its columns are read by the engine"
    found = recognise(InputFile(file.path, "parquet", columns=("source", "target", "value", "time")))
    assert found is not None
    assert found.NAME == "edge-list"
