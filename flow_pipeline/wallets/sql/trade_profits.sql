-- Gives: marts.fct_wallet_trades: one row per swap, with its profit and the positions after it.
-- Reads: store.addresses, intermediate.int_tokens__keys
-- Takes: $last_number; the relations swaps, profits
insert into marts.fct_wallet_trades by name
select
    $last_number + s.n + 1 as trade_number,
    s.block_date,
    s.block_timestamp,
    s.block_number,
    s.transaction_index,
    s.chain,
    s.tx_hash,
    a.address as wallet,
    s.wallet_basis,
    s.method_id,
    g.token_symbol as gave_token_symbol,
    g.token_address as gave_token_address,
    s.gave_amount,
    t.token_symbol as got_token_symbol,
    t.token_address as got_token_address,
    s.got_amount,
    s.value_usd,
    s.price_basis,
    s.gas_amount,
    s.gas_usd,
    p.covered_share,
    p.cost as cost_usd,
    p.realised as realised_usd,
    case when p.covered_share > 0 then p.held / 1e6 end as held_seconds,
    p.gave_amount as gave_position_amount,
    p.gave_cost as gave_position_usd,
    make_timestamp(p.gave_since) as gave_position_since,
    p.got_amount as got_position_amount,
    p.got_cost as got_position_usd,
    make_timestamp(p.got_since) as got_position_since
from swaps as s
inner join profits as p using (n)
inner join store.addresses as a on a.address_id = s.id
inner join intermediate.int_tokens__keys as g on g.token_key = s.gave_key
inner join intermediate.int_tokens__keys as t on t.token_key = s.got_key
order by s.n
