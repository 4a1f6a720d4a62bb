"""What runs published, and how much of everything there is: what Dagster is told of runs that it did not make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flow_pipeline.domain.markdown import row
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.rows import records, rows
from flow_pipeline.warehouse.store import Connection, table_counts

sql = statements(__package__)

_LETTERS = 60
"""Of one value in a sample: the row stays a row."""


@dataclass(frozen=True)
class Publication:
    """A publication, with the rows of its tables and the verdicts of its audits.

    Attributes:
        run_id: The run.
        published_at: Time of the publication, UTC.
        first: First day of the published calendar.
        last: Last day of it.
        counts: Rows per table and part of a table; a view has none.
        samples: Rows of the marts as Markdown, of the last publication alone.
        verdicts: Rows of ops.audits.
    """

    run_id: str
    published_at: datetime
    first: date
    last: date
    counts: dict[str, int]
    samples: dict[str, str]
    verdicts: list[dict[str, Any]]


def next_publication(connection: Connection, after: str) -> Publication | None:
    """The first publication after a run that audited itself, as those of the command do; None when there is none.

    A run of Dagster audits under Dagster's own id.
    """
    found = records(connection, sql("publication_next"), {"after": after})
    if not found:
        return None
    one = found[0]
    counts = {table: count for table, count in zip(one["tables"], one["counts"], strict=True) if count is not None}
    samples = {}
    if one["is_last"]:  # the file has the rows of no other
        counts |= counted(connection)
        samples = {name: sample(connection, name) for name in counts if name.startswith("marts.")}
    verdicts = records(connection, "select * from ops.audits where run_id = $run_id", {"run_id": one["run_id"]})
    days = (one["window_first"], one["window_last"])
    return Publication(one["run_id"], one["published_at"], *days, counts, samples, verdicts)


def about(connection: Connection) -> dict[str, Any]:
    """What is published: `published_at`, first and last day, audits and label sets, and how many transfers they name.

    Returns:
        `publication` (run_id, published_at, window_first, window_last), `audits` (a row per stage: passed, warned,
        and the names of those that warned), `labels` (a row per label set: labels, addresses, last day on which one
        became known), `coverage` (transfers, to_labelled and with_region as shares).
    """
    return {
        "publication": records(connection, sql("about_publication"))[0],
        "audits": records(connection, sql("about_audits")),
        "labels": records(connection, sql("about_labels")),
    }


def counted(connection: Connection) -> dict[str, int]:
    """Rows of every table, and of the parts of a table that several detectors fill, as `schema.table.detector`.

    Views are left out, because counting them runs them; those of the transfers have as many rows as the store.
    """
    found = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    # Transfers in a lake are a view, and their files say how many they are.
    counts = table_counts(connection, sorted({"store.transfers", *(name for (name,) in found)}))
    counts |= dict.fromkeys(("raw.transfers", "marts.fct_transfers"), counts["store.transfers"])
    return counts | dict(connection.execute(sql("publication_parts")).fetchall())


def sample(connection: Connection, relation: str, most: int = 5) -> str:
    """The first rows of the last day of a table, or of the table where it has no days, as Markdown."""
    columns = [name for name, *_ in connection.execute(f"describe {relation}").fetchall()]
    day = f"where block_date = (select max(block_date) from {relation})" if "block_date" in columns else ""
    shown, values = rows(connection, f"select * from {relation} {day} limit {most}")
    return "\n".join([row(shown), row("---" for _ in shown), *(row(map(_short, one)) for one in values)])


def _short(value: object) -> object:
    text = "" if value is None else str(value)
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
