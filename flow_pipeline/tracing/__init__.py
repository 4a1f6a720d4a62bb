"""Money followed over hops: groups of addresses, the flows between them, and address clusters found on the way.

What lives here: numpy arrays, compiled kernels and the reading of group files. What must not: SQL, Dagster, wording
for people. Read more: docs/detectors.md, "Group flows".
"""

VERSION = "2"
"""Of the definition; another one traces every day again."""
