-- Gives: one row per asked address, direction and address that is one hop further from it than the frontier and can
--   still come to a listed one, with the address it was reached from
-- Reads: store.transfers
-- Takes: $tokens to look at, none for all; $hops_left after this one; the relations frontier and seen (root_id,
--   direction, address_id), near (direction, address_id, hops to a listed address)
with steps as (
    select
        w.root_id,
        w.direction,
        f.to_id as address_id,
        w.address_id as parent_id
    from store.transfers as f
    inner join frontier as w on w.direction = 'out' and w.address_id = f.from_id
    inner join near as n on n.direction = 'out' and n.address_id = f.to_id and n.hops <= $hops_left
    where
        f.from_id <> f.to_id
        and (f.amount is null or f.amount > 0)
        and (len($tokens::integer[]) = 0 or f.token_id in (select unnest($tokens::integer[])))
    union all
    select
        w.root_id,
        w.direction,
        f.from_id,
        w.address_id
    from store.transfers as f
    inner join frontier as w on w.direction = 'in' and w.address_id = f.to_id
    inner join near as n on n.direction = 'in' and n.address_id = f.from_id and n.hops <= $hops_left
    where
        f.from_id <> f.to_id
        and (f.amount is null or f.amount > 0)
        and (len($tokens::integer[]) = 0 or f.token_id in (select unnest($tokens::integer[])))
)

select
    root_id,
    direction,
    address_id,
    min(parent_id) as parent_id
from steps anti join seen using (root_id, direction, address_id)
group by root_id, direction, address_id
