-- Gives: in store.services per token and address since when it had many counterparties on one side, and since when on
--   both
-- Reads: store.services
-- Takes: ${moment}, the side; ${other_moment}, the other one; the relations graph_tokens, crowds
merge into store.services as s using (
    select distinct
        k.token_key,
        c.address_id,
        make_timestamp(c.time) as moment
    from crowds as c inner join graph_tokens as k using (position)
) as n on n.token_key = s.token_key and n.address_id = s.address_id
when matched then
    update
        set
            ${moment} = n.moment,
            since = case when s.${other_moment} is not null then greatest(n.moment, s.${other_moment}) end
when not matched then insert (token_key, address_id, ${moment}) values (n.token_key, n.address_id, n.moment)
