-- Gives: one row per address asked about, in order: the moment, microseconds, at which stored findings about it
--   began that may grow, or could have begun
-- Reads: store.addresses, detection.findings
-- Takes: $typology; $open_since, the end of findings that may grow; the relations graph_tokens, foci
with asked as (
    select
        r.focus,
        a.address,
        k.chain,
        k.token_symbol,
        k.token_address
    from foci as r
    inner join (
        select
            address_id,
            address
        from store.addresses
        where address_id in (select address_id from foci)
    ) as a using (address_id)
    inner join (
        select distinct
            position,
            chain,
            token_symbol,
            token_address
        from graph_tokens
    ) as k using (position)
),

open_findings as (
    select
        chain,
        token_symbol,
        token_address,
        focus_address,
        first_timestamp
    from detection.findings
    where typology = $typology and last_timestamp >= $open_since
)

select epoch_us(least(min(f.first_timestamp), $open_since)) as first_time
from asked as r
left join
    open_findings as f
    on
        f.focus_address = r.address
        and f.chain = r.chain
        and f.token_symbol is not distinct from r.token_symbol
        and f.token_address is not distinct from r.token_address
group by r.focus
order by r.focus
