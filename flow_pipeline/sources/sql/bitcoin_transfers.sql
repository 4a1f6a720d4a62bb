-- Gives: one row per output (or fee) and input address of each transaction, with the address's share in whole satoshis;
--   a transaction without outputs, or whose inputs have no values, has one row, of which only the transaction is known.
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
    where json_type(coalesce(doc -> '$.vout', doc -> '$.outputs')) = 'ARRAY'
),

transactions as (
    select
        row_number() over (order by line_row, place) as tx_no,
        line_row,
        coalesce(doc ->> '$.height', doc ->> '$.block_number', doc ->> '$.status.block_height') as height,
        coalesce(
            doc ->> '$.time', doc ->> '$.block_timestamp', doc ->> '$.timestamp', doc ->> '$.status.block_time'
        ) as time,
        coalesce(tx ->> '$.index', case when json_type(doc -> '$.tx') = 'ARRAY' then place - 1 end::varchar)
            as tx_index,
        lower(coalesce(tx ->> '$.txid', tx ->> '$.hash')) as txid,
        json_extract(coalesce(tx -> '$.vin', tx -> '$.inputs'), '$[*]') as vin,
        json_extract(coalesce(tx -> '$.vout', tx -> '$.outputs'), '$[*]') as vout,
        coalesce(
            try_cast(coalesce(tx ->> '$.coinbase', tx ->> '$.is_coinbase') as boolean),
            json_type(tx -> '$.vin[0].coinbase') is not null
            or coalesce(try_cast(tx ->> '$.vin[0].is_coinbase' as boolean), false)
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

senders as (
    select
        tx_no,
        address,
        sum(sat)::hugeint as sat,
        row_number() over (partition by tx_no order by address) - 1 as place
    from inputs
    group by tx_no, address
    union all
    select
        tx_no,
        'coinbase' as address,
        1 as sat,
        0 as place
    from transactions
    where is_coinbase
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

receipts as (
    select * from outputs
    union all
    select
        t.tx_no,
        t.last_place + 1 as place,
        'fees' as address,
        p.sat - t.sat as sat
    from output_totals as t
    inner join input_totals as p using (tx_no)
    where p.is_known
),

shares as (
    select
        o.tx_no,
        o.place as out_place,
        s.place as in_place,
        o.address as receiver,
        case when p.is_known or p.tx_no is null then s.address end as sender,
        o.sat,
        case when p.tx_no is null then o.sat else o.sat * s.sat // p.sat end as part,
        case when p.tx_no is null then 0 else o.sat * s.sat % p.sat end as rest
    from receipts as o
    inner join senders as s using (tx_no)
    left join input_totals as p using (tx_no)
    where
        o.sat <> 0
        and not exists (
            select 1
            from senders as c
            where c.tx_no = o.tx_no and c.address = o.address
        )
),

whole_shares as (
    select
        tx_no,
        out_place,
        in_place,
        sender,
        receiver,
        part + case
            when
                row_number() over (partition by tx_no, out_place order by rest desc, in_place)
                <= sat - sum(part) over (partition by tx_no, out_place)
                then 1
            else 0
        end as sat
    from shares
),

without_values as (
    select t.tx_no
    from transactions as t
    left join input_totals as p using (tx_no)
    where not t.is_coinbase and not coalesce(p.is_known, false)
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
    where s.sat <> 0 and s.tx_no not in (select tx_no from without_values)
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
