-- Gives: the temp table alert_explanations: one row per new or changed alert: rule, baseline and labels used
-- Reads: raw.labels
-- Takes: $version; the relations alert_changes, alert_candidates, alert_rules
create or replace temp table alert_explanations as
with changed as (
    select c.*
    from alert_changes
    inner join alert_candidates as c using (alert_id)
),

changed_addresses as (
    select
        alert_id,
        chain,
        unnest(addresses) as address
    from changed
),

labels_of_addresses as (
    select
        c.alert_id,
        to_json(
            list(distinct {
                'address': l.address,
                'entity': l.entity,
                'category': l.category,
                'source': l.source,
                'label_set': l.label_set,
                'confidence': l.confidence
            })
        ) as labels
    from changed_addresses as c
    inner join raw.labels as l on l.address = c.address and l.chain in (c.chain, '*')
    group by c.alert_id
),

labels_of_entities as (
    select
        entity,
        to_json({
            'entity': entity,
            'addresses': count(distinct address),
            'label_sets': list(distinct label_set order by label_set)
        }) as labels
    from raw.labels
    where entity in (select unnest(entities) from changed)
    group by entity
)

select
    c.alert_id,
    json_object(
        'what', c.title,
        'baseline', c.baseline,
        'rule', json_object('name', c.rule, 'version', c.rule_version, 'says', r.says, 'parameters', r.parameters),
        'labels', coalesce(a.labels, e.labels, '[]'::json),
        'software', 'netraflow ' || $version
    ) as explanation
from changed as c
inner join alert_rules as r using (rule)
left join labels_of_addresses as a using (alert_id)
left join labels_of_entities as e on e.entity = c.entities[1]
