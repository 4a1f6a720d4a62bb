-- Gives: the temp table parties: one row per transaction of several transfers and address whose balance it changes,
--   from a day on: what the address gave and got over the whole transaction.
-- Reads: store.transfers, store.prices, intermediate.int_tokens__canonical
-- Takes: $first
create or replace temp table parties as
with several as (
    select hash(tx_hash) as h
    from store.transfers
    where block_date >= $first and tx_hash is not null
    group by h
    having count(*) > 1
),

transfers as (
    select
        k.chain,
        k.token_key,
        f.tx_hash,
        f.block_number,
        f.block_timestamp,
        f.block_date,
        f.transfer_index,
        f.from_id,
        f.to_id,
        f.amount::double as amount,
        usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected)::double as usd
    from (
        select *
        from store.transfers
        where block_date >= $first and is_edge and hash(tx_hash) in (select h from several)
    ) as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
),

legs as (
    select
        chain,
        tx_hash,
        id,
        token_key,
        min(block_number) as block_number,
        min(block_timestamp) as block_timestamp,
        min(block_date) as block_date,
        min(transfer_index) as first_index,
        list_sum(list_sort(list(amount))) as net,
        list_sum(list_sort(list(usd))) as usd,
        count(*) = count(usd) as is_priced
    from (
        select
            * exclude (from_id, to_id) replace (-amount as amount, -usd as usd),
            from_id as id
        from transfers
        union all by name
        select
            * exclude (from_id, to_id),
            to_id as id
        from transfers
    )
    group by chain, tx_hash, id, token_key
    having abs(net) > 1e-12 * sum(abs(amount))
)

select
    chain,
    tx_hash,
    id,
    min(block_number) as block_number,
    min(block_timestamp) as block_timestamp,
    min(block_date) as block_date,
    min(first_index) as first_index,
    count(*) filter (where net < 0) as gives,
    count(*) filter (where net > 0) as gets,
    any_value(token_key) filter (where net < 0) as gave_key,
    any_value(-net) filter (where net < 0) as gave_amount,
    any_value(-usd) filter (where net < 0 and is_priced) as gave_usd,
    any_value(token_key) filter (where net > 0) as got_key,
    any_value(net) filter (where net > 0) as got_amount,
    any_value(usd) filter (where net > 0 and is_priced) as got_usd
from legs
group by chain, tx_hash, id
