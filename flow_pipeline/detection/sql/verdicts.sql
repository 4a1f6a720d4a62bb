-- Gives: one row of the temp table verdicts per finding of `decided`, as it stands in detection.findings.
-- Reads: nothing stored
-- Takes: $budget, $pool_days, $min_transfers, $max_share, $profile; the relations judged_findings, decided, graded,
--   verdicts
insert into verdicts by name
with worded as (
    select
        d.*,
        g.score,
        g.severity,
        j.suspect,
        j.own_rate_log10,
        case when d.is_suspicious then 'Suspicious: ' else 'Not suspicious: ' end as opening,
        format('{:.2g}', d.e_value) || ' at least this strong are expected in 10,000 transfers'
        || case
            when d.is_by_profile then ' of the reference traffic (' || $profile || ')'
            else
                ' of the '
                || $pool_days
                || ' days before, and it is number '
                || d.pool_place
                || ' of '
                || d.pool_size
                + 1
        end
        || case when d.e_value < $budget then '; the budget is ' else '; that is not under the budget of ' end
        || format('{:g}', $budget) || '.' as rarity
    from decided as d
    inner join judged_findings as j using (finding_id)
    inner join graded as g using (n)
)

select
    finding_id,
    instance_of,
    instance_count,
    case when is_assessed then e_value end as e_value,
    pool_size,
    pool_place,
    strength_needed,
    stake,
    is_assessed,
    judged_by,
    is_suspicious,
    case when instance_of is null then score else 0 end as score,
    severity,
    case
        when instance_of is not null
            then 'Told by the stronger finding ' || instance_of || ' of that day.'
        when judged_by = 'label' and suspect is not null
            then 'Suspicious whatever its size: it touches an address labelled ' || suspect || '.'
        when judged_by = 'label'
            then 'Suspicious whatever its size: it ends at a labelled mixer.'
        when judged_by = 'limit' then 'Suspicious: it exceeds the amount limit that the settings give for its typology.'
        when judged_by = 'own_rate'
            then
                'Suspicious: at the rate of its own days before, so many transfers have a probability of 10^'
                || format('{:.1f}', own_rate_log10) || '.'
        when is_assessed then opening || rarity
        when is_own_list
            then
                'Not assessed: one address touches more than ' || format('{:g}', 100 * $max_share)
                || ' % of the transfers of these ' || $pool_days
                || ' days, so they are its own list and say nothing about what is ordinary.'
        when pool_transfers < $min_transfers
            then
                'Not assessed: the ' || $pool_days || ' days before hold ' || pool_transfers
                || ' transfers to compare it with, under ' || $min_transfers || '.'
        else 'Not assessed: too few transfers of this token are known to say what is ordinary.'
    end as verdict
from worded
