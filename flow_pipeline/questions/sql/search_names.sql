-- Gives: one row per chain and entity, exchange, group of flows or token that has the text in its name, whole names
--   first, then those that begin with it, then the busiest
-- Reads: marts.dim_address_labels, marts.fct_daily_exchange_netflow, detection.groups, store.tokens,
--   intermediate.int_tokens__canonical
-- Takes: $text in lower case; $evm_chains, on which a label of every chain holds; $most
with chains as (
    select distinct chain from store.tokens
),

named as (
    select
        'entity' as kind,
        c.chain,
        l.entity as key,
        l.entity as title,
        min(l.category) as category,
        count(distinct l.address) as size,
        'addresses' as counted
    from marts.dim_address_labels as l
    inner join chains as c on l.chain = c.chain or (l.chain = '*' and list_contains($evm_chains, c.chain))
    where contains(lower(l.entity), $text)
    group by c.chain, l.entity
    union all by name
    select
        'exchange' as kind,
        n.chain,
        n.exchange as key,
        n.exchange as title,
        'exchange' as category,
        sum(n.inflow_count + n.outflow_count) as size,
        'transfers' as counted
    from marts.fct_daily_exchange_netflow as n
    where contains(lower(n.exchange), $text)
    group by n.chain, n.exchange
    union all by name
    select
        'group' as kind,
        null as chain,
        g.group_id as key,
        g.name as title,
        lower(g.type) as category,
        g.address_count as size,
        'addresses' as counted
    from detection.groups as g
    where contains(lower(g.group_id), $text) or contains(lower(g.name), $text)
    union all by name
    select
        'token' as kind,
        k.chain,
        coalesce(k.token_address, k.token_symbol) as key,
        coalesce(k.token_symbol, k.token_address) as title,
        case when bool_or(k.spoof_suspected) then 'spoof suspected' end as category,
        any_value(k.transfer_count) as size,
        'transfers' as counted
    from intermediate.int_tokens__canonical as k
    where
        coalesce(k.token_address, k.token_symbol) is not null
        and (contains(lower(k.token_symbol), $text) or starts_with(lower(k.token_address), $text))
    group by k.chain, k.token_key, k.token_address, k.token_symbol
)

select
    kind,
    chain,
    key,
    title,
    category,
    size::bigint as size,
    counted,
    case
        when lower(title) = $text or lower(key) = $text then 'exact'
        when starts_with(lower(title), $text) or starts_with(lower(key), $text) then 'prefix'
        else 'part'
    end as match
from named
order by
    array_position(['exact', 'prefix', 'part'], match),
    category is not distinct from 'spoof suspected',
    size desc,
    title,
    kind,
    chain
limit $most
