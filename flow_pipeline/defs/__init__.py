"""THE ONLY FOLDER THAT IMPORTS DAGSTER: one file per stage; bodies fetch, call and report.

What must not live here: SQL, rules, statistics. Read more: docs/operations.md.
"""
