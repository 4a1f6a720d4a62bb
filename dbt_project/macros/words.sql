{#- Words as a statement lists them. -#}
{% macro quoted(words) -%}
    {% for word in words %}'{{ word }}'{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{#- US dollars of a group: NULL as soon as one transfer with an amount has no believable price. -#}
{% macro usd_sum(amount_usd, priced, counted) -%}
    case when sum({{ counted }}) > 0 and sum({{ priced }}) = sum({{ counted }}) then sum({{ amount_usd }}) end
{%- endmacro %}

{#- One word for a list of regions: the code, MULTI or UNKNOWN. -#}
{% macro region_of(regions) -%}
    case
        when coalesce({{ list_size(regions) }}, 0) = 0 then 'UNKNOWN'
        when {{ list_size(regions) }} = 1 then {{ first_of(regions) }}
        else 'MULTI'
    end
{%- endmacro %}

{#- True when every region lies in the home region. -#}
{% macro is_home(regions) -%}
    (coalesce({{ list_size(regions) }}, 0) > 0 and {{ contains_all(list_of(var('home_regions')), regions) }})
{%- endmacro %}

{% macro flow_type(is_self, from_category, from_entity, to_category, to_entity) -%}
    case
        when {{ is_self }} then 'self'
        when {{ from_category }} = 'exchange' and {{ to_category }} = 'exchange'
            then case when {{ from_entity }} = {{ to_entity }} then 'internal' else 'cross_exchange' end
        when {{ to_category }} = 'exchange' then 'inflow'
        when {{ from_category }} = 'exchange' then 'outflow'
        when {{ from_category }} = 'burn' then 'mint'
        when {{ to_category }} = 'burn' then 'burn'
        else 'external'
    end
{%- endmacro %}

{% macro destination_class(category, regions) -%}
    case
        when {{ category }} is null then 'unlabelled'
        when {{ category }} = 'exchange' then case when {{ is_home(regions) }} then 'domestic_cex' else 'foreign_cex' end
        when {{ category }} in ('bridge', 'mixer', 'dex') then {{ category }}
        when {{ category }} in ('lending', 'contract', 'burn') then 'other_labelled'
        when {{ is_home(regions) }} then 'domestic_wallet'
        when coalesce({{ list_size(regions) }}, 0) > 0 then 'foreign_wallet'
        else 'other_labelled'
    end
{%- endmacro %}
