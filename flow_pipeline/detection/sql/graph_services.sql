-- Gives: one row of store.services per token and address that is paid by many or pays many, in place of those known.
-- Reads: store.services
-- Takes: $never, the moment of what has not been; the relations graph_tokens, crowds
merge into store.services as s using (
    select distinct
        k.token_key,
        c.address_id,
        make_timestamp(nullif(c.paid_by_many, $never::bigint)) as paid_by_many_at,
        make_timestamp(nullif(c.pays_many, $never::bigint)) as pays_many_at
    from crowds as c inner join graph_tokens as k using (position)
) as n on n.token_key = s.token_key and n.address_id = s.address_id
when matched then
    update
        set
            paid_by_many_at = n.paid_by_many_at,
            pays_many_at = n.pays_many_at,
            since = case
                when n.paid_by_many_at is not null and n.pays_many_at is not null
                    then greatest(n.paid_by_many_at, n.pays_many_at)
            end
when not matched then insert (token_key, address_id, paid_by_many_at, pays_many_at, since) values (
    n.token_key,
    n.address_id,
    n.paid_by_many_at,
    n.pays_many_at,
    case
        when n.paid_by_many_at is not null and n.pays_many_at is not null
            then greatest(n.paid_by_many_at, n.pays_many_at)
    end
)
