-- Gives: one row per chain and other chain, with the contracts of the loaded transfers that are unknown on the one and
--   known on the other alone, and the files that have them
-- Reads: store.tokens, store.token_decimals, store.transfers, raw.loads
with loaded as (
    select distinct
        token_id,
        load_id
    from store.transfers
),

elsewhere as (
    select
        t.chain,
        t.token_address,
        any_value(d.token_symbol) as symbol,
        any_value(d.chain) as known_on,
        list(distinct parse_filename(l.source_file)) as files
    from store.tokens as t
    inner join store.token_decimals as d on d.token_address = t.token_address
    inner join loaded as f on f.token_id = t.token_id
    inner join raw.loads as l on l.load_id = f.load_id
    group by t.chain, t.token_address
    having count(distinct d.chain) = 1 and bool_and(d.chain <> t.chain)
)

select
    chain,
    known_on,
    list(symbol || ' ' || token_address order by symbol, token_address) as contracts,
    list_sort(list_distinct(flatten(list(files)))) as files
from elsewhere
group by chain, known_on
order by chain, known_on
