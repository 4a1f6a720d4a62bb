-- Gives: fills store.token_decimals: one row per token of the token file, named by its symbol where it has no contract
-- Reads: the token file
-- Takes: ${file} (the relation), ${symbol} (its column of symbols)
insert into store.token_decimals
select distinct
    flow_chain(trim(chain)),
    coalesce(lower(nullif(trim(token_address), '')), trim(${symbol})),
    nullif(trim(${symbol}), ''),
    decimals::integer
from ${file}
