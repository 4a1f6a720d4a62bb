"""OFAC's list of Specially Designated Nationals: sdn.xml, sdn_advanced.xml, and the remarks of sdn.csv.

XML is read with the parser of the standard library and no more of it than a list needs: no document type, no entity of
its own, no file from outside, a bounded depth. A record is dropped when it was looked at.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime
from xml.etree import ElementTree
from xml.parsers import expat

from flow_pipeline.labels.addresses import chain_of_coin
from flow_pipeline.labels.readers import Content, Found

NAME, RANK = "sdn", 10
SAYS = "OFAC's sdn.xml, sdn_advanced.xml and sdn.csv"

_COIN = re.compile(r"Digital Currency Address\s*-\s*([A-Za-z0-9]+)")
_IN_REMARKS = re.compile(_COIN.pattern + r"[\s:]+([0-9A-Za-z:]{20,112})")
_RECORDS = ("sdnEntry", "publshInformation", "DateOfIssue", "FeatureType", "DistinctParty", "SanctionsEntry")
"""Elements that are looked at one by one; others hold them or say nothing of an address."""
_CHUNK = 1 << 20
_NULL = "-0-"


def recognise(content: Content) -> bool:
    """XML, which no other list is, or the remarks or the nulls of sdn.csv."""
    text = content.sample.lstrip("\ufeff \t\r\n")
    return text.startswith("<") or bool(_IN_REMARKS.search(text)) or _is_sdn_csv(text)


def read(content: Content) -> Found:
    """Every digital currency address of the list, with whose it is and the day of the list.

    Raises:
        UsageError: it is broken, another XML, or tries what no list needs.
    """
    if not content.sample.lstrip("\ufeff \t\r\n").startswith("<"):
        return _found(_from_csv(content), _day_in(content.path.name), content)
    records, day = _from_xml(content)
    return _found(records, day or _day_in(content.path.name), content)


def _found(records: list[dict[str, str]], day: date | None, content: Content) -> Found:
    """Records with what all of a list share: category, confidence, source with the list's day."""
    source = f"OFAC SDN list of {day}" if day else "OFAC SDN list"
    for record in records:
        record["source"] = source
        record["confidence"] = str(content.settings.sanctions_confidence)
        record["known_from"] = record.get("known_from") or (str(day) if day else "")
        record["category"] = "sanctioned"
    said = f"the list of {day}" if day else "a list that names no day: put it into the file's name, sdn_2026-01-31.csv"
    names = {"chain", "address", "entity", "category", "confidence", "source"}
    return Found(records, [f"OFAC SDN: {len(records):,} digital currency addresses, {said}"], names)


def _day_in(name: str) -> date | None:
    """A day in a file's name: `sdn_2026-01-31.csv`, `sdn20260131.xml`."""
    for year, month, day in re.findall(r"(20\d\d)[-_]?(\d\d)[-_]?(\d\d)", name):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def _record(coin: str, address: str, entity: str, uid: str, programme: str) -> dict[str, str]:
    return {
        "chain": chain_of_coin(coin, address),
        "address": address,
        "entity": entity,
        "label": f"{entity} ({coin})",
        "entity_type": "sanctioned",
        "note": " ".join(part for part in (f"SDN {uid}" if uid else "", programme) if part),
    }


def _is_sdn_csv(text: str) -> bool:
    """Rows of twelve fields that begin with a number and write nothing as -0-."""
    rows = list(csv.reader(text.splitlines()[:20]))
    fitting = [row for row in rows if len(row) == 12 and row[0].strip().isdigit()]
    return bool(fitting) and len(fitting) >= 0.8 * len(rows) and any(_NULL in field for field in fitting[0])


def _from_csv(content: Content) -> list[dict[str, str]]:
    records = []
    try:
        for row in csv.reader(io.StringIO(content.text, newline="")):
            fields = [field.strip() for field in row]
            for coin, address in _IN_REMARKS.findall(" ".join(fields)):
                name = fields[1] if len(fields) > 2 else ""
                programme = fields[3] if len(fields) > 3 and fields[3] != _NULL else ""
                records.append(_record(coin, address, name, fields[0] if fields[0].isdigit() else "", programme))
    except csv.Error as error:
        raise content.unreadable(str(error)) from None
    return records


def _from_xml(content: Content) -> tuple[list[dict[str, str]], date | None]:
    """Addresses and the list's day, of either form."""
    records: list[dict[str, str]] = []
    coins: dict[str, str] = {}
    by_profile: dict[str, list[dict[str, str]]] = {}
    day: date | None = None
    for element in elements(content):
        if element.tag == "publshInformation":
            day = _american_day(_text(element, "Publish_Date"))
        elif element.tag == "DateOfIssue":
            day = _day_of(element)
        elif element.tag == "FeatureType":
            found = _COIN.search(element.text or "")
            if found:
                coins[element.get("ID", "")] = found[1]
        elif element.tag == "sdnEntry":
            records += _of_entry(element)
        elif element.tag == "DistinctParty":
            party = _of_party(element, coins)
            records += party
            for profile in element.iter("Profile"):
                by_profile.setdefault(profile.get("ID", ""), []).extend(party)
        elif element.tag == "SanctionsEntry":
            for record in by_profile.get(element.get("ProfileID", ""), ()):
                _enter(record, element)
    return records, day


