-- Gives: per token and destination what left domestic wallets, and to whom, the largest first of each token
-- Reads: marts.fct_daily_outflow
-- Takes: $token text = null: symbol or contract address
--   $first date = null: first day
--   $last date = null: last day, included
select
    destination_class,
    destination_entity,
    chain,
    token_symbol,
    token_address,
    sum(amount) as amount,
    sum(transfer_count)::bigint as transfer_count
from marts.fct_daily_outflow
where
    ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
group by all
order by chain, token_symbol, token_address, amount desc, destination_class, destination_entity
