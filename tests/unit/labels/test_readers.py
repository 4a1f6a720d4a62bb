"""Label lists in the forms that people have: each is known by its content, and what it can not say is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import flow_pipeline.labels.readers as room
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.labels import COLUMNS, LabelSet, read_label_set
from flow_pipeline.labels.checksums import eip55
from flow_pipeline.settings import LabelSettings
from tests.worlds import plugged_in

ONE, TWO = "0x" + "1" * 40, "0x" + "2" * 40
MIXED = eip55("0x" + "abcdef12" * 5)
COIN = "15PggTG7YhJKiE6B16vkKzA1YDTZipXEX4"
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"


def read(folder: Path, name: str, text: str, **given: Any) -> LabelSet:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_label_set(path, LabelSettings(**given))


def taken(found: LabelSet, *names: str) -> list[tuple[Any, ...]]:
    assert found.rejects == []
    return [tuple(row[COLUMNS.index(name)] for name in names) for row in found.rows]


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("blockchain,address,name,category,contributor,source,created_at,updated_at,model_name,label_type",
         f"ethereum,{ONE},Desk,cex,someone,static,2024-01-02 00:00:00.000 UTC,,a_model,identifier"),
        ("chainId;Address;nameTag;label", f"1;{ONE};Desk;exchange"),
        ("network\twallet\towner\ttype", f"eth\t{ONE}\tDesk\tCustodial"),
        ("Chain ID,Account,Entity Name,Labels", f"eip155:1,{ONE},Desk,\"exchange,big\""),
        ("blockchain,address,cex_name,distinct_name,added_by,added_date", f"ethereum,{ONE},Desk,Desk 7,someone,"),
        ("blockchain,address,name,category,model_name", f"ethereum,{ONE},Desk,institution,cex_ethereum"),
    ],
)  # fmt: skip
def test_columns_under_other_names(tmp_path: Path, header: str, line: str) -> None:
    found = read(tmp_path, "whatever.bin", f"{header}\n{line}\n")
    assert taken(found, "chain", "address", "entity", "category") == [("ethereum", ONE, "Desk", "exchange")]
    assert any(note.startswith("columns taken: ") for note in found.notes)


def test_a_file_without_chains_takes_them_from_the_form_and_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, "x.csv", f"address,type\n{ONE},dex\n{COIN},mixer\n{TRON},scam\n{TWO},bridge\nnobody,cex\n")
    assert [row[0] for row in found.rows] == ["*", "bitcoin", "tron", "*"]
    assert [(row, reason) for row, reason, _, _ in found.rejects] == [(5, "bad_label")]
    said = "no chain given: taken by the form of the address: 2 on every EVM chain, 1 on bitcoin, 1 on tron"
    assert said in found.notes


@pytest.mark.parametrize(
    "document",
    [
        {ONE: {"name": "Desk", "labels": ["exchange"]}, TWO: {"name": "Fog", "labels": ["mixer", "fog"]}},
        {"exchange": {ONE: "Desk"}, "mixer": {TWO: "Fog"}},
        {"exchange": [{"address": ONE, "name": "Desk"}], "mixer": [{"address": TWO, "name": "Fog"}]},
        [{"address": ONE, "chainId": 1, "label": "exchange", "nameTag": "Desk"},
         {"address": TWO, "chainId": 1, "label": "mixer", "nameTag": "Fog"}],
        {"result": {"rows": [{"address": ONE, "name": "Desk", "category": "cex"},
                             {"address": TWO, "name": "Fog", "category": "mixer"}]}},
    ],
    ids=["address to labels", "label to names", "label to records", "eth-labels", "answer of an API"],
)  # fmt: skip
@pytest.mark.parametrize("indent", [None, 2])
def test_json_dumps(tmp_path: Path, document: Any, indent: int | None) -> None:
    found = read(tmp_path, "dump.txt", json.dumps(document, indent=indent))
    assert taken(found, "address", "entity", "category") == [(ONE, "Desk", "exchange"), (TWO, "Fog", "mixer")]


def test_json_of_addresses_by_label_and_one_record_a_line(tmp_path: Path) -> None:
    found = read(tmp_path, "a.json", json.dumps({"hack": [ONE], "amm": [TWO]}))
    assert taken(found, "address", "category") == [(ONE, "exploit"), (TWO, "dex")]
    lines = [{"address": ONE, "name": "Desk", "type": "cex"}, {"address": TWO, "name": "Fog", "type": "mixer"}]
    found = read(tmp_path, "b.jsonl", "\n".join(map(json.dumps, lines)))
    assert taken(found, "address", "entity", "category") == [(ONE, "Desk", "exchange"), (TWO, "Fog", "mixer")]
    dumps = [{ONE: {"name": "Desk", "labels": ["cex"]}}, {TWO: {"name": "Fog", "labels": []}}]
    found = read(tmp_path, "c.jsonl", "\n".join(map(json.dumps, dumps)))
    assert taken(found, "address", "entity", "category") == [(ONE, "Desk", "exchange"), (TWO, "Fog", "other")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": {"b": 1}}', "neither records with an address"),
        ('{"a": [1,', "its JSON is broken"),
        ("[" * 100_000, "nested too deeply|broken"),
        ("[1, 2]", "neither records"),
    ],
)
def test_json_that_is_no_list_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(tmp_path, "a.json", text)


TAGPACK = f"""---
title: Some desks
creator: A team
lastmod: 2021-04-21
category: exchange
confidence: service_data
currency: ETH
tags:
  - address: {MIXED}
    label: Desk
    source: https://desk.example/wallets
  - address: {COIN}
    currency: BTC
    label: Fog
    category: mixing_service
    abuse: ransomware
    confidence: ownership
  - address: 0X{"5" * 40}
    network: polygon
    label: Hot
  - label: an actor
