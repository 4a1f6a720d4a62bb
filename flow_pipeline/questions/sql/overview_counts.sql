-- Gives: one row: how much of everything there is, from which day to which
-- Reads: store.transfers, store.state, marts.dim_tokens, marts.fct_daily_exchange_netflow, detection.netflow_scores,
--   detection.netflow_anomalies, detection.outflow_surges
select
    (select count(*) from store.transfers) as transfers,
    (select count(*) from marts.dim_tokens) as tokens,
    (select count(distinct exchange) from marts.fct_daily_exchange_netflow) as exchanges,
    (select min(block_date) from store.transfers) as first_day,
    (
        select max(value) from store.state
        where key = 'last_day'
    ) as last_day,
    (
        select count(*) from detection.netflow_anomalies
        where scope_type <> 'wallet'
    ) as anomalies,
    (
        select count(*) from detection.netflow_anomalies
        where scope_type = 'wallet'
    ) as wallet_anomalies,
    (select max(rank_days) from detection.netflow_scores) as ranked_days,
    (select count(*) from detection.outflow_surges) as surges
