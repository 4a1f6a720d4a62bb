-- Gives: detection.mev_events: one row per pattern, with names instead of numbers and a reason in a sentence.
-- Reads: store.addresses, intermediate.int_tokens__keys
-- Takes: the relations mev_patterns, pool_swaps
insert into detection.mev_events by name
with pools as (
    select
        n,
        list(address order by address) as pools
    from (
        select
            n,
            unnest(pools) as address_id
        from mev_patterns
    ) inner join store.addresses using (address_id)
    group by n
)

select
    left(
        md5(
            concat_ws(
                '|',
                m.kind,
                m.chain,
                w.address,
                array_to_string(m.tx_hashes, '|'),
                array_to_string(p.pools, '|')
            )
        ),
        16
    ) as event_id,
    m.kind,
    m.block_date,
    m.block_timestamp,
    m.chain,
    m.block_number,
    w.address as wallet,
    s.address as sender,
    m.tx_hashes,
    m.victims as victim_tx_hashes,
    coalesce(p.pools, []) as pools,
    t.token_symbol,
    t.token_address,
    m.gain_amount,
    m.gain_usd,
    m.gas_usd,
    case m.kind
        when 'sandwich'
            then format(
                'bought {} before and sold it after {} of others in the same pool and block',
                coalesce(f.token_symbol, f.token_address, '?'),
                case len(m.victims) when 1 then 'a purchase' else len(m.victims) || ' purchases' end
            )
        when 'arbitrage'
            then format(
                'went round {} pools in one transaction and ended with more {}',
                len(m.pools),
                coalesce(t.token_symbol, t.token_address, '?')
            )
        else 'called a method that liquidates a loan'
    end as reason
from mev_patterns as m
inner join store.addresses as w on w.address_id = m.wallet_id
inner join store.addresses as s on s.address_id = m.sender_id
inner join intermediate.int_tokens__keys as t using (token_key)
left join pools as p using (n)
left join pool_swaps as b
    on b.chain = m.chain and b.tx_hash = case m.kind when 'sandwich' then m.tx_hashes[1] end and b.pool_id = m.pools[1]
left join intermediate.int_tokens__keys as f on f.token_key = b.gave_key
order by m.block_timestamp, m.block_number, m.tx_hashes[1]
