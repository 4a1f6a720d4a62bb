-- Gives: store.wallet_days: one row per wallet and day from a day on, of one part of the wallets.
-- Reads: store.wallets, store.transfers, store.prices, store.addresses, intermediate.int_tokens__canonical,
--   marts.fct_wallet_trades, detection.mev_events
-- Takes: $first, $part, $parts, $chains, $coins; of round trips $back, $seconds, $loss; the relation acts
insert into store.wallet_days by name
with native_coins as (
    select
        c.chain,
        -- a price for one chain's coin comes before that of the symbol
        coalesce(
            (
                select min(p.token) from store.prices as p
                where p.token = c.chain || ':' || c.coin
            ),
            c.coin
        ) as coin
    from (
        select
            unnest($chains) as chain,
            unnest($coins) as coin
    ) as c
),

transactions as (
    select
        a.chain,
        a.address_id,
        a.block_date,
        count(*) as tx_count,
        count(a.is_success) as status_count,
        count(*) filter (where a.is_success) as success_count,
        count(*) filter (where a.is_contract) as contract_count,
        count(*) filter (where a.is_defi) as defi_count,
        count(*) filter (where isodow(a.block_date) < 6) as weekday_count,
        sum(cos(2 * pi() * (epoch(a.block_timestamp) % 86400) / 86400)::decimal(9, 6)) as hour_cos,
        sum(sin(2 * pi() * (epoch(a.block_timestamp) % 86400) / 86400)::decimal(9, 6)) as hour_sin,
        count(a.gas_ratio) as gas_count,
        sum(a.gas_ratio) as gas_ratio,
        sum(least(1, 1 / a.gas_ratio::double)::decimal(9, 6)) filter (where a.gas_ratio > 0) as gas_saved,
        count(*) filter (where a.is_over) as gas_over_count,
        sum(a.gas)::double * any_value(p.usd) as gas_usd
    from acts as a
    left join native_coins as c using (chain)
    left join store.prices as p on p.token = c.coin and p.price_date = a.block_date
    where a.address_id % $parts = $part
    group by all
),

tokens as (
    select
        token_id,
        token_key,
        chain,
        price_token,
        spoof_suspected
    from intermediate.int_tokens__canonical
),

transfers as (
    select
        k.chain,
        k.token_key,
        k.price_token,
        k.spoof_suspected,
        f.block_timestamp,
        f.block_date,
        f.block_number,
        f.transaction_index,
        f.transfer_index,
        f.from_id,
        f.to_id,
        f.amount,
        f.amount_usd
    from (
        select *
        from store.transfers
        where
            block_date >= $back
            and is_edge
            and $part in (from_id % $parts, to_id % $parts)
            and (
                from_id in (select address_id from store.wallets)
                or to_id in (select address_id from store.wallets)
            )
    ) as f
    inner join tokens as k using (token_id)
),

payments as (
    select
        f.chain,
        f.from_id as address_id,
        f.block_date,
        count(*) as sent_count,
        count(f.usd) as priced_count,
        sum(f.usd) as volume_usd,
        sum(try_cast(f.usd::double * f.usd::double as decimal(38, 2))) as volume_squares
    from (
        select
            t.chain,
            t.from_id,
            t.block_date,
            usd_of(t.amount, p.usd, t.amount_usd, t.spoof_suspected) as usd
        from transfers as t left join store.prices as p on p.price_date = t.block_date and p.token = t.price_token
        where t.block_date >= $first and t.from_id % $parts = $part
    ) as f
    inner join store.wallets as w on w.chain = f.chain and w.address_id = f.from_id and w.first_day <= f.block_date
    group by all
),

ends as (
    select
        chain,
        token_key,
        from_id as address_id,
        block_timestamp,
        block_date,
        block_number,
        transaction_index,
        transfer_index,
        amount,
        true as is_paid
    from transfers
    where from_id % $parts = $part
    union all
    select
        chain,
        token_key,
        to_id,
        block_timestamp,
        block_date,
        block_number,
        transaction_index,
        transfer_index,
        amount,
        false
    from transfers
    where to_id % $parts = $part
),

turns as (
    select
        e.*,
        w.first_day,
        lag({ 'is_paid': e.is_paid, 'amount': e.amount, 'at': e.block_timestamp }) over own as before
    from ends as e inner join store.wallets as w on w.chain = e.chain and w.address_id = e.address_id
    window own as (
        partition by e.chain, e.address_id, e.token_key
        order by
            e.block_timestamp, e.block_number, e.transaction_index, e.transfer_index, e.is_paid desc, e.amount
    )
),

