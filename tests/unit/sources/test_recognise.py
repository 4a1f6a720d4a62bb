"""Every source knows its own example best, and leaves files that are nobody's alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flow_pipeline.domain.errors import Unreadable, UsageError
from flow_pipeline.loading.reading import views_of
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources import discover, edge_list, recognise
from flow_pipeline.sources.evidence import Reading
from flow_pipeline.sources.files import InputFile, look_at
from flow_pipeline.sources.layouts import LAYOUTS
from flow_pipeline.sources.tabular import missing

NAMES = sorted(discover())
ONE, TWO = "0x" + "1" * 40, "0x" + "2" * 40
API_ANSWER = (
    b'{"status": "1", "result": [{"blockNumber": "1", "timeStamp": "1", "hash": "0xaa", "from": "a", "to": "b", '
    b'"value": "1", "isError": "0"}]}'
)


def seen(folder: Path, name: str, content: bytes) -> InputFile:
    """The view of a file that a source knows, else its first one."""
    (folder / name).write_bytes(content)
    file = look_at(folder / name, folder / name)
    assert file is not None
    with duckdb.connect() as connection:
        views = views_of(connection, file, SourceSettings())
    return next((view for view in views if recognise(view)), views[0])


def example(folder: Path, name: str) -> InputFile:
    return seen(folder, *discover()[name].EXAMPLE)


def reading(file: InputFile, settings: SourceSettings, chain: str) -> Reading:
    return Reading(file, settings, chain, lambda expressions, rest: [(0,) * len(expressions)])


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


@pytest.mark.parametrize(
    ("file_name", "content", "expected"),
    [
        ("a.csv", b"from,to,value,timestamp\n", "canonical"),
        ("a.csv", b"Sender;Receiver;Token Amount;Block-Time\n1;2;3;4\n", "canonical"),
        ("a.csv", b"source,target,amount,time\n", None),
        ("a.csv", b"name,city\n", None),
        ("a.csv", b"hash,blockNumber,timeStamp,from,to,value_USD\n", None),
        ("a.csv", b"Txhash,UnixTimestamp,From,To,Quantity,Method\n", "etherscan-export"),
        ("a.csv", b"blockNumber,timeStamp,hash,from,to,tokenID,tokenName\n", "etherscan"),
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


def test_steps_of_an_edge_list_need_a_beginning_and_a_length(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no time of their own"):
        edge_list.plan(reading(example(tmp_path, "edge-list"), SourceSettings(), "ethereum"))


def test_the_chain_of_an_edge_list_is_its_own_unless_its_nodes_are_addresses(tmp_path: Path) -> None:
    given = SourceSettings(time_unit="day", epoch="2025-01-01")
    of_addresses = seen(tmp_path, "a.csv", f"source,target,value,time\n{ONE},{TWO},1,1\n".encode())
    for file, chain in ((example(tmp_path, "edge-list"), "'edge-list'"), (of_addresses, "'polygon'")):
        assert edge_list.plan(reading(file, given, "polygon")).transfers.chain == chain


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    assert missing(seen(tmp_path, "a.csv", b"from,amount,colour\n")) == ["receiver", "time"]
    assert missing(seen(tmp_path, "a.csv", b"name,city\n")) == ["sender", "receiver", "time", "amount"]


def test_every_layout_says_where_its_files_come_from() -> None:
    for layout in LAYOUTS:
        assert layout.origin.endswith("."), layout
        assert layout.columns, layout
        assert (layout.rows == "nothing") == bool(layout.refusal[0]), layout
