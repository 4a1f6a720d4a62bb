-- Gives: one row per transfer on the days to tell whose sender or receiver is sanctioned at its time
-- Reads: store.transfers, store.prices, store.addresses, intermediate.int_tokens__canonical,
--   intermediate.int_address_labels__intervals, marts.dim_address_labels
-- Takes: the relation days_to_tell
-- An address is its owner's on every chain that has it, so that the chain of the list does not matter. All labels of an
-- address count, not only the surest.
with listed as (
    select
        a.address_id,
        l.valid_from,
        l.valid_to,
        l.entity || ', ' || l.source as said,
        l.known_from
    from marts.dim_address_labels as l
    inner join store.addresses as a on l.address = a.address
    where l.category = 'sanctioned'
),

met as materialized (
    select
        f.*,
        row_number() over () as number
    from store.transfers as f
    where
        f.block_date in (select block_date from days_to_tell)
        and (
            f.from_id in (select address_id from listed)
            or f.to_id in (select address_id from listed)
        )
),

proven as (
    select
        m.number,
        list(distinct l.said order by l.said) as lists,
        min(l.known_from) as known_from
    from met as m
    inner join listed as l
        on l.address_id in (m.from_id, m.to_id) and holds_at(l.valid_from, l.valid_to, m.block_timestamp)
    group by m.number
),

-- Those of few transfers: joined to these, all addresses would be read.
ends as materialized (
    select
        address_id,
        address
    from store.addresses
    where
        address_id in (
            select from_id from met
            union all
            select to_id from met
        )
),

named as (
    select
        m.block_number,
        m.block_timestamp,
        m.block_date,
        m.tx_hash,
        m.transfer_index,
        m.amount,
        k.chain,
        k.token_symbol,
        k.token_address,
        usd_of(m.amount, p.usd, m.amount_usd) as amount_usd,
        a.address as from_address,
        b.address as to_address,
        s.entity as from_entity,
        r.entity as to_entity,
        x.lists,
        x.known_from
    from met as m
    inner join proven as x using (number)
    inner join intermediate.int_tokens__canonical as k using (token_id)
    inner join ends as a on a.address_id = m.from_id
    inner join ends as b on b.address_id = m.to_id
    left join store.prices as p on p.price_date = m.block_date and p.token = k.price_token
    left join intermediate.int_address_labels__intervals as s
        on s.address_id = m.from_id and s.chain = k.chain and holds_at(s.valid_from, s.valid_to, m.block_timestamp)
    left join intermediate.int_address_labels__intervals as r
        on r.address_id = m.to_id and r.chain = k.chain and holds_at(r.valid_from, r.valid_to, m.block_timestamp)
)

select
    md5(
        concat_ws(
            '|',
            chain,
            coalesce(tx_hash, 'at ' || block_timestamp),
            coalesce(transfer_index, -1),
            coalesce(token_address, token_symbol, ''),
            from_address,
            to_address,
            row_number() over (
                partition by
                    chain,
                    coalesce(tx_hash, 'at ' || block_timestamp),
                    transfer_index,
                    coalesce(token_address, token_symbol, ''),
                    from_address,
                    to_address
                order by amount
            )
        )
    ) as subject,
    concat_ws(' ', coalesce(from_entity, from_address), 'to', coalesce(to_entity, to_address)) as topic,
    chain,
    block_date,
    'CRITICAL' as severity,
    null as rarity,
    amount_usd as stake_usd,
    coalesce(in_words(amount), 'an unknown amount of') || ' ' || coalesce(token_symbol, token_address, '?')
    || case when amount_usd is null then '' else ' (' || in_words(amount_usd) || ' USD)' end
    || ' from ' || coalesce(from_entity, short_address(from_address))
    || ' to ' || coalesce(to_entity, short_address(to_address))
    || ' at ' || strftime(block_timestamp, '%Y-%m-%d %H:%M:%S')
    || ': sanctioned (' || array_to_string(lists, '; ')
    || case when known_from is null then '' else ', known from ' || strftime(known_from, '%Y-%m-%d') end
    || ')' as title,
    from_address,
    to_address,
    from_entity,
    to_entity,
    [from_address, to_address] as addresses,
    null as entities,
    json_object(
        'amount', amount::varchar,
        'amount_usd', amount_usd::varchar,
        'from_entity', from_entity,
        'to_entity', to_entity,
        'lists', lists
    ) as content,
    json_object(
        'tx_hash', tx_hash,
        'transfer_index', transfer_index,
        'block_number', block_number,
        'token_address', token_address,
        'known_from', known_from::varchar
    ) as baseline
from named
