-- Gives: fills store.tokens: one row per spelling of a token that the file brings, with the next ids
-- Reads: store.tokens, the temp view candidate_rows
insert into store.tokens
select
    (select coalesce(max(token_id), 0) from store.tokens)
    + row_number() over (order by chain, token_address, token_symbol),
    n.*
from (
    select distinct
        chain,
        token_address,
        token_symbol
    from candidate_rows
    where is_transfer
    except
    select
        chain,
        token_address,
        token_symbol
    from store.tokens
) as n