def _of_entry(entry: ElementTree.Element) -> list[dict[str, str]]:
    """sdn.xml: ids of an entry whose type is a coin's."""
    name = " ".join(part for part in (_text(entry, "firstName"), _text(entry, "lastName")) if part)
    programme = ", ".join(found.text or "" for found in entry.iter("program"))
    records = []
    for one in entry.iter("id"):
        coin = _COIN.search(_text(one, "idType"))
        if coin:
            records.append(_record(coin[1], _text(one, "idNumber"), name, _text(entry, "uid"), programme))
    return records


def _of_party(party: ElementTree.Element, coins: dict[str, str]) -> list[dict[str, str]]:
    """sdn_advanced.xml: features of a party whose type is a coin's."""
    records = []
    for feature in party.iter("Feature"):
        coin = coins.get(feature.get("FeatureTypeID", ""))
        for detail in feature.iter("VersionDetail") if coin else ():
            if coin and detail.text:
                records.append(_record(coin, detail.text.strip(), _name(party), party.get("FixedRef", ""), ""))
    return records


def _name(party: ElementTree.Element) -> str:
    """The name of the party's first alias that is primary, else of its first."""
    aliases = list(party.iter("Alias"))
    chosen = next((alias for alias in aliases if alias.get("Primary") == "true"), aliases[0] if aliases else None)
    if chosen is None:
        return ""
    first = next(chosen.iter("DocumentedName"), chosen)
    return " ".join((part.text or "").strip() for part in first.iter("NamePartValue"))


def _enter(record: dict[str, str], entry: ElementTree.Element) -> None:
    """The day on which a party was entered, and the programmes it was entered under."""
    event = next(entry.iter("EntryEvent"), None)
    when = next(event.iter("Date"), None) if event is not None else None
    entered = _day_of(when) if when is not None else None
    if entered:
        record["known_from"] = str(entered)
    programmes = [_text(measure, "Comment") for measure in entry.iter("SanctionsMeasure")]
    record["note"] = " ".join([record["note"], *(name for name in programmes if name)])


def _text(element: ElementTree.Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _day_of(element: ElementTree.Element) -> date | None:
    try:
        return date(*(int(_text(element, part)) for part in ("Year", "Month", "Day")))
    except ValueError:
        return None


def _american_day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()
    except ValueError:
        return None


def elements(content: Content) -> Iterator[ElementTree.Element]:
    """The records of an XML list one after the other, names without their namespace.

    Raises:
        UsageError: it is broken, another XML, declares a document type or an entity, or is nested too deeply.
    """
    parsing = _Parsing(content)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.buffer_text = True
    parser.StartElementHandler = parsing.start
    parser.EndElementHandler = parsing.end
    parser.CharacterDataHandler = parsing.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parsing.refuse
    for place in range(0, len(content.data) + 1, _CHUNK):
        try:
            parser.Parse(content.data[place : place + _CHUNK], place + _CHUNK > len(content.data))
        except expat.ExpatError as error:
            raise content.unreadable(f"its XML is broken: {error}") from None
        yield from parsing.finished
        parsing.finished.clear()


class _Parsing:
    """Elements of the records, built as their tags open and close."""

    def __init__(self, content: Content) -> None:
        self._content, self._depth = content, 0
        self._builder: ElementTree.TreeBuilder | None = None
        self._opened = 0
        self.finished: list[ElementTree.Element] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """A tag opens."""
        tag = name.rpartition(" ")[2]
        if self._depth == 0 and tag not in ("sdnList", "Sanctions"):
            raise self._content.unreadable(
                f"it is XML of <{tag}>",
                "of XML, OFAC's sdn.xml (<sdnList>) and sdn_advanced.xml (<Sanctions>) are read",
            )
        self._depth += 1
        if self._depth > self._content.settings.max_depth:
            raise self._content.unreadable(
                f"it is nested deeper than {self._content.settings.max_depth} levels", "raise labels.max_depth"
            )
        if self._builder is None and tag in _RECORDS:
            self._builder, self._opened = ElementTree.TreeBuilder(), self._depth
        if self._builder is not None:
            self._builder.start(tag, attributes)

    def data(self, text: str) -> None:
        """Text between tags."""
        if self._builder is not None:
            self._builder.data(text)

    def end(self, name: str) -> None:
        """A tag closes."""
        if self._builder is not None:
            self._builder.end(name.rpartition(" ")[2])
            if self._depth == self._opened:
                self.finished.append(self._builder.close())
                self._builder = None
        self._depth -= 1

    def refuse(self, *_: object) -> None:
        """A document type or an entity is declared."""
        raise self._content.unreadable(
            "its XML declares a document type or entities, which lists do not need and attacks do",
            "fetch it from OFAC, whose files declare none",
        )
