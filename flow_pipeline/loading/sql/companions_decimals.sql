-- Gives: the temp view token_decimals: one row per token whose decimals are known, by its contract, or by its symbol in
--   upper case where the symbol means one token; what is said of the symbol itself comes first
-- Reads: store.token_decimals
create or replace temp view token_decimals as
select
    chain,
    token,
    decimals
from store.token_decimals
where token_address is not null and decimals is not null
union all
select
    chain,
    upper(token_symbol),
    coalesce(max(decimals) filter (where token_address is null), max(decimals))
from store.token_decimals
where token_symbol is not null and (token_address is null or is_meant)
group by all
having count(decimals) > 0
