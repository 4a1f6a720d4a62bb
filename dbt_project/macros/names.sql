{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}

{% macro ref() -%}
    {% do return(named(builtins.ref(*varargs, **kwargs))) %}
{%- endmacro %}

{% macro source() -%}
    {% do return(named(builtins.source(*varargs, **kwargs))) %}
{%- endmacro %}
