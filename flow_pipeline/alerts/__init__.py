"""Telling people: what is new, changed or withdrawn since they were last told, each thing once.

What lives here: which rows deserve an alert (rules), what was told and what still has to be (ledger), how it leaves the
house (delivery, channels), the figures for Prometheus (metrics), the exchange monitor that watches by itself (agent).
What must not: finding anything (detectors), building the warehouse.
Read more: docs/operations.md.
"""
