-- Gives: one row: how much was found on a report's days, and how many addresses are risky over all days
-- Reads: detection.netflow_anomalies, detection.outflow_surges, detection.findings, detection.address_risk
-- Takes: $first_day, $last_day
select
    (
        select count(*) from detection.netflow_anomalies
        where scope_type <> 'wallet' and block_date between $first_day and $last_day
    ) as anomalies,
    (
        select count(*) from detection.outflow_surges
        where block_date between $first_day and $last_day
    ) as surges,
    (
        select count(*) from detection.findings
        where is_suspicious and block_date between $first_day and $last_day
    ) as findings,
    (
        select count(*) from detection.address_risk
        where category in ('HIGH', 'CRITICAL')
    ) as risky
