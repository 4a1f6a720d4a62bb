-- Gives: the temp table pool: one numbered row per judged finding of a stretch of days, and per one of the days before
--   that they are measured against; instances of others left out.
-- Reads: detection.findings
-- Takes: $first, $until; $pool_days; the relations judged_findings, instances, replaced_findings, graph_tokens
create or replace temp table pool as
with rows_of_pool as (
    select
        j.finding_id,
        j.typology,
        j.chain,
        j.token_symbol,
        j.token_address,
        j.block_date,
        j.strength,
        j.strength_usd,
        j.centre_address,
        j.own_rate_log10,
        j.moved_amount,
        j.block_date >= $first as is_judged
    from judged_findings as j inner join instances as i using (finding_id)
    where i.instance_of is null and j.block_date >= $first - $pool_days::integer and j.block_date < $until
    union all
    select
        f.finding_id,
        f.typology,
        f.chain,
        f.token_symbol,
        f.token_address,
        f.block_date,
        f.strength,
        f.strength_usd,
        f.centre_address,
        f.own_rate_log10,
        f.moved_amount,
        false
    from detection.findings as f
    where
        f.instance_of is null
        and f.block_date < (select min(block_date) from judged_findings)
        and f.block_date >= $first - $pool_days::integer
        and f.finding_id not in (select finding_id from replaced_findings)
        and f.finding_id not in (select finding_id from judged_findings)
),

tokens as (
    select distinct
        position,
        chain,
        chain_number,
        token_symbol,
        token_address
    from graph_tokens
)

select
    row_number() over (order by r.finding_id) - 1 as n,
    r.finding_id,
    r.typology,
    dense_rank() over (order by r.typology) as name,
    k.chain_number::bigint as chain,
    k.position::bigint as token,
    r.chain || ':' || coalesce(r.token_symbol, r.token_address, '') as token_name,
    r.block_date - date '1970-01-01' as day,
    r.strength,
    coalesce(r.strength_usd, 'nan'::double) as strength_usd,
    coalesce(r.own_rate_log10, 'nan'::double) as own_rate_log10,
    r.moved_amount::double as moved_amount,
    dense_rank() over (order by r.chain, r.centre_address) - 1 as centre,
    r.is_judged
from rows_of_pool as r
inner join tokens as k
    on
        k.chain = r.chain
        and k.token_symbol is not distinct from r.token_symbol
        and k.token_address is not distinct from r.token_address
where r.strength > 0
