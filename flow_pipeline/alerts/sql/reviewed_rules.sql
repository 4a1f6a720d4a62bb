-- Gives: one row per kind of alert, findings by typology: what people said of them, and how right it was
-- Reads: actions, alerts
with judged as (
    select
        a.rule,
        a.explanation::json ->> '$.baseline.typology' as typology,
        arg_max(t.verdict, t.made_at) as verdict
    from actions as t
    inner join alerts as a using (alert_id)
    where t.verdict is not null
    group by a.alert_id, a.rule, a.explanation
),

counts as (
    select
        rule,
        typology,
        count(*) as judged,
        count(*) filter (where verdict = 'true') as "true",
        count(*) filter (where verdict = 'known') as known,
        count(*) filter (where verdict = 'noise') as noise,
        count(*) filter (where verdict <> 'noise') / count(*) as p,
        count(*)::double as n
    from judged
    group by rule, typology
)

select
    rule,
    typology,
    judged,
    "true",
    known,
    noise,
    p as precision,
    (p + 1.9208 / n - 1.96 * sqrt(p * (1 - p) / n + 0.9604 / (n * n))) / (1 + 3.8416 / n) as low,
    (p + 1.9208 / n + 1.96 * sqrt(p * (1 - p) / n + 0.9604 / (n * n))) / (1 + 3.8416 / n) as high
from counts
order by rule, typology
