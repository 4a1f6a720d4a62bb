-- Gives: the temp table alert_heads: one row per candidate that has parts, with what they add to it: those of days that
--   are not read again are as the ledger has them
-- Reads: ledger.alerts
-- Takes: the relations alert_candidates, alert_parts, rules_by_day, days_to_tell; $most (parts that are listed)
create or replace temp table alert_heads as
with parts as (
    select
        p.part_of,
        c.alert_id,
        c.rule,
        c.severity,
        c.rarity,
        c.stake_usd,
        c.title,
        c.content::varchar as content,
        c.addresses
    from alert_parts as p
    inner join alert_candidates as c using (alert_id)
    union all by name
    select
        part_of,
        alert_id,
        rule,
        severity,
        rarity,
        stake_usd,
        title,
        content,
        [from_address, to_address] as addresses
    from ledger.alerts
    where
        part_of in (select alert_id from alert_candidates)
        and change <> 'withdrawn'
        and rule in (select rule from rules_by_day)
        and block_date not in (select block_date from days_to_tell)
),

counts as (
    select
        part_of,
        string_agg(parts || ' ' || replace(rule, '_', ' '), ', ' order by rule) as said
    from (
        select
            part_of,
            rule,
            count(*) as parts
        from parts
        group by part_of, rule
    )
    group by part_of
)

select
    p.part_of as alert_id,
    max(risk_rank(p.severity)) as rank,
    min(p.rarity) as rarity,
    max(p.stake_usd) as stake_usd,
    any_value(c.said) as said,
    flatten(list(p.addresses)) as addresses,
    json_object(
        'parts',
        list_slice(
            list(
                {
                    'alert_id': p.alert_id,
                    'rule': p.rule,
                    'severity': p.severity,
                    'title': p.title,
                    'content': p.content::json
                }
                order by risk_rank(p.severity) desc, p.alert_id
            ),
            1,
            $most
        ),
        'parts_count', count(*),
        'parts_mark', md5(string_agg(p.content, '|' order by p.alert_id))
    ) as content
from parts as p
inner join counts as c using (part_of)
group by p.part_of
