"""Telling people: what is new, changed or withdrawn since they were last told, each thing once.

What lives here: comparing what is published with what was told, and remembering it. What must not: finding anything (detectors), building
the warehouse.
Read more: docs/operations.md, "The agent".
"""
