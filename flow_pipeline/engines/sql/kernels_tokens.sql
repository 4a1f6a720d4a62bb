-- Gives: one row per token whose transfers can be edges, with how many it has, the busiest first
-- Reads: store.token_days, intermediate.int_tokens__canonical
-- Takes: $tokens, token keys; NULL for all
select
    k.token_key,
    coalesce(sum(d.transfer_count), 0)::bigint as transfers
from intermediate.int_tokens__canonical as k
left join store.token_days as d on d.token_id = k.token_id
where k.is_summable and ($tokens is null or k.token_key in (select unnest($tokens::integer[])))
group by k.token_key
order by 2 desc, 1
