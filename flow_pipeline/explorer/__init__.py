"""What people look at and write down: the pages and the read API of `netraflow serve`, cases, evidence bundles.

What lives here: the one reader of the published file that follows publications, routes and pages, the database of what
people write (store), bundles that can be proved again (evidence). What must not: questions to the warehouse
(questions), what was told and judged (alerts), anything that a build needs.
Read more: docs/cases.md.
"""
