-- Gives: one row per chain and transaction whose hash begins so, in order of the hash
-- Reads: store.transfers, store.tokens
-- Takes: $text in lower case; $most
select
    t.chain,
    f.tx_hash,
    min(f.block_timestamp) as block_timestamp,
    count(*) as transfers
from store.transfers as f
inner join store.tokens as t using (token_id)
where f.tx_hash >= $text and f.tx_hash < $text || chr(1114111)
group by t.chain, f.tx_hash
order by f.tx_hash, t.chain
limit $most
