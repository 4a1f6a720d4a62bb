{{ config(materialized='view') }}
-- One row per token key, for joins that need the token's names.
select
    token_key,
    chain,
    token_address,
    token_symbol
from {{ ref('int_tokens__canonical') }}
qualify row_number() over (partition by token_key order by token_id) = 1
