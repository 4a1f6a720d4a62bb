-- Gives: the temp view named_rows: one row per row of the file to load; a token that is named by its symbol only has
--   the contract that the symbol means on its chain
-- Reads: the temp view token_contracts
-- Takes: ${rows} (the typed rows to load)
create or replace temp view named_rows as
select r.* replace (coalesce(r.token_address, k.token_address) as token_address)
from ${rows} as r
left join token_contracts as k
    on k.chain = r.chain and k.symbol = case when r.token_address is null then upper(r.token_symbol) end
