"""Reading a label set: defaults, aliases, lines that are refused with their reason, duplicates."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.chains import ZERO_ADDRESS
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.vocabulary import CATEGORY_RISK, LABEL_CATEGORIES, RISK_LEVELS
from flow_pipeline.labels import (
    CATEGORY_ALIASES,
    COLUMNS,
    PACKS,
    LabelSet,
    canonical_entity,
    fingerprint,
    label_files,
    read_label_set,
)

ONE, TWO = "0x" + "1" * 40, "0x" + "2" * 40


def read(folder: Path, *lines: str, name: str = "mine.csv") -> LabelSet:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_label_set(path, 0.5)


def named(found: LabelSet) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in found.rows]


def one(folder: Path, **given: str) -> dict[str, Any]:
    """The label of one line, whose chain and address need not be given."""
    line = {"chain": "ethereum", "address": ONE} | given
    found = read(folder, ",".join(line), ",".join(line.values()))
    assert found.rejects == []
    return named(found)[0]


def test_a_line_of_chain_and_address_alone_takes_the_defaults(tmp_path: Path) -> None:
    found = read(tmp_path, "chain,address", f"ETH,{ONE}")
    (label,) = named(found)
    assert (label["chain"], label["address"], label["entity"], label["category"]) == ("ethereum", ONE, ONE, "other")
    assert (label["confidence"], label["valid_from"], label["risk_level"]) == (0.5, None, "LOW")
    assert label["source"] == label["label_set"] == "mine.csv"
    assert found.notes == ["no column confidence: taken as 0.5", "no column valid_from: taken as always"]


def test_a_whole_line(tmp_path: Path) -> None:
    label = one(
        tmp_path, entity="Okex", category="CEX", label="hot 1", confidence="0.9", source="a book", regions="sg;ID|sg",
        risk_level="high", valid_from="2025-01-01T02:00:00+02:00", valid_to="2025-02-01", known_from="always",
        is_source="no", is_destination="1", note="seen", licence="MIT",
    )  # fmt: skip
    assert (label["entity"], label["category"], label["label"], label["source"]) == (
        "OKX",
        "exchange",
        "hot 1",
        "a book",
    )
    assert (label["regions"], label["risk_level"], label["confidence"]) == (["ID", "SG"], "HIGH", 0.9)
    assert (label["valid_from"], label["valid_to"], label["known_from"]) == (
        datetime(2025, 1, 1),
        datetime(2025, 2, 1),
        None,
    )
    assert (label["is_source"], label["is_destination"], label["note"], label["licence"]) == (
        False,
        True,
        "seen",
        "MIT",
    )


@pytest.mark.parametrize(
    ("written", "category"), [*CATEGORY_ALIASES.items(), *((word, word) for word in LABEL_CATEGORIES)]
)
def test_categories_and_their_aliases(tmp_path: Path, written: str, category: str) -> None:
    label = one(tmp_path, category=written.upper())
    assert label["category"] == category
    assert label["risk_level"] == CATEGORY_RISK.get(category, "LOW")
    assert label["is_source"] == (category not in ("burn", "other"))


def test_a_category_outside_the_list_is_other_and_noted(tmp_path: Path) -> None:
    found = read(tmp_path, "chain,address,category", f"eth,{ONE},casino", f"eth,{TWO},other")
    assert [label["category"] for label in named(found)] == ["other", "other"]
    assert "1 labels have a category outside the list: taken as other" in found.notes


def test_nobody_owns_the_zero_address(tmp_path: Path) -> None:
    label = one(tmp_path, address=ZERO_ADDRESS, entity="Binance", category="exchange")
    assert (label["entity"], label["category"]) == ("Burn", "burn")


@pytest.mark.parametrize(
    ("line", "reason", "words"),
    [
        (f",{ONE},,,,,,", "bad_label", "chain or address is empty"),
        ("eth,,,,,,,", "bad_label", "chain or address is empty"),
        ("eth,0x12,,,,,,", "bad_label", "0x12 is no ethereum address"),
        (f"eth,0x{'g' * 40},,,,,,", "bad_label", "is no ethereum address"),
        ("eth,0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed,,,,,,", "bad_checksum", "fails its EIP-55 checksum"),
        ("*,0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed,,,,,,", "bad_checksum", "fails its EIP-55 checksum"),
        ("btc,1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb,,,,,,", "bad_checksum", "fails its Base58Check or Bech32 checksum"),
        ("tron,T A,,,,,,", "bad_label", "T A is no address"),
        (f"eth,{ONE},sure,,,,,", "bad_label", "could not convert string to float"),
        (f"eth,{ONE},1.1,,,,,", "bad_label", "confidence 1.1 lies outside 0 to 1"),
        (f"eth,{ONE},nan,,,,,", "bad_label", "confidence nan lies outside 0 to 1"),
        (f"eth,{ONE},,someday,,,,", "bad_label", "Invalid isoformat string"),
        (f"eth,{ONE},,2025-02-01,2025-02-01,,,", "bad_label", "does not lie after valid_from"),
        (f"eth,{ONE},,,,severe,,", "bad_label", "risk_level SEVERE is none of LOW, MEDIUM, HIGH, CRITICAL"),
        (f"eth,{ONE},,,,,Indonesia,", "bad_label", "regions Indonesia are no ISO-3166 codes"),
        (f"eth,{ONE},,,,,,maybe", "bad_label", "'maybe' is neither true nor false"),
    ],
)  # fmt: skip
def test_a_refused_line_has_its_number_and_reason_and_the_rest_is_read(
    tmp_path: Path, line: str, reason: str, words: str
) -> None:
    header = "chain,address,confidence,valid_from,valid_to,risk_level,regions,is_source"
    found = read(tmp_path, header, f"eth,{TWO},,,,,,", line)
    ((row, why, message, text),) = found.rejects
    assert (row, why) == (2, reason)
    assert words in message
    assert "'chain'" in text
    assert (found.read, [label["address"] for label in named(found)]) == (2, [TWO])


def test_a_line_seen_again_counts_as_duplicate_and_another_label_of_the_address_does_not(tmp_path: Path) -> None:
    found = read(
        tmp_path, "chain,address,entity", f"eth,{ONE},A", f"ethereum,{ONE.upper().replace('X', 'x')},A", f"eth,{ONE},B"
    )
    assert (found.duplicates, [label["entity"] for label in named(found)]) == (1, ["A", "B"])


def test_one_label_set_in_three_wrappings(tmp_path: Path) -> None:
    text = f"\ufeffChain,Address,Entity\neth,{ONE},Ümit\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    (tmp_path / "b.csv").write_bytes(gzip.compress(text.encode()))
    pq.write_table(pa.table({"chain": ["eth"], "address": [ONE], "entity": ["Ümit"]}), tmp_path / "c.parquet")
    entities = [named(read_label_set(tmp_path / name, 0.5))[0]["entity"] for name in ("a.csv", "b.csv", "c.parquet")]
    assert entities == ["Ümit"] * 3


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"address,entity\nx,y\n", "has no column chain"),
        ("a.csv", "chain,address\nü,x\n".encode("latin-1"), "can not be read"),
        ("a.csv.gz", gzip.compress(b"chain,address\n" * 100, mtime=0)[:30], "can not be read"),
        ("a.parquet", b"PAR1 and nothing else", "can not be read"),
    ],
)
def test_a_file_that_is_no_label_set_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=words):
        read_label_set(tmp_path / name, 0.5)


def test_packs_come_first_and_a_missing_file_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "mine.csv"
    with pytest.raises(UsageError, match="does not exist"):
        label_files((own,))
    own.write_text("chain,address\n")
    assert label_files((own,)) == [*sorted(PACKS.glob("*.csv")), own.resolve()]


def test_a_fingerprint_moves_with_content_and_confidence(tmp_path: Path) -> None:
    own = tmp_path / "mine.csv"
    own.write_text("chain,address\n")
    first = fingerprint([own], 0.5)
    assert fingerprint([own], 0.5) == first != fingerprint([own], 0.6)
    own.write_text("chain,address,entity\n")
    assert fingerprint([own], 0.5) != first


def test_one_spelling_per_entity() -> None:
    assert [canonical_entity(name) for name in ("huobi", "Mt Gox", "Crypto.Com", "Kraken")] == [
        "HTX", "Mt. Gox", "Crypto.com", "Kraken",
    ]  # fmt: skip
    assert set(RISK_LEVELS) >= set(CATEGORY_RISK.values())
