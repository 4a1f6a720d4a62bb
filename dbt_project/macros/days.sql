{#- Rows of the days that the last load touched; every row on a full refresh. -#}
{% macro in_dirty_days(column) -%}
    {% if is_incremental() -%}
        {{ column }} in (select block_date from {{ source('store', 'dirty_days') }})
    {%- else -%}
        true
    {%- endif %}
{%- endmacro %}

{#- Rows from the first touched day on: what a calendar-complete table must write again. -#}
{% macro from_first_dirty_day(column) -%}
    {% if is_incremental() -%}
        {{ column }} >= (select min(block_date) from {{ source('store', 'dirty_days') }})
    {%- else -%}
        true
    {%- endif %}
{%- endmacro %}

{#- Before a build adds to a table: what it holds of the days that are built again is no longer part of it. -#}
{% macro forget_dirty_days() -%}
    {{ forget(in_dirty_days('m.block_date')) }}
{%- endmacro %}

{#- And of series that have now a row for every day and had not, or the other way round.
    `series`: of int_exchange_series, s, which is the series of a row of the table, m. -#}
{% macro forget_from_first_dirty_day(series) -%}
    {%- set is_changed -%}
        case when exists (
            select 1 from {{ ref('int_exchange_series') }} as s
            where {{ same_token('s', 'm') }} and {{ series }}
        ) then not m.has_every_day else m.has_every_day end
    {%- endset -%}
    {{ forget(from_first_dirty_day('m.block_date') ~ ' or ' ~ is_changed) }}
{%- endmacro %}

{% macro same_token(one, other) -%}
    {{ one }}.chain = {{ other }}.chain
    and {{ one }}.token_symbol is not distinct from {{ other }}.token_symbol
    and {{ one }}.token_address is not distinct from {{ other }}.token_address
{%- endmacro %}

{#- Rows of a calendar-complete table, c with their token t, that it does not have: those from the first touched day on,
    and all of a series whose first day, m, was taken out of it. -#}
{% macro is_written_again(series) -%}
    {% if is_incremental() -%}
        (
            {{ from_first_dirty_day('c.block_date') }}
            or not exists (
                select 1 from {{ kept() }} as m
                where m.block_date = c.first_date and {{ same_token('m', 't') }} and {{ series }}
            )
        )
    {%- else -%}
        true
    {%- endif %}
{%- endmacro %}

{% macro forget(days) -%}
    {% if is_incremental() %}{{ adapter.dispatch('forget', 'netraflow')(days) }}{% endif %}
{%- endmacro %}

{% macro duckdb__forget(days) -%}
    delete from {{ this }} as m where {{ days }}
{%- endmacro %}

{% macro spark__forget(days) -%}
    create or replace temporary view {{ named(this) }}__kept as
    select * from {{ standing() }} as m where not coalesce({{ days }}, false)
{%- endmacro %}

{#- What of a table is no part of what is built again. -#}
{% macro kept() -%}
    {{ adapter.dispatch('kept', 'netraflow')() }}
{%- endmacro %}

{% macro duckdb__kept() -%}
    {{ this }}
{%- endmacro %}

{% macro spark__kept() -%}
    {{ named(this) }}__kept
{%- endmacro %}

{#- True when this table stands and every touched day lies behind the last day it was built for. -#}
{% macro adds_days_only() -%}
    {%- if not execute or flags.FULL_REFRESH or not is_standing() -%}{% do return(false) %}{%- endif -%}
    {%- set first_dirty = '(select min(block_date) from ' ~ source('store', 'dirty_days') ~ ')' -%}
    {%- set days = run_query('select ' ~ first_dirty ~ ' > (select max(last_day) from ' ~ standing() ~ ')') -%}
    {% do return(days.columns[0].values()[0] or false) %}
{%- endmacro %}

{#- The last day built, decided by the loader: the later of the last day asked for and the last day with a transfer. -#}
{% macro last_day() -%}
    (select max(value)::date from {{ source('store', 'state') }} where key = 'last_day')
{%- endmacro %}
