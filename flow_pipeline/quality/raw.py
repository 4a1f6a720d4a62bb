"""Expectations on what the sources brought: nothing lost, nothing doubled, nothing impossible."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.vocabulary import REJECT_REASONS
from flow_pipeline.quality import Expectation
from flow_pipeline.settings import QualitySettings

sql = statements(__package__)

_REASONS = ", ".join(f"'{reason}'" for reason in REJECT_REASONS)
_CHANGED = "block_date >= date '{first_changed_day}'"
_REJECT_SHARE = (
    "select coalesce(sum(rows_rejected) / nullif(sum(rows_read), 0), 0) from raw.loads where format <> 'labels'"
)


def expectations(settings: QualitySettings) -> list[Expectation]:
    """The suite of schema raw."""
    return [
        Expectation(
            "rows_are_accounted_for",
            "raw.loads",
            "each load has read = loaded + duplicate + rejected",
            "select count(*) from raw.loads where rows_read <> rows_loaded + rows_duplicate + rows_rejected "
            "or least(rows_loaded, rows_duplicate, rows_rejected) < 0",
        ),
        Expectation(
            "transfers_match_the_ledger",
            "raw.transfers",
            "each load has as many transfers as the ledger says",
            sql("raw_ledger_mismatches", table="store.transfers", counter="transfers_loaded"),
        ),
        Expectation(
            "transactions_match_the_ledger",
            "raw.transactions",
            "each load has as many transactions as the ledger says",
            sql("raw_ledger_mismatches", table="raw.transactions", counter="transactions_loaded"),
        ),
        Expectation(
            "rejects_match_the_ledger",
            "raw.rejects",
            "each load has as many rejects as the ledger says",
            sql("raw_ledger_mismatches", table="raw.rejects", counter="rows_rejected"),
        ),
        Expectation(
            "reject_reasons_are_known",
            "raw.rejects",
            "each reject has a reason of the closed list",
            f"select count(*) from raw.rejects where reason is null or reason not in ({_REASONS})",
        ),
        Expectation(
            "transfers_are_whole",
            "raw.transfers",
            "each transfer of the days that changed has a load, a token, a sender, a receiver and a time",
            sql("raw_broken_transfers"),
        ),
        Expectation(
            "amounts_are_believable",
            "raw.transfers",
            "no amount of the days that changed is negative or reaches 10^18 token units",
            "select count(*) from store.transfers "
            f"where {_CHANGED} and (amount < 0 or amount >= 1_000_000_000_000_000_000)",
        ),
        Expectation(
            "days_match_times",
            "raw.transfers",
            "block_date is the UTC day of block_timestamp",
            f"select count(*) from store.transfers where {_CHANGED} and block_date <> block_timestamp::date",
        ),
        Expectation(
            "indexed_keys_are_unique",
            "raw.transfers",
            "no transfer of one (chain, tx_hash, transfer_index) and content stands twice on the days that changed",
            "select count(*) - count(distinct hash(f.tx_hash, f.transfer_index, f.token_id, f.from_id, f.to_id, "
            "f.amount)) from store.transfers as f inner join store.tokens as t using (token_id) "
            f"where f.tx_hash is not null and f.transfer_index is not null and {_CHANGED}",
        ),
        Expectation(
            "failed_transactions_moved_nothing",
            "raw.transactions",
            "no failed transaction stands among the transfers of its load, on the days that changed",
            "select count(*) from raw.transactions as x inner join store.transfers as f using (tx_hash, load_id) "
            f"where not x.is_success and f.{_CHANGED}",
        ),
        Expectation(
            "reject_share_is_allowed",
            "raw.rejects",
            "the share of rejected rows stays within quality.max_reject_share",
            _REJECT_SHARE,
            high=settings.max_reject_share,
        ),
        Expectation(
            "reject_share_is_usual",
            "raw.rejects",
            "the share of rejected rows stays within quality.warn_reject_share",
            _REJECT_SHARE,
            "warning",
            high=settings.warn_reject_share,
        ),
        Expectation(
            "files_look_complete",
            "raw.loads",
            "no file looks cut at an API cap or ends early",
            "select count(*) from raw.loads where is_truncation_suspected",
            "warning",
            shown="select 'cut at an API cap, or ends early: ' || string_agg(source_file, ', ' order by source_file) "
            "from raw.loads where is_truncation_suspected",
        ),
        Expectation(
            "amounts_are_known",
            "raw.transfers",
            "every transfer has an amount",
            "select coalesce(sum(unknown_amounts), 0) from raw.loads",
            "warning",
        ),
    ]
