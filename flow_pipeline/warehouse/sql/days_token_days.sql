-- Gives: fills store.token_days: one row per token and day to rebuild, with count times maximum as bound of the sum
-- Reads: store.transfers, store.dirty_days
insert into store.token_days
select
    token_id,
    block_date,
    count(*),
    coalesce(count(*) * max(amount)::double, 0)
from store.transfers
where block_date in (select block_date from store.dirty_days)
group by all
