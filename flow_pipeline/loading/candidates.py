"""Candidates of a file: its rows of the days to load, with typed values, and which of them may load."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tokens import native_coins
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.strangers import make_names_harmless
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import Plan, form_of
from flow_pipeline.warehouse.store import Connection, number

sql = statements(__package__)

_FAR = date(9000, 1, 1)
"""Later than any day of a file; a timestamp may lie a day after it."""


class Candidates(NamedTuple):
    """What is known of the candidates of a file.

    Attributes:
        is_by_symbol: A token is named by a symbol only, which is no chain's own coin: what is known of tokens decides
            it.
        renamed: Names as they are stored that the file writes in another way, because that was not harmless.
    """

    is_by_symbol: bool
    renamed: list[str]


def make_candidates(
    connection: Connection,
    rows: str,
    plan: Plan,
    window: Window,
    loaded: Sequence[Window],
    sources: SourceSettings,
    is_staged: bool,
) -> Candidates:
    """The view `candidate_rows`: every row to load, with typed values and the reason why it may not.

    Args:
        connection: The build file.
        rows: The rows of the file, as they stand after FROM.
        plan: How they read.
        window: Days to load.
        loaded: Windows of the file that are loaded already.
        sources: Settings in force.
        is_staged: True for a text file, whose values are read once and kept; those of Parquet are read again.
    """
    earliest = f"timestamp '{sources.earliest}'"
    latest = f"timestamp '{latest_time(sources)}'"
    f = plan.transfers
    connection.execute(
        sql(
            "candidates_typed_rows",
            rows=rows,
            earliest=earliest,
            latest=latest,
            source_chain=f.chain,
            source_block_number=f.block_number,
            source_block_timestamp=f.timestamp,
            source_tx_hash=f.tx_hash,
            source_transfer_index=f.transfer_index,
            source_token_address=f.token_address,
            source_token_symbol=f.token_symbol,
            source_from_text=f.from_address,
            source_to_text=f.to_address,
            source_amount=f.amount.value,
            source_amount_usd=f.amount_usd,
            source_is_report=plan.wallet_reports or "false",
            source_is_transfer=f.is_transfer,
            source_transaction_index=f.transaction_index,
            source_is_missing=_is_missing(plan),
            source_reason=f.reason,
            source_amount_reason=f.amount.reason,
        )
    )
    is_dated = f"coalesce(block_timestamp >= {earliest} and block_timestamp < {latest}, false)"
    wanted = f"(select * from typed_rows where {_is_wanted(window, loaded, is_dated)})"
    if is_staged:
        connection.execute(f"create or replace temp table rows_in_window as select * from {wanted}")
        wanted = "rows_in_window"
    wanted, renamed = make_names_harmless(connection, wanted, sources.max_name_letters)
    is_by_symbol = _names_by_symbol(connection, wanted)
    if is_by_symbol:
        connection.execute(sql("candidates_named_rows", rows=wanted))
        wanted = "named_rows"
    chain = f.chain if f.chain.startswith("'") else "chain"
    addresses = f"{form_of('from_text', chain)} as from_address, {form_of('to_text', chain)} as to_address"
    connection.execute(f"create or replace temp view candidate_rows as select *, {addresses} from {wanted}")
    return Candidates(is_by_symbol, renamed)


def _names_by_symbol(connection: Connection, rows: str) -> bool:
    """True where rows name a token by a symbol only; a chain's own coin has no contract to find."""
    named = connection.execute(
        f"select distinct chain, token_symbol from {rows} where token_address is null and token_symbol is not null"
    ).fetchall()
    coins = {(coin.chain, coin.token_symbol) for coin in native_coins()}
    return any((chain, symbol) not in coins for chain, symbol in named)


def latest_time(sources: SourceSettings) -> datetime:
    """Times from this on are not believable."""
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=sources.max_future_hours)


def tell_good_from_bad(connection: Connection) -> None:
    """The views `good_transfers` and `bad_rows`, once `bad_addresses` is filled."""
    is_bad = "false"
    if number(connection, "select count(*) from bad_addresses"):
        is_bad = (
            "exists (select 1 from bad_addresses as b where b.chain = c.chain and b.text in (c.from_text, c.to_text))"
        )
    connection.execute(
        "create or replace temp view good_transfers as "
        f"select * from candidate_rows as c where reason is null and is_transfer and not {is_bad}"
    )
    connection.execute(
        "create or replace temp view bad_rows as select * replace (coalesce(reason, 'bad_address') as reason) "
        f"from candidate_rows as c where reason is not null or (is_transfer and {is_bad})"
    )


def _is_missing(plan: Plan) -> str:
    """True where a row lacks what every transfer has: sender, receiver, time, and the amount where it must be given."""
    f = plan.transfers
    needs_receiver = "true" if plan.transactions is None else f"({f.is_transfer})"
    checks = [
        f"({f.from_address}) is null",
        f"(({f.to_address}) is null and {needs_receiver})",
        f"({f.time_text}) is null",
    ]
    if f.amount.text:
        checks.append(f"({f.amount.text}) is null")
    return " or ".join(checks)


def _is_wanted(window: Window, loaded: Sequence[Window], is_dated: str) -> str:
    """Condition on typed rows: of the window and not loaded yet; those without a day load with the first window."""
    in_window = "true" if window == Window() else _days(window)
    wanted = " and not ".join([in_window, *map(_days, loaded)])
    undated = "false" if loaded else f"not ({is_dated})"
    return "true" if wanted == "true" else f"case when {is_dated} then {wanted} else {undated} end"


def _days(window: Window) -> str:
    first, after = window.first or date.min, min(window.last or _FAR, _FAR) + timedelta(days=1)
    return f"(block_timestamp >= timestamp '{first}' and block_timestamp < timestamp '{after}')"
