-- Gives: one row per token that a wallet still holds of what it bought, after the last trade in it
-- Reads: marts.fct_wallet_trades
-- Takes: $wallet
with sides as (
    select
        chain,
        coalesce(gave_token_symbol, gave_token_address) as token,
        gave_token_address as contract,
        gave_position_amount as amount,
        gave_position_usd as cost,
        trade_number
    from marts.fct_wallet_trades
    where wallet = $wallet
    union all
    select
        chain,
        coalesce(got_token_symbol, got_token_address),
        got_token_address,
        got_position_amount,
        got_position_usd,
        trade_number
    from marts.fct_wallet_trades
    where wallet = $wallet
)

select
    chain,
    token,
    arg_max(amount, trade_number) as amount,
    arg_max(cost, trade_number) as cost_usd,
    arg_max(cost / nullif(amount, 0), trade_number) as average_cost_usd
from sides
group by chain, token, contract
having arg_max(amount, trade_number) > 0
order by cost_usd desc, token
