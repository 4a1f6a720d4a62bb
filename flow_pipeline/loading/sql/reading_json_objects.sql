-- Gives: the structure of the objects among the values at a path, NULL where none is one
-- Reads: the temp table lines
-- Takes: $path (a JSON path), ${unnested} (how its values become rows: unnest where the path has an index of all)
select json_group_structure(value)
from (
    select ${unnested}(json_extract(line, $path)) as value
    from lines
)
where json_type(value) = 'OBJECT'
