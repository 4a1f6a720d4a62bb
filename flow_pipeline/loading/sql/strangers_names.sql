-- Gives: one row per name of a chain or a token of the file, and whether it is a contract
-- Reads: the rows of the file
-- Takes: ${rows} (the typed rows to load)
with tokens as materialized (
    select distinct
        chain,
        token_symbol,
        token_address
    from ${rows}
)

select
    name,
    max(is_contract) as is_contract
from (
    select
        chain as name,
        false as is_contract
    from tokens
    union distinct
    select
        token_symbol,
        false
    from tokens
    union distinct
    select
        token_address,
        true
    from tokens
)
where name is not null
group by name
