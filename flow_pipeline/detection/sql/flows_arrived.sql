-- Gives: the temp table arrived_flows: one row per flow that arrived, with its identity from the attribution, the token
--   and the transfers of its path
-- Reads: intermediate.int_tokens__canonical
-- Takes: $attribution; the relations arrivals, flow_hops
create or replace temp table arrived_flows as
with tokens as (
    select distinct
        token_key,
        chain,
        token_symbol,
        token_address
    from intermediate.int_tokens__canonical
),

paths as (
    select
        n,
        min(block_timestamp) as started_at,
        max(block_timestamp) as completed_at,
        min_by(from_address, hop) as source_address,
        max_by(to_address, hop) as destination_address,
        [min_by(from_address, hop)] || list(to_address order by hop) as path,
        string_agg(
            transfer_identity(tx_hash, transfer_index, from_address, to_address, amount, sha256, source_row),
            ','
            order by hop
        ) as identities
    from flow_hops
    group by n
)

select
    d.*,
    k.chain,
    k.token_symbol,
    k.token_address,
    p.* exclude (n, identities),
    substr(
        md5(
            $attribution
            || '|' || k.chain
            || '|' || coalesce(k.token_address, k.token_symbol, '')
            || '|' || p.identities
        ),
        1,
        16
    ) as flow_id
from arrivals as d
inner join tokens as k using (token_key)
inner join paths as p using (n)
