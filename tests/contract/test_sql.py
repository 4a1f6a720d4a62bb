"""SQL stands in .sql files: one statement each, used by its room, with a head of what it gives, reads and takes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

PACKAGE = Path(__file__).resolve().parents[2] / "flow_pipeline"
FILES = sorted(PACKAGE.rglob("sql/*.sql"))
MACROS = {"macros", "macros_spark"}
"""Files of several statements: words that the others use."""

_IS_SQL = re.compile(
    r"(?is)\b(select\b.+|insert\s+into\s|create\s+(or\s+replace\s+)?(temp\s+)?(table|view|macro|schema)\s|delete\s+from\s"
    r"|update\s+\w+(\.\w+)?\s+set\s|merge\s+into\s|from\s+\w+\.\w+)"
)


def _strings(tree: ast.AST) -> list[ast.expr]:
    """Text of a module that is no docstring."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)))
        and id(node) not in docs
    ]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_statement_of_six_lines_stands_in_python(path: Path) -> None:
    long = [
        node.lineno
        for node in _strings(ast.parse(path.read_text()))
        if (node.end_lineno or node.lineno) - node.lineno >= 5 and _IS_SQL.search(_text(node))
    ]
    assert not long, f"{path}: statements of six lines or more at lines {long} belong into sql/"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_statement_says_what_it_gives_reads_and_takes(path: Path) -> None:
    lines = path.read_text().splitlines()
    head = "\n".join(line for line in lines[: next(n for n, line in enumerate(lines) if not line.startswith("--"))])
    body = "\n".join(re.sub(r"--.*", "", line) for line in lines)
    if path.stem in MACROS:
        return
    assert re.match(r"-- Gives: \S", head), path
    assert re.search(r"(?m)^-- Reads: \S", head), path
    taken = set(re.findall(r"\$\{?\w+\}?", body))
    named = set(re.findall(r"\$\{?\w+\}?", head))
    assert taken == named, f"{path}: takes {sorted(taken)}, names {sorted(named)}"
    assert ";" not in re.sub(r"'[^']*'", "", body).rstrip().rstrip(";"), f"{path}: one statement a file"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_statement_is_used_by_its_room(path: Path) -> None:
    room = path.parents[1]
    users = [
        module for module in room.glob("*.py") if re.search(rf"""["']{re.escape(path.stem)}["']""", module.read_text())
    ]
    assert users, f"nobody in {room} reads {path.name}"


UNITED = {
    "graph_payments": "what is united is what edges are compared with",
    "publication_parts": "each side is a group, complete before a row is read",
    "netrascan_transactions": "a part of a statement that writes a table",
    "bitcoin_transfers": "a part of a statement that writes a table",
    "watched": "a part of a statement that writes a table",
}
"""Queries with a UNION ALL that no order or group follows, and why they are read safely."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_two_scans_feed_a_result_that_is_read_while_it_is_made(path: Path) -> None:
    body = re.sub(r"--.*", "", path.read_text()).strip().lower()
    if path.stem in UNITED or not re.match(r"(with|select|from)\b", body) or "union all" not in body:
        return
    rest = body.rpartition("union all")[2]
    ends = r"\b(order by|group by|distinct|over \(|(count|max|least|sum)\()"
    is_one_row = re.match(r"select (count|least|max|sum)\(", body)
    assert is_one_row or re.search(ends, rest), f"{path}: branches that join can wait forever: order, or ask twice"


UNPARSED = {"shadow_changes"}
"""Statements that sqlglot does not read."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_an_outer_join_compares_what_it_joins(path: Path) -> None:
    """Beside a condition on the other side alone, or one that is no comparison, DuckDB compares every row with every.

    Such a condition belongs into the equation: `on w.id = case when p.is_wanted then p.id end`.
    """
    if path.stem in MACROS | UNPARSED:
        return
    given = set(re.findall(r"\$\{(\w+)\}", path.read_text()))
    text = re.sub(r"\$\{(\w+)\}", r"\1", path.read_text())
    joins = [
        join
        for tree in sqlglot.parse(text, dialect="duckdb")
        if tree is not None
        for join in tree.find_all(exp.Join)
        if join.side in ("LEFT", "RIGHT", "FULL") and join.args.get("on") is not None
    ]
    for join in joins:
        on, joined = join.args["on"], join.this.alias_or_name
        for condition in on.flatten() if isinstance(on, exp.And) else [on]:
            if isinstance(condition, exp.Column) and condition.name in given:
                continue
            sides = {column.table for column in condition.find_all(exp.Column)}
            is_comparison = isinstance(condition.unnest(), exp.Predicate)
            holds = isinstance(condition, exp.Anonymous) and condition.name.lower() == "holds_at"
            assert joined in sides, f"{path}: {condition.sql()} says nothing of {joined}"
            assert sides == {joined} or is_comparison or holds, f"{path}: {condition.sql()}"
