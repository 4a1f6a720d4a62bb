"""Whatever stands in a file: every row is accounted for, nothing crashes, and the good file beside it is whole."""

from __future__ import annotations

import csv
import io
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from flow_pipeline.settings import load_settings
from flow_pipeline.sources import discover
from tests.conftest import ask, load_only, transfer, write_csv

ROWS = int(os.environ.get("FUZZED_ROWS", "20"))
"""Rows per file."""
FILES = 6
"""Files per format and seed."""
ODD = [
    "", " ", "null", "NaN", "None", "-", "0", "-0", "-1", "1e400", "1e-400", "1e18", "1.5E+18", "Infinity", "0x",
    "0xzz", "0x" + "f" * 64, "9" * 40, "9" * 400, "0." + "0" * 30 + "1", "1,5", "1.234,5", "1,234.5", "1.234.567",
    "1 000", "$5",
    "٣", "²", "１２", "\u200b1", "a\u0301", "\ud7ff", "=1+1", "'; drop table raw.loads; --", "${x}", "{0}", "%s", "\\",
    "2024-02-30", "2024-01-01T25:00:00", "1969-12-31", "9999-12-31", "-62135596800", "99999999999999999999",
    "2024-01-01 00:00:00 Mars/Phobos", "2024-01-01 00:00:00 Asia/Tokyo", "05/06/2024", "31.12.2024", "Jan-01-2024",
    "true", "FALSE", "maybe", "[1]", '{"a":1}', "transfer", "Approval", "x" * 5_000, "0x" + "1" * 40, "T" * 34,
]  # fmt: skip
GOOD = [transfer(n, "0x" + "1" * 40, "0x" + "2" * 40, n) for n in range(1, 6)]


def mutated(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    """An example with many rows whose values are odd here and there; and its rows, where they can be counted."""
    share = rng.choice([0.0, 0.01, 0.1, 0.5])
    if content.startswith(b"PAR1"):
        return content, None  # its values have types; what may go wrong is damage
    if content.lstrip()[:1] in b"{[":
        return _mutated_json(content, rng, share), None
    text = content.decode()
    delimiter = "\t" if "\t" in text else ","
    header, *rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=rng.choice(["\n", "\r\n"]))
    writer.writerow(header)
    for _ in range(ROWS):
        writer.writerow([rng.choice(ODD) if rng.random() < share else value for value in rng.choice(rows)])
    return out.getvalue().encode(), ROWS


def _mutated_json(content: bytes, rng: random.Random, share: float) -> bytes:
    documents = [json.loads(line) for line in content.splitlines() if line.strip()]
    many = [_odd(rng.choice(documents), rng, share) for _ in range(max(2, ROWS // 4))]
    if rng.random() < 0.5:
        return "\n".join(json.dumps(one) for one in many).encode()
    return json.dumps(many if rng.random() < 0.5 else many[0], indent=rng.choice([None, 1])).encode()


def _odd(value: Any, rng: random.Random, share: float) -> Any:
    if isinstance(value, dict):
        kept = {key: _odd(item, rng, share) for key, item in value.items() if rng.random() >= share / 10}
        return {**kept, rng.choice(["", '"', "a.b", "/", "~"]): 1} if rng.random() < share / 10 else kept
    if isinstance(value, list):
        return [_odd(item, rng, share) for item in value for _ in range(rng.choice([1, 1, 2]))]
    if rng.random() < share:
        return rng.choice([*ODD, None, True, -1, 1e300, 10**30, [], {}, [1], {"a": {"b": 1}}])
    return value


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The bytes with some of them replaced, cut or put in."""
    data = bytearray(content)
    for _ in range(rng.choice([0, 0, 1, 20])):
        at = rng.randrange(len(data) or 1)
        data[at : at + rng.choice([0, 1, 5])] = rng.choice([b"\x00", b"\xff\xfe", b'"', b"\n", b"\r", b"{", b",", b""])
    return bytes(data)


@pytest.mark.parametrize("seed", range(int(os.environ.get("FUZZED_SEEDS", "1"))))
@pytest.mark.parametrize("name", sorted(discover()))
def test_every_row_is_accounted_for(tmp_path: Path, name: str, seed: int) -> None:
    rng = random.Random(f"{name} {seed}")
    file_name, example = discover()[name].EXAMPLE
    expected: dict[str, int | None] = {}
    for n in range(FILES):
        content, rows = mutated(example, rng)
        whole = damaged(content, rng)
        path = tmp_path / "in" / f"{n}-{file_name}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(whole)
        expected[path.name] = rows if whole == content else None
    write_csv(tmp_path / "in" / "zgood.csv", GOOD)
    settings = load_settings(tmp_path / "data").with_changes(sources={"time_unit": "day", "epoch": "2025-01-01"})
    report = load_only(settings, tmp_path / "in")
    for file in report.files:
        assert file.status in ("loaded", "refused", "skipped", "known"), file
        assert file.status == "loaded" or file.notes, file
        assert "Error" not in " ".join(file.notes).replace("Conversion Error: Malformed JSON", ""), file
        assert file.rows_read == file.rows_loaded + file.rows_duplicate + file.rows_rejected, file
        assert min(file.rows_loaded, file.rows_duplicate, file.rows_rejected) >= 0, file
        if file.status == "loaded" and expected.get(file.path.name) is not None:
            assert file.rows_read == expected[file.path.name], file
    good = "select count(*) from raw.transfers where source_file like '%zgood.csv'"
    assert ask(settings, good, is_build=True) == [(5,)]
