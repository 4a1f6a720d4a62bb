"""One decision per column, from all of its values: what form they have, and what in the file says so.

A source asks for a decision (`of_amounts`, `of_times`, `of_statuses`, …); it is measured by one aggregate over the
column, answered with the SQL that reads the column in that form, and written down as a `Decision`. What the values
leave open is decided by a setting, or the file is refused with the setting's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import available_timezones

from flow_pipeline.domain.chains import CHAINS, canonical_chain, is_known_chain
from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources import vocabulary as words
from flow_pipeline.sources.fields import integer_of, literal, quoted, text_of
from flow_pipeline.sources.files import InputFile

TOO_WIDE = "DECIMAL of more than 38 digits"
"""Type of a column whose numbers DuckDB does not read right."""
Measure = Callable[[Sequence[str], str], list[tuple[Any, ...]]]
"""Runs a SELECT list, and what follows FROM the file's rows, over them."""


@dataclass(frozen=True)
class Decision:
    """How a field is read: of which column, as what, and why."""

    field: str
    column: str
    reads_as: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.field} ← {self.column}: {self.reads_as} ({self.evidence})"


@dataclass(frozen=True)
class Texts:
    """What one cheap look tells of all texts of a column; it spares most of the others.

    Attributes:
        shortest: Length of the shortest text in characters, 0 where there is none.
        longest: Length of the longest.
        least: The first in order, empty where there is none.
    """

    shortest: int
    longest: int
    least: str


@dataclass
class Reading:
    """A file while it is being understood: its columns, the settings in force, and what was decided so far.

    Attributes:
        file: The file.
        settings: How files are read.
        chain: Chain of rows that do not name theirs.
        is_chain_given: True when the user said so, not a default.
        measure: Runs an aggregate over the rows of the file.
        decisions: What was decided, in order.
        notes: What the load report must say.
        used: Column per field, as it is read.
        named: Expressions that have become columns.
        plain_numbers: Whether every text of a column is a number as it stands, for the columns looked at.
        seen_texts: What is known of all texts of a column, for the columns looked at.
    """

    file: InputFile
    settings: SourceSettings
    chain: str
    measure: Measure
    is_chain_given: bool = False
    decisions: list[Decision] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    used: dict[str, str] = field(default_factory=dict)
    plain_numbers: dict[str, bool] = field(default_factory=dict)
    seen_texts: dict[str, Texts] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)

    def name(self, expression: str) -> str:
        """A column that holds an expression: what is used many times is planned and computed once."""
        name = f"_read_{len(self.named) + 1}"
        self.named[name] = expression
        return quoted(name)

    def relation(self, rows: str, used_in: str | None = None) -> str:
        """The rows of the file with the columns that were named; later ones may use earlier ones.

        Args:
            rows: The rows of the file, as they stand after FROM.
            used_in: SQL whose columns suffice; None for every one. A lookup costs a join, also where nobody reads it.
        """
        wanted: list[str] = []
        text = used_in
        for name in reversed(self.named):
            if text is None or quoted(name) in text:
                wanted.insert(0, name)
                text = None if text is None else text + self.named[name]
        for name in wanted:
            rows = f"(select *, {self.named[name]} as {quoted(name)} from {rows})"
        return rows

    def decide(self, name: str, column: str, reads_as: str, evidence: str) -> None:
        """Write a decision down."""
        self.decisions.append(Decision(name, column, reads_as, evidence))

    def one(self, *expressions: str) -> tuple[Any, ...]:
        """One row of aggregates over the file; counts of nothing are 0."""
        counted = [f"coalesce({one}, 0)" if one.startswith("count") else one for one in expressions]
        return self.measure(counted, "")[0]

    def distinct(self, expression: str, most: int = 1_000) -> list[str]:
        """Distinct texts of an expression, the commonest first; NULL is none."""
        rows = self.measure([f"{expression} as word", "count(*)"], f"group by word order by 2 desc, 1 limit {most + 1}")
        return [str(word).replace("\x00", "\ufffd") for word, _ in rows if word is not None]

    def refuse(self, why: str, hint: str) -> Unreadable:
        """The refusal of the file."""
        return Unreadable(f"{self.file.path}: {why}", hint)


# ------------------------------------------------------------------------------------------------ numbers


@dataclass(frozen=True)
class NumberForm:
    """How the numbers of a text column are written: the sign before decimals, and signs that only group digits.

    Where a unit stands beside each number, `unit` is its word in lower case, empty for a sign of money.
    """

    decimal: str = "."
    groups: str = ""
    has_unit: bool = False
    unit: str = ""

    def plain(self, text: str) -> str:
        """SQL of the number with a point before its decimals and nothing between its digits or after them."""
        if self.has_unit:
            text = f"regexp_replace({text}, '^[$€£]\\s*|(\\d)\\s*[A-Za-z$€£][A-Za-z0-9.]*$', '\\1')"
        if self.groups:
            text = f"regexp_replace({text}, '[{self.groups}]', '', 'g')"
        return f"replace({text}, ',', '.')" if self.decimal == "," else text

    @property
    def words(self) -> str:
        """The form in words."""
        decimal = "a decimal comma" if self.decimal == "," else "a decimal point"
        return decimal + (", digits in groups" if self.groups else "")


