-- Gives: one row: the count of tokens that were built under another name, price or verdict, or were summable when now
--   they are not or the other way round
-- Reads: marts.dim_tokens, intermediate.int_tokens__named
select count(*)
from marts.dim_tokens as b
left join
    (
        select distinct
            chain,
            coalesce(token_address, token_symbol) as token,
            token_address,
            token_symbol,
            is_summable,
            is_canonical,
            spoof_suspected,
            price_token
        from intermediate.int_tokens__named
    ) as n
    on n.chain = b.chain and n.token = coalesce(b.token_address, b.token_symbol)
where
    n.token_symbol is distinct from b.token_symbol
    or n.is_summable is distinct from b.is_summable
    or n.is_canonical is distinct from b.is_canonical
    or n.spoof_suspected is distinct from b.spoof_suspected
    or n.price_token is distinct from b.price_token
