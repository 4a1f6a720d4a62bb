"""Who paid whom in blocks of Bitcoin's family that a node gave, by the same rule as in files of blocks.

What lives here: the rule of sources/bitcoin.py on JSON in memory. What must not: the rule itself, nodes.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from flow_pipeline.domain.chains import native_of
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.sql import statements
from flow_pipeline.loading.ingest import make_words
from flow_pipeline.sources.bitcoin import transfer_fields, transfers_of_lines

sql = statements(__package__)


class InputsOutputs:
    """A small engine of its own, which is opened once."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"threads": 1})
        make_words(self._connection)

    def close(self) -> None:
        """Ends the engine."""
        self._connection.close()

    def transfers(self, documents: Sequence[bytes], chain: str) -> pa.Table:
        """Transfers of blocks.

        Args:
            documents: Blocks with the values and addresses of their inputs, as JSON, in their order.
            chain: One of Bitcoin's family.

        Returns:
            Columns of `nodes.TRANSFERS`.

        Raises:
            FlowError: a transaction pays out more than it takes in, or has inputs without values.
        """
        coin = native_of(chain)
        fields = transfer_fields(chain, coin.native_symbol if coin else "")
        lines = pa.table({"document": pa.array([document.decode() for document in documents], pa.string())})
        self._connection.register("documents", lines)
        try:
            self._connection.execute(sql("inputs_outputs_lines"))
            statement = sql(
                "inputs_outputs_transfers",
                rows=f"({transfers_of_lines()})",
                source_reason=f"coalesce({fields.reason}, {fields.amount.reason})",
                source_block_number=fields.block_number,
                source_block_timestamp=fields.timestamp,
                source_transaction_index=fields.transaction_index,
                source_tx_hash=fields.tx_hash,
                source_transfer_index=fields.transfer_index,
                source_token_symbol=fields.token_symbol,
                source_from_address=fields.from_address,
                source_to_address=fields.to_address,
                source_amount=fields.amount.value,
            )
            table: pa.Table = self._connection.execute(statement).to_arrow_table()
        finally:
            self._connection.unregister("documents")
        wrong = table.filter(table["reason"].is_valid())
        if wrong.num_rows:
            first = wrong.slice(0, 1).to_pylist()[0]
            raise FlowError(
                f"transaction {first['tx_hash']} of block {first['block_number']}: {first['reason']}",
                "the node's answer can not be true; ask another one",
            )
        return table.drop_columns(["reason"])