_SPACES = r"\s\x{00A0}\x{2009}\x{202F}''_"


def of_numbers(reading: Reading, column: str, name: str = "amount") -> NumberForm:
    """The form of a text column's numbers, from all of them.

    Raises:
        Unreadable: they are written in two forms, or could be read in two and no setting says which.
    """
    text = text_of(reading.file, column)
    if are_plain_numbers(reading, column):
        return _point_of_plain_numbers(reading, column, text, name)
    numbers, units = reading.one(
        f"count({text})",
        f"count_if(regexp_full_match({text}, '([$€£]\\s*)?[+-]?[0-9.,]+(\\s+[A-Za-z$€£][A-Za-z0-9.]*)?'))",
    )
    has_unit = bool(units and units == numbers and reading.one(f"count_if(regexp_matches({text}, '[A-Za-z$€£]'))")[0])
    if has_unit:
        unit = _unit_beside(reading, column, text)
        reading.decide(name, column, f"a unit beside each number{f' ({unit})' if unit else ''}", f"{units} values")
        text = NumberForm(has_unit=True).plain(text)
        return replace(_form_of_text(reading, column, text, name), has_unit=True, unit=unit)
    return _form_of_text(reading, column, text, name)


def _unit_beside(reading: Reading, column: str, text: str) -> str:
    """The one unit beside the numbers of a column, in lower case; empty for a sign of money.

    Raises:
        Unreadable: there are several, or one that is neither coins nor their smallest unit.
    """
    units = [one for one in reading.distinct(f"lower(regexp_extract({text}, '[A-Za-z$€£][A-Za-z0-9.]*'))") if one]
    if len(units) > 1 or units[0] in words.PARTS_OF_COINS:
        raise reading.refuse(
            f"column {column} counts in {_some(units)}",
            "export it again as numbers of one unit: coins, or base units with NETRAFLOW_SOURCES__VALUE_UNIT=base",
        )
    return units[0] if units[0].isalnum() else ""


def _form_of_text(reading: Reading, column: str, text: str, name: str) -> NumberForm:
    commas, spaced = reading.one(
        f"count_if(contains({text}, ','))", f"count_if(regexp_matches({text}, '\\d[{_SPACES}]+\\d'))"
    )
    spaces = _SPACES if spaced else ""
    if not commas:
        many_points = reading.one(f"count_if(regexp_full_match({text}, '[+-]?\\d{{1,3}}(\\.\\d{{3}}){{2,}}'))")[0]
        if not many_points:
            return NumberForm(".", spaces)
        reading.decide(name, column, "points between groups of digits", f"{many_points} values like 1.234.567")
        return NumberForm(",", f"{spaces}.")
    bare = f"regexp_replace({text}, '[{_SPACES}]', '', 'g')"
    point_last, comma_last, no_group, many_groups, leading_zero, point_fractions = reading.one(
        f"count_if(regexp_matches({bare}, ',.*\\.'))",
        f"count_if(regexp_matches({bare}, '\\..*,'))",
        f"count_if(contains({bare}, ',') and not contains({bare}, '.') "
        f"and not regexp_full_match({bare}, '[+-]?\\d{{1,3}}(,\\d{{2,3}})*,\\d{{3}}'))",
        f"count_if(regexp_matches({bare}, ',.*,'))",
        f"count_if(regexp_matches({bare}, '^[+-]?0,'))",
        f"count_if(regexp_matches({bare}, '^[+-]?\\d*\\.\\d+$') "
        f"and not regexp_full_match({bare}, '[+-]?[1-9]\\d{{0,2}}\\.\\d{{3}}'))",
    )
    of_point = point_last + many_groups + point_fractions
    of_comma = comma_last + no_group + leading_zero
    told = reading.settings.decimal_mark
    if told != "auto":
        decimal = "," if told == "comma" else "."
        evidence = f"sources.decimal_mark = {told}"
    elif of_point and of_comma:
        raise reading.refuse(
            f"column {column} writes numbers in two forms: {of_comma} values with a decimal comma, {of_point} with a "
            "decimal point",
            "export it again in one form, or say which with NETRAFLOW_SOURCES__DECIMAL_MARK=point or comma",
        )
    elif of_comma:
        decimal, evidence = ",", f"{of_comma} values can be read in no other way"
    elif of_point:
        decimal, evidence = ".", f"{of_point} values can be read in no other way"
    elif (of_file := _mark_of_other_columns(reading, column)) is not None:
        decimal, evidence = of_file
    else:
        raise reading.refuse(
            f"column {column} has {commas} values like 1,234: one and a quarter thousand, or a little over one?",
            "say which with NETRAFLOW_SOURCES__DECIMAL_MARK=point (1,234 is 1234) or comma (1,234 is 1.234)",
        )
    form = NumberForm(decimal, spaces + ("." if decimal == "," else ","))
    reading.decide(name, column, form.words, evidence)
    return form


