-- Gives: one row per chain and symbol with a price that fits several contracts of the loaded transfers, none of which
--   the symbol is known to mean
-- Reads: store.prices, store.tokens, store.token_decimals, store.transfers
select
    t.chain,
    upper(t.token_symbol) as symbol,
    list_sort(list(distinct t.token_address)) as contracts
from store.tokens as t
where
    t.token_address is not null
    and t.token_id in (select token_id from store.transfers)
    and (
        lower(t.token_symbol) in (select token from store.prices)
        or lower(t.chain || ':' || t.token_symbol) in (select token from store.prices)
    )
    and not exists (
        select 1 from store.token_decimals as d
        where d.chain = t.chain and d.is_meant and upper(d.token_symbol) = upper(t.token_symbol)
    )
group by all
having count(distinct t.token_address) > 1
order by all
