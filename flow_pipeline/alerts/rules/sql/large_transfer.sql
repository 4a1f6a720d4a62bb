-- Gives: one row per transfer above its limit on the days to tell, moves between wallets of one entity left out; where
--   no limit is set, the largest transfer of a token and day when it is many times the largest of the days before
-- Reads: store.transfers, store.prices, store.addresses, intermediate.int_tokens__canonical,
--   intermediate.int_address_labels__intervals
-- Takes: $tokens with $medium, $high and $critical, the limits in token units; $usd, those of other tokens in dollars;
--   $times, $days and $least, what is compared with the token's own traffic; the relation days_to_tell
with limits as (
    select
        unnest($tokens::varchar[]) as symbol,
        unnest($medium::double[]) as medium,
        unnest($high::double[]) as high,
        unnest($critical::double[]) as critical
),

daily as (
    select
        k.token_key,
        f.block_date,
        max(f.amount) as largest,
        count(*) as transfers
    from store.transfers as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    where
        f.is_edge
        and $times::double is not null
        and f.block_date >= (select min(block_date) from days_to_tell) - $days::integer
        and f.block_date < (select max(block_date) from days_to_tell)
    group by k.token_key, f.block_date
    -- Of most tokens there are too few transfers on whatever days: they need no look at each day's days before.
    qualify sum(count(*)) over (partition by k.token_key) >= $least
),

usual as (
    select
        d.token_key,
        t.block_date,
        max(d.largest) as largest
    from days_to_tell as t
    inner join daily as d on d.block_date >= t.block_date - $days::integer and d.block_date < t.block_date
    group by d.token_key, t.block_date
    having sum(d.transfers) >= $least
),

-- A part of its own: beside the limits, the days would be asked for last, of the transfers of all days.
candidates as (
    select * from store.transfers
    where block_date in (select block_date from days_to_tell) and from_id <> to_id
),

-- The narrow rows tell which transfers are large; names are joined to those alone.
measured as materialized (
    select
        f.block_number,
        f.block_timestamp,
        f.block_date,
        f.tx_hash,
        f.transfer_index,
        f.amount,
        f.from_id,
        f.to_id,
        k.chain,
        k.token_symbol,
        k.token_address,
        k.token_key,
        usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected) as amount_usd,
        u.largest as largest_before,
        case
            when l.symbol is not null then 'token units'
            when $usd::double[] <> [] and usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected) is not null
                then 'USD'
            else 'times'
        end as unit,
        case
        unit
            when 'token units' then [l.medium, l.high, l.critical]
            when 'USD' then $usd::double[]
        end as limits
    from candidates as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    left join limits as l on l.symbol = k.token_symbol
    left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
    left join usual as u on u.token_key = k.token_key and u.block_date = f.block_date
    where
        case
        unit
            when 'token units' then f.amount > l.medium
            when 'USD' then usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected) > ($usd::double[])[1]
            else not k.spoof_suspected and f.amount::double >= $times * u.largest::double
        end
),

ends as materialized (
    select
        address_id,
        address
    from store.addresses
    where address_id in (select unnest([from_id, to_id]) from measured)
),

named as (
    select
        m.*,
        a.address as from_address,
        b.address as to_address,
        s.entity as from_entity,
        r.entity as to_entity,
        case m.unit
            when 'USD' then m.amount_usd::double
            when 'times' then m.amount::double / m.largest_before::double
            else m.amount::double
        end as size
    from measured as m
    inner join ends as a on a.address_id = m.from_id
    inner join ends as b on b.address_id = m.to_id
    left join intermediate.int_address_labels__intervals as s
        on s.address_id = m.from_id and s.chain = m.chain and holds_at(s.valid_from, s.valid_to, m.block_timestamp)
    left join intermediate.int_address_labels__intervals as r
        on r.address_id = m.to_id and r.chain = m.chain and holds_at(r.valid_from, r.valid_to, m.block_timestamp)
    where s.entity is null or s.entity is distinct from r.entity
    -- What one sum does on its way through many hands is told once.
    qualify
        m.unit <> 'times'
        or row_number() over (
            partition by m.token_key, m.block_date, m.unit
            order by m.amount desc, m.block_timestamp, m.tx_hash, m.transfer_index
        ) = 1
)

select
    md5(
        concat_ws(
            '|',
            chain,
            coalesce(tx_hash, 'at ' || block_timestamp),
            coalesce(transfer_index, -1),
            coalesce(token_address, ''),
            from_address,
            to_address,
            row_number() over (
                partition by
                    chain,
                    coalesce(tx_hash, 'at ' || block_timestamp),
                    transfer_index,
                    token_address,
                    from_address,
                    to_address
                order by amount
            )
        )
    ) as subject,
    concat_ws(
        ' ',
        coalesce(token_symbol, token_address),
        coalesce(from_entity, from_address),
        'to',
        coalesce(to_entity, to_address)
    ) as topic,
    chain,
    block_date,
    case
        when unit = 'times' then null
        when size > limits[3] then 'CRITICAL'
        when size > limits[2] then 'HIGH'
        else 'MEDIUM'
    end as severity,
    -- Anybody can make a token and move any number of it: where nobody knows what it is worth, size says little.
    case when unit <> 'times' then limits[1] / size when amount_usd is null then 1 else $times / size end as rarity,
    amount_usd as stake_usd,
    in_words(amount) || ' ' || coalesce(token_symbol, token_address, '?')
    || case when amount_usd is null then '' else ' (' || in_words(amount_usd) || ' USD)' end
    || ' from ' || coalesce(from_entity, short_address(from_address))
    || ' to ' || coalesce(to_entity, short_address(to_address))
    || ' at ' || strftime(block_timestamp, '%Y-%m-%d %H:%M:%S')
    || case
        when unit = 'times' then ', ' || in_words(size) || ' times the largest of the ' || $days || ' days before'
        else ''
    end as title,
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
        'severity', severity
    ) as content,
    json_object(
        'tx_hash', tx_hash,
        'transfer_index', transfer_index,
        'block_number', block_number,
        'token_address', token_address,
        'limits', limits,
        'unit', unit,
        'largest_before', largest_before::varchar
    ) as baseline
from named
