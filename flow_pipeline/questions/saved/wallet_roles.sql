-- Gives: which wallets of exchanges were hot, warm or cold on which day, latest day first
-- Reads: marts.fct_daily_wallet_roles
-- Takes: $entity text = null: the exchange
--   $first date = null: first day
--   $last date = null: last day, included
select
    block_date,
    chain,
    address,
    entity,
    role
from marts.fct_daily_wallet_roles
where
    ($entity is null or lower(entity) = lower($entity))
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
order by block_date desc, entity, chain, address
