"""Scores of addresses made of declared components, so that each score says what it is made of.

What lives here: the registry of components, the formula, pure computation on Arrow tables. What must not: SQL,
detectors' rules. Read more: docs/detectors.md, "Risk".
"""
