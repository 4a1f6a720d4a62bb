"""Wrapping of generated pages: lines of at most 120 columns that Markdown reads as the paragraph they were."""

from __future__ import annotations

import re

import pytest

from flow_pipeline.domain.markdown import WIDTH, item, plain, row, wrapped

WORDS = "a word and another word of some length " * 12


def test_no_line_is_longer_than_the_page() -> None:
    lines = wrapped(WORDS).splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(lines) == WORDS.strip()


def test_line_breaks_of_the_text_are_spaces() -> None:
    assert wrapped("one\n  two\n\nthree") == "one two three"


def test_code_stays_on_one_line() -> None:
    code = "`netraflow netflow --exchange Binance --token LPT`"
    for room in range(60, 125):
        text = "x" * room + f" {code} and on"
        assert code in wrapped(text)


@pytest.mark.parametrize("sign", ["-", "+", "*", ">", "#", "12.", "3)"])
def test_no_line_begins_with_a_sign_of_markdown(sign: str) -> None:
    for room in range(100, 125):
        text = "x" * room + f" {sign} y " + "word " * 10
        lines = wrapped(text).splitlines()
        assert not any(re.match(r"([-+*>#]|\d+[.)]) ", line) for line in lines)
        assert " ".join(lines) == text.strip()


def test_long_words_and_hyphens_are_kept_whole() -> None:
    word = "a-very-" * 30 + "long-word"
    assert wrapped(f"before {word} after").splitlines() == ["before", word, "after"]


def test_an_item_hangs_under_its_sign() -> None:
    lines = item(WORDS).splitlines()
    assert lines[0].startswith("* a word")
    assert all(line.startswith("  ") and line[2] != " " for line in lines[1:])
    assert item("short") == "* short\n"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("](javascript:alert(1))", r"\](javascript:alert(1))"),
        ("<script>", r"\<script>"),
        ("a|b", r"a\|b"),
        ("two\nlines", r"two\\x0alines"),
        ("*b* _i_ `c` ~s~", r"\*b\* \_i\_ \`c\` \~s\~"),
        ("https://evil www.evil.com", r"https\://evil www\.evil.com"),
        ("&lt; & R&D", r"\&lt; & R&D"),
        ("netflow_anomaly, 3 > 2", "netflow_anomaly, 3 > 2"),
    ],
)
def test_a_text_of_a_stranger_says_just_that(text: str, markdown: str) -> None:
    assert plain(text) == markdown


def test_a_row_of_a_table_has_as_many_cells_as_it_is_given() -> None:
    assert row(["a|b", None, 3, -1.5]) == r"| a\|b |  | 3 | -1.5 |"
