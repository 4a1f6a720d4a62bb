"""Every SELECT that a person asks of a published file.

What lives here: one function per question, values bound, rows or plain values out. What must not: wording and layout
(cli, reports), anything that writes. Read more: docs/data-dictionary.md.
"""
