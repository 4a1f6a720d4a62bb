-- Gives: one row per typology: how many findings of tokens with a price there are, and the dollars of the largest
-- Reads: detection.findings
-- Takes: $names, chain:symbol, and their $usd; $largest, how many
with given as (
    select
        unnest($names::varchar[]) as token,
        unnest($usd::double[]) as usd
),

sizes as (
    select
        f.typology,
        coalesce(f.strength * g.usd, f.strength_usd) as size
    from detection.findings as f
    left join given as g on g.token = f.chain || ':' || coalesce(f.token_symbol, f.token_address, '')
    where f.instance_of is null and coalesce(f.strength * g.usd, f.strength_usd) > 0
)

select
    typology,
    count(*) as findings,
    list_slice(list(size order by size desc), 1, $largest) as largest
from sizes
group by typology
order by typology
