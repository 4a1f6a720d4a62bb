"""Expectations on the read tables: they hold every transfer, and sums of counterparties are sums of transfers."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.quality import Expectation
from flow_pipeline.settings import QualitySettings

sql = statements(__package__)


def expectations(settings: QualitySettings) -> list[Expectation]:
    """The suite of the read tables; all hold where these are not kept."""
    return [
        Expectation(
            "both_ends_have_each_transfer",
            "store.address_transfers",
            "store.address_transfers has each transfer of store.transfers once for each of its two addresses, and a "
            "self-transfer once",
            sql("reading_transfers"),
        ),
        Expectation(
            "both_ways_mirror_each_other",
            "store.address_transfers",
            "what addresses sent to others is what others received from them: pairs, tokens, amounts and dollars",
            sql("reading_mirror"),
        ),
        Expectation(
            "dollars_are_those_of_transfers",
            "store.address_transfers",
            "what addresses sent on the days that changed has the dollars of intermediate.int_flows__daily",
            sql("reading_dollars"),
        ),
        Expectation(
            "counterparties_add_up",
            "store.counterparties",
            "the counterparties of each busy address have the sums of its sorted transfers, and ranks without a gap",
            sql("reading_counterparties"),
        ),
        Expectation(
            "every_address_has_its_text",
            "store.address_texts",
            "store.address_texts has each address of store.addresses once",
            sql("reading_texts"),
        ),
    ]
