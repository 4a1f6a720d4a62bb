-- Gives: one row per contract of the loaded transfers that is unknown on its chain and known on one other
-- Reads: store.tokens, store.token_decimals, store.transfers
select
    t.chain,
    t.token_address,
    any_value(d.token_symbol) as symbol,
    any_value(d.chain) as known_on
from store.tokens as t
inner join store.token_decimals as d on d.token_address = t.token_address
where t.token_id in (select token_id from store.transfers)
group by all
having count(distinct d.chain) = 1 and bool_and(d.chain <> t.chain)
order by all