returns as (
    select
        chain,
        address_id,
        block_date,
        count(*) as returned_count
    from turns
    where
        not is_paid
        and before.is_paid
        and block_timestamp - before['at'] <= to_seconds($seconds)
        and block_date >= greatest($first, first_day)
        and amount::double between before.amount::double * (1 - $loss) and before.amount::double
    group by all
),

trades as (
    select
        t.chain,
        a.address_id,
        t.block_date,
        count(*) as trade_count,
        count(t.value_usd) as priced_trade_count,
        count(t.realised_usd) as sold_count,
        count(*) filter (where t.realised_usd > 0) as sold_well_count,
        sum(try_cast(t.realised_usd as decimal(38, 6))) as sold_usd,
        sum(try_cast(t.held_seconds as decimal(38, 3))) as held_seconds,
        count(t.held_seconds) as held_count
    from marts.fct_wallet_trades as t inner join store.addresses as a on a.address = t.wallet
    where t.block_date >= $first and a.address_id % $parts = $part
    group by all
),

mev as (
    select
        m.chain,
        a.address_id,
        m.block_date,
        len(list_distinct(flatten(list(m.tx_hashes)))) as mev_tx_count,
        count(*) filter (where m.kind = 'sandwich') as sandwich_count,
        count(*) filter (where m.kind = 'arbitrage') as arbitrage_count,
        count(*) filter (where m.kind = 'liquidation') as liquidation_count,
        sum(try_cast(m.gain_usd as decimal(38, 6))) as mev_usd,
        count(m.gain_usd) filter (where m.kind = 'arbitrage') as round_count,
        count(*) filter (where m.kind = 'arbitrage' and m.gain_usd > 0) as round_won_count,
        sum(try_cast(m.gain_usd as decimal(38, 6))) filter (where m.kind = 'arbitrage') as round_usd
    from detection.mev_events as m inner join store.addresses as a on a.address = m.wallet
    where m.block_date >= $first and a.address_id % $parts = $part
    group by all
)

-- An arbitrage is no trade, because nothing is given, but its gain is profit like theirs. What is added up is decimal,
-- so that the sums do not depend on the order of the rows.
select
    wallet_id,
    block_date,
    coalesce(tx_count, 0) as tx_count,
    coalesce(status_count, 0) as status_count,
    coalesce(success_count, 0) as success_count,
    coalesce(contract_count, 0) as contract_count,
    coalesce(defi_count, 0) as defi_count,
    coalesce(weekday_count, 0) as weekday_count,
    coalesce(hour_cos, 0) as hour_cos,
    coalesce(hour_sin, 0) as hour_sin,
    coalesce(gas_count, 0) as gas_count,
    coalesce(gas_ratio, 0) as gas_ratio,
    coalesce(gas_saved, 0) as gas_saved,
    coalesce(gas_over_count, 0) as gas_over_count,
    coalesce(gas_usd, 0) as gas_usd,
    coalesce(sent_count, 0) as sent_count,
    coalesce(priced_count, 0) as priced_count,
    coalesce(volume_usd, 0) as volume_usd,
    coalesce(volume_squares, 0) as volume_squares,
    coalesce(returned_count, 0) as returned_count,
    coalesce(trade_count, 0) as trade_count,
    coalesce(priced_trade_count, 0) as priced_trade_count,
    coalesce(sold_count, 0) + coalesce(round_count, 0) as closed_count,
    coalesce(sold_well_count, 0) + coalesce(round_won_count, 0) as won_count,
    coalesce(sold_usd, 0) + coalesce(round_usd, 0) as realised_usd,
    coalesce(held_seconds, 0) as held_seconds,
    coalesce(held_count, 0) as held_count,
    coalesce(mev_tx_count, 0) as mev_tx_count,
    coalesce(sandwich_count, 0) as sandwich_count,
    coalesce(arbitrage_count, 0) as arbitrage_count,
    coalesce(liquidation_count, 0) as liquidation_count,
    coalesce(mev_usd, 0) as mev_usd
from transactions
full join payments using (chain, address_id, block_date)
full join returns using (chain, address_id, block_date)
full join trades using (chain, address_id, block_date)
full join mev using (chain, address_id, block_date)
inner join store.wallets using (chain, address_id)