def _point_of_plain_numbers(reading: Reading, column: str, text: str, name: str) -> NumberForm:
    """A point is one, but in a file of semicolons whose every fraction has three digits: there it may group them."""
    if reading.file.kind != "csv" or reading.file.delimiter not in ";\t":
        return NumberForm()
    points, threes = reading.one(
        f"count_if(contains({text}, '.'))", f"count_if(regexp_full_match({text}, '[+-]?[1-9]\\d{{0,2}}\\.\\d{{3}}'))"
    )
    if not points or points != threes:
        return NumberForm()
    told, mark = reading.settings.decimal_mark, _mark_of_other_columns(reading, column)
    if told == "auto" and mark is None:
        raise reading.refuse(
            f"column {column} has {threes} values like 1.234: one and a quarter thousand, or a little over one?",
            "say which with NETRAFLOW_SOURCES__DECIMAL_MARK=point (1.234 is 1.234) or comma (1.234 is 1234)",
        )
    decimal, evidence = mark if mark and told == "auto" else ({"comma": ","}.get(told, "."), "sources.decimal_mark")
    form = NumberForm(decimal, "." if decimal == "," else "")
    reading.decide(name, column, form.words, evidence)
    return form


def are_plain_numbers(reading: Reading, column: str) -> bool:
    """True where every text of a column is a number as it stands: one cheap look spares all others."""
    known = reading.plain_numbers
    if column not in known:
        text = text_of(reading.file, column)
        count, numbers, grouped = reading.one(
            f"count({text})", f"count(try_cast({text} as double))", f"count_if(contains({text}, '_'))"
        )
        known[column] = count == numbers and not grouped
    return known[column]


def _mark_of_other_columns(reading: Reading, column: str) -> tuple[str, str] | None:
    """What other columns of figures say about the decimal mark of the file, and what its separator says."""
    others = [
        other
        for other in reading.file.columns
        if other != column and reading.file.type_of(other) == "VARCHAR" and re.search(r"(?i)usd|value|price|fee", other)
    ][:8]
    for other in others:
        text = text_of(reading.file, other)
        commas, points = reading.one(
            f"count_if(regexp_full_match({text}, '[+-]?(\\d+|\\d{{1,3}}(\\.\\d{{3}})*),(\\d{{1,2}}|\\d{{4,}})'))",
            f"count_if(regexp_full_match({text}, '[+-]?(\\d+|\\d{{1,3}}(,\\d{{3}})*)\\.(\\d{{1,2}}|\\d{{4,}})'))",
        )
        if bool(commas) != bool(points):
            return ("," if commas else "."), f"{commas or points} values of column {other}"
    if reading.file.kind == "csv" and reading.file.delimiter == ",":
        # a quoted comma in a file of commas groups digits: spreadsheets that write decimal commas use semicolons
        return ".", "fields are separated by commas"
    return None


# ------------------------------------------------------------------------------------------------ amounts


@dataclass(frozen=True)
class Quantities:
    """What the values of a column of amounts are.

    Attributes:
        count: Values that are numbers.
        fractions: Of them, those with digits other than zero after the point.
        zeros: Of them, those that are zero.
        largest: The largest, as a float.
        median: The middle one, as a float; 0 where some have fractions, for then nothing depends on it.
        is_hex: True when they are hexadecimal.
    """

    count: int
    fractions: int
    zeros: int = 0
    largest: float = 0.0
    median: float = 0.0
    is_hex: bool = False


_WHOLE_NUMBERS = 100_000
"""Whole numbers below this are found in a table of them."""


def _has_fraction(kind: str, name: str) -> str:
    """SQL that is true where a number is not whole.

    Dividing numbers of 128 bits takes the engine thirty times as long as finding them in a table of whole numbers.
    """
    found = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
    digits, scale = (int(found[1]), int(found[2])) if found else (0, 0)
    if digits <= 18:
        return f"{name} <> trunc({name})"
    below = min(_WHOLE_NUMBERS, 10 ** (digits - scale))
    whole = f"select range::{kind} from range({below})"
    return (
        f"case when {name} >= 0 and {name} <= {below - 1} then {name} not in ({whole}) else {name} <> trunc({name}) end"
    )


def quantities(reading: Reading, column: str, form: NumberForm) -> Quantities:
    """Look at all values of a column of amounts."""
    kind, name = reading.file.type_of(column), quoted(column)
    if kind in ("VARCHAR", "BLOB"):
        return _quantities_of_text(reading, column, form.plain(text_of(reading.file, column)))
    if kind in ("DOUBLE", "FLOAT"):
        fractions = f"count_if(isfinite({name}) and {name} <> trunc({name}))"
    else:
        is_whole = "INT" in kind or kind.endswith(",0)")
        fractions = "0" if is_whole else f"count_if({_has_fraction(kind, name)})"
    return _quantities(reading, name, fractions)


