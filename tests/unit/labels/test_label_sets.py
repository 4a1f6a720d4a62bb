"""Reading a label set: defaults, aliases, lines that are refused with their reason, duplicates."""

from __future__ import annotations

import bz2
import gzip
import zipfile
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
    COLUMNS,
    PACKS,
    LabelSet,
    fingerprint,
    label_files,
    read_label_set,
)
from flow_pipeline.labels.words import MEANINGS, canonical_entity
from flow_pipeline.loading.labels import read_packed
from flow_pipeline.settings import LabelSettings, Settings

ONE, TWO = "0x" + "1" * 40, "0x" + "2" * 40


def read(folder: Path, *lines: str, name: str = "mine.csv") -> LabelSet:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_label_set(path, LabelSettings())


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


@pytest.mark.parametrize("written", MEANINGS)
def test_every_word_of_the_trade_has_a_category_of_the_list_and_its_risk(tmp_path: Path, written: str) -> None:
    label, meaning = one(tmp_path, category=written.replace("_", " ").upper()), MEANINGS[written]
    assert (label["category"], label["risk_level"]) == meaning
    assert label["category"] in LABEL_CATEGORIES
    if label["category"] != "other":
        assert label["risk_level"] == CATEGORY_RISK.get(label["category"], "LOW")


@pytest.mark.parametrize(
    ("written", "category", "risk"),
    [
        ("Sanctions", "sanctioned", "CRITICAL"), ("OFAC", "sanctioned", "CRITICAL"), ("SDN", "sanctioned", "CRITICAL"),
        ("stolen funds", "exploit", "CRITICAL"), ("Heist", "exploit", "CRITICAL"), ("Ransom", "exploit", "CRITICAL"),
        ("Darknet Markets", "other", "HIGH"), ("fraud-shop", "other", "HIGH"), ("Carding", "other", "HIGH"),
        ("Terrorist financing", "other", "CRITICAL"), ("CSAM", "other", "CRITICAL"), ("gambling", "other", "MEDIUM"),
        ("ponzi", "phishing", "HIGH"), ("Rug Pull", "phishing", "HIGH"), ("exchange_hot_wallet", "exchange", "LOW"),
        ("AMM", "dex", "LOW"), ("tumbler", "mixer", "HIGH"), ("Market Maker", "fund", "LOW"),
        ("payment processor", "contract", "LOW"), ("MEV", "mev_bot", "LOW"), ("validators", "miner", "LOW"),
        ("uniswap; dex", "dex", "LOW"), ("exchange|hack", "exploit", "CRITICAL"),
        ("['scam', 'cex']", "phishing", "HIGH"),
    ],
)  # fmt: skip
def test_what_words_of_the_trade_say(tmp_path: Path, written: str, category: str, risk: str) -> None:
    label = one(tmp_path, category=written)
    assert (label["category"], label["risk_level"]) == (category, risk)
    assert (label["entity_type"] is None) == (category != "other")


def test_words_that_nobody_knows_are_other_and_named_with_their_counts(tmp_path: Path) -> None:
    addresses = [f"0x{n:040x}" for n in range(1, 17)]
    words = ["quango", "quango", "other", *(f"word{n}" for n in range(13))]
    lines = [f"eth,{address},{word}" for address, word in zip(addresses, words, strict=True)]
    found = read(tmp_path, "chain,address,category", *lines)
    assert {label["category"] for label in named(found)} == {"other"}
    (note,) = [note for note in found.notes if "outside the list" in note]
    assert note.startswith("15 labels have a category outside the list: taken as other: quango (2), word0 (1), ")
    assert note.endswith("and 2 more")


def test_a_chain_that_nobody_knows_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, "chain,address", "atlantis,abc", "atlantis,abe", f"eth-mainnet,{ONE}", "0x38," + TWO)
    assert [label["chain"] for label in named(found)] == ["atlantis", "atlantis", "ethereum", "bsc"]
    assert "chains that are not known, whose addresses are not checked: atlantis (2)" in found.notes


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


def test_one_label_set_in_many_wrappings(settings: Settings, tmp_path: Path) -> None:
    text = f"\ufeffChain,Address,Entity\neth,{ONE},Ümit\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    (tmp_path / "b.csv").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "c.dat").write_bytes(bz2.compress(text.encode()))
    (tmp_path / "d.csv").write_bytes(text.encode("utf-16"))
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("inside.csv", text)
    pq.write_table(pa.table({"chain": ["eth"], "address": [ONE], "entity": ["Ümit"]}), tmp_path / "f.parquet")
    for name in ("a.csv", "b.csv", "c.dat", "d.csv", "e.zip", "f.parquet"):
        assert [label["entity"] for label in named(read_packed(tmp_path / name, settings))] == ["Ümit"], name


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"address,entity\nx,y\n", "has no column chain, and none of its 1 addresses says it by its form"),
        ("a.csv", "chain,address\nü,x\n".encode("latin-1"), "can not be read"),
        ("a.csv.gz", gzip.compress(b"chain,address\n" * 100, mtime=0)[:30], "can not be read: the gzip data is broken"),
        ("a.parquet", b"PAR1 and nothing else", "can not be read"),
        ("a.csv", b"who,what\na,b\n", "is no list of labels of a known form"),
        ("a.csv", b" \n", "is empty"),
        ("a.csv.gz", gzip.compress(b"chain,address\n" * 10_000), "unpacks to more than 2,048 bytes"),
        ("a.csv", b"chain,address\n" * 1_000, "has 14,000 bytes, more than 2,048"),
    ],
)
def test_a_file_that_is_no_label_set_is_refused(
    settings: Settings, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=words) as refusal:
        read_packed(tmp_path / name, settings.with_changes(labels={"max_bytes": 2_048}))
    assert str(tmp_path / name) in refusal.value.message
    assert refusal.value.hint


def test_packs_come_first_and_a_missing_file_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "mine.csv"
    with pytest.raises(UsageError, match="does not exist"):
        label_files((own,))
    own.write_text("chain,address\n")
    assert label_files((own,)) == [*sorted(PACKS.glob("*.csv")), own.resolve()]


def test_a_fingerprint_moves_with_content_and_confidence(tmp_path: Path) -> None:
    own = tmp_path / "mine.csv"
    own.write_text("chain,address\n")
    first = fingerprint([own], LabelSettings())
    assert fingerprint([own], LabelSettings()) == first != fingerprint([own], LabelSettings(default_confidence=0.6))
    own.write_text("chain,address,entity\n")
    assert fingerprint([own], LabelSettings()) != first


def test_one_spelling_per_entity() -> None:
    assert [canonical_entity(name) for name in ("huobi", "Mt Gox", "Crypto.Com", "Kraken")] == [
        "HTX", "Mt. Gox", "Crypto.com", "Kraken",
    ]  # fmt: skip
    assert set(RISK_LEVELS) >= set(CATEGORY_RISK.values())
