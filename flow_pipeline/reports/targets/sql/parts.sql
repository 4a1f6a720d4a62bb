-- Gives: one row per part of a relation, in order: its name, its rows, a sum of the hashes of its rows
-- Reads: the relation
-- Takes: ${part} (names the part of a row); ${columns} (are hashed); ${relation}; ${marks} (how many marks there are)
select
    ${part} as name,
    count(*) as row_count,
    sum(hash(${columns})::hugeint) % ${marks} as mark
from ${relation}
group by 1
order by 1
