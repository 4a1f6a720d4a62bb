"""Statements of a room: read by name, with exactly the identifiers they take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flow_pipeline.domain.sql import statements


@pytest.fixture
def statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The statements of a package made for this test."""
    room = tmp_path / "made_for_test_sql"
    (room / "sql").mkdir(parents=True)
    (room / "__init__.py").touch()
    (room / "sql" / "plain.sql").write_text("SELECT $day\n", encoding="utf-8")
    (room / "sql" / "open.sql").write_text(
        "SELECT ${columns} FROM ${table} WHERE ${columns} > $least\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return statements(room.name)


def test_a_statement_is_its_file(statement: Callable[..., str]) -> None:
    assert statement("plain") == "SELECT $day\n"


def test_names_are_put_in_and_values_are_left_to_be_bound(statement: Callable[..., str]) -> None:
    assert statement("open", columns="a, b", table="t") == "SELECT a, b FROM t WHERE a, b > $least\n"
    assert statement("open", columns=r"\1", table="${columns}") == "SELECT \\1 FROM ${columns} WHERE \\1 > $least\n"


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("open", {}),
        ("open", {"table": "t"}),
        ("plain", {"table": "t"}),
        ("open", {"table": "t", "columns": "a", "more": "b"}),
    ],
    ids=["none", "a missing one", "one that is not taken", "a surplus one"],
)
def test_a_missing_or_surplus_name_is_refused(statement: Callable[..., str], name: str, names: dict[str, str]) -> None:
    with pytest.raises(KeyError, match=rf"made_for_test_sql/sql/{name}\.sql takes"):
        statement(name, **names)


def test_a_statement_there_is_not(statement: Callable[..., str]) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.sql"):
        statement("nothing")
