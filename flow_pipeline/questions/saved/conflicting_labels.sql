-- Gives: addresses that labels give to several entities, with all of these
-- Reads: marts.dim_address_labels
select
    chain,
    address,
    list(distinct entity order by entity) as entities,
    list(distinct source order by source) as sources
from marts.dim_address_labels
group by chain, address
having count(distinct entity) > 1
order by chain, address
