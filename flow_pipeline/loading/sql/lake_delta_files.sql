-- Gives: the rows of files of a Delta table, each with the place of its file among them
-- Reads: the table
-- Takes: $files, the files; ${scan} (of the table)
select
    * exclude (filename),
    list_position($files, filename) as netraflow_part
from ${scan}
where list_contains($files, filename)
