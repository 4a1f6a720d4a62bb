-- Gives: the temp table positions: one row per wallet and token of the swaps, numbered from 0.
-- Reads: nothing that is stored
-- Takes: the relation swaps
create or replace temp table positions as
select
    id,
    token_key,
    row_number() over (order by id, token_key) - 1 as place
from (
    select
        id,
        gave_key as token_key
    from swaps
    union distinct
    select
        id,
        got_key
    from swaps
)
