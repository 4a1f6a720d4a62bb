"""What a comparison tells the rules."""

from __future__ import annotations

from flow_pipeline.warehouse.relations import Relation

DAYS_TO_TELL = Relation(
    "days_to_tell",
    ("block_date",),
    "One row per day whose transfers, or the labels, prices or rules in force, are not those last compared; rules that "
    "are BY_DAY read no other days.",
)
