-- Gives: fills store.addresses: one row per address of the chain that is not known yet, with the next ids
-- Reads: the temp tables chain_texts and address_texts
-- Takes: $last (the highest id so far)
insert into store.addresses
select
    $last + row_number() over (),
    address
from (
    select distinct address
    from chain_texts
    where text not in (select text from address_texts)
)
