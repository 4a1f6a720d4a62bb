-- Gives: one row per chain and symbol that stands in the loaded transfers both without a contract and with some, and
--   that nothing known puts to one of them
-- Reads: store.tokens, store.token_decimals, store.token_days, store.transfers, store.dirty_days
with moved as (
    select token_id
    from store.token_days
    where block_date not in (select block_date from store.dirty_days)
    union
    select token_id
    from store.transfers
    where block_date in (select block_date from store.dirty_days)
),

loaded as (
    select *
    from store.tokens
    where token_symbol is not null and token_id in (select token_id from moved)
)

select
    a.chain,
    a.token_symbol,
    list_sort(list(distinct c.token_address)) as contracts
from loaded as a
inner join loaded as c on c.chain = a.chain and upper(c.token_symbol) = upper(a.token_symbol)
where
    a.token_address is null
    and c.token_address is not null
    and not exists (
        select 1 from store.token_decimals as d
        where d.chain = a.chain and d.token = a.token_symbol and d.is_meant
    )
group by all
order by all
