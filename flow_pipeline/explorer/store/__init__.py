"""What people write: who may sign in, cases with notes and timeline, saved views; one database, SQLite or Postgres.

What lives here: models and their migrations, opening, transactions, copies of what a case is about. What must not:
anything that a build can make again, and anything that is lost when one does.
Read more: docs/cases.md.
"""
