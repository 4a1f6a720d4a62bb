-- Gives: the temp view token_contracts: one row per chain and symbol, in upper case, that means one contract
-- Reads: store.token_decimals
create or replace temp view token_contracts as
select
    chain,
    upper(token_symbol) as symbol,
    max(token_address) as token_address
from store.token_decimals
where is_meant and token_address is not null and token_symbol is not null
group by all
having count(*) = 1
