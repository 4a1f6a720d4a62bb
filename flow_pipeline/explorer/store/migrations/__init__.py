"""Migrations of the database of cases, one file per version of its tables, run when it is opened."""
