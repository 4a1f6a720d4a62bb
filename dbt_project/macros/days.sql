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

{% macro forget_dirty_days() -%}
    {% if is_incremental() %}delete from {{ this }} where {{ in_dirty_days('block_date') }}{% endif %}
{%- endmacro %}

{% macro forget_from_first_dirty_day() -%}
    {% if is_incremental() %}delete from {{ this }} where {{ from_first_dirty_day('block_date') }}{% endif %}
{%- endmacro %}

{#- True when this table stands and every touched day lies behind the last day it was built for. -#}
{% macro adds_days_only() -%}
    {%- if not execute or flags.FULL_REFRESH or load_relation(this) is none -%}{% do return(false) %}{%- endif -%}
    {%- set first_dirty = '(select min(block_date) from ' ~ source('store', 'dirty_days') ~ ')' -%}
    {%- set days = run_query('select ' ~ first_dirty ~ ' > (select max(last_day) from ' ~ this ~ ')') -%}
    {% do return(days.columns[0].values()[0] or false) %}
{%- endmacro %}

{#- The last day built, decided by the loader: the later of the last day asked for and the last day with a transfer. -#}
{% macro last_day() -%}
    (select max(value)::date from {{ source('store', 'state') }} where key = 'last_day')
{%- endmacro %}
