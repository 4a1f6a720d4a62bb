-- Gives: the number of transfers without a day, and of those of this run's days without a load, a token, a sender, a
--   receiver or a time
-- Reads: store.transfers, raw.loads, store.tokens, store.addresses
-- Two counts, so that the days of this run prune what the second reads.
select
    (
        select count(*) from store.transfers
        where block_date is null
    )
    + (
        select count(*) from store.transfers
        where
            block_date >= date '{first_changed_day}'
            and (
                block_timestamp is null
                or load_id not in (select load_id from raw.loads)
                or token_id not in (select token_id from store.tokens)
                or least(from_id, to_id) < 1
                or greatest(from_id, to_id) > (select max(address_id) from store.addresses)
                or load_id + token_id + from_id + to_id is null
            )
    )
