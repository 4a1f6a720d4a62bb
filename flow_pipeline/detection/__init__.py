"""Schema detection: what detectors and tracing find, stored with its evidence.

What lives here: reading the build file into arrays for detectors, tracing and scoring, storing what they return, and
rules over rows that need findings. What must not: the detectors themselves, rules that can be said before detection
(dbt models). Read more: docs/detectors.md.
"""
