-- Gives: one row per chain, token and address that is a hub, or known to be paid by many or to pay many: since when
-- Reads: store.hubs, store.services, store.addresses, intermediate.int_tokens__canonical
-- Takes: $never, the moment of what has not been
with tokens as (
    select distinct
        token_key,
        chain,
        coalesce(token_address, token_symbol) as token
    from intermediate.int_tokens__canonical
),

known as (
    select
        token_key,
        address_id,
        epoch_us(since::timestamp) as hub,
        null::bigint as paid_by_many,
        null::bigint as pays_many
    from store.hubs
    where since is not null
    union all
    select
        token_key,
        address_id,
        null,
        epoch_us(paid_by_many_at),
        epoch_us(pays_many_at)
    from store.services
)

select
    k.chain,
    k.token,
    a.address,
    coalesce(min(s.hub), $never::bigint) as hub,
    coalesce(min(s.paid_by_many), $never::bigint) as paid_by_many,
    coalesce(min(s.pays_many), $never::bigint) as pays_many
from known as s
inner join tokens as k using (token_key)
inner join store.addresses as a using (address_id)
group by all