"""


def test_a_tagpack_with_defaults_in_its_header_and_addresses_that_stay_text(tmp_path: Path) -> None:
    found = read(tmp_path, "pack", TAGPACK)
    names = ("chain", "address", "entity", "category", "confidence")
    assert taken(found, *names) == [
        ("*", MIXED.lower(), "Desk", "exchange", 0.5),
        ("bitcoin", COIN, "Fog", "exploit", 1.0),
        ("*", "0x" + "5" * 40, "Hot", "exchange", 0.5),
    ]
    assert taken(found, "source")[0] == ("https://desk.example/wallets; TagPack A team",)
    assert str(taken(found, "known_from")[0][0]) == "2021-04-21 00:00:00"
    assert found.notes[:2] == [
        "TagPack Some desks by A team",
        "1 tags name no address (an entity, an actor or a transaction): left out",
    ]


def test_a_tagpack_of_a_list_of_sanctions_is_one_whatever_its_category_says(tmp_path: Path) -> None:
    text = f"title: The OFAC list\ncreator: c\ncategory: user\ntags:\n- address: {COIN}\n  currency: BTC\n"
    found = read(tmp_path, "pack", text)
    assert taken(found, "category", "risk_level") == [("sanctioned", "CRITICAL")]
    assert any("its title says sanctions" in note for note in found.notes)


def test_tags_that_share_an_anchor(tmp_path: Path) -> None:
    text = f"title: t\ncreator: c\nbase: &b\n  category: dex\n  currency: ETH\ntags:\n- <<: *b\n  address: {ONE}\n"
    assert taken(read(tmp_path, "a.yaml", text), "category", "address") == [("dex", ONE)]


@pytest.mark.parametrize(
    ("text", "given", "words"),
    [
        ("title: t\ncreator: c\ntags: {a: 1}\n", {}, "it has no list `tags`"),
        ("title: t\ncreator: c\ntags: [}\n", {}, "its YAML is broken"),
        ("title: t\ncreator: c\ntags: *never\n", {}, "its alias \\*never names nothing|broken"),
        ("title: t\ncreator: c\ntags: " + "[" * 60 + "]" * 60, {}, "nested deeper than 40 levels"),
        ("title: &a t\ncreator: c\ntags: [" + "*a, " * 20 + "]", {"max_aliases": 10}, "more than 10 times"),
    ],
)
def test_yaml_beyond_what_a_list_needs_is_refused(tmp_path: Path, text: str, given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(tmp_path, "a.yaml", text, **given)


def test_yaml_builds_no_objects(tmp_path: Path) -> None:
    text = f"title: !!python/object/apply:os.getcwd []\ncreator: c\ntags:\n- address: {ONE}\n  label: !!int 7\n"
    assert taken(read(tmp_path, "a.yaml", text), "entity") == [("7",)]


SDN = f"""<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="http://tempuri.org/sdnList.xsd">
 <publshInformation><Publish_Date>03/04/2024</Publish_Date><Record_Count>2</Record_Count></publshInformation>
 <sdnEntry><uid>11</uid><firstName>Ann</firstName><lastName>EXAMPLE</lastName><sdnType>Individual</sdnType>
  <programList><program>CYBER2</program></programList>
  <idList><id><uid>1</uid><idType>Passport</idType><idNumber>X1</idNumber></id>
   <id><uid>2</uid><idType>Digital Currency Address - XBT</idType><idNumber>{COIN}</idNumber></id>
   <id><uid>3</uid><idType>Digital Currency Address - ETH</idType><idNumber>{MIXED}</idNumber></id></idList></sdnEntry>
 <sdnEntry><uid>12</uid><lastName>NOBODY</lastName></sdnEntry>
