"""Looking at a file: its kind and columns from its first bytes, whatever its name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.sources.files import InputFile, json_views, look_at, parsed, plain, sha256_of


def look(folder: Path, content: bytes, name: str = "file") -> InputFile | None:
    (folder / name).write_bytes(content)
    return look_at(folder / name, folder / name)


@pytest.mark.parametrize(
    ("content", "kind", "columns"),
    [
        (b"a,b\n1,2\n", "csv", ("a", "b")),
        (b'\xef\xbb\xbf"a";b\n1;2\n', "csv", ("a", "b")),
        (b"a\tb|c\n", "csv", ("a", "b|c")),
        (b"sep=;\r\na;b,c\r\n", "csv", ("a", "b,c")),
        (b"# exported by hand\n\n// twice\na,b\n", "csv", ("a", "b")),
        (b",a,b\n0,1,2\n", "csv", ("row_number", "a", "b")),
        (b"Account,To,Account,account\n", "csv", ("Account", "To", "Account.1", "account.2")),
        (b'{"a": 1, "b": 2}\n{"a": 1, "c": 3}\n', "jsonl", ()),
        (b'{"a": 1\n{"a": 1, "c": 3}\n', "jsonl", ()),
        (b'{"result": [{"a": 1, "b": 2, "c": 3}]}', "json", ()),
        (b'{"result": [\n{"a": 1, "b": 2, "c": 3}]}', "json", ()),
        (b'[\n {"a": 1,\n  "b": 2, "c": 3}\n]', "json", ()),
        (b"PAR1....", "parquet", ()),
    ],
)
def test_kind_and_columns(tmp_path: Path, content: bytes, kind: str, columns: tuple[str, ...]) -> None:
    file = look(tmp_path, content)
    assert file is not None
    assert (file.kind, file.columns) == (kind, columns)


def test_rows_of_json_lie_in_lists_and_objects(tmp_path: Path) -> None:
    file = InputFile(tmp_path, "json", tmp_path)
    structure = {"id": "V", "result": {"items": [{"hash": "V", "from": {"a/b": "V"}, "in": [{"x": "V"}]}]}}
    views = {view.steps: view for view in json_views(file, structure)}
    assert list(views) == [(), (("/result", False),), (("/result", False), ("/items", True)), *list(views)[3:]]
    rows = views[(("/result", False), ("/items", True))]
    assert rows.pointers == {"hash": "/hash", "from.a/b": "/from/a~1b", "in.0.x": "/in/0/x"}
    assert (rows.columns, rows.lists) == (("hash", "from.a/b", "in.0.x"), ("in",))
    assert next(json_views(file, [{"a": "V"}])).steps == (("", True),)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a": ' + b"9" * 5_000 + b"}", b'{"": {"": 1}}', b"nonsense"])
def test_no_json_is_too_odd_to_look_at(tmp_path: Path, text: bytes) -> None:
    parsed(text)
    look(tmp_path, text)


@pytest.mark.parametrize("content", [b"just some words\n", b"a\x00b,c\n", b"one\ntwo\n", b"a,,c\n1,2,3\n", b"# a,b\n"])
def test_what_is_no_data_file(tmp_path: Path, content: bytes) -> None:
    assert look(tmp_path, content) is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b" \n\n", "the file is empty"),
        ("a.parquet", b"a,b\n", "named as Parquet"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words) as refusal:
        look(tmp_path, content, name)
    assert name in refusal.value.message


def test_columns_are_found_by_any_spelling(tmp_path: Path) -> None:
    file = look(tmp_path, b"Block_Time,FROM ,txHash\n1,2,3,\n")
    assert file is not None
    assert (file.find("timestamp", "blocktime"), file.find("from"), file.find("tx_hash")) == (
        "Block_Time",
        "FROM",
        "txHash",
    )
    assert file.find("to") is None
    assert file.has("from", "tx hash")
    assert not file.has("from", "to")
    assert file.has_trailing_column
    assert file.record == {"Block_Time": "1", "FROM": "2", "txHash": "3"}
    assert file.type_of("FROM") == "VARCHAR"
    assert plain("Block-Time (UTC)") == "blocktimeutc"


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
