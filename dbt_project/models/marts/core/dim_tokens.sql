select
    t.chain,
    t.token_address,
    any_value(t.token_symbol) as token_symbol,
    nullif(
        array_sort(array_agg(distinct s.token_symbol) filter (where s.token_symbol is not null)), {{ list_of([]) }}
    ) as spellings,
    any_value(t.decimals) as decimals,
    any_value(t.transfer_count) as transfer_count,
    any_value(t.first_date) as first_date,
    any_value(t.last_date) as last_date,
    bool_and(t.is_summable) as is_summable,
    bool_or(t.is_canonical) as is_canonical,
    bool_or(t.spoof_suspected) as spoof_suspected,
    any_value(t.imitates) as imitates,
    any_value(t.price_token) as price_token
from {{ ref('int_tokens__canonical') }} as t
inner join {{ source('store', 'tokens') }} as s on t.token_id = s.token_id
group by t.chain, t.token_address, t.token_key
