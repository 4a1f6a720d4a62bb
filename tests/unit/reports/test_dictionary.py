"""The data dictionary: every table once, with its columns, in lines that can be read as text."""

from __future__ import annotations

import re

from flow_pipeline.domain.markdown import WIDTH
from flow_pipeline.domain.tables import STORE_TABLES, USER_TABLES
from flow_pipeline.domain.vocabulary import LABEL_CATEGORIES, REJECT_REASONS
from flow_pipeline.reports.dictionary import data_dictionary

PAGE = data_dictionary()


def test_every_table_stands_once_with_its_columns() -> None:
    parts = re.split(r"(?m)^### ", PAGE)[1:]
    by_name = {part.split("\n", 1)[0]: part for part in parts}
    assert len(by_name) == len(parts)
    for table in USER_TABLES + STORE_TABLES:
        listed = re.findall(r"(?m)^\* `(\w+)`", by_name[table.relation].split("\n## ")[0])
        assert listed == [column.name for column in table.columns], table.relation
    assert any(name.startswith("marts.") for name in by_name)


def test_marts_say_their_key() -> None:
    parts = [part for part in re.split(r"(?m)^### ", PAGE)[1:] if part.startswith("marts.fct_daily_netflow\n")]
    assert len(parts) == 1
    assert "\nKey: `" in parts[0]


def test_the_closed_lists_are_in_it() -> None:
    assert all(f"* `{word}`: " in PAGE for word in (*REJECT_REASONS, *LABEL_CATEGORIES))


def test_no_line_is_longer_than_the_page() -> None:
    assert [line for line in PAGE.splitlines() if len(line) > WIDTH and "`" not in line] == []
