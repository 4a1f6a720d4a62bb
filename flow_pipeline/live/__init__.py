"""Following a chain or a stream: what is new at the tip, told within a second, and withdrawn when its block falls.

What lives here: feeds, the tip's own store, detection on what is in memory, the loop that ties them. What must not:
rules of its own; alerts go into the one ledger, and final days into the one loader as landing files. Read more:
docs/live.md.
"""
