-- Gives: one row per day, token and exchange whose netflow is not what the last report knew, the largest change first
-- Reads: no table
-- Takes: the relations state and state_before
select
    block_date,
    chain,
    coalesce(nullif(token_symbol, ''), token_address) as token,
    exchange,
    b.netflow as netflow_before,
    s.netflow as netflow_now
from state as s
full join state_before as b using (block_date, chain, token_symbol, token_address, exchange)
where
    s.netflow is distinct from b.netflow
    -- Days that one of the two states does not reach are not revised.
    and block_date between (select min(block_date) from state) and (select max(block_date) from state_before)
order by abs(coalesce(s.netflow, 0)::double - coalesce(b.netflow, 0)::double) desc, block_date, exchange, token
