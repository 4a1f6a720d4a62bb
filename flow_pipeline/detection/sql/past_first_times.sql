-- Gives: one row per address asked about, in order, with the moment, microseconds, at which stored findings about it began
--   that may grow, or could have begun
-- Reads: store.addresses, detection.findings
-- Takes: $typology; $open_since, the end of findings that may grow; the relations graph_tokens, foci
with tokens as (
    select distinct
        position,
        chain,
        token_symbol,
        token_address
    from graph_tokens
),

begins as (
    select
        k.position,
        a.address_id,
        min(f.first_timestamp) as first
    from detection.findings as f
    inner join store.addresses as a on a.address = f.focus_address
    inner join
        tokens as k
        on
            k.chain = f.chain
            and k.token_symbol is not distinct from f.token_symbol
            and k.token_address is not distinct from f.token_address
    where f.typology = $typology and f.last_timestamp >= $open_since
    group by all
)

select epoch_us(least(b.first, $open_since)) as first_time
from foci as r left join begins as b using (position, address_id)
order by r.focus