def _quantities_of_text(reading: Reading, column: str, text: str) -> Quantities:
    number = f"try_cast({text} as double)"
    hexes = 0
    if not are_plain_numbers(reading, column):
        hexes = reading.one(f"count_if(starts_with({text}, '0x'))")[0]
    found = _quantities(reading, number, f"count_if({number} <> trunc({number}))")
    fractions = found.fractions
    if not fractions and found.largest > 2**53:  # more digits than a float has
        fractions = reading.one(
            f"count_if(not contains(lower({text}), 'e') and rtrim(split_part({text}, '.', 2), '0') <> '')"
        )[0]
    return replace(found, count=found.count + hexes, fractions=fractions, is_hex=hexes > 0)


def _quantities(reading: Reading, number: str, fractions: str) -> Quantities:
    """What the values of an expression of numbers are; the middle one takes as long as all the rest."""
    count, with_fractions, zeros, largest = reading.one(
        f"count({number})", fractions, f"count_if({number} = 0)", f"max({number})::double"
    )
    median = 0.0
    if not with_fractions:
        median = reading.one(f"approx_quantile(nullif({number}::double, 0), 0.5)")[0] or 0.0
    return Quantities(count, with_fractions, zeros, largest or 0.0, median)


# ------------------------------------------------------------------------------------------------ times


_TIME_FORMS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        r"\d{4}[-/]\d{1,2}[-/]\d{1,2},? \d{1,2}:\d{2}.* [AaPp]\.?[Mm]\.?",
        "year-month-day with AM and PM",
        ("%Y-%m-%d %I:%M:%S %p", "%Y/%m/%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p", "%Y-%m-%d, %I:%M:%S %p"),
    ),
    (
        r"\d{1,2}\.\d{1,2}\.\d{4}.*",
        "day.month.year",
        ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y, %H:%M:%S", "%d.%m.%Y, %H:%M", "%d.%m.%Y"),
    ),
    (r"\d{8}T\d{6}", "year, month and day without signs", ("%Y%m%dT%H%M%S",)),
    (
        r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d{1,2}:\d{2}:\d{2} .*\d{4}",
        "day of the week, Mon day, year last",
        ("%a %b %d %H:%M:%S UTC %Y", "%a %b %d %H:%M:%S GMT %Y", "%a %b %d %H:%M:%S %Y"),
    ),
    (
        r"[A-Za-z]{3,9}-\d{1,2}-\d{4}.*",
        "Mon-day-year",
        ("%b-%d-%Y %I:%M:%S %p", "%b-%d-%Y %I:%M %p", "%b-%d-%Y %H:%M:%S", "%b-%d-%Y"),
    ),
    (
        r"[A-Za-z]{3,9} \d{1,2},? \d{4}.*",
        "Mon day, year",
        (
            "%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M %p", "%b %d, %Y %I:%M %p",
            "%b %d, %Y, %H:%M:%S", "%b %d, %Y %H:%M:%S", "%b %d, %Y %H:%M", "%b %d, %Y", "%B %d, %Y %I:%M %p",
            "%B %d, %Y %H:%M:%S", "%B %d, %Y", "%b %d %Y %H:%M:%S", "%b %d %Y",
        ),
    ),
    (
        r"([A-Za-z]{3,9}, )?\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{4}.*",
        "day Mon year",
        (
            "%d %b %Y %H:%M:%S", "%a, %d %b %Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%d %b %Y %H:%M", "%d-%b-%Y %H:%M",
            "%d %b %Y", "%d-%b-%Y", "%d %B %Y %H:%M:%S", "%d %B %Y",
        ),
    ),
)  # fmt: skip
_SLASHED = r"\d{1,2}[/-]\d{1,2}[/-]\d{4}.*"
_CLOCKS = (" %I:%M:%S %p", " %I:%M %p", " %H:%M:%S", " %H:%M", ", %I:%M:%S %p", ", %H:%M:%S", "")
_ZONE = r"\s*\(?\+?(UTC|GMT|Z|utc)\)?$"
_OFFSET_OF_UTC = r"(\s*(?:UTC|GMT))([+-])(\d{1,2})((?::\d{2})?)$"
_COMMA_OF_SECONDS = r"(\d:\d{2}:\d{2}),(\d{1,9})"
_NAMED_ZONE = r"^(.*\d)\s+([A-Za-z_]+/[A-Za-z_/+-]+|[A-Z]{3,5})$"


