"""Laws of rooms that no import contract can hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import duckdb
import pytest

from flow_pipeline.domain.tables import ALL_TABLES
from tests.conftest import ROOT

ROOMS = ("cli", "pipeline")
"""Rooms that hold no SQL: what people ask stands in `questions`, what is written in the rooms of the tables."""
MODULES = [path for room in ROOMS for path in sorted((ROOT / "flow_pipeline" / room).rglob("*.py"))]


def strings(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and text of every string; `x` stands for what is filled in."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            found.append((node.lineno, "".join(parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append((node.lineno, node.value))
    return found


def is_statement(text: str) -> bool:
    """True for what the engine takes as SQL, of more than one word; "analyse clusters" are words for people."""
    try:
        statements = duckdb.extract_statements(text) if " " in text.strip() else []
    except duckdb.Error:
        return False
    return any(statement.type != duckdb.StatementType.VACUUM for statement in statements)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_sql_stands_here(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert [found for found in strings(tree) if is_statement(found[1])] == []
    executes = {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("execute", "executemany", "query")
    }
    assert not executes, f"{path} asks the engine at lines {sorted(executes)}"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "from store.transfers",
        "attach 'x' as y",
        "insert into ops.restatements (x) values (x)",
        "drop view x",
    ],
)
def test_sql_is_known_as_such(text: str) -> None:
    assert is_statement(text)


MODELS = sorted((ROOT / "dbt_project" / "models").rglob("*.sql"))
DURING_PLANNING = {"store.token_days", "store.symbol_forms", "store.token_decimals", "store.prices"}
"""Written before the models run: from loaded rows, or anew by every load."""
SHOWN_BY_VIEWS = {"marts/wallets": {"store.wallet_features"}}
"""Sums that a room stores and a view of dbt turns into shares: no model goes on from them."""


def statements_of(room: str) -> list[Path]:
    return sorted((ROOT / "flow_pipeline" / room).rglob("sql/*.sql"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_reads_only_what_can_be_said_before_detection(path: Path) -> None:
    text = path.read_text()
    loaded = {table.relation for table in ALL_TABLES if not table.is_rewritten} | DURING_PLANNING
    read = {f"{schema}.{name}" for schema, name in re.findall(r"source\('(\w+)', '(\w+)'\)", text)}
    assert read <= loaded | SHOWN_BY_VIEWS.get(path.parent.relative_to(ROOT / "dbt_project/models").as_posix(), set())
    assert not re.search(r"\bdetection\.", text)
    if path.parent.name == "wallets":
        assert not [other for other in MODELS if f"ref('{path.stem}')" in other.read_text()]


@pytest.mark.parametrize("path", statements_of("loading"), ids=lambda path: path.stem)
def test_loading_reads_nothing_that_is_built(path: Path) -> None:
    assert not re.search(r"\b(marts|intermediate|detection)\.", re.sub(r"--.*", "", path.read_text()))


SAVED = sorted((ROOT / "flow_pipeline" / "questions" / "saved").glob("*.sql"))


@pytest.mark.parametrize("path", [*statements_of("questions"), *SAVED], ids=lambda path: path.stem)
def test_questions_only_select(path: Path) -> None:
    text = re.sub(r"\$\{\w+\}", "x", re.sub(r"--.*", "", path.read_text()))
    assert [statement.type for statement in duckdb.extract_statements(text)] == [duckdb.StatementType.SELECT]
