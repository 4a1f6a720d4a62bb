-- The words that all sources share: how text becomes a time, an address, an exact amount, and why it may not. A loading
-- connection creates them.

-- Text without white space around it, NULL for none.
create or replace temp macro flow_text(x) as nullif(trim(x::varchar), '');

-- A time in seconds, milli-, micro- or nanoseconds since 1970, which its size tells apart.
create or replace temp macro flow_epoch(n) as case
    when n < 0 then null
    when n < 100_000_000_000 then make_timestamp(n * 1_000_000)
    when n < 100_000_000_000_000 then make_timestamp(n * 1_000)
    when n < 100_000_000_000_000_000 then make_timestamp(n)
    else make_timestamp(n // 1_000)
end;

-- UTC time of a text: an epoch, also hexadecimal, or ISO 8601 with or without an offset.
create or replace temp macro flow_time(t) as case
    when regexp_full_match(t, '\d{1,19}(\.\d*)?') then flow_epoch(try_cast(split_part(t, '.', 1) as bigint))
    when starts_with(t, '0x') then flow_epoch(try_cast(t as bigint))
    when
        regexp_full_match(t, '.*\d\s+[A-Za-z].*/?.*')
        then try_cast(regexp_replace(t, '\s*(UTC|GMT)$', '') as timestamp)
    else timezone('UTC', try_cast(t as timestamptz))
end;

-- What exports write for yes.
create or replace temp macro flow_is_yes(x) as coalesce(
    lower(regexp_replace(trim(x::varchar), '\.0+$', '')) in ('1', 'true', 't', 'yes', 'y'), false
);

-- UTC time of a text, where one without an offset is local time of a zone.
create or replace temp macro flow_time_in(t, zone) as case
    when regexp_full_match(t, '\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?)?')
        then timezone('UTC', timezone(zone, try_cast(t as timestamp)))
    else flow_time(t)
end;

-- A place inside a transaction that is written as a path (`0_1_1`, `[0, 1]`) as one number: in the order of the paths,
-- other numbers for other paths. Deeper paths than five, and broader than 4,094, have a number in no order.
create or replace temp macro flow_step(parts, n) as coalesce(try_cast(parts[n] as bigint) + 1, 0);
create or replace temp macro flow_path_number(parts) as case
    when
        len(parts) <= 5
        and greatest(
            flow_step(parts, 1), flow_step(parts, 2), flow_step(parts, 3), flow_step(parts, 4), flow_step(parts, 5)
        ) < 4096
        then
            (
                ((flow_step(parts, 1) * 4096 + flow_step(parts, 2)) * 4096 + flow_step(parts, 3)) * 4096
                + flow_step(parts, 4)
            ) * 4096 + flow_step(parts, 5
            )
    else (hash(parts) % 4611686018427387847)::bigint
end;
create or replace temp macro flow_path(t) as case
    when regexp_full_match(t, '\d{1,18}') then t::bigint
    when regexp_full_match(t, '[\[\s]*\d{1,9}([\s,_.-]+\d{1,9})*[\s\]]*')
        then flow_path_number(regexp_extract_all(t, '\d+'))
end;

-- A whole number, also of `0x1f` and `12.0`.
create or replace temp macro flow_integer(t) as coalesce(
    try_cast(t as bigint), case when starts_with(t, '0x') then try_cast(flow_hex(t) as bigint) end
);

-- The forms in which addresses and hashes are stored, by family of chain. On EVM chains they are in lower case with 0x
-- before them, and an address of 32 bytes, as logs have it, keeps its last 20.
create or replace temp macro flow_evm_hash(x) as case
    when starts_with(x, '0x') then lower(x)
    when starts_with(x, '\x') then '0x' || lower(substr(x, 3))
    when regexp_full_match(x, '[0-9a-fA-F]{64}') then '0x' || lower(x)
    else lower(x)
end;
create or replace temp macro flow_evm_form(x) as case
    when length(x) = 42 and starts_with(x, '\x') then '0x' || lower(substr(x, 3))
    when length(x) = 42 then lower(x)
    when regexp_full_match(x, '[0-9a-fA-F]{40}') then '0x' || lower(x)
    when regexp_full_match(x, '0[xX]0{24}[0-9a-fA-F]{40}') then '0x' || lower(right(x, 40))
    else lower(x)
end;
create or replace temp macro flow_bitcoin_form(x) as case
    when starts_with(lower(x), 'bitcoincash:') then lower(substr(x, 13))
    when regexp_full_match(x, '(BC1|LTC1)[0-9A-Z]+') then lower(x)
    else x
end;
create or replace temp macro flow_bitcoin_hash(x) as lower(x);
create or replace temp macro flow_tron_form(x) as case
    when regexp_full_match(x, '(0[xX])?(41)?[0-9a-fA-F]{40}') then flow_tron_address(x)
    else x
end;
create or replace temp macro flow_tron_hash(x) as lower(regexp_replace(x, '^0[xX]', ''));
create or replace temp macro flow_other_form(x) as case when starts_with(lower(x), '0x') then lower(x) else x end;
create or replace temp macro flow_other_hash(x) as case
    when regexp_full_match(x, '(0[xX])?[0-9a-fA-F]{64}') then lower(x) else x
end;

-- A number with an exponent: its digits, and how many of them stand after the point.
create or replace temp macro flow_e_digits(t) as replace(ltrim(split_part(lower(t), 'e', 1), '+-'), '.', '');
create or replace temp macro flow_e_places(t) as
length(split_part(split_part(lower(t), 'e', 1), '.', 2))
- try_cast(split_part(lower(t), 'e', 2) as int);

-- Why a text is no amount in token units that DECIMAL(38, 18) holds exactly; NULL when it is one.
create or replace temp macro flow_units_reason(t) as case
    when regexp_full_match(t, '\d{1,18}(\.\d{0,18})?') then null
    when not regexp_full_match(t, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?') then 'bad_amount'
    when t like '-%' and t::double <> 0 then 'negative_amount'
    when
        case when t ilike '%e%' then t::double >= 1e18 else length(ltrim(split_part(t, '.', 1), '+0')) > 18 end
        then 'amount_out_of_range'
    when regexp_full_match(t, '[+-]?\d*\.\d{18}\d*[1-9]\d*') then 'amount_too_precise'
    when
        t ilike '%e%' and rtrim(flow_e_digits(t), '0') <> ''
        and (
            flow_e_places(t) > 77
            or flow_e_places(t) + length(rtrim(flow_e_digits(t), '0')) - length(flow_e_digits(t)) > 18
        )
        then 'amount_too_precise'
end;

-- A number from its digits before the point and its 18 after it. It is put together from two whole numbers because the
-- engine's own cast from text to DECIMAL(38, 18) takes nine times as long, and gives nothing for more than 38 digits
-- before an exponent.
create or replace temp macro flow_join(whole, part) as
try_cast(whole as bigint)::decimal(38, 18)
+ try_cast(try_cast(part as bigint) as decimal(18, 0)) * 0.000000000000000001::decimal(18, 18);

-- True for the base units of most transfers: digits of an amount that DECIMAL(38, 18) holds in any case. One coin over
-- the base units in it.
create or replace temp macro flow_is_plain_base(t, decimals) as
decimals between 0 and 18 and length(t) <= decimals + 18 and regexp_full_match(t, '\d{1,36}');
create or replace temp macro flow_base_unit(decimals) as (
    [
        1, 0.1, 0.01, 0.001, 0.0001, 0.00001, 0.000001, 0.0000001, 0.00000001, 0.000000001, 0.0000000001,
        0.00000000001, 0.000000000001, 0.0000000000001, 0.00000000000001, 0.000000000000001, 0.0000000000000001,
        0.00000000000000001, 0.000000000000000001
    ]::decimal(19, 18)[]
)[decimals + 1];

-- An amount in base units: its digits; why it is none that DECIMAL(38, 18) holds exactly in token units; the amount.
create or replace temp macro flow_base_digits(t) as ltrim(regexp_replace(t, '\.0*$', ''), '+0');
create or replace temp macro flow_base_reason(t, decimals) as case
    when flow_is_plain_base(t, decimals) then null
    when t is null or regexp_full_match(t, '[+-]?0+(\.0*)?') then null
    when regexp_full_match(t, '-\d+(\.0*)?') and t::double <> 0 then 'negative_amount'
    when not regexp_full_match(t, '[+-]?\d+(\.0*)?') or decimals < 0 or decimals > 77 then 'bad_amount'
    when decimals is null then 'unknown_decimals'
    when length(flow_base_digits(t)) > decimals + 18 then 'amount_out_of_range'
    when
        decimals > 18
        and rtrim(
            substr(
                lpad(flow_base_digits(t), greatest(length(flow_base_digits(t)), decimals + 1)::int, '0'),
                greatest(length(flow_base_digits(t)) - decimals, 1)::bigint + 19
            ),
            '0'
        ) <> ''
        then 'amount_too_precise'
end;
create or replace temp macro flow_split(padded, whole) as flow_join(
    substr(padded, 1, whole), rpad(substr(padded, whole + 1, 18), 18, '0')
);
create or replace temp macro flow_base(digits, decimals) as flow_split(
    lpad(digits, greatest(length(digits), decimals + 1)::int, '0'), greatest(length(digits) - decimals, 1)::bigint
);
create or replace temp macro flow_base_units(t, decimals) as case
    when flow_is_plain_base(t, decimals)
        then (try_cast(t as hugeint)::decimal(38, 0) * flow_base_unit(decimals))::decimal(38, 18)
    when regexp_full_match(t, '[+-]?0+(\.0*)?') then 0::decimal(38, 18)
    when decimals between 0 and 77 then flow_base(flow_base_digits(t), decimals::int)
end;

-- An amount in token units.
create or replace temp macro flow_units(t) as case
    when
        regexp_full_match(t, '\d{1,18}(\.\d{0,18})?')
        then flow_join(split_part(t, '.', 1), rpad(split_part(t, '.', 2), 18, '0'))
    else
        coalesce(
            try_cast(t as decimal(38, 18)),
            flow_base_units(
                flow_e_digits(t) || repeat('0', greatest(-flow_e_places(t), 0)), greatest(flow_e_places(t), 0)
            )
        )
end;

-- A whole number in base units as its digits: hexadecimal, or with an exponent as floats and spreadsheets write them.
create or replace temp macro flow_whole(t) as case
    when starts_with(t, '0x') then flow_hex(t)::varchar
    when contains(lower(t), 'e') and regexp_full_match(t, '[+]?(\d+\.?\d*|\.\d+)[eE][+-]?\d{1,2}')
        then
            case
                when flow_e_places(t) <= 0 then flow_e_digits(t) || repeat('0', (-flow_e_places(t))::bigint)
                when rtrim(flow_e_digits(t), '0') = '' then '0'
                when length(flow_e_digits(t)) - length(rtrim(flow_e_digits(t), '0')) >= flow_e_places(t)
                    then left(flow_e_digits(t), (length(flow_e_digits(t)) - flow_e_places(t))::bigint)
                else t
            end
    else t
end;
