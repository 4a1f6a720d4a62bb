"""THE STORE: connect, load, replace, rebuild, publish.

What lives here: everything that opens or writes a DuckDB file, and the dbt run on it. What must not: business rules over
rows (dbt models), statistics (detectors), wording for people (cli, reports). Read more: docs/operations.md.
"""
