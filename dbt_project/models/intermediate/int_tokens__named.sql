{{ config(materialized='view') }}
-- Spellings of one token (same chain and contract, or same chain and symbol where there is no contract) share a key and
-- a name. A token is its contract: one that uses or imitates the symbol of a known token is shown with its contract and
-- has no price by symbol, and so is each of several contracts of one symbol that nobody knows.
with totals as (
    select
        token_id,
        sum(transfer_count) as transfer_count,
        min(block_date) as first_date,
        max(block_date) as last_date,
        sum(amount_bound) as amount_bound
    from {{ source('store', 'token_days') }}
    group by token_id
),

meant as (
    select
        chain,
        form,
        token,
        token_symbol
    from {{ source('store', 'token_decimals') }}
    where is_meant
),

spelled as (
    select
        t.token_id,
        t.chain,
        t.token_address,
        t.token_symbol,
        coalesce(t.token_address, t.token_symbol) as token,
        d.token_symbol as known_symbol,
        d.decimals,
        coalesce(d.is_meant, false) as is_canonical,
        coalesce(d.is_vouched, false) as is_vouched,
        coalesce(m.token, l.token) as imitates,
        coalesce(m.token_symbol, l.token_symbol) as imitated_symbol
    from {{ source('store', 'tokens') }} as t
    left join {{ source('store', 'token_decimals') }} as d
        on t.chain = d.chain and coalesce(t.token_address, t.token_symbol) = d.token
    left join {{ source('store', 'symbol_forms') }} as f on t.token_symbol = f.token_symbol
    left join meant as m on t.chain = m.chain and f.form = m.form
    left join meant as l on t.chain = l.chain and d.form = l.form
),

grouped as (
    select
        s.*,
        min(s.token_id) over same_token as token_key,
        min(s.token_symbol) over same_token as first_symbol,
        min(s.imitates) over same_token as imitated,
        min(s.imitated_symbol) over same_token as of_symbol,
        sum(u.transfer_count) over same_token as transfer_count,
        min(u.first_date) over same_token as first_date,
        max(u.last_date) over same_token as last_date,
        sum(u.amount_bound) over same_token < 1e20 as is_summable
    from spelled as s
    inner join totals as u on s.token_id = u.token_id
    window same_token as (partition by s.chain, s.token)
),

judged as (
    select
        *,
        coalesce(case when is_vouched then known_symbol end, first_symbol, known_symbol) as symbol,
        -- a symbol alone that differs in its case only is another spelling, not another token
        not is_vouched
        and coalesce(imitated <> token, false)
        and (token_address is not null or upper(token) <> upper(of_symbol)) as spoof_suspected
    from grouped
),

namesakes as (
    select
        chain,
        upper(symbol) as symbol,
        count(distinct token_address) as contracts,
        bool_or(is_canonical) as has_canonical
    from judged
    where not spoof_suspected and symbol is not null
    group by all
),

named as (
    select
        j.*,
        not j.is_canonical and (
            j.spoof_suspected
            or n.has_canonical
            or n.contracts > 1
            or (j.is_vouched and j.imitated is not null and j.imitated <> j.token)
        ) as is_ambiguous
    from judged as j
    left join namesakes as n on j.chain = n.chain and upper(j.symbol) = n.symbol
)

select
    token_id,
    token_key::integer as token_key,
    chain,
    token_address,
    case
        when spoof_suspected
            then
                symbol || ' (' || coalesce(short_contract(token_address) || ', ', '')
                || 'not the known ' || of_symbol || ')'
        when is_ambiguous and token_address is not null then symbol || ' (' || short_contract(token_address) || ')'
        else symbol
    end as token_symbol,
    decimals,
    transfer_count::bigint as transfer_count,
    first_date,
    last_date,
    is_summable,
    is_canonical,
    spoof_suspected,
    case when spoof_suspected then imitated end as imitates,
    -- a price may name the contract or the symbol, for one chain or all; the contract is the surer name
    coalesce(
        (
            select max_by(p.token, length(p.token)) from {{ source('store', 'prices') }} as p
            where p.token in (lower(token_address), lower(chain || ':' || token_address))
        ),
        case
            when coalesce(is_ambiguous, false) then null
            else coalesce(
                (
                    select min(p.token) from {{ source('store', 'prices') }} as p
                    where p.token = lower(chain || ':' || symbol)
                ),
                lower(symbol)
            )
        end
    ) as price_token
from named
