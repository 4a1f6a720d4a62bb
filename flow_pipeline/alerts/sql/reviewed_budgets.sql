-- Gives: one row per share of the budget: the judged alerts that it would have told, and how right those were
-- Reads: actions, alerts
-- Takes: $shares
with judged as (
    select
        a.rarity,
        arg_max(t.verdict, t.made_at) as verdict
    from actions as t
    inner join alerts as a using (alert_id)
    where t.verdict is not null
    group by a.alert_id, a.rarity
),

budgets as (select unnest($shares) as share_of_budget)

select
    b.share_of_budget,
    count(*) as told,
    count(*) filter (where j.verdict = 'true') as "true",
    count(*) filter (where j.verdict = 'known') as known,
    count(*) filter (where j.verdict = 'noise') as noise,
    count(*) filter (where j.verdict <> 'noise') / count(*) as precision
from budgets as b
inner join judged as j on coalesce(j.rarity, 0) < b.share_of_budget or b.share_of_budget = 1
group by b.share_of_budget
order by b.share_of_budget