def of_times(reading: Reading, column: str) -> str:
    """SQL of a column's UTC time: native times, epochs in s, ms, µs or ns, ISO 8601, and the forms of spreadsheets.

    A time without a zone is UTC, or of sources.time_zone.

    Raises:
        Unreadable: days and months can not be told apart and no setting says which comes first.
    """
    kind, name = reading.file.type_of(column), quoted(column)
    zone = reading.settings.time_zone
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {name})"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return _in_zone(f"{name}::timestamp", zone)
    if "INT" in kind:
        return f"flow_epoch(try_cast({name} as bigint))"
    text = text_of(reading.file, column) if kind == "VARCHAR" else f"{name}::varchar"
    count, epochs, moments, offsets = reading.one(
        f"count({text})",
        f"count(try_cast({text} as bigint))",
        f"count(try_cast({text} as timestamp))",
        f"count_if(contains(substr({text}, 17), '+') or contains(substr({text}, 17), '-'))",
    )
    if count and epochs == count and not _serials(reading, text):
        return f"flow_epoch(try_cast({text} as bigint))"
    if moments == count and not offsets and zone == "UTC":
        return f"try_cast({text} as timestamp)"
    if _serials(reading, text):
        reading.decide("time", column, "days since 1900, as spreadsheets count", "numbers from 20,000 to 80,000")
        return f"timestamp '1899-12-30' + to_microseconds(round(try_cast({text} as double) * 86400)::bigint * 1000000)"
    spaced, of_utc, commas = reading.one(
        f"count_if(regexp_matches({text}, '\\d\\s+[+-]\\d{{2}}:?\\d{{2}}( UTC)?$'))",
        f"count_if(regexp_matches({text}, '(UTC|GMT)\\s*[+-]'))",
        f"count_if(contains({text}, ','))",
    )
    if spaced:
        text = f"regexp_replace({text}, '\\s+([+-]\\d{{2}}:?\\d{{2}})( UTC)?$', '\\1')"
    if of_utc and reading.one(f"count_if(regexp_matches({text}, '{_OFFSET_OF_UTC}'))")[0]:
        # one digit of hours becomes two
        text = f"regexp_replace({text}, '{_OFFSET_OF_UTC}', '\\2\\3\\4')"
        text = f"regexp_replace({text}, '([+-])(\\d)(:\\d{{2}})?$', '\\10\\2\\3')"
    if commas and reading.one(f"count_if(regexp_matches({text}, '{_COMMA_OF_SECONDS}'))")[0]:
        text = f"regexp_replace({text}, '{_COMMA_OF_SECONDS}', '\\1.\\2')"
    plain = f"regexp_replace({text}, '{_ZONE}', '')"
    plain_form = r"\d{4}-.*[^Mm]|\d{1,19}(\.\d*)?|0x[0-9a-fA-F]{1,16}"
    others = f"{text} is not null and not regexp_full_match({text}, '{plain_form}')"
    named, zoned, odd = reading.one(
        f"count_if(regexp_matches({text}, '{_NAMED_ZONE}') and not regexp_matches({text}, '{_ZONE}'))",
        f"count_if(regexp_matches({text}, '[T ]\\d{{2}}:.*([+-]\\d{{2}}|Z$|UTC$|GMT$)'))",
        f"count_if({others})",
    )
    reader = f"flow_time({text})" if zone == "UTC" else f"flow_time_in({text}, {literal(zone)})"
    if named:
        reading.decide("time", column, "times with the name of their zone", f"{named} values")
        reader = _zoned_times(reading, text, reader)
    if odd:
        reader = _odd_times(reading, column, text, plain, others, reader)
    if zone != "UTC" and not zoned:
        reading.decide("time", column, f"times of {zone}", "sources.time_zone")
    return reader


def _serials(reading: Reading, text: str) -> bool:
    """True where all values are numbers with fractions that spreadsheets count as days since 1900."""
    count, numbers, least, most = reading.one(
        f"count({text})", f"count(try_cast({text} as double))", f"min(try_cast({text} as double))",
        f"max(try_cast({text} as double))",
    )  # fmt: skip
    return bool(count and count == numbers and least > 20_000 and most < 80_000)


def _zoned_times(reading: Reading, text: str, reader: str) -> str:
    """SQL that also reads times with the name of a zone; such a name must not reach the cast to TIMESTAMPTZ.

    The cast would read the rows after it in that zone too.
    """
    zone = f"regexp_extract({text}, '{_NAMED_ZONE}', 2)"
    moment = f"try_cast(regexp_extract({text}, '{_NAMED_ZONE}', 1) as timestamp)"
    cases = [
        f"when {zone} = {literal(one)} then timezone('UTC', timezone({literal(one)}, {moment}))"
        for one in reading.distinct(zone)
        if one in available_timezones()
    ]
    return f"case {' '.join(cases)} else {reader} end" if cases else reader


def _odd_times(reading: Reading, column: str, text: str, plain: str, others: str, reader: str) -> str:
    """SQL that also reads the forms of spreadsheets and pages, tried only where the plain ones do not fit."""
    zone = reading.settings.time_zone
    cases = []
    for pattern, name, formats in _TIME_FORMS:
        count = reading.one(f"count_if(regexp_full_match({plain}, '{pattern}'))")[0]
        if count:
            reading.decide("time", column, name, f"{count} values")
            cases.append(f"when regexp_full_match({plain}, '{pattern}') then {_parsed(plain, formats, zone)}")
    slashed, days_first, months_first = reading.one(
        f"count_if(regexp_full_match({plain}, '{_SLASHED}'))",
        f"count_if(regexp_full_match({plain}, '{_SLASHED}') and try_cast(split_part(replace({plain}, '-', '/'), "
        "'/', 1) as int) > 12)",
        f"count_if(regexp_full_match({plain}, '{_SLASHED}') and try_cast(split_part(replace({plain}, '-', '/'), "
        "'/', 2) as int) > 12)",
    )
    if slashed:
        order, evidence = _order_of_days(reading, column, slashed, days_first, months_first)
        reading.decide("time", column, "day/month/year" if order == "day" else "month/day/year", evidence)
        date = "%d/%m/%Y" if order == "day" else "%m/%d/%Y"
        slashes = f"replace({plain}, '-', '/')"
        formats = tuple(f"{date}{clock}" for clock in _CLOCKS)
        cases.append(f"when regexp_full_match({plain}, '{_SLASHED}') then {_parsed(slashes, formats, zone)}")
    return f"case {' '.join(cases)} else {reader} end" if cases else reader


