-- Gives: the temp table earlier_transfers: one row per transfer of the addresses, from where their findings may begin.
-- Reads: store.transfers, store.addresses, detection.findings
-- Takes: $typology; $open_since, the end of findings of before that may grow; $span in microseconds; $until, before
--   which they lie; the relations graph_tokens, addresses_read
create or replace temp table earlier_transfers as
with tokens as (
    select distinct
        position,
        chain,
        token_symbol,
        token_address
    from graph_tokens
),

begins as (
    select
        k.position,
        a.address_id,
        min(f.first_timestamp) as first
    from detection.findings as f
    inner join store.addresses as a on a.address = f.focus_address
    inner join
        tokens as k
        on
            k.chain = f.chain
            and k.token_symbol is not distinct from f.token_symbol
            and k.token_address is not distinct from f.token_address
    where f.typology = $typology and f.last_timestamp >= $open_since
    group by all
),

addresses as (
    select
        r.position,
        r.address_id,
        least(b.first, $open_since) - to_microseconds($span::bigint) as since
    from addresses_read as r left join begins as b using (position, address_id)
),

transfers as (
    select
        rowid as row,
        *
    from store.transfers
    where
        block_timestamp >= (select min(since) from addresses)
        and block_timestamp < $until
        and (from_id in (select address_id from addresses) or to_id in (select address_id from addresses))
)

select
    f.row,
    f.block_date
from transfers as f
inner join graph_tokens as k using (token_id)
left join addresses as s on s.position = k.position and s.address_id = f.from_id
left join addresses as r on r.position = k.position and r.address_id = f.to_id
where f.block_timestamp >= s.since or f.block_timestamp >= r.since
