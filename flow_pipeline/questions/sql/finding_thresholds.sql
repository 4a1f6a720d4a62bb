-- Gives: one row per typology, chain and token: the strength that a finding of its last judged day needed at most to be
--   suspicious by its rarity
-- Reads: detection.findings
select
    typology,
    chain,
    coalesce(token_address, token_symbol, '') as token,
    arg_max(strength_needed, (block_date, strength_needed)) as strength_needed
from detection.findings
where strength_needed is not null
group by all
