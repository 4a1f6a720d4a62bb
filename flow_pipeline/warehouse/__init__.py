"""THE STORE: connect, plan days, run dbt, audit, publish.

What lives here: everything that opens a DuckDB file, and what holds for all of its tables. What must not: loading
(loading), rules over rows (dbt models; detection and wallets for what needs findings), questions (questions).
Read more: docs/operations.md.
"""
