-- Gives: one row per net receiver (or fee) and net payer of each transaction, with the payer's share in whole satoshis;
--   a transaction without outputs, or whose inputs have no values, has one row, of which only the transaction is known,
--   and one that pays out more than it takes in has one with a fee below zero.
-- Reads: the relation lines, the JSON of blocks or of transactions
with documents as (
    select
        line_row,
        line as doc
    from lines
),

listed_transactions as (
    select
        line_row,
        generate_subscripts(json_extract(doc -> '$.tx', '$[*]'), 1) as place,
        doc,
        unnest(json_extract(doc -> '$.tx', '$[*]')) as tx
    from documents
    where json_type(doc -> '$.tx') = 'ARRAY'
    union all
    select
        line_row,
        0 as place,
        doc,
        doc as tx
    from documents
    where json_type(coalesce(doc -> '$.vout', doc -> '$.outputs', doc -> '$.out')) = 'ARRAY'
),

transactions as (
    select
        row_number() over (order by line_row, place) as tx_no,
        line_row,
        coalesce(
            doc ->> '$.height',
            doc ->> '$.block_number',
            doc ->> '$.status.block_height',
            doc ->> '$.block_height'
        ) as height,
        -- blockchain.info gives transactions that are in no block yet the time when it saw them
        case
            when json_type(doc -> '$.inputs[0].prev_out') is null or (doc ->> '$.block_height') is not null
                then coalesce(
                    doc ->> '$.time',
                    doc ->> '$.block_timestamp',
                    doc ->> '$.timestamp',
                    doc ->> '$.status.block_time',
                    doc ->> '$.confirmed'
                )
        end as time,
        coalesce(tx ->> '$.index', case when json_type(doc -> '$.tx') = 'ARRAY' then place - 1 end::varchar)
            as tx_index,
        lower(coalesce(tx ->> '$.txid', tx ->> '$.hash')) as txid,
        json_extract(coalesce(tx -> '$.vin', tx -> '$.inputs'), '$[*]') as vin,
        json_extract(coalesce(tx -> '$.vout', tx -> '$.outputs', tx -> '$.out'), '$[*]') as vout,
        coalesce(try_cast(tx ->> '$.vin_sz' as bigint) > len(vin), false)
        or coalesce(try_cast(tx ->> '$.vout_sz' as bigint) > len(vout), false) as is_cut,
        coalesce(
            try_cast(coalesce(tx ->> '$.coinbase', tx ->> '$.is_coinbase') as boolean),
            json_type(tx -> '$.vin[0].coinbase') is not null
            or coalesce(try_cast(tx ->> '$.vin[0].is_coinbase' as boolean), false)
            or coalesce(json_type(tx -> '$.inputs[0].prev_out') = 'NULL', false)
            or coalesce((tx ->> '$.inputs[0].output_index') = '-1', false)
        ) as is_coinbase
    from listed_transactions
),

unit as (
    -- bitcoin-etl counts satoshis; copies of its tables elsewhere count coins, which have fractions
    select coalesce(bool_or(contains(o ->> '$.value', '.') and not ends_with(o ->> '$.value', '.0')), false) as is_coins
    from (select unnest(json_extract(coalesce(doc -> '$.outputs', '[]'::json), '$[*]')) as o from documents)
),

valued_inputs as (
    select
        tx_no,
        i,
        coalesce(
            try_cast(i ->> '$.value_sat' as hugeint),
            try_cast(i ->> '$.output_value' as hugeint),
            try_cast(i ->> '$.prev_out.value' as hugeint),
            -- Esplora spells scriptpubkey in lower case and counts satoshis; Core counts coins
            case
                when json_type(i -> '$.prevout.scriptPubKey') = 'OBJECT'
                    then (try_cast((i ->> '$.prevout.value') as decimal(20, 8)) * 100000000)::hugeint
                else try_cast(i ->> '$.prevout.value' as hugeint)
            end,
            case
                when (select is_coins from unit)
                    then (try_cast(i ->> '$.value' as decimal(20, 8)) * 100000000)::hugeint
                else try_cast(i ->> '$.value' as hugeint)
            end
        ) as sat
    from (
        select
            tx_no,
            unnest(vin) as i
        from transactions
        where not is_coinbase
    )
),

inputs as (
    select
        tx_no,
        coalesce(
            i ->> '$.address',
            i ->> '$.addresses[0]',
            i ->> '$.prevout.scriptPubKey.address',
            i ->> '$.prevout.scriptPubKey.addresses[0]',
            i ->> '$.prevout.scriptpubkey_address',
            i ->> '$.prev_out.addr',
            flow_script_address(coalesce(i ->> '$.prevout.scriptPubKey.hex', i ->> '$.prevout.scriptpubkey')),
            case
                when sat is not null
                    then 'nonstandard' || left(
                        sha256(coalesce(
                            i ->> '$.prevout.scriptPubKey.hex',
                            i ->> '$.prevout.scriptpubkey',
                            i ->> '$.script_hex',
                            i ->> '$.txid',
                            'none'
                        )),
                        40
                    )
            end
        ) as address,
        sat
    from valued_inputs
),

input_totals as (
    select
        tx_no,
        count(*) = count(sat) and count(*) = count(address) as is_known,
        sum(sat)::hugeint as sat
    from inputs
    group by tx_no
),

