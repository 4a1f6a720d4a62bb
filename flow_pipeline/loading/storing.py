"""From the candidates of a file to the stored tables: transfers, transactions, wallet reports and rejects."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.loading.duplicates import remember_transactions
from flow_pipeline.loading.ids import pattern_of
from flow_pipeline.warehouse.store import Connection, number
from flow_pipeline.warehouse.transfers import new_transfers

sql = statements(__package__)

_TRANSACTION_COLUMNS = (
    "transaction_index",
    "to_address",
    "value",
    "gas_price",
    "gas_used",
    "is_success",
    "method_id",
    "created_contract",
)


def store_transfers(connection: Connection, load_id: int) -> int:
    """Insert the good transfers that are no duplicates; their count."""
    has_duplicates = number(connection, "select count(*) from duplicate_rows")
    not_duplicate = "not exists (select 1 from duplicate_rows as d where d.source_row = c.source_row)"
    # Where no two texts of the file share a hash, equal hashes are equal texts; joining on the hash spares a fifth of
    # the insert.
    keys = "create or replace temp table address_keys as select {} as key, address_id from address_texts"
    key = "hash({})"
    connection.execute(keys.format(key.format("text")))
    if number(connection, "select count(*) - count(distinct key) from address_keys"):
        key = "{}"
        connection.execute(keys.format(key.format("text")))
    statement = sql(
        "storing_transfers",
        transfers=new_transfers(connection),
        from_key=key.format("c.from_text"),
        to_key=key.format("c.to_text"),
        is_kept=not_duplicate if has_duplicates else "true",
    )
    stored = number(connection, statement, {"load_id": load_id})
    remember_transactions(connection, new_transfers(connection), f"load_id = {load_id}")
    connection.execute("drop table address_keys")
    return stored


def store_transactions(
    connection: Connection, load_id: int, columns: dict[str, str], rows: str, chain: str
) -> tuple[int, int]:
    """Insert new transactions, after the transfers of their file.

    Args:
        connection: The build file.
        load_id: The file's load.
        columns: The source's expressions.
        rows: The rows of the file, as they stand after FROM.
        chain: Chain of the file.

    Returns:
        Transactions stored, and rows of the file of which a transaction or a transfer is stored.
    """
    select = ", ".join(f"({columns[name]}) as x_{name}" for name in _TRANSACTION_COLUMNS)
    connection.execute(sql("storing_new_transactions", columns=select, rows=rows))
    connection.execute(sql("storing_transactions"), {"load_id": load_id})
    connection.execute(sql("storing_transaction_addresses"), {"pattern": pattern_of(chain)})
    stored = number(connection, "select count(*) from new_transactions")
    loaded = number(
        connection,
        "select count(distinct source_row) from (select source_row from new_transactions "
        "union all select source_row from store.transfers where load_id = $load_id)",
        {"load_id": load_id},
    )
    connection.execute("drop table new_transactions")
    return stored, loaded


def store_wallet_reports(connection: Connection, load_id: int, path: str) -> int:
    """Insert the wallets that the file reports; their count."""
    return number(connection, sql("storing_wallet_reports"), {"load_id": load_id, "path": path})


def store_malformed_rows(connection: Connection, load_id: int, path: str, max_text: int) -> None:
    """Keep the rows that can not be read among the rejects."""
    connection.execute(
        "insert into raw.rejects select $load_id, $path, source_row, 'malformed_row', "
        "flow_harmless(left(message, 500)), flow_harmless(left(raw_text, $max_text)) from malformed_rows",
        {"load_id": load_id, "path": path, "max_text": max_text},
    )


def store_bad_rows(connection: Connection, load_id: int, path: str, max_text: int, rows: str, time_text: str) -> None:
    """Keep the rows that may not load among the rejects."""
    statement = sql("storing_rejects", rows=rows, time_text=time_text)
    connection.execute(statement, {"load_id": load_id, "path": path, "max_text": max_text})


def reject_reasons(connection: Connection, load_id: int) -> dict[str, int]:
    """Rejects of a load per reason, most first."""
    found = connection.execute(
        "select reason, count(*) from raw.rejects where load_id = ? group by reason order by 2 desc, 1", [load_id]
    )
    return dict(found.fetchall())
