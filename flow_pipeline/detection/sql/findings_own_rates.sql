-- Gives: the temp table own_rates: one row per finding about one side of an address, with the power of ten of the
--   probability of so many transfers at the address's own rate of the days before; NULL where that is not known.
-- Reads: store.transfers
-- Takes: $own_rate_days, $own_rate_history_days; the relations hits, hit_transfers, typology_rules, graph_tokens
-- A Poisson probability: the address makes (b + 1) / (H + 1) transfers a day, b of them in the H days before. Only more
-- than that is unusual.
create or replace temp table own_rates as
with sides as (
    select
        h.typology,
        h.finding,
        any_value(h.focus_id) as address_id,
        any_value(t.token_key) as token_key,
        any_value(r.own_rate) as own_rate,
        min(t.block_timestamp) as first_at,
        min(t.block_timestamp) - to_microseconds(($own_rate_days * 86400000000)::bigint) as since,
        count(*) as transfers,
        greatest((epoch_us(max(t.block_timestamp)) - epoch_us(min(t.block_timestamp))) / 86400000000, 1) as days
    from hits as h
    inner join typology_rules as r using (typology)
    inner join hit_transfers as t using (position)
    where r.own_rate is not null
    group by h.typology, h.finding
),

begins as (
    select
        k.token_key,
        min(f.first_at) as begins_at
    from (
        select
            token_id,
            min(block_timestamp) as first_at
        from store.transfers
        group by token_id
    ) as f
    inner join graph_tokens as k using (token_id)
    group by k.token_key
),

-- How many transfers the address had made on that side up to each moment.
stretches as (
    select
        own_rate,
        address_id,
        token_key,
        min(since) as since,
        max(first_at) as until
    from sides
    group by own_rate, address_id, token_key
),

stretch as (
    select
        coalesce(min(since), timestamp 'infinity') as since,
        coalesce(max(until), timestamp '-infinity') as until
    from stretches
),

payments as (
    select
        token_id,
        from_id,
        to_id,
        block_timestamp
    from store.transfers
    where
        is_edge
        and block_timestamp >= (select since from stretch)
        and block_timestamp < (select until from stretch)
),

touches as (
    select
        s.*,
        f.block_timestamp as moved_at
    from payments as f
    inner join graph_tokens as k on k.token_id = f.token_id
    inner join stretches as s on s.address_id = f.from_id and s.token_key = k.token_key and s.own_rate = 'from_id'
    union all
    select
        s.*,
        f.block_timestamp
    from payments as f
    inner join graph_tokens as k on k.token_id = f.token_id
    inner join stretches as s on s.address_id = f.to_id and s.token_key = k.token_key and s.own_rate = 'to_id'
),

moves as (
    select
        own_rate,
        address_id,
        token_key,
        moved_at,
        count(*) over (partition by own_rate, address_id, token_key order by moved_at) as transfers
    from touches
    where moved_at >= since and moved_at < until
),

rates as (
    select
        s.*,
        coalesce(a.transfers, 0) - coalesce(b.transfers, 0) as before,
        least($own_rate_days, (epoch_us(s.first_at) - epoch_us(g.begins_at)) / 86400000000) as history_days
    from sides as s
    inner join begins as g using (token_key)
    asof left join moves as a
        on
            a.own_rate = s.own_rate and a.address_id = s.address_id and a.token_key = s.token_key
            and a.moved_at < s.first_at
    asof left join moves as b
        on
            b.own_rate = s.own_rate and b.address_id = s.address_id and b.token_key = s.token_key
            and b.moved_at < s.since
),

expected as (
    select
        *,
        (before + 1) / (history_days + 1) * days as mean
    from rates
)

select
    typology,
    finding,
    before as transfers_before,
    case
        when history_days >= $own_rate_history_days and transfers > mean
            then (transfers * ln(mean) - mean - lgamma(transfers + 1)) / ln(10)
    end as log10
from expected
