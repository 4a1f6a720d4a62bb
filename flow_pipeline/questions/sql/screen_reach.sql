-- Gives: one row per direction and address that is one hop further from the listed addresses than the frontier
-- Reads: store.transfers
-- Takes: $tokens to look at, none for all; the relations frontier and reached (direction, address_id); `out` leads to
--   a listed address, `in` comes from one
with steps as (
    select
        'out' as direction,
        f.from_id as address_id
    from store.transfers as f
    inner join frontier as w on w.direction = 'out' and w.address_id = f.to_id
    where
        f.from_id <> f.to_id
        and (f.amount is null or f.amount > 0)
        and (len($tokens::integer[]) = 0 or f.token_id in (select unnest($tokens::integer[])))
    union all
    select
        'in',
        f.to_id
    from store.transfers as f
    inner join frontier as w on w.direction = 'in' and w.address_id = f.from_id
    where
        f.from_id <> f.to_id
        and (f.amount is null or f.amount > 0)
        and (len($tokens::integer[]) = 0 or f.token_id in (select unnest($tokens::integer[])))
)

select distinct
    direction,
    address_id
from steps anti join reached using (direction, address_id)
