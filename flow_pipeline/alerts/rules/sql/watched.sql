-- Gives: one row per watched address or entity, chain and day with transfers, with the sums and the suspicious findings
--   of that day; and one per watched address whose risk is at least MEDIUM
-- Reads: ledger.watched, store.addresses, store.transfers, store.prices, intermediate.int_tokens__canonical,
--   intermediate.int_address_labels__intervals, detection.findings, detection.finding_addresses, detection.address_risk
-- Takes: nothing
-- What an entity moves between its own addresses is left out. A watch that ended tells no later day.
with members as (
    select
        w.watch_id,
        a.address_id,
        a.address,
        w.chain,
        null::timestamp as valid_from,
        null::timestamp as valid_to
    from ledger.watched as w
    inner join store.addresses as a on w.key = a.address
    where w.kind = 'address'
    union all
    select
        w.watch_id,
        l.address_id,
        a.address,
        l.chain,
        l.valid_from,
        l.valid_to
    from ledger.watched as w
    inner join intermediate.int_address_labels__intervals as l
        on lower(w.key) = lower(l.entity) and (w.chain is null or w.chain = l.chain)
    inner join store.addresses as a using (address_id)
    where w.kind = 'entity'
),

-- Both ends are read of all transfers, the other columns of these alone.
rows_met as materialized (
    select f.rowid as id
    from store.transfers as f
    where
        f.block_date >= (select min(w.first_day) from ledger.watched as w)
        and (
            f.from_id in (select m.address_id from members as m)
            or f.to_id in (select m.address_id from members as m)
        )
),

ends as (
    select
        f.block_timestamp,
        f.block_date,
        f.token_id,
        f.from_id,
        f.to_id,
        f.amount,
        f.amount_usd
    from store.transfers as f
    where
        f.rowid in (select r.id from rows_met as r)
        and (f.amount is null or f.amount > 0)
        and f.from_id <> f.to_id
),

moved as (
    select
        f.*,
        k.chain,
        usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected) as usd
    from ends as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    left join store.prices as p on f.block_date = p.price_date and k.price_token = p.token
    where not k.spoof_suspected
),

sides as (
    select
        m.watch_id,
        f.chain,
        f.block_date,
        f.usd,
        true as is_out
    from moved as f
    inner join members as m
        on
            f.from_id = m.address_id
            and (m.chain is null or m.chain = f.chain)
            and (m.valid_from is null or holds_at(m.valid_from, m.valid_to, f.block_timestamp))
    anti join members as o on m.watch_id = o.watch_id and f.to_id = o.address_id
    union all
    select
        m.watch_id,
        f.chain,
        f.block_date,
        f.usd,
        false
    from moved as f
    inner join members as m
        on
            f.to_id = m.address_id
            and (m.chain is null or m.chain = f.chain)
            and (m.valid_from is null or holds_at(m.valid_from, m.valid_to, f.block_timestamp))
    anti join members as o on m.watch_id = o.watch_id and f.from_id = o.address_id
),

days as (
    select
        s.watch_id,
        s.chain,
        s.block_date,
        count(*) filter (where s.is_out) as sent,
        count(*) filter (where not s.is_out) as received,
        sum(s.usd) filter (where s.is_out) as sent_usd,
        sum(s.usd) filter (where not s.is_out) as received_usd
    from sides as s
    group by s.watch_id, s.chain, s.block_date
),

suspicious as (
    select
        m.watch_id,
        f.chain,
        f.block_date,
        list(distinct f.finding_id order by f.finding_id) as findings,
        list(distinct f.typology order by f.typology) as typologies,
        max(risk_rank(f.severity)) as severity
    from detection.findings as f
    inner join detection.finding_addresses as x using (finding_id)
    inner join members as m on x.address = m.address and (m.chain is null or m.chain = f.chain)
    where f.is_suspicious
    group by m.watch_id, f.chain, f.block_date
),

told as (
    select
        coalesce(d.watch_id, s.watch_id) as watch_id,
        coalesce(d.chain, s.chain) as chain,
        coalesce(d.block_date, s.block_date) as block_date,
        coalesce(d.sent, 0) as sent,
        coalesce(d.received, 0) as received,
        d.sent_usd,
        d.received_usd,
        s.findings,
        s.typologies,
        s.severity
    from days as d
    full join suspicious as s
        on d.watch_id = s.watch_id and d.chain = s.chain and d.block_date = s.block_date
)

select
    concat_ws('|', w.watch_id, t.chain, t.block_date) as subject,
    w.key as topic,
    t.chain,
    t.block_date,
    risk_level(greatest(coalesce(t.severity, 2), 2)) as severity,
    null as rarity,
    greatest(t.sent_usd, t.received_usd) as stake_usd,
    'watched ' || case when w.kind = 'address' then short_address(w.key) else w.key end || ': '
    || concat_ws(
        ', ',
        case
            when t.sent > 0
                then
                    'sent ' || t.sent || case when t.sent = 1 then ' transfer' else ' transfers' end
                    || coalesce(' (' || in_words(t.sent_usd) || ' USD)', '')
        end,
        case
            when t.received > 0
                then
                    'got ' || t.received || case when t.received = 1 then ' transfer' else ' transfers' end
                    || coalesce(' (' || in_words(t.received_usd) || ' USD)', '')
        end,
        case when t.findings is not null then 'stands in ' || array_to_string(t.typologies, ', ') end
    ) || ' on ' || strftime(t.block_date, '%Y-%m-%d') || ' (' || w.owner || ': ' || w.reason || ')' as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    case when w.kind = 'address' then [w.key] end as addresses,
    case when w.kind = 'entity' then [w.key] end as entities,
    json_object(
        'sent', t.sent,
        'received', t.received,
        'sent_usd', t.sent_usd::varchar,
        'received_usd', t.received_usd::varchar,
        'findings', t.findings
    ) as content,
    json_object('watch', w.watch_id, 'owner', w.owner, 'reason', w.reason, 'findings', t.findings) as baseline
from told as t
inner join ledger.watched as w using (watch_id)
where t.block_date >= w.first_day and (w.last_day is null or t.block_date <= w.last_day)
union all
select
    concat_ws('|', w.watch_id, 'risk', r.chain) as subject,
    w.key,
    r.chain,
    null,
    r.category,
    null,
    null,
    'watched ' || short_address(w.key) || ': its risk is ' || r.category || ' on ' || r.chain
    || ' (' || w.owner || ': ' || w.reason || ')',
    null,
    null,
    null,
    null,
    [w.key],
    null,
    json_object('category', r.category),
    json_object('watch', w.watch_id, 'owner', w.owner, 'reason', w.reason, 'explain', 'netraflow risk ' || w.key)
from detection.address_risk as r
inner join ledger.watched as w on r.address = w.key and (w.chain is null or w.chain = r.chain)
where w.kind = 'address' and w.last_day is null and risk_rank(r.category) >= 2
