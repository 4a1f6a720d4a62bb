"""Group files: what they may say, what is refused by name, and addresses that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.tracing.groups import TYPES, GroupFile, read_groups

ONE, TWO = "0x" + "1" * 40, "0x" + "2" * 40
MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
"""The first example of EIP-55."""
GENESIS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"


def read(folder: Path, text: str, name: str = "groups.yaml") -> GroupFile:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_groups(path)


def test_a_whole_group(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f"""
        heist:
          name: The heist
          type: exploit
          risk_level: critical
          is_destination: false
          addresses: ['{ONE}', '{MIXED}', {GENESIS}, BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ, '{ONE}']
        """,
    )
    (group,) = found.groups
    assert (group.group_id, group.name, group.type, group.risk_level) == ("heist", "The heist", "EXPLOIT", "CRITICAL")
    assert (group.is_source, group.is_destination) == (True, False)
    assert group.addresses == (ONE, MIXED.lower(), GENESIS, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
    assert (found.rejects, found.notes) == ([], [])


def test_json_with_the_other_spellings_is_read_too(tmp_path: Path) -> None:
    text = '{"desk": {"riskLevel": "HIGH", "isSource": false, "addresses": {"%s": "cold", "%s": {"note": 1}}}}'
    (group,) = read(tmp_path, text % (ONE, TWO), "groups.json").groups
    assert (group.name, group.type, group.risk_level) == ("desk", "OTHER", "HIGH")
    assert (group.is_source, group.is_destination) == (False, True)
    assert group.addresses == (ONE, TWO)


def test_hexadecimal_digits_without_quotes_are_an_address(tmp_path: Path) -> None:
    assert read(tmp_path, f"a:\n  addresses: [0x{'0' * 38}2a]\n").groups[0].addresses == ("0x" + "0" * 38 + "2a",)


def test_addresses_that_are_none_are_rejected_by_their_place_in_the_file(tmp_path: Path) -> None:
    wrong = MIXED.replace("5aA", "5AA")
    found = read(
        tmp_path, f"a:\n  addresses: ['{ONE}', '0x12']\nb:\n  addresses: ['{wrong}', '{GENESIS[:-1]}b', '{TWO}']\n"
    )
    assert [(row, reason, text) for row, reason, _, text in found.rejects] == [
        (2, "bad_checksum", "0x12"), (3, "bad_checksum", wrong), (4, "bad_checksum", GENESIS[:-1] + "b"),
    ]  # fmt: skip
    assert [message.split(" ", 3)[3] for _, _, message, _ in found.rejects] == [
        "is no address of 20 bytes", "fails EIP-55", "fails Base58Check and Bech32",
    ]  # fmt: skip
    assert ([group.addresses for group in found.groups], found.read) == ([(ONE,), (TWO,)], 5)


def test_what_a_reader_should_know_is_noted(tmp_path: Path) -> None:
    found = read(tmp_path, f"a:\n  addresses: ['{ONE}']\nb:\n  addresses: ['{ONE}']\nc:\n  type: mixer\n")
    assert found.notes == [
        f"{ONE} is in a and in b: the riskier one counts",
        "group c has no usable address",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n- b\n", "holds no groups"),
        ("", "holds no groups"),
        ("a: [1, 2\n", "neither YAML nor JSON"),
        ("a: 5\n", "group a of .* is no mapping"),
        ("a:\n  adresses: []\n", "group a of .*: there is no key adresses"),
        ("a:\n  type: casino\n", "group a of .*: there is no type CASINO"),
        ("a:\n  risk_level: severe\n", "group a of .*: there is no risk level SEVERE"),
        ("a:\n  is_source: 'no thanks'\n", 'group a of .*: is_source is "no thanks"'),
    ],
)
def test_a_file_that_says_something_else_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refusal:
        read(tmp_path, text)
    assert refusal.value.hint


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_groups(tmp_path / "groups.yaml")


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_taken_in_either_case(tmp_path: Path, kind: str) -> None:
    assert read(tmp_path, f"a:\n  type: {kind.lower()}\n").groups[0].type == kind
