"""Parameters of typologies: from the settings, and refused where they could never fire."""

from __future__ import annotations

import pytest

from flow_pipeline.detectors.typology import check_parameters, parameters_of
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.settings import TypologySettings


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"fan_out": {"min_counterparties": 1}}, "typologies.fan_out.min_counterparties"),
        ({"fan_out": {"windowhours": 2}}, "typologies.fan_out.windowhours"),
        ({"sqare": {}}, "typologies.sqare"),
        ({"gather_scatter": {"least_share": 0.95, "largest_share": 0.9}}, "typologies.gather_scatter"),
        ({"rapid_chain": {"min_hops": 40}}, "typologies.rapid_chain.min_hops"),
        ({"circular": {"max_cycle_hops": 9}}, "typologies.circular.max_cycle_hops"),
    ],
)
def test_settings_that_can_never_fire_are_refused_by_name(given: dict[str, object], key: str) -> None:
    with pytest.raises(UsageError) as refusal:
        check_parameters(TypologySettings(**given))
    assert refusal.value.message.startswith(key)


def test_parameters_come_from_the_section_of_their_typology() -> None:
    assert parameters_of("rapid_chain", TypologySettings(**{"rapid_chain": {"gap_seconds": "60"}})).gap_seconds == 60
