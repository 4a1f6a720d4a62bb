"""Expectations on the population the smart-money model scores: it is still the one it was trained on."""

from __future__ import annotations

from flow_pipeline.quality import Expectation
from flow_pipeline.settings import QualitySettings


def expectations(settings: QualitySettings) -> list[Expectation]:
    """The suite of the model; without a model in production there is nothing that could drift."""
    return [
        Expectation(
            "features_are_those_of_the_training",
            "detection.smart_money_drift",
            "no feature of the model in production has drifted: its population stability index stays under the limit",
            "select coalesce(max(stability_index), 0) from detection.smart_money_drift",
            "warning",
            high=settings.max_drift,
        ),
        Expectation(
            "the_model_in_production_scored",
            "detection.smart_money_wallets",
            "wallets are ranked by the model when one is in production",
            "select count(*) from detection.smart_money_wallets where scored_by like '%can not be loaded%'",
            "warning",
        ),
    ]
