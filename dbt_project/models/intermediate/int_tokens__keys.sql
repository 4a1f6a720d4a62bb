{{ config(materialized='view') }}
-- One row per token key, for joins that need the token's names: the spelling whose id is the key.
select
    token_key,
    chain,
    token_address,
    token_symbol
from {{ ref('int_tokens__canonical') }}
where token_id = token_key
