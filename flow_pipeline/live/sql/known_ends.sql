-- Gives: one row per chain and labelled address, as its last label has it: its class, and its entity if an exchange
-- Reads: intermediate.int_address_labels__intervals
select
    chain,
    address,
    case
        when category = 'exchange' then 'exchange'
        when category = 'bridge' then 'bridge'
        when region = 'UNKNOWN' then 'other'
        when is_home then 'domestic'
        else 'foreign'
    end as class,
    case when category = 'exchange' then entity end as exchange
from intermediate.int_address_labels__intervals
qualify row_number() over (partition by chain, address order by valid_from desc) = 1
