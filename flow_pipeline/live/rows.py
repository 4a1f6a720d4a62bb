"""Rows of a stream as transfers, by the rules of files: the same words, forms, reasons and bounds as loading.

What lives here: the columns in which a stream's rows are handed over as text, and the connection that reads them. What
must not: where rows come from, tables of the warehouse, stores.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.candidates import make_candidates
from flow_pipeline.loading.companions import load_companions
from flow_pipeline.loading.ids import pattern_of
from flow_pipeline.loading.ingest import make_words
from flow_pipeline.loading.relations import OF_ONE_FILE
from flow_pipeline.loading.understanding import understand
from flow_pipeline.nodes import TRANSFERS
from flow_pipeline.settings import Settings
from flow_pipeline.sources.fields import Amount, Plan, TransferFields, form_of, hash_of, known_decimals, literal
from flow_pipeline.warehouse.relations import dropped_after
from flow_pipeline.warehouse.store import Connection, open_build

sql = statements(__package__)

TEXTS = pa.schema(
    [
        ("source_row", pa.int64()),
        ("block_number", pa.int64()),
        ("time_text", pa.string()),
        ("transaction_index", pa.int64()),
        ("tx_hash", pa.string()),
        ("transfer_index", pa.int64()),
        ("token_address", pa.string()),
        ("token_symbol", pa.string()),
        ("from_text", pa.string()),
        ("to_text", pa.string()),
        ("amount", pa.string()),
        ("base_amount", pa.string()),
        ("decimals", pa.int64()),
        ("amount_usd", pa.string()),
    ]
)
"""Rows as a stream writes them. `amount` counts coins, `base_amount` base units of `decimals` where they are said."""

JUDGED = pa.schema([pa.field("source_row", pa.int64()), *TRANSFERS, pa.field("reason", pa.string())])
"""Transfers with their place among the rows, and why a row is none."""
_REFUSED = pa.schema([("reason", pa.string()), ("raw_text", pa.string())])
_PLAIN = r"^[0-9]{1,18}(\.[0-9]{0,18})?$"
"""Amounts that any reader of numbers reads alike, and that DECIMAL(38, 18) holds."""


class Rules:
    """Reads rows of one chain. Open it with `rules_of`; one thread at a time may use it."""

    def __init__(self, connection: Connection, chain: str, settings: Settings) -> None:
        self.connection, self.chain, self.settings = connection, chain, settings
        connection.execute("attach if not exists ':memory:' as streams")

    def judge(self, rows: pa.Table) -> pa.Table:
        """Every row, in order, with typed values and the reason why it is no transfer.

        Args:
            rows: Columns of `TEXTS`; `source_row` gives the order.

        Returns:
            Columns of `JUDGED`.
        """
        amounts, has_base = rows.column("amount"), rows.column("base_amount").null_count < rows.num_rows
        is_plain = pc.all(pc.match_substring_regex(amounts, _PLAIN)).as_py() in (True, None)
        if is_plain:
            # For the engine to plan the words that read any number takes longer than to read thousands of them.
            place = rows.schema.get_field_index("amount")
            rows = rows.set_column(place, "amount", amounts.cast(pa.decimal128(38, 18)))
        self.connection.register("stream_rows", rows)
        try:
            return self._judged("stream_rows", _plan(self.chain, is_plain, has_base))
        finally:
            self.connection.unregister("stream_rows")

    def judge_lines(self, path: Path, content: Path, format_name: str) -> tuple[pa.Table, pa.Table]:
        """Rows of a part of a file of JSON Lines, by the rules of its format.

        Args:
            path: The file.
            content: Where the part lies.
            format_name: Its format.

        Returns:
            Transfers, each once in all parts that were judged; then `reason` and `raw_text` of rows that are none.

        Raises:
            Unreadable: the part does not fit the format.
        """
        sources = self.settings.sources
        with dropped_after(self.connection, *OF_ONE_FILE):
            understood = understand(self.connection, path, content, sources, self.chain, True, format_name)
            if understood is None or understood.plan is None:
                return TRANSFERS.empty_table(), _REFUSED.empty_table()
            judged = self._judged(understood.reading.relation(understood.rows), understood.plan)
            self.connection.register("judged_rows", judged)
            try:
                refused = self.connection.execute(sql("rows_refused")).to_arrow_table().cast(_REFUSED)
                self.connection.execute("create table if not exists streams.seen (key uhugeint)")
                self.connection.execute(sql("rows_first_told"))
                told = self.connection.execute("select * exclude (key) from first_told order by source_row")
                rows = told.to_arrow_table().drop_columns(["source_row", "reason"]).cast(TRANSFERS)
                self.connection.execute("insert into streams.seen select key from first_told where key is not null")
                self.connection.execute("drop table first_told")
            finally:
                self.connection.unregister("judged_rows")
            return rows, refused

    def times(self, texts: Sequence[str | None]) -> list[int | None]:
        """Microseconds since 1970 of times as streams write them; None for what is no time."""
        found = self.connection.execute(
            "select epoch_us(flow_time(text)) from unnest($texts::varchar[]) as t (text)", {"texts": list(texts)}
        )
        return [row[0] for row in found.fetchall()]

    def _judged(self, relation: str, plan: Plan) -> pa.Table:
        make_candidates(self.connection, relation, plan, Window(), [], self.settings.sources, is_staged=True)
        statement = sql("rows_judged", pattern=literal(pattern_of(self.chain)))
        return self.connection.execute(statement).to_arrow_table().cast(JUDGED)


@contextmanager
def rules_of(chain: str, settings: Settings) -> Iterator[Rules]:
    """The rules for rows of a chain, with the tokens that the settings and the registry know."""
    with tempfile.TemporaryDirectory(prefix="netraflow-") as folder:
        aside = settings.model_copy(update={"data_dir": Path(folder)})
        with open_build(aside) as connection:
            make_words(connection)
            load_companions(connection, aside)
            # Parts of a stream are small: to hand them to other threads takes longer than to read them.
            connection.execute("set threads = 1")
            yield Rules(connection, chain, settings)


def _plan(chain: str, is_plain: bool, has_base: bool) -> Plan:
    """How the columns of `TEXTS` read."""
    named = literal(chain)
    token = form_of("nullif(token_address, '')", named)
    amount = Amount("flow_units(amount)", "flow_units_reason(amount)", None)
    if is_plain:
        amount = Amount("amount", "null::varchar", None)
    if has_base:
        decimals = f"coalesce(decimals, {known_decimals(named, token, 'token_symbol')})"
        choice = "case when base_amount is null then {} else {} end".format
        amount = Amount(
            choice(amount.value, f"flow_base_units(base_amount, {decimals})"),
            choice(amount.reason, f"flow_base_reason(base_amount, {decimals})"),
            None,
            looks_up_decimals=True,
        )
    dollars = "try_cast(amount_usd as decimal(38, 6))"
    return Plan(
        TransferFields(
            chain=named,
            timestamp="flow_time(time_text)",
            time_text="time_text",
            from_address="flow_text(from_text)",
            to_address="flow_text(to_text)",
            amount=amount,
            block_number="block_number",
            transaction_index="transaction_index",
            tx_hash=hash_of("nullif(tx_hash, '')", named),
            transfer_index="transfer_index",
            token_address=token,
            token_symbol="nullif(token_symbol, '')",
            amount_usd=dollars,
            reason=f"case when amount_usd is not null and coalesce({dollars} < 0, true) then 'bad_amount' end",
        )
    )
