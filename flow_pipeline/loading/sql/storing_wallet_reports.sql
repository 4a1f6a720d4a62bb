-- Gives: fills raw.wallet_reports: one row per wallet that the file reports
-- Reads: the temp view candidate_rows, the temp table staged_rows
-- Takes: $path, $load_id
insert into raw.wallet_reports
select
    flow_harmless(flow_other_form(trim(s.wallet))),
    flow_harmless(s.category),
    try_cast(s.score as double),
    s.tx_count,
    c.chain,
    $path,
    c.source_row,
    $load_id
from candidate_rows as c
inner join staged_rows as s using (source_row)
where c.is_report
