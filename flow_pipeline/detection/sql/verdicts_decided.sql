-- Gives: the temp table decided: one numbered row per judged finding of a stretch of days: how rare it is and whether
--   it is suspicious.
-- Reads: nothing stored
-- Takes: $first, $until; $budget, $own_rate_log10, $own_rate_max_share; the relations judged_findings, instances, pool,
--   rarities
create or replace temp table decided as
with known as (
    select
        j.finding_id,
        j.moved_usd,
        i.instance_of,
        coalesce(i.instance_count, 0) as instance_count,
        r.* exclude (n),
        case
            when i.instance_of is not null then null
            when j.suspect is not null or j.is_proof then 'label'
            when j.exceeds_limit then 'limit'
            when
                j.own_rate_log10 <= $own_rate_log10 and coalesce(r.burst_share, 0) <= $own_rate_max_share
                then 'own_rate'
        end as by_itself
    from judged_findings as j
    left join instances as i using (finding_id)
    left join pool as p using (finding_id)
    left join rarities as r on r.n = p.n
    where j.block_date >= $first and j.block_date < $until
)

select
    row_number() over (order by finding_id) - 1 as n,
    finding_id,
    instance_of,
    instance_count,
    coalesce(e_value, 'nan'::double) as e_value,
    pool_size,
    pool_place,
    strength_needed,
    stake,
    coalesce(pool_transfers, 0) as pool_transfers,
    coalesce(is_own_list, false) as is_own_list,
    coalesce(is_by_profile, false) as is_by_profile,
    e_value is not null as is_assessed,
    by_itself is not null as is_itself,
    case
        when e_value < $budget or by_itself is null
            then case when e_value is null then null when is_by_profile then 'profile' else 'pool' end
        else by_itself
    end as judged_by,
    coalesce(e_value < $budget, false) or by_itself is not null as is_suspicious,
    coalesce(moved_usd::double, 'nan'::double) as moved_usd
from known
