-- Gives: one row per cutoff and wallet that traded in the window up to its last active day: the features of that day,
--   and the profit of the days after the cutoff.
-- Reads: store.wallet_features, store.wallet_days, store.wallets, store.addresses, marts.fct_wallet_features
-- Takes: $cutoffs, $days, $horizon
with cutoffs as (
    select unnest($cutoffs::date[]) as cutoff
),

latest as (
    select
        c.cutoff,
        f.chain,
        f.address_id,
        max(f.block_date) as block_date
    from cutoffs as c
    inner join store.wallet_features as f on f.block_date <= c.cutoff and f.block_date > c.cutoff - $days
    where f.window_days = $days
    group by all
),

outcomes as (
    select
        c.cutoff,
        w.chain,
        w.address_id,
        sum(d.realised_usd::decimal(38, 6))::double as outcome_usd
    from cutoffs as c
    inner join store.wallet_days as d on d.block_date > c.cutoff and d.block_date <= c.cutoff + $horizon
    inner join store.wallets as w using (wallet_id)
    where d.closed_count > 0
    group by all
)

select
    f.*,
    l.cutoff,
    l.cutoff + 1 as outcome_first_day,
    coalesce(o.outcome_usd, 0) as outcome_usd
from latest as l
inner join store.addresses as a using (address_id)
inner join marts.fct_wallet_features as f
    on
        f.chain = l.chain
        and f.wallet = a.address
        and f.block_date = l.block_date
        and f.window_days = $days
        and f.trade_count + f.mev_tx_count > 0
left join outcomes as o on o.cutoff = l.cutoff and o.chain = l.chain and o.address_id = l.address_id
order by l.cutoff, f.chain, f.wallet
