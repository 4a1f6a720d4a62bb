"""Evidence bundles: a case as one file that can be handed in, opens anywhere, and can be proved again.

What lives here: what is written into a bundle, and proving one that somebody brings. All of it comes from the copies
that a case keeps, so that the same case gives the same bytes. What must not: asking a warehouse what to write; running
a statement that a bundle brings. Read more: docs/cases.md.
"""
