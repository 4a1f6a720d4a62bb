{#- How models stand on Spark: a view for the session, over files in a folder of the build's own inside the table of the
    lake. Nobody reads them before they are committed. -#}
{% materialization view, adapter='spark' -%}
    {%- call statement('main') -%}
        create or replace temporary view {{ named(this) }} as {{ sql }}
    {%- endcall -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{%- endmaterialization %}

{% materialization table, adapter='spark' -%}
    {% do write_part('') %}
    {% do show_parts([this]) %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{%- endmaterialization %}

{#- A part per day; of days that are built again the new part alone counts. -#}
{% materialization incremental, adapter='spark' -%}
    {{ run_hooks(pre_hooks) }}
    {% do write_part('partitioned by (block_date)') %}
    {% do show_parts([kept(), this] if is_incremental() else [this]) %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{%- endmaterialization %}

{% macro write_part(partitions) -%}
    {%- set folder = [env_var('NETRAFLOW_DBT_LAKE'), this.schema, this.identifier, env_var('NETRAFLOW_DBT_BUILD')] -%}
    {%- call statement('forget') -%}
        drop table if exists {{ this }}
    {%- endcall -%}
    {%- call statement('main') -%}
        create table {{ this }} using parquet {{ partitions }} location '{{ folder | join('/') }}' as {{ sql }}
    {%- endcall -%}
{%- endmacro %}

{#- Spark puts the column of the parts last. -#}
{% macro show_parts(parts) -%}
    {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='name') | join(', ') -%}
    {%- call statement('show') -%}
        create or replace temporary view {{ named(this) }} as
        {% for part in parts %}select {{ columns }} from {{ part }}{{ ' union all ' if not loop.last }}{% endfor %}
    {%- endcall -%}
{%- endmacro %}

{#- Without a table that stands, nothing says whether a build adds to one; its caller does. -#}
{% macro is_incremental() -%}
    {{ return(adapter.dispatch('is_incremental', 'netraflow')()) }}
{%- endmacro %}

{% macro duckdb__is_incremental() -%}
    {{ return(dbt.is_incremental()) }}
{%- endmacro %}

{% macro spark__is_incremental() -%}
    {{ return(execute and model.config.materialized == 'incremental' and not should_full_refresh()) }}
{%- endmacro %}