valued_outputs as (
    select
        tx_no,
        o,
        coalesce(try_cast(coalesce(o ->> '$.index', o ->> '$.n') as bigint), place - 1) as place,
        coalesce(o ->> '$.scriptPubKey.hex', o ->> '$.scriptpubkey', o ->> '$.script_hex') as script,
        case
            when o ->> '$.value_sat' is not null then try_cast(o ->> '$.value_sat' as hugeint)
            when json_type(o -> '$.scriptPubKey') = 'OBJECT'
                then (try_cast((o ->> '$.value') as decimal(20, 8)) * 100000000)::hugeint
            when (select is_coins from unit) then (try_cast(o ->> '$.value' as decimal(20, 8)) * 100000000)::hugeint
            else try_cast(o ->> '$.value' as hugeint)
        end as sat
    from (
        select
            tx_no,
            unnest(vout) as o,
            generate_subscripts(vout, 1) as place
        from transactions
    )
),

outputs as (
    select
        tx_no,
        place,
        coalesce(
            o ->> '$.address',
            o ->> '$.addresses[0]',
            o ->> '$.scriptPubKey.address',
            o ->> '$.scriptPubKey.addresses[0]',
            o ->> '$.scriptpubkey_address',
            o ->> '$.addr',
            flow_script_address(script),
            'nonstandard' || left(sha256(coalesce(script, 'none')), 40)
        ) as address,
        sat
    from valued_outputs
),

output_totals as (
    select
        tx_no,
        max(place) as last_place,
        sum(sat)::hugeint as sat
    from outputs
    group by tx_no
),

fees as (
    select
        t.tx_no,
        t.last_place + 1 as place,
        p.sat - t.sat as sat
    from output_totals as t
    inner join input_totals as p using (tx_no)
    where p.is_known
),

balances as (
    select
        tx_no,
        address,
        min(place) as place,
        sum(sat)::hugeint as sat
    from (
        select * from outputs
        union all
        select
            tx_no,
            null as place,
            address,
            -sat as sat
        from inputs
    )
    group by tx_no, address
),

payers as (
    select
        tx_no,
        address,
        -sat as sat,
        row_number() over (partition by tx_no order by address) - 1 as place
    from balances
    where sat < 0
    union all
    select
        t.tx_no,
        'coinbase' as address,
        u.sat,
        0 as place
    from transactions as t
    inner join output_totals as u using (tx_no)
    where t.is_coinbase
),

receivers as (
    select * from balances
    where sat > 0
    union all
    select
        tx_no,
        'fees' as address,
        place,
        sat
    from fees
    where sat > 0
),

shares as (
    select
        o.tx_no,
        o.place as out_place,
        s.place as in_place,
        o.address as receiver,
        s.address as sender,
        o.sat as received,
        s.sat as paid,
        o.sat * s.sat // t.sat as part
    from receivers as o
    inner join payers as s using (tx_no)
    inner join (
        select
            tx_no,
            sum(sat)::hugeint as sat
        from payers
        group by tx_no
    ) as t using (tx_no)
),

-- What rounding down left is laid out twice, receiver after receiver and payer after payer: where two of them overlap,
-- that much more goes from the one to the other. So both sums hold to the satoshi.
left_to_get as (
    select
        tx_no,
        receiver,
        any_value(received) - sum(part) as rest,
        sum(any_value(received) - sum(part)) over (partition by tx_no order by any_value(out_place), receiver) as until
    from shares
    group by tx_no, receiver
),

left_to_pay as (
    select
        tx_no,
        sender,
        any_value(paid) - sum(part) as rest,
        sum(any_value(paid) - sum(part)) over (partition by tx_no order by any_value(in_place)) as until
    from shares
    group by tx_no, sender
),

whole_shares as (
    select
        s.tx_no,
        s.out_place,
        s.in_place,
        s.sender,
        s.receiver,
        s.part + greatest(0, least(g.until, p.until) - greatest(g.until - g.rest, p.until - p.rest)) as sat
    from shares as s
    inner join left_to_get as g on g.tx_no = s.tx_no and g.receiver = s.receiver
    inner join left_to_pay as p on p.tx_no = s.tx_no and p.sender = s.sender
),

without_values as (
    select t.tx_no
    from transactions as t
    left join input_totals as p using (tx_no)
    where (not t.is_coinbase and not coalesce(p.is_known, false)) or t.is_cut
),

transfers as (
    select
        tx_no,
        s.out_place + s.in_place * (u.last_place + 2) as position,
        sender,
        receiver,
        s.sat,
        false as lacks_input_values
    from whole_shares as s
    inner join output_totals as u using (tx_no)
    where
        s.sat > 0
        and s.tx_no not in (select tx_no from without_values)
        and s.tx_no not in (
            select tx_no from fees
            where sat < 0
        )
    union all
    select
        tx_no,
        place as position,
        'fees' as sender,
        'fees' as receiver,
        sat,
        false as lacks_input_values
    from fees
    where sat < 0 and tx_no not in (select tx_no from without_values)
    union all
    select
        t.tx_no,
        0 as position,
        null as sender,
        null as receiver,
        null as sat,
        u.tx_no is not null as lacks_input_values
    from transactions as t
    left join output_totals as u using (tx_no)
    where u.tx_no is null or t.tx_no in (select tx_no from without_values)
)

select
    line_row,
    row_number() over (order by tx_no, position) as ordinal,
    height,
    time,
    txid,
    tx_index,
    position,
    sender,
    receiver,
    sat,
    lacks_input_values
from transfers
inner join transactions using (tx_no)
