-- Gives: the temp table own_rates: one row per finding about one side of an address, with the power of ten of the
--   probability of so many transfers at the address's own rate of the days before; NULL where that is not known.
-- Reads: store.transfers, store.traffic_days
-- Takes: $own_rate_days, $own_rate_history_days; $since and $until, the days that the sides look back on; the
--   relations own_rate_sides, graph_tokens
-- A Poisson probability: the address makes (b + 1) / (H + 1) transfers a day, b of them in the H days before. Only more
-- than that is unusual.
create or replace temp table own_rates as
with payments as (
    select
        token_id,
        from_id,
        to_id,
        block_timestamp
    from store.transfers
    where is_edge and block_timestamp >= $since and block_timestamp <= $until
),

begins as (
    select
        k.token_key,
        min(f.first_at) as begins_at
    from (
        select
            token_id,
            block_date::timestamp as first_at
        from store.traffic_days
        where block_date < $since
        union all
        select
            token_id,
            block_timestamp
        from payments
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
    from own_rate_sides
    group by own_rate, address_id, token_key
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
    from own_rate_sides as s
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