def _order_of_days(reading: Reading, column: str, slashed: int, days_first: int, months_first: int) -> tuple[str, str]:
    told = reading.settings.date_order
    if told != "auto":
        return told, f"sources.date_order = {told}"
    if days_first and not months_first:
        return "day", f"{days_first} values begin with a number over 12"
    if months_first and not days_first:
        return "month", f"{months_first} values have a number over 12 in the second place"
    why = "in both orders" if days_first else "that fit both orders"
    raise reading.refuse(
        f"column {column} has {slashed} dates like 01/02/2024 {why}: is the day first, or the month?",
        "say which with NETRAFLOW_SOURCES__DATE_ORDER=day or month",
    )


def _parsed(text: str, formats: Sequence[str], zone: str) -> str:
    parsed = f"try_strptime({text}, [{', '.join(map(literal, formats))}])"
    return _in_zone(parsed, zone)


def _in_zone(timestamp: str, zone: str) -> str:
    return timestamp if zone == "UTC" else f"timezone('UTC', timezone({literal(zone)}, {timestamp}))"


# ------------------------------------------------------------------------------------------------ whole numbers


def of_integers(reading: Reading, column: str | None) -> str:
    """SQL of a column as BIGINT; `0x1f` is read only where the column has such, because that takes a slower road."""
    if column is None or reading.file.type_of(column) != "VARCHAR":
        return integer_of(reading.file, column)
    text = text_of(reading.file, column)
    hexes, commas = reading.one(f"count_if(starts_with({text}, '0x'))", f"count_if(contains({text}, ','))")
    if hexes:
        return f"flow_integer({text})"
    if commas:
        return f"try_cast(replace({text}, ',', '') as bigint)"
    return f"try_cast({text} as bigint)"


def of_places(reading: Reading, column: str) -> str:
    """SQL of a place inside a transaction as BIGINT: a number, or a path of numbers (`0_1_1`, `[0, 1]`)."""
    if reading.file.type_of(column) != "VARCHAR":
        is_list = reading.file.type_of(column).endswith("[]")
        return f"flow_path({quoted(column)}::varchar)" if is_list else integer_of(reading.file, column)
    text = text_of(reading.file, column)
    count, numbers, grouped = reading.one(
        f"count({text})", f"count(try_cast({text} as bigint))", f"count_if(contains({text}, '_'))"
    )
    may_be_path = grouped or numbers != count
    if may_be_path and reading.one(f"count_if(regexp_matches({text}, '\\d[^\\dA-Za-z.]+\\d|^\\['))")[0]:
        reading.decide("transfer_index", column, "a path of numbers, as one number", "values like 0_1")
        return f"flow_path({text})"
    return of_integers(reading, column)


def of_base_units(reading: Reading, column: str, form: NumberForm) -> str:
    """SQL of the digits of whole numbers, also where they are hexadecimal or have exponents."""
    kind, name = reading.file.type_of(column), quoted(column)
    if kind in ("DOUBLE", "FLOAT"):
        reading.notes.append(f"column {column} is {kind}: amounts have 15 to 17 digits at most")
        return f"flow_whole({name}::varchar)"
    if kind not in ("VARCHAR", "BLOB"):
        return f"{name}::varchar"
    text = form.plain(text_of(reading.file, column))
    exponents, hexes = reading.one(
        f"count_if(contains(lower({text}), 'e') and not starts_with({text}, '0x'))",
        f"count_if(starts_with({text}, '0x'))",
    )
    if exponents:
        reading.notes.append(f"column {column} has {exponents:,} numbers with exponents: their last digits may be lost")
    return f"flow_whole({text})" if exponents or hexes else text


# ------------------------------------------------------------------------------------------------ words


def _word(column: str) -> str:
    """SQL of a value as a word: lower case, trimmed, no decimals of a whole number, no bracket or colon after it."""
    return (
        f"coalesce(lower(trim(regexp_replace(regexp_replace(trim({quoted(column)}::varchar), '\\.0+$', ''), "
        "'\\s*[(:\\[].*$', ''))), '')"
    )


