"""Files → schema raw: recognise, stage, check, tell duplicates, store; labels likewise.

What lives here: how rows of input files and label sets become rows of `raw` and `store`. What must not: what a format
looks like (sources), what a label set means (labels), rules over stored rows (dbt). Read more: docs/architecture.md.
"""
