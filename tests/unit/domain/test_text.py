"""What strangers wrote does nothing, is told apart, and comes back from a CSV file."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_pipeline.domain.text import as_written, csv_cell, harmless, harmless_lines
from flow_pipeline.domain.tokens import lookalike_form


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("USDT", "USDT"),
        ("日本円 Ж", "日本円 Ж"),
        ("naïve e\u0301", "naïve e\u0301"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("nul\0", "nul\\x00"),
        ("two\nlines\r\t", "two\\x0alines\\x0d\\x09"),
        ("\u202edesrever", "\\u202edesrever"),
        ("US\u200bDT", "US\\u200bDT"),
        ("no\u00a0break", "no break"),
        ("filler\u3164", "filler\\u3164"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("Z" + "\u0336" * 5, "Z" + "\u0336" * 3 + "\\u0336\\u0336"),
    ],
)
def test_what_is_no_visible_sign_is_its_escape(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(st.text())
def test_it_holds_nothing_hidden_and_is_the_same_twice(text: str) -> None:
    shown = harmless(text)
    assert all(sign.isprintable() for sign in shown)
    assert harmless(shown) == shown
    if not any(unicodedata.category(sign) == "Zs" for sign in text) and "\\" not in text:
        assert as_written(shown) == text


def test_a_long_text_says_its_length_and_is_told_from_another() -> None:
    one, other = harmless("x" * 10_000, 64), harmless("x" * 9_999 + "y", 64)
    assert len(one) == 64
    assert "(10,000 letters, " in one
    assert one != other
    assert harmless("x" * 64, 64) == "x" * 64


def test_the_lines_of_the_program_stay_and_theirs_do_not() -> None:
    assert harmless_lines("a\n\x1b[2Jb") == "a\n\\x1b[2Jb"


def test_a_name_with_letters_of_no_width_still_looks_like_what_it_imitates() -> None:
    assert lookalike_form(harmless("US\u200bDT\u202e")) == lookalike_form("USDT")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"), ("＝1", "'＝1"), ("'=1", "''=1"), ("a=1", "a=1"), ("", ""), ("'a", "'a"), ("0x12", "0x12"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula_and_each_gives_its_text_back(text: str, cell: str) -> None:
    assert csv_cell(text) == cell
    assert (cell[1:] if csv_cell(cell) != cell else cell) == text