def of_statuses(
    reading: Reading,
    column: str,
    tells: Literal["success", "failure", "error"],
    own: Mapping[str, bool] = MappingProxyType({}),
) -> str:
    """SQL that is true where a transaction failed, from a closed list of words; NULL where the row does not say.

    Args:
        reading: The file.
        column: The column.
        tells: What a yes there means; in a column of errors any text but those that mean none is one.
        own: Words of the file's user, and whether they mean a failure.

    Raises:
        Unreadable: a word that is on no list.
    """
    word = _word(column)
    found = reading.distinct(word)
    empty = words.EMPTY
    if tells == "error":
        bad = [one for one in found if one not in words.NO_ERROR]
        reading.decide("failed", column, "text that is no `none` is an error", f"values {_some(found)}")
        return f"({word} in ({_listed(bad)}))" if bad else "null::boolean"
    failed, good = words.FAILED | words.UNFINISHED, words.SUCCEEDED
    if tells == "failure":
        failed, good = failed - words.NO | words.YES, good - words.YES | words.NO
    failed, good = failed | {one for one in own if own[one]}, good | {one for one in own if not own[one]}
    bad = [one for one in found if (one not in own and (one in failed or _begins_with_failure(one))) or own.get(one)]
    unknown = [one for one in found if one not in good | empty and one not in bad]
    if unknown:
        raise reading.refuse(
            f"column {column} says {_some(unknown)} of a transaction: did it succeed?",
            "say it in a map file (--map), `[status]` with `ok = [...]` and `failed = [...]`",
        )
    if not [one for one in found if one not in empty]:
        return "null::boolean"
    reading.decide("failed", column, f"{_some(bad)} failed" if bad else "none failed", f"values {_some(found)}")
    is_bad = f"{word} in ({_listed(bad)})" if bad else "false"
    return f"case when {word} in ({_listed(sorted(empty))}) then null else {is_bad} end"


def _begins_with_failure(word: str) -> bool:
    return bool(re.match(r"(error|fail|failed|failure|reverted|revert|out of)\b", word))


def of_kinds(reading: Reading, column: str) -> str | None:
    """SQL of the reject reason of rows that are no transfer of coins by their kind; None where every row may be one."""
    word = _word(column)
    found = reading.distinct(word)
    reasons = {"approval": words.APPROVAL, "nft": words.NFT, "not_a_transfer": words.NO_MOVE}
    cases = []
    for reason, listed in reasons.items():
        plain_words = {re.sub(r"[\s_-]", "", one) for one in listed}
        met = [one for one in found if re.sub(r"[\s_-]", "", one) in plain_words]
        if met:
            reading.decide("kind", column, f"{_some(met)}: {reason}", f"values {_some(found)}")
            cases.append(f"when {word} in ({_listed(met)}) then {literal(reason)}")
    return f"case {' '.join(cases)} end" if cases else None


def refuse_several_tables(reading: Reading) -> None:
    """Refuse a file whose rows are of several tables, as streams of ethereum-etl write them: one reads as one table.

    Raises:
        Unreadable: names the tables.
    """
    column = reading.file.find("type")
    if column is None or reading.file.type_of(column) != "VARCHAR":
        return
    tables = [one for one in reading.distinct(_word(column)) if one in words.TABLES]
    if len(tables) > 1:
        raise reading.refuse(
            f"rows of several tables stand in one file (column {column}: {_some(tables)})",
            "write the rows of each type into a file of its own",
        )


def of_chains(reading: Reading, column: str) -> str:
    """SQL of the canonical chain of a row; rows without one are of the file's chain."""
    if column in reading.file.constants:
        found, value = [reading.file.constants[column]], ""
    else:
        value = f"lower(trim({quoted(column)}::varchar))"
        found = reading.distinct(value, most=10_000)
    names = {word: canonical_chain(word) for word in found if word}
    unknown = sorted({name for name in names.values() if not is_known_chain(name)})
    if unknown:
        reading.notes.append(
            f"{'chains' if len(unknown) > 1 else 'chain'} {', '.join(unknown[:5])} not known by name: "
            "addresses are taken as written, and no native coin is known"
        )
    renamed = {word: name for word, name in names.items() if word != name}
    if renamed:
        reading.decide("chain", column, ", ".join(sorted(set(names.values()))), f"written {_some(sorted(renamed))}")
    if len(names) == 1 and not value:
        return literal(next(iter(names.values())))
    cases = " ".join(f"when {value} = {literal(word)} then {literal(name)}" for word, name in renamed.items())
    plain = f"coalesce(nullif({value}, ''), {literal(reading.chain)})"
    return f"case {cases} else {plain} end" if cases else plain


_BASE58 = "[1-9A-HJ-NP-Za-km-z]"
_ADDRESS_FORMS = {
    "tron": f"T{_BASE58}{{33}}",
    "solana": f"{_BASE58}{{43,44}}",
    "bitcoin": f"1{_BASE58}{{25,33}}|bc1[0-9a-z]{{20,80}}",
    "litecoin": f"[LM]{_BASE58}{{25,33}}|ltc1[0-9a-z]{{20,80}}",
    "dogecoin": f"D{_BASE58}{{25,33}}",
    "dash": f"X{_BASE58}{{33}}",
    "zcash": f"t[13]{_BASE58}{{33}}",
    "bitcoin-cash": "(bitcoincash:)?[qp][0-9a-z]{41}",
}
"""Forms that addresses of one chain only have, as regular expressions."""
_SHARED_FORMS = f"3{_BASE58}{{25,33}}|coinbase|fees|nonstandard.*"
"""Forms that Bitcoin and its sisters share, and what loading calls the other ends of their money."""


