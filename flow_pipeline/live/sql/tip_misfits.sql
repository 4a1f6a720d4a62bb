-- Gives: one row with what is wrong per block taken that does not follow on the one stored before it
-- Reads: live.blocks
-- Takes: the relation taken
select
    case
        when t.number = k.number then 'block ' || t.number || ' is stored already'
        else
            'block ' || t.number || ' has the parent ' || t.parent || ', and block ' || b.number || ' is ' || b.hash
    end as trouble
from taken as t
left join live.blocks as b on b.source = t.source and b.number = t.number - 1
left join live.blocks as k on k.source = t.source and k.number = t.number
where b.hash <> t.parent or t.number = k.number
