"""Tables to files and pictures: CSV, Parquet and SQLite exports, charts.

What lives here: reading the published file and writing what people take away. What must not: anything that changes the
warehouse.
"""
