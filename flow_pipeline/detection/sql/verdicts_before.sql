-- Gives: how many findings there are on the days before some that are judged
-- Reads: detection.findings
-- Takes: $first, $until; the relation judged_findings
select count(*) from (
    select block_date from judged_findings
    union all
    select block_date from detection.findings
    where block_date < (select min(block_date) from judged_findings)
)
where block_date >= $first and block_date < $until
