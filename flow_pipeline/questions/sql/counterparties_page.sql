-- Gives: the counterparties of an address, a page of them in order of rank: by dollars both ways, then by transfers
-- Reads: store.counterparties, the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $address_id; $first and $last day and
--   $tokens, each null for all; $listed, the ranks of store.counterparties that may stand on the page, 0 where those
--   are not to count; $passed, the rank before the page; $most
with news as materialized (
    select
        other_id,
        count(*) filter (where is_out) as transfers_out,
        count(*) filter (where not is_out) as transfers_in,
        sum(amount_usd) filter (where is_out) as usd_out,
        sum(amount_usd) filter (where not is_out) as usd_in,
        min(block_timestamp) as first_at,
        max(block_timestamp) as last_at
    from ${ends}
    where
        address_id = $address_id
        and chain = $chain
        and is_counted
        and ($first::date is null or block_timestamp >= $first::date)
        and ($last::date is null or block_timestamp < $last::date + 1)
        and ($tokens::integer[] is null or list_contains($tokens::integer[], token_id))
    group by other_id
),

-- What the news do not touch keeps its order, so that the first of it are enough.
parts as (
    select * from news
    union all
    select
        other_id,
        transfers_out,
        transfers_in,
        usd_out,
        usd_in,
        first_at,
        last_at
    from store.counterparties
    where address_id = $address_id and chain = $chain and rank <= $listed
    union all
    select
        other_id,
        transfers_out,
        transfers_in,
        usd_out,
        usd_in,
        first_at,
        last_at
    from store.counterparties
    where
        $listed > 0
        and address_id = $address_id
        and chain = $chain
        and rank > $listed
        and other_id in (select n.other_id from news as n)
),

totals as (
    select
        other_id,
        sum(transfers_out)::bigint as transfers_out,
        sum(transfers_in)::bigint as transfers_in,
        sum(usd_out)::decimal(38, 6) as usd_out,
        sum(usd_in)::decimal(38, 6) as usd_in,
        min(first_at) as first_at,
        max(last_at) as last_at
    from parts
    group by other_id
),

page as (
    select
        *,
        counterparty_place(usd_out, usd_in, transfers_out, transfers_in, first_at, other_id) as place
    from totals
    order by place
    limit
        $most
        offset
        $passed
)

select
    $passed + row_number() over (order by place) as rank,
    * exclude (place)
from page
order by rank
