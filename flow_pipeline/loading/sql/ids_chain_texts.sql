-- Gives: the temp table chain_texts: one row per text of a sender or receiver on a chain, with its form there
-- Reads: the temp view candidate_rows
-- Takes: $chain, $pattern (of the chain's addresses), ${form} (the form of text there)
create or replace temp table chain_texts as
select
    text,
    ${form} as address,
    regexp_full_match(address, $pattern) as is_good
from (
    select from_text as text
    from candidate_rows
    where is_transfer and chain = $chain
    union distinct
    select to_text
    from candidate_rows
    where is_transfer and chain = $chain
)
where text is not null
