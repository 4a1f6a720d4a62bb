-- Gives: the temp table group_memberships: one row per group, chain, address and stretch of time; an
--   address of the file has its group there alone
-- Reads: store.addresses, store.tokens, intermediate.int_address_labels__intervals
-- Takes: the relations file_members, chain_families
create or replace temp table group_memberships as
with chains as (
    select distinct
        t.chain,
        coalesce(c.family, 'evm') as family
    from store.tokens as t left join chain_families as c using (chain)
),

from_file as (
    select
        m.group_id,
        c.chain,
        a.address_id,
        timestamp '1970-01-01' as valid_from,
        timestamp '9999-12-31' as valid_to
    from file_members as m
    inner join store.addresses as a using (address)
    inner join chains as c using (family)
)

select * from from_file
union all
select
    i.entity,
    i.chain,
    i.address_id,
    i.valid_from,
    i.valid_to
from intermediate.int_address_labels__intervals as i
where
    (i.is_source or i.is_destination)
    and i.category <> 'burn'
    and not exists (
        select 1 from from_file as f
        where f.chain = i.chain and f.address_id = i.address_id
    )
