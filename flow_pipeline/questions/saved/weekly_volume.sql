-- Gives: per ISO week and token what moved, its change on the week before, and the net onto exchanges
-- Reads: marts.fct_weekly_token_movement
-- Takes: $token text = null: symbol or contract address
select
    iso_week,
    chain,
    token_symbol,
    token_address,
    volume,
    volume_change_share,
    net,
    transfer_count
from marts.fct_weekly_token_movement
where ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
order by iso_week desc, chain, token_symbol, token_address