def of_address_forms(reading: Reading, column: str) -> tuple[str, int] | None:
    """The one chain whose form the addresses have, and how many; None where they have none, or those of several.

    Args:
        reading: The file.
        column: A column of addresses.
    """
    if not re.fullmatch("|".join((*_ADDRESS_FORMS.values(), _SHARED_FORMS)), texts_of(reading, column).least):
        return None
    text = text_of(reading.file, column)
    forms = [f"count_if(regexp_full_match({text}, '{form}'))" for form in _ADDRESS_FORMS.values()]
    count, shared, *fitting = reading.one(
        f"count({text})", f"count_if(regexp_full_match({text}, '{_SHARED_FORMS}'))", *forms
    )
    found = [(name, fits) for name, fits in zip(_ADDRESS_FORMS, fitting, strict=True) if fits]
    return found[0] if len(found) == 1 and found[0][1] + shared == count else None


def native_of(chain: str) -> tuple[str, int] | None:
    """Symbol and decimals of a chain's own coin."""
    found = next((one for one in CHAINS if one.name == canonical_chain(chain)), None)
    return (found.native_symbol, found.native_decimals) if found and found.native_symbol else None


def of_names(reading: Reading, column: str | None) -> str:
    """SQL of the text of a hash, contract, symbol or receiver; the words that files write for none are none."""
    text = text_of(reading.file, column)
    if column is None or reading.file.type_of(column) != "VARCHAR":
        return text
    is_none = f"lower({text}) in ({_listed(words.NOTHING)})"
    is_short = texts_of(reading, column).shortest < _SHORT
    if is_short and reading.one(f"count_if(length({text}) < {_SHORT} and {is_none})")[0]:
        return f"case when not {is_none} then {text} end"
    return text


_SHORT = 12
"""Words for nothing are shorter than this."""


def texts_of(reading: Reading, column: str) -> Texts:
    """What one cheap look tells of all texts of a column."""
    if column not in reading.seen_texts:
        shortest, longest, least = reading.one(*_of_all_texts(text_of(reading.file, column)))
        reading.seen_texts[column] = Texts(shortest or 0, longest or 0, least or "")
    return reading.seen_texts[column]


def _of_all_texts(text: str) -> tuple[str, str, str]:
    return f"min(length({text}))", f"max(length({text}))", f"min({text})"


def tidy_texts(reading: Reading, columns: Sequence[str]) -> None:
    """Find the columns of a text file that need no trimming, which takes thirty times as long as to find them.

    A column with a sign outside ASCII counts as untidy, for white space may be among them.

    Args:
        reading: The file.
        columns: Its columns of text.
    """
    if not columns:
        return
    looks: list[str] = []
    for name in map(quoted, columns):
        looks += _of_all_texts(name)
        looks.append(f"count_if(ends_with({name}, ' ') or strlen({name}) <> length({name}))")
    found = reading.one(*looks)
    for place, column in enumerate(columns):
        shortest, longest, least, untidy = found[4 * place : 4 * place + 4]
        if (least is None or least >= "!") and not untidy:
            reading.seen_texts[column] = Texts(shortest or 0, longest or 0, least or "")
    reading.file = replace(reading.file, tidy=frozenset(reading.seen_texts))


_LONGEST_FLOAT = 24
"""Characters of a float with all its digits: -1.2345678901234567e+123."""


def refuse_lost_digits(reading: Reading, column: str) -> None:
    """Refuse a column of hashes or addresses in which a spreadsheet has turned some into rounded numbers.

    Raises:
        Unreadable: names the column and one of them.
    """
    if reading.file.kind == "parquet" or texts_of(reading, column).shortest > _LONGEST_FLOAT:
        return
    text = text_of(reading.file, column)
    if not reading.one(f"count_if(contains({text}, '+'))")[0]:
        return
    is_rounded = rf"regexp_full_match({text}, '\d([.,]\d+)?[eE]\+\d+')"
    count, one = reading.one(f"count_if({is_rounded})", f"min({text}) filter (where {is_rounded})")
    if count:
        raise reading.refuse(
            f"column {column} has {count:,} values like {one}: a spreadsheet has rounded them to numbers",
            "export it again, and keep the column as text",
        )


def by_chain(chain: str, values: Mapping[str, str], default: str = "null") -> str:
    """SQL of a value that depends on the chain, given as an SQL expression."""
    if chain.startswith("'"):
        return values.get(chain.strip("'"), default)
    cases = " ".join(f"when {chain} = {literal(name)} then {value}" for name, value in values.items())
    return f"case {cases} else {default} end"


def _listed(found: Sequence[str]) -> str:
    return ", ".join(map(literal, found)) or "null"


def _some(found: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(f"`{one[:40]}`" if one else "empty" for one in found[:most])
    return f"{shown} and {len(found) - most} more" if len(found) > most else shown or "none"
