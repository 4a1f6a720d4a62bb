-- Gives: one row per way, token and party (0 for nobody known) of what an address paid or got: transfers, amount, and
--   dollars
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $address_id; the relation parties
select
    e.is_out,
    e.token_id,
    coalesce(p.number, 0) as party,
    count(*) as transfers,
    count(e.amount_usd) as priced,
    sum(e.amount) as amount,
    sum(e.amount_usd) as usd
from ${ends} as e
left join parties as p on e.other_id = p.address_id and holds_at(p.valid_from, p.valid_to, e.block_timestamp)
where e.address_id = $address_id and e.chain = $chain and e.is_counted
group by all