</sdnList>"""

ADVANCED = f"""<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="http://www.un.org/sanctions/1.0">
 <DateOfIssue CalendarTypeID="1"><Year>2024</Year><Month>3</Month><Day>4</Day></DateOfIssue>
 <ReferenceValueSets><FeatureTypeValues>
  <FeatureType ID="344" FeatureTypeGroupID="1">Digital Currency Address - XBT</FeatureType>
  <FeatureType ID="992" FeatureTypeGroupID="1">Digital Currency Address - USDT</FeatureType>
  <FeatureType ID="8" FeatureTypeGroupID="1">Birthdate</FeatureType></FeatureTypeValues></ReferenceValueSets>
 <DistinctParties><DistinctParty FixedRef="21"><Profile ID="21"><Identity ID="1" Primary="true">
  <Alias Primary="true"><DocumentedName><DocumentedNamePart><NamePartValue>EXAMPLE</NamePartValue></DocumentedNamePart>
  <DocumentedNamePart><NamePartValue>Ann</NamePartValue></DocumentedNamePart></DocumentedName></Alias></Identity>
  <Feature ID="5" FeatureTypeID="344"><FeatureVersion ID="6"><VersionDetail DetailTypeID="1432">{COIN}</VersionDetail>
  </FeatureVersion></Feature>
  <Feature ID="7" FeatureTypeID="992"><FeatureVersion ID="8"><VersionDetail DetailTypeID="1432">{TRON}</VersionDetail>
  </FeatureVersion></Feature></Profile></DistinctParty></DistinctParties>
 <SanctionsEntries><SanctionsEntry ID="9" ProfileID="21" ListID="1550"><EntryEvent ID="1"><Date CalendarTypeID="1">
  <Year>2018</Year><Month>11</Month><Day>28</Day></Date></EntryEvent>
  <SanctionsMeasure ID="2"><Comment>CYBER2</Comment></SanctionsMeasure></SanctionsEntry></SanctionsEntries>
