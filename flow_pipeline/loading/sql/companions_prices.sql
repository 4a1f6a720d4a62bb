-- Gives: fills store.prices: one row per token and day of the price file
-- Reads: the price file
-- Takes: ${file} (the relation)
insert into store.prices
select distinct
    lower(trim(token)),
    date::date,
    usd::double
from ${file}
