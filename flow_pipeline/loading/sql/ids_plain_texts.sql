-- Gives: adds to address_texts: one row per text that is an address as it is kept and not known yet, with the next ids
-- Reads: the temp tables chain_texts and address_texts
-- Takes: $last (the highest id so far)
insert into address_texts
select
    $last + row_number() over (),
    text
from chain_texts anti join address_texts using (text)
where text = address
