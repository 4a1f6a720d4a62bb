-- Gives: detection.smart_money_history: one row per listed wallet and day among those scored.
-- Reads: nothing that is stored
-- Takes: ${columns}; the relations scored, comparisons
insert into detection.smart_money_history (${columns})
select ${columns}
from scored left join comparisons using (chain, wallet, block_date)
where is_smart
order by block_date, wallet, chain
