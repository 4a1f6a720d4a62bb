"""Expectations on what the sources brought: nothing lost, nothing doubled, nothing impossible."""

from __future__ import annotations

from flow_pipeline.domain.vocabulary import REJECT_REASONS
from flow_pipeline.quality import Expectation
from flow_pipeline.settings import QualitySettings

_REASONS = ", ".join(f"'{reason}'" for reason in REJECT_REASONS)
_REJECT_SHARE = (
    "SELECT coalesce(sum(rows_rejected) / nullif(sum(rows_read), 0), 0) FROM raw.loads WHERE format <> 'labels'"
)


def expectations(settings: QualitySettings) -> list[Expectation]:
    """The suite of schema raw."""
    return [
        Expectation(
            "rows_are_accounted_for",
            "each load has read = loaded + duplicate + rejected",
            "SELECT count(*) FROM raw.loads WHERE rows_read <> rows_loaded + rows_duplicate + rows_rejected OR least(rows_loaded, rows_duplicate, rows_rejected) < 0",
        ),
        Expectation(
            "transfers_match_the_ledger",
            "each load has as many transfers as the ledger says",
            "SELECT count(*) FROM raw.loads l LEFT JOIN (SELECT load_id, count(*) AS n FROM store.transfers GROUP BY load_id) t USING (load_id) WHERE l.transfers_loaded <> coalesce(t.n, 0)",
        ),
        Expectation(
            "transactions_match_the_ledger",
            "each load has as many transactions as the ledger says",
            "SELECT count(*) FROM raw.loads l LEFT JOIN (SELECT load_id, count(*) AS n FROM raw.transactions GROUP BY load_id) t USING (load_id) WHERE l.transactions_loaded <> coalesce(t.n, 0)",
        ),
        Expectation(
            "rejects_match_the_ledger",
            "each load has as many rejects as the ledger says",
            "SELECT count(*) FROM raw.loads l LEFT JOIN (SELECT load_id, count(*) AS n FROM raw.rejects GROUP BY load_id) t USING (load_id) WHERE l.rows_rejected <> coalesce(t.n, 0)",
        ),
        Expectation(
            "reject_reasons_are_known",
            "each reject has a reason of the closed list",
            f"SELECT count(*) FROM raw.rejects WHERE reason IS NULL OR reason NOT IN ({_REASONS})",
        ),
        Expectation(
            "transfers_are_whole",
            "each transfer of this run's days has a load, a token, a sender, a receiver and a time",
            # Two counts, so that the days of this run prune what the second reads.
            "SELECT (SELECT count(*) FROM store.transfers WHERE block_date IS NULL) + (SELECT count(*) FROM store.transfers WHERE block_date IN (FROM store.dirty_days) "
            "AND (block_timestamp IS NULL OR load_id NOT IN (SELECT load_id FROM raw.loads) OR token_id NOT IN (SELECT token_id FROM store.tokens) "
            "OR least(from_id, to_id) < 1 OR greatest(from_id, to_id) > (SELECT max(address_id) FROM store.addresses) OR load_id + token_id + from_id + to_id IS NULL))",
        ),
        Expectation(
            "amounts_are_believable",
            "no amount of this run's days is negative or reaches 10^18 token units",
            "SELECT count(*) FROM store.transfers WHERE block_date IN (FROM store.dirty_days) AND (amount < 0 OR amount >= 1_000_000_000_000_000_000)",
        ),
        Expectation(
            "days_match_times",
            "block_date is the UTC day of block_timestamp",
            "SELECT count(*) FROM store.transfers WHERE block_date IN (FROM store.dirty_days) AND block_date <> block_timestamp::DATE",
        ),
        Expectation(
            "indexed_keys_are_unique",
            "no (chain, tx_hash, transfer_index) stands twice on the days of this run",
            "SELECT count(*) - count(DISTINCT hash(f.tx_hash, f.transfer_index, t.chain)) FROM store.transfers f JOIN store.tokens t USING (token_id) "
            "WHERE f.tx_hash IS NOT NULL AND f.transfer_index IS NOT NULL AND f.block_date IN (FROM store.dirty_days)",
        ),
        Expectation(
            "failed_transactions_moved_nothing",
            "no failed transaction stands among the transfers of its load",
            "SELECT count(*) FROM raw.transactions x JOIN store.transfers f ON f.tx_hash = x.tx_hash AND f.load_id = x.load_id WHERE NOT x.is_success",
        ),
        Expectation(
            "reject_share_is_allowed",
            "the share of rejected rows stays within quality.max_reject_share",
            _REJECT_SHARE,
            high=settings.max_reject_share,
        ),
        Expectation(
            "reject_share_is_usual",
            "the share of rejected rows stays within quality.warn_reject_share",
            _REJECT_SHARE,
            "warning",
            high=settings.warn_reject_share,
        ),
        Expectation(
            "files_look_complete",
            "no file looks cut at an API cap or ends early",
            "SELECT count(*) FROM raw.loads WHERE is_truncation_suspected",
            "warning",
        ),
        Expectation(
            "amounts_are_known",
            "every transfer has an amount",
            "SELECT coalesce(sum(unknown_amounts), 0) FROM raw.loads",
            "warning",
        ),
    ]
