-- Gives: the temp table measures: one row per finding with exact amounts, times and counts, its id, and what makes it
--   suspicious by itself.
-- Reads: store.addresses, intermediate.int_address_labels__intervals
-- Takes: $suspect_categories; the relations hits, hit_transfers, typology_rules, token_thresholds, strengths, own_rates
-- Parts of a finding: 0 in, 1 out, 2 hop, 3 peel.
create or replace temp table measures as
with hit_rows as (select * from hits inner join hit_transfers using (position)),

sums as (
    select
        typology,
        finding,
        any_value(chain) as chain,
        any_value(token_symbol) as token_symbol,
        any_value(token_address) as token_address,
        any_value(focus_id) as focus_id,
        min(block_timestamp) as first_timestamp,
        max(block_timestamp) as last_timestamp,
        count(*)::integer as transfer_count,
        sum(amount) filter (where part <> 3) as gross_amount,
        min(amount) filter (where part <> 3) as least,
        sum(amount) filter (where part = 0) as inflow,
        sum(amount) filter (where part = 1) as outflow,
        -- Sums of doubles differ in their last digits by the order in which an engine reads.
        (sum(amount_usd) filter (where part <> 3))::double
        / (sum(amount) filter (where part <> 3 and amount_usd is not null))::double as mean_usd,
        sum(amount) filter (where from_id = focus_id) as from_focus,
        bit_xor(key) as all_keys,
        arg_min(key, position) as first_key
    from hit_rows
    group by typology, finding
),

middle_sums as (
    select
        typology,
        finding,
        case when part = 0 then to_id else from_id end as middle,
        coalesce(sum(amount) filter (where part = 0), 0) as inflow,
        coalesce(sum(amount) filter (where part = 1), 0) as outflow
    from hit_rows
    group by all
),

middles as (
    select
        typology,
        finding,
        sum(least(inflow, outflow)) as passed_on
    from middle_sums
    group by all
),

ends as (
    select
        typology,
        finding,
        unnest([from_id, to_id]) as address_id,
        unnest([from_address, to_address]) as address,
        chain,
        block_timestamp
    from hit_rows
),

met as (
    select
        typology,
        finding,
        address,
        count(*) as times
    from ends
    group by all
),

-- The address that a path meets most often, the smallest of those it meets equally often.
address_counts as (
    select
        typology,
        finding,
        count(*)::integer as address_count,
        arg_min(address, (-times, address)) as met_most
    from met
    group by all
),

touches as (
    select
        e.typology,
        e.finding,
        min(i.category || ' ' || i.entity) as suspect
    from ends as e
    inner join intermediate.int_address_labels__intervals as i
        on
            i.address_id = e.address_id and i.chain = e.chain
            and i.category in (select unnest($suspect_categories))
            and holds_at(i.valid_from, i.valid_to, e.block_timestamp)
    group by all
),

-- Within a block, the place of the transaction tells the order; without it, nothing does for sure.
moments as (
    select
        typology,
        finding,
        max(first_told <> last_told) as has_unordered
    from (
        select
            typology,
            finding,
            min(coalesce(tx_hash, position::varchar)) filter (where transaction_index is null) as first_told,
            max(coalesce(tx_hash, position::varchar)) filter (where transaction_index is null) as last_told
        from hit_rows
        group by typology, finding, block_timestamp, block_number
    )
    group by all
),

-- Of all addresses those asked for: as the right side of a join all of them would be held.
foci as materialized (
    select
        address_id,
        address
    from store.addresses
    where address_id in (select focus_id from sums)
),

amounts as (
    select
        s.*,
        r.name,
        r.limited_by,
        r.identity,
        r.is_path,
        r.is_proof,
        r.amount_usd as usd_threshold,
        c.address_count,
        c.met_most,
        g.strength,
        g.unstored_instances,
        o.log10 as own_rate_log10,
        o.transfers_before,
        w.suspect,
        not coalesce(n.has_unordered, false) as is_order_known,
        (case r.moved
            when 'least' then s.least
            when 'sum' then s.gross_amount
            when 'lesser_side' then least(s.inflow, s.outflow)
            when 'arrived' then least(s.outflow, s.from_focus)
            else m.passed_on
        end)::decimal(38, 18) as moved_amount
    from sums as s
    inner join typology_rules as r using (typology)
    inner join middles as m using (typology, finding)
    inner join address_counts as c using (typology, finding)
    inner join strengths as g using (typology, finding)
    inner join moments as n using (typology, finding)
    left join own_rates as o using (typology, finding)
    left join touches as w using (typology, finding)
)

select
    m.* exclude (gross_amount),
    m.gross_amount::decimal(38, 18) as gross_amount,
    (m.mean_usd * m.moved_amount::double)::decimal(38, 6) as moved_usd,
    (epoch_us(m.last_timestamp) - epoch_us(m.first_timestamp)) / 1_000_000 as duration,
    a.address as focus_address,
    case when m.is_path then m.met_most else a.address end as centre_address,
    m.mean_usd * m.strength as strength_usd,
    case
        when t.amount is not null
            then
                case m.limited_by when 'gross_amount' then m.gross_amount else m.moved_amount end
                > t.amount::decimal(38, 18)
        when m.mean_usd is not null and m.usd_threshold is not null
            then
                m.mean_usd
                * case m.limited_by when 'gross_amount' then m.gross_amount::double else m.moved_amount::double end
                > m.usd_threshold
        else false
    end as exceeds_limit,
    substr(md5(
        m.name || '|' || m.chain || '|' || coalesce(m.token_address, m.token_symbol, '')
        || '|' || coalesce(a.address, '') || '|' || case m.identity when 'all' then m.all_keys else m.first_key end
    ), 1, 16) as finding_id
from amounts as m
left join foci as a on a.address_id = m.focus_id
left join token_thresholds as t on t.typology = m.typology and t.token_symbol = m.token_symbol