</Sanctions>"""

CSV = (
    '7,"SOMEBODY","individual","NPWMD",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'
    f'11,"EXAMPLE, Ann","individual","CYBER2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 1 Jan 1970; Digital Currency '
    f'Address - XBT {COIN}; alt. Digital Currency Address - ETH {MIXED}; Passport X1."\n'
)


def test_the_three_files_of_ofac_say_who_and_from_the_list_of_which_day(tmp_path: Path) -> None:
    names = ("chain", "address", "category", "risk_level", "confidence", "source", "entity")
    of_list = ("sanctioned", "CRITICAL", 1.0, "OFAC SDN list of 2024-03-04")
    for name, text, who in (("sdn.xml", SDN, "Ann EXAMPLE"), ("sdn_20240304.csv", CSV, "EXAMPLE, Ann")):
        found = read(tmp_path, name, text)
        assert taken(found, *names) == [("bitcoin", COIN, *of_list, who), ("*", MIXED.lower(), *of_list, who)]
        assert {str(known)[:10] for (known,) in taken(found, "known_from")} == {"2024-03-04"}
        assert taken(found, "note")[0] == ("SDN 11 CYBER2",)
    found = read(tmp_path, "list.bin", ADVANCED)
    assert taken(found, *names) == [
        ("bitcoin", COIN, *of_list, "EXAMPLE Ann"),
        ("tron", TRON, *of_list, "EXAMPLE Ann"),
    ]
    assert {str(known)[:10] for (known,) in taken(found, "known_from")} == {"2018-11-28"}
    assert taken(found, "note")[0] == ("SDN 21 CYBER2",)


def test_a_list_without_a_day_says_so(tmp_path: Path) -> None:
    (note, *_) = read(tmp_path, "sdn.csv", CSV).notes
    assert note.startswith("OFAC SDN: 2 digital currency addresses, a list that names no day")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><sdnList>&a;</sdnList>', "declares a document type or entities"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><sdnList/>', "declares a document type"),
        ("<html><body/></html>", "it is XML of <html>"),
        ("<sdnList><sdnEntry></sdnList>", "its XML is broken"),
        ("<sdnList>", "its XML is broken"),
        ("<sdnList>" + "<a>" * 50, "nested deeper than 40 levels"),
    ],
)
def test_xml_beyond_what_a_list_needs_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refusal:
        read(tmp_path, "sdn.xml", text)
    assert refusal.value.hint


def test_a_plain_list_has_to_say_what_it_is(tmp_path: Path) -> None:
    text = f"# a comment\naddress\n{ONE}\n{COIN}\n"
    with pytest.raises(UsageError, match="does not say what they are") as refusal:
        read(tmp_path, "list.txt", text)
    assert "--label-category" in refusal.value.hint
    found = read(tmp_path, "list.txt", text, default_category="exploit")
    assert taken(found, "chain", "address", "category", "risk_level") == [
        ("*", ONE, "exploit", "CRITICAL"),
        ("bitcoin", COIN, "exploit", "CRITICAL"),
    ]
    for name in ("my_OFAC_list.txt", "sanctioned_addresses_ETH.txt", "sdn-eth.txt"):
        found = read(tmp_path, name, text)
        assert taken(found, "category") == [("sanctioned",)] * 2
        assert "no category: taken as sanctioned, by the file's name" in found.notes
    assert taken(read(tmp_path, "cex-wallets.txt", text), "category") == [("exchange",)] * 2
    assert taken(read(tmp_path, "a.json", json.dumps([ONE]), default_category="dex"), "category") == [("dex",)]


def test_a_coin_in_the_name_stands_for_addresses_whose_form_says_nothing(tmp_path: Path) -> None:
    ripple = "rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY"
    found = read(tmp_path, "sanctioned_addresses_XRP.txt", f"{ripple}\n{ONE}\n")
    assert taken(found, "chain", "address") == [("ripple", ripple), ("*", ONE)]
    assert any("by the form of the address, else by XRP in the file's name: " in note for note in found.notes)


def test_a_reader_is_one_file_and_refused_when_it_lacks_something(tmp_path: Path) -> None:
    text = (
        "from flow_pipeline.labels.readers import Found\n"
        "NAME, RANK, SAYS = 'knots', 1, 'knots'\n"
        "def recognise(content): return content.text.startswith('knot ')\n"
        f"def read(content): return Found([{{'address': '{ONE}', 'category': 'dex'}}], names={{'category'}})\n"
    )
    with plugged_in(room, tmp_path, "knots", text, room.discover):
        assert taken(read(tmp_path, "x", "knot one"), "address", "category") == [(ONE, "dex")]
    with (
        plugged_in(room, tmp_path / "no", "bare", "NAME = 'bare'\n", room.discover),
        pytest.raises(FlowError, match="is no reader of labels: it has no RANK"),
    ):
        room.discover()
