-- Gives: one row per token and address known to be paid by many or to pay many, with the moments since when
-- Reads: store.services
-- Takes: $never, the moment of what has not been; the relation graph_tokens
select distinct
    k.position as token,
    s.address_id as address,
    coalesce(epoch_us(s.paid_by_many_at), $never::bigint) as paid_by_many,
    coalesce(epoch_us(s.pays_many_at), $never::bigint) as pays_many
from store.services as s inner join graph_tokens as k using (token_key)
