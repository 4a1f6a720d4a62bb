-- Gives: one row per day from a day on and labelled exchange wallet that moved anything in marts.fct_daily_wallet_roles
-- Reads: marts.fct_daily_wallet_roles, store.addresses
-- Takes: $first, $since, $hot, $payments, $stretch; the relations entity_transfers, cluster_members
insert into marts.fct_daily_wallet_roles by name
with counterparties as (
    select
        block_date,
        chain_number,
        to_id as address_id,
        receiver as owner,
        from_id as counterparty,
        true as comes_in,
        coalesce(sender = receiver, false) as is_own
    from entity_transfers
    where is_receiver_wallet
    union all
    select
        block_date,
        chain_number,
        from_id,
        sender,
        to_id,
        false,
        false
    from entity_transfers
    where is_sender_wallet
),

counted as (
    select
        block_date,
        chain_number,
        address_id,
        owner,
        count(distinct counterparty) filter (where comes_in) as sender_count,
        count(distinct counterparty) filter (where not comes_in) as receiver_count,
        count(*) filter (where comes_in and is_own) as own_receipt_count,
        count(*) filter (where comes_in and not is_own) as foreign_receipt_count,
        count(*) filter (where not comes_in) as payment_count
    from counterparties
    group by all
),

wallets as (
    select distinct
        chain_number,
        chain,
        address_id,
        owner,
        entity
    from cluster_members
    where is_wallet
),

with_days_before as (
    select
        c.* exclude (chain_number, address_id, owner),
        w.chain,
        a.address,
        w.entity
    from counted as c
    inner join wallets as w using (chain_number, address_id, owner)
    inner join store.addresses as a using (address_id)
    union all by name
    select * exclude (role)
    from marts.fct_daily_wallet_roles
    where block_date >= $since and block_date < $first
)

select
    *,
    case
        when sender_count >= $hot and receiver_count >= $hot then 'hot'
        when
            sum(foreign_receipt_count) over lately = 0
            and sum(own_receipt_count) over lately > 0
            and sum(payment_count) over lately <= $payments
            then 'cold'
        else 'warm'
    end as role
from with_days_before
window
    lately as (
        partition by chain, address, entity
        order by block_date
        range between $stretch preceding and current row
    )
qualify block_date >= $first
