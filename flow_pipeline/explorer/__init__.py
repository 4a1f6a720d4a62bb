"""The explorer: a read API, pages, a graph, cases and evidence bundles over the published file.

What lives here: how answers leave over HTTP, who may write, what people write down about what was found. What must not:
questions to the warehouse (`questions`), and what was told and decided of alerts (`alerts`). Read more:
docs/explorer.md, docs/cases.md.
"""
