-- Gives: the temp table positions: one row per wallet and token of some swaps, numbered from 0.
-- Reads: nothing that is stored
-- Takes: $first, $until, numbers of swaps; the relation swaps
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
    where n >= $first and n < $until
    union distinct
    select
        id,
        got_key
    from swaps
    where n >= $first and n < $until
)
