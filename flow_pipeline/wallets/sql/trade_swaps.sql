-- Gives: the temp table swaps: one row per trade among the parties, in time order, with the value of both legs.
-- Reads: store.hubs, intermediate.int_address_labels__intervals, intermediate.int_tokens__canonical
-- Takes: $price_ratio; the relations parties, party_transactions
create or replace temp table swaps as
with services as (
    select
        chain,
        address_id,
        min(since) as since
    from (
        select
            chain,
            address_id,
            date '1970-01-01' as since
        from intermediate.int_address_labels__intervals
        union all
        select
            t.chain,
            h.address_id,
            h.since
        from store.hubs as h inner join intermediate.int_tokens__canonical as t on t.token_key = h.token_key
        where h.since is not null
    )
    group by all
),

traders as (
    select
        p.*,
        x.transaction_index,
        x.method_id,
        x.gas,
        x.gas_usd,
        case when x.tx_hash is null then 'only_trader' when p.id = x.sender_id then 'sender' else 'called' end
            as wallet_basis,
        count(*) filter (where x.tx_hash is null) over (partition by p.chain, p.tx_hash) as strangers
    from parties as p
    left join party_transactions as x on x.chain = p.chain and x.tx_hash = p.tx_hash
    left join services as s on s.chain = p.chain and s.address_id = p.id and s.since <= p.block_date
    where
        p.gives = 1 and p.gets = 1
        and case
            when x.tx_hash is null then s.address_id is null
            when p.id = x.sender_id then true
            else
                p.id = x.called_id and s.address_id is null
                and not exists (
                    select 1
                    from parties as o
                    where o.chain = p.chain and o.tx_hash = p.tx_hash and o.id = x.sender_id
                )
        end
),

starts as (
    select
        chain,
        tx_hash,
        min(first_index) as first_index
    from parties
    group by all
)

select
    t.chain,
    t.tx_hash,
    t.id,
    t.gave_key,
    t.got_key,
    t.gave_amount,
    t.got_amount,
    t.gave_usd,
    t.got_usd,
    t.method_id,
    t.wallet_basis,
    t.transaction_index,
    t.block_number,
    t.block_timestamp,
    t.block_date,
    case
        when t.gave_usd is null then t.got_usd
        when t.got_usd is null then t.gave_usd
        when greatest(t.gave_usd, t.got_usd) <= $price_ratio * least(t.gave_usd, t.got_usd)
            then (t.gave_usd + t.got_usd) / 2
    end as value_usd,
    case
        when t.gave_usd is null and t.got_usd is null then 'none'
        when t.got_usd is null then 'gave'
        when t.gave_usd is null then 'got'
        when greatest(t.gave_usd, t.got_usd) <= $price_ratio * least(t.gave_usd, t.got_usd) then 'both'
        else 'apart'
    end as price_basis,
    t.gas as gas_amount,
    t.gas_usd,
    row_number() over (
        order by t.block_timestamp, t.block_number, t.transaction_index, s.first_index, t.tx_hash, t.chain
    ) - 1 as n
from traders as t inner join starts as s on s.chain = t.chain and s.tx_hash = t.tx_hash
where t.wallet_basis <> 'only_trader' or t.strangers = 1
