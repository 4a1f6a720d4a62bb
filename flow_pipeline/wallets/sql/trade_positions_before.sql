-- Gives: one row per position that an earlier trade left: the last trade of a wallet in a token says what it held then.
-- Reads: marts.fct_wallet_trades, store.addresses, intermediate.int_tokens__keys
-- Takes: the relation positions
with legs as (
    select
        wallet,
        chain,
        coalesce(gave_token_address, gave_token_symbol) as token,
        gave_position_amount as amount,
        gave_position_usd as cost,
        epoch_us(gave_position_since) as since,
        (block_timestamp, trade_number) as at
    from marts.fct_wallet_trades
    union all
    select
        wallet,
        chain,
        coalesce(got_token_address, got_token_symbol),
        got_position_amount,
        got_position_usd,
        epoch_us(got_position_since),
        (block_timestamp, trade_number)
    from marts.fct_wallet_trades
),

named as (
    select
        p.place,
        a.address as wallet,
        k.chain,
        coalesce(k.token_address, k.token_symbol) as token
    from positions as p
    inner join store.addresses as a on a.address_id = p.id
    inner join intermediate.int_tokens__keys as k using (token_key)
)

select
    n.place,
    arg_max(l.amount, l.at) as amount,
    arg_max(l.cost, l.at) as cost,
    arg_max(l.since, l.at) as since
from legs as l inner join named as n on n.wallet = l.wallet and n.chain = l.chain and n.token = l.token
group by n.place
