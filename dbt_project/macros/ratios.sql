{#- The part by the whole, NULL of nothing. -#}
{% macro share(part, whole) -%}
    {{ part }} / nullif({{ whole }}, 0)
{%- endmacro %}

{#- A share whose part could be more than its whole, held to 1: by rounding, or by what the whole does not count. -#}
{% macro capped_share(part, whole) -%}
    case when {{ whole }} > 0 then least({{ part }} / {{ whole }}, 1) end
{%- endmacro %}

{#- Twice the same factor: engines round powers differently. -#}
{% macro squared(figure) -%}
    ({{ figure }}) * ({{ figure }})
{%- endmacro %}

{#- Of an arrow, from its two parts. -#}
{% macro length_of(across, up) -%}
    sqrt({{ squared(across) }} + {{ squared(up) }})
{%- endmacro %}

{#- Standard deviation by mean, from a sum, the sum of the squares and the count. -#}
{% macro variation(total, squares, count) -%}
    sqrt(greatest({{ share(squares, count) }} - {{ squared(share(total, count)) }}, 0))
    / nullif({{ share(total, count) }}, 0)
{%- endmacro %}

{#- The 95 % interval of a share (Wilson): z = 1.96 deviations; 3.84 is z², 1.92 its half, 0.96 its quarter. -#}
{% macro wilson_low(won, count) -%}
    case when {{ count }} > 0 then greatest(({{ won }} + 1.92 - {{ wilson_reach(won, count) }}) / ({{ count }} + 3.84), 0) end
{%- endmacro %}

{% macro wilson_high(won, count) -%}
    case when {{ count }} > 0 then least(({{ won }} + 1.92 + {{ wilson_reach(won, count) }}) / ({{ count }} + 3.84), 1) end
{%- endmacro %}

{% macro wilson_reach(won, count) -%}
    1.96 * sqrt({{ won }} * ({{ count }} - {{ won }}) / {{ count }} + 0.96)
{%- endmacro %}
