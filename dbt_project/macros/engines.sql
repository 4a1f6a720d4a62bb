{#- What DuckDB and Spark each say in words of their own. A model uses these names, and for the rest SQL that both
    read and answer alike; a test compiles every model for both. -#}

{#- As rows: every `step`th day from the first to the last, both included. -#}
{% macro days_between(first, last, step=1) -%}
    {{ adapter.dispatch('days_between', 'netraflow')(first, last, step) }}
{%- endmacro %}

{% macro duckdb__days_between(first, last, step) -%}
    unnest(generate_series({{ first }}, {{ last }}, interval {{ step }} day))::date
{%- endmacro %}

{% macro spark__days_between(first, last, step) -%}
    explode(sequence({{ first }}, {{ last }}, interval {{ step }} day))
{%- endmacro %}

{% macro list_of(words) -%}
    {{ adapter.dispatch('list_of', 'netraflow')(words) }}
{%- endmacro %}

{% macro duckdb__list_of(words) -%}
    [{{ quoted(words) }}]::varchar[]
{%- endmacro %}

{% macro spark__list_of(words) -%}
    cast(array({{ quoted(words) }}) as array<string>)
{%- endmacro %}

{% macro list_size(list) -%}
    {{ adapter.dispatch('list_size', 'netraflow')(list) }}
{%- endmacro %}

{% macro duckdb__list_size(list) -%}
    len({{ list }})
{%- endmacro %}

{% macro spark__list_size(list) -%}
    size({{ list }})
{%- endmacro %}

{% macro first_of(list) -%}
    {{ adapter.dispatch('first_of', 'netraflow')(list) }}
{%- endmacro %}

{% macro duckdb__first_of(list) -%}
    {{ list }}[1]
{%- endmacro %}

{% macro spark__first_of(list) -%}
    element_at({{ list }}, 1)
{%- endmacro %}

{% macro contains_all(list, part) -%}
    {{ adapter.dispatch('contains_all', 'netraflow')(list, part) }}
{%- endmacro %}

{% macro duckdb__contains_all(list, part) -%}
    list_has_all({{ list }}, {{ part }})
{%- endmacro %}

{% macro spark__contains_all(list, part) -%}
    size(array_except({{ part }}, {{ list }})) = 0
{%- endmacro %}

{% macro joined(list, separator) -%}
    {{ adapter.dispatch('joined', 'netraflow')(list, separator) }}
{%- endmacro %}

{% macro duckdb__joined(list, separator) -%}
    array_to_string({{ list }}, {{ separator }})
{%- endmacro %}

{% macro spark__joined(list, separator) -%}
    array_join({{ list }}, {{ separator }})
{%- endmacro %}

{% macro all_but(relation, columns) -%}
    {{ adapter.dispatch('all_but', 'netraflow')(relation, columns) }}
{%- endmacro %}

{% macro duckdb__all_but(relation, columns) -%}
    {{ relation }}.* exclude ({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__all_but(relation, columns) -%}
    {{ relation }}.* except ({{ columns | join(', ') }})
{%- endmacro %}

{% macro letters_and_digits(text) -%}
    {{ adapter.dispatch('letters_and_digits', 'netraflow')(text) }}
{%- endmacro %}

{% macro duckdb__letters_and_digits(text) -%}
    regexp_replace({{ text }}, '[^\p{L}\p{N}]', '', 'g')
{%- endmacro %}

{% macro spark__letters_and_digits(text) -%}
    regexp_replace({{ text }}, r'[^\p{L}\p{N}]', '')
{%- endmacro %}

{#- A large decimal as the nearest double that DuckDB finds; Spark's own cast may differ in the last bit. -#}
{% macro as_double(amount) -%}
    {{ adapter.dispatch('as_double', 'netraflow')(amount) }}
{%- endmacro %}

{% macro duckdb__as_double(amount) -%}
    {{ amount }}::double
{%- endmacro %}

{% macro spark__as_double(amount) -%}
    double_of({{ amount }})
{%- endmacro %}

{#- Behind `as`: a part of a query that is put where it is used, so that filters reach it. Spark always does. -#}
{% macro in_place() -%}
    {{ adapter.dispatch('in_place', 'netraflow')() }}
{%- endmacro %}

{% macro duckdb__in_place() -%}
    not materialized
{%- endmacro %}

{% macro spark__in_place() -%}
{%- endmacro %}

{#- What stood in this table before the build: DuckDB writes into it, Spark writes another beside it. -#}
{% macro standing() -%}
    {{ return(adapter.dispatch('standing', 'netraflow')()) }}
{%- endmacro %}

{% macro duckdb__standing() -%}
    {{ return(this) }}
{%- endmacro %}

{% macro spark__standing() -%}
    {{ return(spark__named(this) ~ '__before') }}
{%- endmacro %}

{% macro is_standing() -%}
    {{ return(adapter.dispatch('is_standing', 'netraflow')()) }}
{%- endmacro %}

{% macro duckdb__is_standing() -%}
    {{ return(load_relation(this) is not none) }}
{%- endmacro %}

{% macro spark__is_standing() -%}
    {{ return(true) }}
{%- endmacro %}

{#- Views must also work in a published copy, whose file (and so its catalog) has another name. On Spark a table of the
    lake is a list of files, which only a temporary view can hold, and that has no schema. -#}
{% macro named(relation) -%}
    {{ return(adapter.dispatch('named', 'netraflow')(relation)) }}
{%- endmacro %}

{% macro duckdb__named(relation) -%}
    {{ return(relation.include(database=false)) }}
{%- endmacro %}

{% macro spark__named(relation) -%}
    {{ return(api.Relation.create(identifier=relation.schema ~ '__' ~ relation.identifier).quote(identifier=false)) }}
{%- endmacro %}
