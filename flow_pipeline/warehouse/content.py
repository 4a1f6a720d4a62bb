"""Content hashes: whether two builds hold the same rows, whatever their order; kept while rows change.

A hash of a relation is the sum of the hashes of its rows. So the writers of the large relations keep it: what a write
takes away is subtracted, what it brings is added, and a day costs what it changes. What lives here: the sums and the
two ways to write under them. What must not: what rows mean. Read more: docs/operations.md, "Content hashes".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import md5
from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.warehouse.store import Connection, get_state, number, set_state

sql = statements(__package__)

Sum = tuple[int, int]
"""Count of rows and the sum of their hashes."""
_NOT_CONTENT = {"load_id", "source_file", "label_set", "evidence_sql"}
_NOT_HASHED = {"raw.loads", "ops.audits", "ops.publications"}
_SOURCE_ROWS = {"raw.rejects", "raw.wallet_reports", "detection.finding_transfers"}
"""Relations of which the row of the file is no content either."""
_SHOWN_BY = {
    "detection.address_clusters": "store.address_clusters",
    "detection.group_members": "store.group_members",
}
"""Views whose content is that of a table with ids of addresses in place of their texts."""
KEPT = (
    "detection.findings",
    "detection.finding_transfers",
    "detection.finding_addresses",
    "detection.group_flows",
    "detection.group_flow_transfers",
    *_SHOWN_BY,
)
"""Relations whose hash their writers keep: those that hold a row for every transfer or address of a kind."""


def content_hashes(connection: Connection) -> dict[str, tuple[int | None, str]]:
    """Row count and content hash per published relation; of views of marts the hash of their definition.

    Load ids, file names and ledgers are no content. What was not kept is summed, and kept from now on.
    """
    found: dict[str, tuple[int | None, str]] = {}
    days = "select coalesce(sum(row_count), 0), coalesce(sum(content_hash % 1_000_000_007_000_000_007), 0)"
    total = connection.execute(f"{days} from store.day_hashes").fetchone()
    found["raw.transfers"] = (int(total[0]), str(total[1])) if total else (0, "0")
    for name, definition in connection.execute(sql("publish_relations")).fetchall():
        if name in _NOT_HASHED:
            continue
        if definition:
            found[name] = (None, md5(definition.encode()).hexdigest())
            continue
        kept = _kept(connection, name) if name in KEPT else None
        if kept is None or kept[0] != number(connection, f"select count(*) from {_table(name)}"):
            kept = _sum(connection, name)
            if name in KEPT:
                _keep(connection, name, kept)
        found[name] = (kept[0], str(kept[1]))
    return found


def wrong_hashes(connection: Connection) -> list[str]:
    """Relations whose kept hash is not that of their rows, all of which are read."""
    return [name for name in KEPT if (kept := _kept(connection, name)) is not None and kept != _sum(connection, name)]


def forget_hashes(connection: Connection, *relations: str) -> None:
    """Relations are to be written anew: the next publication sums them."""
    for name in relations:
        set_state(connection, _key(name), "")


@contextmanager
def keeping_hash(connection: Connection, relation: str, scope: str, values: Sequence[Any] = ()) -> Iterator[None]:
    """Keep the hash of a relation while rows change that lie within a scope before and after; no others may.

    Args:
        connection: The build file.
        relation: One of `KEPT`, and no view.
        scope: Condition on the relation's columns.
        values: Bound to its question marks.
    """
    kept = _kept(connection, relation)
    if kept is None:
        yield
        return
    # By their places: where the latest rows are meant, the other columns of all others are not read.
    rows = f"(select * from {relation} where rowid in (select rowid from {relation} where {scope}))"
    gone = _sum(connection, relation, rows, values)
    forget_hashes(connection, relation)  # a process killed before the end leaves none, not a wrong one
    yield
    new = _sum(connection, relation, rows, values)
    _keep(connection, relation, (kept[0] - gone[0] + new[0], kept[1] - gone[1] + new[1]))


def write_changes(
    connection: Connection, table: str, fresh: str, scope: str, key: Sequence[str], told_by: Sequence[str] = ()
) -> None:
    """Make the rows of a table within a scope those of another, touching only what differs; keep its content hash.

    A row removed and written again would be compressed again with the thousands that are stored with it.

    Args:
        connection: The build file.
        table: Changed.
        fresh: Every row that the scope is to have, in columns of the same names: a table, or a query in parentheses.
        scope: Condition on the table's rows, named `o`.
        key: Columns by which a row is the same row, no two alike in them.
        told_by: Columns that say whether the others differ; else all others are compared.
    """
    relation = next((view for view, shown in _SHOWN_BY.items() if shown == table), table)
    kept = _kept(connection, relation) if relation in KEPT else None
    if not connection.execute(f"select 1 from {table} limit 1").fetchone():
        connection.execute(f"insert into {table} by name select * from {fresh}")
        if kept is not None:
            _keep(connection, relation, _sum(connection, relation))
        return
    columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
    rest = [column for column in columns if column not in key]
    # Tables, not subqueries: the planner knows their sizes then.
    connection.execute(f"create or replace temp table fresh_rows as select * from {fresh}")
    connection.execute(
        sql(
            "content_row_changes",
            table=table,
            is_same_row=" and ".join(f"n.{column} = o.{column}" for column in key),
            differs=" or ".join(f"n.{column} is distinct from o.{column}" for column in told_by or rest),
            is_in_scope=scope,
        )
    )
    if kept is not None:
        gone = f"select * from {table} where rowid in (select old_row from row_changes)"
        new = "select * from fresh_rows where rowid in (select new_row from row_changes)"
        kept = _moved(connection, relation, kept, gone, new)
        forget_hashes(connection, relation)
    connection.execute(
        f"update {table} as o set {', '.join(f'{column} = n.{column}' for column in rest)} "
        "from (select c.old_row, f.* from row_changes as c inner join fresh_rows as f on f.rowid = c.new_row) as n "
        "where o.rowid = n.old_row"
    )
    connection.execute(f"delete from {table} where rowid in (select old_row from row_changes where new_row is null)")
    connection.execute(
        f"insert into {table} by name select {', '.join(columns)} from fresh_rows "
        "where rowid in (select new_row from row_changes where old_row is null)"
    )
    if kept is not None:
        _keep(connection, relation, kept)
    for name in ("row_changes", "fresh_rows"):
        connection.execute(f"drop table temp.{name}")


def _table(relation: str) -> str:
    return _SHOWN_BY.get(relation, relation)


def _moved(connection: Connection, relation: str, kept: Sum, gone: str, new: str) -> Sum:
    """What a sum becomes by rows that go and rows that come, read together: texts of addresses are looked up once."""
    rows = f"(select -1 as sign, * from ({gone}) union all by name select 1 as sign, * from ({new}))"
    count, mark = _sum(connection, relation, rows, sign="r.sign")
    return kept[0] + count, kept[1] + mark


def _sum(connection: Connection, relation: str, rows: str = "", values: Sequence[Any] = (), sign: str = "1") -> Sum:
    """Count and sum of hashes of rows of a relation, of all by default; each times its sign."""
    columns, source = _hashed(connection, relation), f"{rows or _table(relation)} as r"
    if relation in _SHOWN_BY:
        source += " inner join store.addresses as a on a.address_id = r.address_id"
    row = connection.execute(
        f"select coalesce(sum({sign}), 0), coalesce(sum({sign} * hash({', '.join(columns)})::hugeint), 0) "
        f"from {source}",
        list(values),
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _hashed(connection: Connection, relation: str) -> list[str]:
    """The columns that are content, of rows named `r`."""
    names = [row[0] for row in connection.execute(f"describe {_table(relation)}").fetchall()]
    no_content = _NOT_CONTENT | ({"source_row"} if relation in _SOURCE_ROWS else set())
    texts = {"address_id": "a.address"} if relation in _SHOWN_BY else {}
    return [texts.get(name, f'r."{name}"') for name in names if name not in no_content]


def _key(relation: str) -> str:
    return f"content_of_{relation}"


def _kept(connection: Connection, relation: str) -> Sum | None:
    """What was kept of the columns that are there now."""
    text = get_state(connection, _key(relation))
    if not text:
        return None
    columns, count, mark = json.loads(text)
    return (count, mark) if columns == _hashed(connection, relation) else None


def _keep(connection: Connection, relation: str, found: Sum) -> None:
    set_state(connection, _key(relation), json.dumps([_hashed(connection, relation), *found]))
