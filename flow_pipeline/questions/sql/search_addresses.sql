-- Gives: one row per chain and address whose text begins so, labelled ones first, then those of most transfers; of
--   addresses without a label that is chosen among the first in order of their text
-- Reads: the addresses by text, the transfers by address, store.degrees, store.tokens,
--   intermediate.int_address_labels__intervals
-- Takes: ${texts}, a relation like store.addresses; ${ends}, one like intermediate.int_transfers__ends; $heads, the
--   beginning in each spelling that an address may have; $tail, how it ends; $among, how many are looked at; $most
with begun as (
    select
        address_id,
        address
    from ${texts}
    where
        address >= $heads[1]
        and address < $heads[1] || chr(1114111)
        and (ends_with(address, $tail) or ends_with(address, lower($tail)))
    union
    select
        address_id,
        address
    from ${texts}
    where
        address >= $heads[2]
        and address < $heads[2] || chr(1114111)
        and (ends_with(address, $tail) or ends_with(address, lower($tail)))
),

labelled as (
    select
        i.chain,
        i.address_id,
        arg_max(i.entity, i.valid_to) as entity,
        arg_max(i.category, i.valid_to) as category
    from intermediate.int_address_labels__intervals as i
    where i.address_id in (select address_id from begun)
    group by i.chain, i.address_id
),

looked_at as (
    select address_id from labelled
    union
    (
        select address_id from begun
        order by address
        limit $among
    )
),

busy as (
    select
        t.chain,
        d.address_id,
        sum(d.transfers)::bigint as transfers
    from store.degrees as d
    inner join store.tokens as t using (token_id)
    where d.address_id in (select address_id from looked_at)
    group by t.chain, d.address_id
),

-- what only got or sent nothing, or paid itself
still as (
    select address_id from looked_at anti join busy using (address_id)
),

places as (
    select * from busy
    union all
    select distinct
        e.chain,
        e.address_id,
        0 as transfers
    from ${ends} as e
    where e.address_id in (select address_id from still)
)

select
    b.chain,
    b.address_id,
    a.address,
    l.entity,
    l.category,
    b.transfers
from places as b
inner join begun as a using (address_id)
left join labelled as l using (chain, address_id)
order by a.address in ($heads[1], $heads[2]) desc, l.entity is null, b.transfers desc, a.address, b.chain
limit $most
