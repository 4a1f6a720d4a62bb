-- Gives: one row per chain and window of a wallet's behaviour, up to its last active day there
-- Reads: marts.fct_wallet_features
-- Takes: $wallet
with last_days as (
    select
        chain,
        max(block_date) as block_date
    from marts.fct_wallet_features
    where wallet = $wallet
    group by chain
)

select f.* exclude (wallet)
from marts.fct_wallet_features as f
inner join last_days using (chain, block_date)
where f.wallet = $wallet
order by f.chain, f.window_days
