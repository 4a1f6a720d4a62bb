-- Gives: rows of the input that were not loaded, and why
-- Reads: raw.rejects
-- Takes: $reason text = null: only this reason, such as bad_timestamp
select
    source_file,
    source_row,
    reason,
    message
from raw.rejects
where $reason is null or reason = $reason
order by source_file, source_row
