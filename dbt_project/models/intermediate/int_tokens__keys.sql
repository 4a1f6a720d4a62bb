{{ config(materialized='view') }}
-- One row per token key, for joins that need the token's names.
select distinct on (token_key)
    token_key,
    chain,
    token_address,
    token_symbol
from {{ ref('int_tokens__canonical') }}
order by token_key, token_id
