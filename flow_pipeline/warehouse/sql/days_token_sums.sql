-- Gives: corrects store.token_days: one row per day of tokens whose bounds come near to what a sum can hold, with it
-- Reads: store.transfers, store.token_days
update store.token_days set amount_bound = s.total
from (
    select
        token_id,
        block_date,
        coalesce(sum(amount::double), 0) as total
    from store.transfers
    where
        token_id in (
            select token_id
            from store.token_days
            group by token_id
            having sum(amount_bound) >= 1e20
        )
    group by all
) as s
where s.token_id = token_days.token_id and s.block_date = token_days.block_date
