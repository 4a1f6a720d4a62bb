-- Kept as a table: some fifty statements of a run join it, and spam may have a token for each transfer.
select * from {{ ref('int_tokens__named') }}
order by token_id
