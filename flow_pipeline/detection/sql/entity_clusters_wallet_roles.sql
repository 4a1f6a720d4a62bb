-- Gives: one row per day from a day on and labelled exchange wallet that moved anything in marts.fct_daily_wallet_roles
-- Reads: marts.fct_daily_wallet_roles
-- Takes: $first, $since, $hot, $payments, $stretch; the relation entity_transfers
insert into marts.fct_daily_wallet_roles by name
with counterparties as (
    select
        block_date,
        chain,
        receiver_wallet as address,
        receiver as entity,
        from_id as counterparty,
        true as comes_in,
        coalesce(sender = receiver, false) as is_own
    from entity_transfers
    where receiver_wallet is not null
    union all
    select
        block_date,
        chain,
        sender_wallet,
        sender,
        to_id,
        false,
        false
    from entity_transfers
    where sender_wallet is not null
),

wallet_days as (
    select
        block_date,
        chain,
        address,
        entity,
        count(distinct counterparty) filter (where comes_in) as sender_count,
        count(distinct counterparty) filter (where not comes_in) as receiver_count,
        count(*) filter (where comes_in and is_own) as own_receipt_count,
        count(*) filter (where comes_in and not is_own) as foreign_receipt_count,
        count(*) filter (where not comes_in) as payment_count
    from counterparties
    group by all
),

with_days_before as (
    select * from wallet_days
    union all
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
