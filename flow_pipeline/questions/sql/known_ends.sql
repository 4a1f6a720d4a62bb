-- Gives: the addresses that begin and end so, in order
-- Reads: store.addresses
-- Takes: $head and $tail
select address
from store.addresses
where starts_with(address, lower($head)) and ends_with(address, lower($tail))
union
select address
from store.addresses
where starts_with(address, $head) and ends_with(address, $tail)
order by address
