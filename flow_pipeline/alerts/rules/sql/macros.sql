-- The words that alerts are told in; they are lent to the connection that looks for candidates.

-- A number for people: thousands without decimals, small ones with four digits.
create or replace temp macro in_words(value) as
case when abs(value::double) >= 1000 then format('{:,.0f}', value::double) else format('{:.4g}', value::double) end;

-- An address by its ends.
create or replace temp macro short_address(address) as
case when length(address) > 14 then left(address, 8) || '…' || right(address, 4) else address end;

-- The severity of what is above the last limit that it passed; NULL at or under the first.
create or replace temp macro severity_above(value, medium, high, critical) as
case when value > critical then 'CRITICAL' when value > high then 'HIGH' when value > medium then 'MEDIUM' end;

-- How often a year, as the reasons of daily detectors say it.
create or replace temp macro how_often(e_value) as
case
    when e_value < 0.001 then 'under 0.001 times a year'
    when format('{:.2g}', e_value) = '1' then 'once a year'
    when e_value < 10 then format('{:.2g}', e_value) || ' times a year'
    else format('{:.0f}', e_value) || ' times a year'
end;

-- What a day of an exchange, or of all of them, is worth in US dollars.
create or replace temp macro worth_of_days() as table
    select
        block_date,
        chain,
        token_symbol,
        token_address,
        exchange as scope,
        netflow_usd,
        outflow_usd
    from marts.fct_daily_exchange_netflow
    union all
    select
        block_date,
        chain,
        token_symbol,
        token_address,
        'TOTAL',
        netflow_usd,
        outflow_usd
    from marts.fct_daily_netflow;

-- True when a build finds what is told already: the same content, or, of what the tip told, all that it could know.
create or replace temp macro is_confirmed(finality, told, found) as
case
    when finality is null then found::varchar = told
    else
        coalesce(
            list_bool_and(
                list_transform(
                    list_filter(json_keys(told::json), lambda key: key <> 'tip'),
                    lambda key: json_extract_string(found, '$.' || key)
                    is not distinct from json_extract_string(told::json, '$.' || key)
                )
            ),
            true
        )
end;
