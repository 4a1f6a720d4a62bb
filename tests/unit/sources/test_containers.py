"""Containers are known by their first bytes and undone whole, or refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.sources.containers import container_of, unpacked

TEXT = "a,b\n1,2\nü,3\n" * 1_000


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, TEXT)
    return out.getvalue()


def zstd() -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(TEXT.encode())
    return bytes(out.getvalue())


PACKED = {
    "gzip": gzip.compress(TEXT.encode()),
    "bzip2": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zstd": zstd(),
    "zip": zipped("a.csv", "__MACOSX/._a.csv"),
    "utf-16": TEXT.encode("utf-16"),
}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_comes_out_whole_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    path, scratch = tmp_path / "file", tmp_path / "scratch"
    path.write_bytes(PACKED[name])
    assert container_of(path) == name
    with unpacked(path, scratch, 1 << 20) as content:
        assert content.read_text(encoding="utf-8") == TEXT
    assert list(scratch.iterdir()) == []


def test_utf_16_inside_a_container_comes_out_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(gzip.compress(TEXT.encode("utf-16")))
    with unpacked(tmp_path / "file", tmp_path, 1 << 20) as content:
        assert content.read_text(encoding="utf-8") == TEXT


def test_a_plain_file_is_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(TEXT)
    with unpacked(tmp_path / "file", tmp_path / "scratch", 10) as content:
        assert content == tmp_path / "file"


@pytest.mark.parametrize("name", [name for name in PACKED if name != "utf-16"])
def test_what_is_cut_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(PACKED[name][: len(PACKED[name]) * 2 // 3])
    with pytest.raises(Unreadable, match="broken or locked"), unpacked(tmp_path / "file", tmp_path, 1 << 20):
        pass


def test_a_bomb_and_an_archive_of_several_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(gzip.compress(b"0" * 10_000_000))
    with pytest.raises(Unreadable, match="unpacks to more than"), unpacked(tmp_path / "bomb", tmp_path, 1 << 20):
        pass
    (tmp_path / "two").write_bytes(zipped("a.csv", "b.csv"))
    with pytest.raises(Unreadable, match="an archive of 2 files"), unpacked(tmp_path / "two", tmp_path, 1 << 20):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"bomb", "two"}
