-- Senders of the home region: addresses whose label lies wholly in it, and the wallets a netrascan scan reported.
select
    chain,
    address_id,
    valid_from,
    valid_to,
    category as origin_category
from {{ ref('int_address_labels__intervals') }}
where is_home
union all
select
    w.chain,
    a.address_id,
    timestamp '1970-01-01' as valid_from,
    timestamp '9999-12-31' as valid_to,
    min(coalesce(w.category, 'scanned')) as origin_category
from {{ source('raw', 'wallet_reports') }} as w
inner join {{ source('store', 'addresses') }} as a on w.wallet = a.address
where
    {{ var('scanned_wallets_are_home') }}
    and not exists (
        select 1 from {{ ref('int_address_labels__intervals') }} as i
        where i.chain = w.chain and i.address_id = a.address_id and i.is_home
    )
group by w.chain, a.address_id
