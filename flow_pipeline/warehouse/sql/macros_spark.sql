-- Those words of macros.sql that dbt's models use, as functions of a Spark session, with DuckDB's answers.
-- sqlfluff:dialect:databricks

-- DuckDB divides what a double holds exactly, and of other amounts adds the whole part and the rest. No amount is
-- negative.
create or replace temporary function double_of (amount decimal(38, 18)) returns double
return case
    when amount <= 0.009007199254740992 then cast(amount as double)
    else
        cast(cast(floor(amount) as decimal(20, 0)) as double)
        + cast(cast((amount - floor(amount)) * 1000000000000000000 as bigint) as double) / 1e18
end;

-- A double without a fraction as the number that it is; Spark's own cast takes the shortest text that means it.
create or replace temporary function whole_of (figure double) returns decimal(38, 0)
return case
    when figure < 9.2e18 then cast(cast(figure as bigint) as decimal(38, 0))
    when figure < 1e32
        then
            cast(cast(floor(figure / 18446744073709551616D) as bigint) as decimal(20, 0)) * 18446744073709551616
            + cast((figure % 18446744073709551616D) / 2048 as bigint) * 2048
end;

create or replace temporary function usd_of (
    amount decimal(38, 18), price double, given decimal(38, 6), is_spoof boolean default false
) returns decimal(38, 6)
return coalesce(
    cast(whole_of(round(double_of(amount) * price * 1e6)) * 0.000001 as decimal(38, 6)),
    case when not is_spoof then given end
);

create or replace temporary function short_contract (address string) returns string
return case when length(address) > 14 then left(address, 6) || '…' || right(address, 4) else address end;

create or replace temporary function holds_at (valid_from timestamp_ntz, valid_to timestamp_ntz, moment timestamp_ntz)
returns boolean
return moment >= valid_from and moment < valid_to;
