"""The words of the house: errors, windows, chains, tables.

Only the standard library may be imported here. See docs/architecture.md for the rooms that use it.
"""
