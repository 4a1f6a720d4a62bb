-- Gives: one row per chain on which a wallet traded
-- Reads: marts.fct_wallet_trades
-- Takes: $wallet
select
    chain,
    count(*) as trades,
    min(block_date) as first_day,
    max(block_date) as last_day,
    count(value_usd) / count(*) as priced_share,
    sum(value_usd) as value_usd,
    sum(realised_usd) as realised_usd,
    count(realised_usd) as closed,
    count(*) filter (where realised_usd > 0) as wins,
    sum(gas_usd) as gas_usd
from marts.fct_wallet_trades
where wallet = $wallet
group by chain
order by trades desc, chain
