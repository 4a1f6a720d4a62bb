"""The data dictionary as Markdown, from the tables' own definitions and dbt's YAML."""

from __future__ import annotations

import re

from flow_pipeline.domain.markdown import item, wrapped
from flow_pipeline.domain.tables import LIVE_TABLES, STORE_TABLES, USER_TABLES
from flow_pipeline.domain.vocabulary import DESTINATION_CLASSES, FLOW_TYPES, LABEL_CATEGORIES, REJECT_REASONS
from flow_pipeline.warehouse.dbt import described_models

_HEAD = """# Data dictionary

`make docs` generates this page from `flow_pipeline/domain/tables.py` and the YAML of `dbt_project`. A test compares it
with them. All times are UTC. Amounts are in token units and exact. netflow = inflow - outflow seen from the exchange;
positive = coins moving onto the exchange. The [glossary](glossary.md) explains the terms.

Each table lists its columns with type and meaning. The schemas:

* `raw`: what the input files gave. Accepted rows, refused rows, labels, the ledger of loads.
* `marts`: transfers with entities, daily and weekly totals, trades and features of wallets.
* `detection`: anomalies, findings with evidence, risk, group flows, clusters, smart money.
* `ops`: audits, publications, alerts, restatements, counts of runs.
* `live`: the tip of followed chains and streams, in a file of its own, `live/tip.duckdb`.
* `store`: the narrow tables with integer ids behind `raw`, `marts` and `detection`.

## Keys of raw.transfers

* With an index from the source: `(chain, tx_hash, transfer_index)` and the content. A duplicate is equal in content:
  one index of logs and of traces may tell two transfers.
* Without an index: `(chain, tx_hash, from_address, to_address, token, amount)`. Rows with the same key are one transfer
  seen more than once. One row is kept and the rest are counted as duplicates. A row with an index wins over equal rows
  without one.
* A transaction has one block: where two are told, as after a reorganisation, the rows of the later one stand and the
  others are duplicates.
* Without a transaction hash: the SHA-256 of the file and the row number. Every row of a file counts; loading the same
  content again adds nothing.
"""


def data_dictionary() -> str:
    """Markdown of every table, its columns, and the closed lists."""
    parts = [_HEAD]
    for schema in ("raw", "marts", "detection", "ops", "live", "store"):
        parts.append(f"\n## {schema}\n")
        if schema == "marts":
            parts += [
                _table(f"marts.{m['name']}", m["description"], m["columns"], m["meta"]["grain"])
                for m in described_models()
                if m["schema"] == "marts"
            ]
        for table in USER_TABLES + LIVE_TABLES + STORE_TABLES:
            if table.schema == schema:
                columns = [{"name": c.name, "data_type": c.type, "description": c.meaning} for c in table.columns]
                parts.append(_table(table.relation, table.description, columns))
    for title, words in (
        ("Reject reasons", REJECT_REASONS),
        ("Label categories", LABEL_CATEGORIES),
        ("Flow types", FLOW_TYPES),
        ("Destination classes", DESTINATION_CLASSES),
    ):
        parts.append(f"\n## {title}\n\n" + "".join(item(f"`{word}`: {meaning}") for word, meaning in words.items()))
    return "".join(parts)


def _table(name: str, description: str, columns: list[dict[str, str]], grain: str = "") -> str:
    key = f"\n{wrapped(f'Key: `{grain}`.')}\n" if grain else ""
    rows = "".join(item(f"`{c['name']}` {_type(c['data_type'])}: {c['description']}") for c in columns)
    return f"\n### {name}\n\n{wrapped(description)}\n{key}\n{rows}"


def _type(name: str) -> str:
    return re.sub(r",\s*", ", ", name.upper())


if __name__ == "__main__":
    from pathlib import Path

    Path("docs/data-dictionary.md").write_text(data_dictionary())
