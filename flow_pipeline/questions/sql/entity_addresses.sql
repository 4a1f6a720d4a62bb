-- Gives: one row per address of an entity on a chain, first those that labels name, then its deposit addresses; `rank`
--   is its place among all
-- Reads: marts.dim_address_labels, store.address_clusters, store.addresses, store.degrees, store.tokens
-- Takes: $chain, $entity; $is_evm, whether a label of every chain holds on this one; $after, the rank behind which to
--   begin; $most
with own as (
    select
        address,
        arg_max(label, confidence) as label,
        arg_max(category, confidence) as category,
        max(confidence) as confidence,
        string_agg(distinct source, '; ' order by source) as source,
        min(valid_from) as valid_from,
        nullif(max(valid_to), timestamp '9999-12-31') as valid_to,
        false as is_deposit
    from marts.dim_address_labels
    where entity = $entity and (chain = $chain or ($is_evm and chain = '*'))
    group by address
    union all
    select
        a.address,
        'deposit address',
        'exchange',
        c.confidence,
        c.source,
        c.known_from,
        c.known_to,
        true
    from store.address_clusters as c
    inner join store.addresses as a using (address_id)
    where c.kind = 'exchange_deposit' and c.chain = $chain and c.entity = $entity
),

ranked as (
    select
        row_number() over (order by is_deposit, address) as rank,
        *
    from own
),

page as (
    select *
    from ranked
    where rank > $after
    order by rank
    limit $most
),

busy as (
    select
        a.address,
        sum(d.transfers)::bigint as transfers
    from store.degrees as d
    inner join store.tokens as t on t.token_id = d.token_id and t.chain = $chain
    inner join store.addresses as a on a.address_id = d.address_id
    where a.address in (select address from page)
    group by a.address
)

select
    p.*,
    coalesce(b.transfers, 0) as transfers
from page as p
left join busy as b using (address)
order by p.rank
