-- Gives: one row per finding to store and address, with its role, for detection.finding_addresses.
-- Reads: nothing stored
-- Takes: the relation chosen_transfers
with ends as (
    select
        finding_id,
        chain,
        from_address as address,
        true as is_sender,
        from_is_terminal as is_terminal,
        from_id = focus_id as is_focus
    from chosen_transfers
    union all
    select
        finding_id,
        chain,
        to_address,
        false,
        to_is_terminal,
        to_id = focus_id
    from chosen_transfers
)

select
    finding_id,
    chain,
    address,
    case
        when bool_or(is_focus) then 'focus'
        when bool_and(is_sender) then 'source'
        when bool_or(is_sender) then 'middle'
        else 'target'
    end as role,
    bool_or(is_terminal) as is_terminal
from ends
group by finding_id, chain, address
