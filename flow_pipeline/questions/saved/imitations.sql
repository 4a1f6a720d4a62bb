-- Gives: worthless tokens that call themselves like a known one, and which they imitate
-- Reads: marts.dim_tokens
select
    chain,
    token_symbol,
    token_address,
    imitates,
    transfer_count,
    first_date,
    last_date
from marts.dim_tokens
where spoof_suspected
order by transfer_count desc, chain, token_address
