"""The cards of the typologies, from made-up measurements."""

from __future__ import annotations

import re
from typing import Any

import pytest

from flow_pipeline.detectors.typology import typologies
from flow_pipeline.reports.cards import typology_cards

NAMES = sorted(typologies())


POINT = {
    "budget": 1.0, "planted": 6, "above": 2, "precision": 0.75, "recall": 0.5, "recall_above": 1.0,
    "wrong_per_1000": 0.125, "wrong_itself_per_1000": 0.0625,
}  # fmt: skip


def measured() -> dict[str, Any]:
    return {
        "world": "a world of this test.",
        "all": [POINT | {"budget": 0.25, "recall": 0.25}, POINT],
        "typologies": {name: {"curve": [dict(POINT)], "seconds_per_million": 1.25} for name in NAMES},
    }


def test_every_typology_has_a_row_a_rule_and_a_card() -> None:
    page = typology_cards(measured())
    assert re.findall(r"(?m)^## (\w+)$", page) == NAMES
    assert re.findall(r"(?m)^\| \[(\w+)\]", page) == NAMES
    assert re.findall(r"(?m)^\* \[(\w+)\]\(#\1\): ", page) == NAMES
    assert page.count("Measured: 6 planted, 1.250 s per million transfers.") == len(NAMES)
    assert page.count("| 0.750 | 0.500 | 1.000 | 1.250 |") == len(NAMES)
    assert page.count("| 1 | 0.750 | 0.500 | 1.000 | 0.125 | 0.062 |") == len(NAMES) + 1
    assert page.count("| 0.25 | 0.750 | 0.250 | 1.000 | 0.125 | 0.062 |") == 1
    assert "a world of this test." in " ".join(page.split())


@pytest.mark.parametrize("name", NAMES)
def test_a_card_lists_every_setting_with_its_reason(name: str) -> None:
    card = typology_cards(measured()).split(f"\n## {name}\n")[1].split("\n## ")[0]
    listed = re.findall(rf"(?m)^\* `typologies\.{name}\.(\w+)` = \S", card)
    assert listed == list(typologies()[name].Parameters.model_fields)


def test_a_typology_that_was_not_measured_says_so_and_what_measures_it() -> None:
    found = measured()
    del found["typologies"][NAMES[0]]
    page = typology_cards(found)
    assert page.count("Not measured yet: `make measure-cards` measures it.") == 1
    (row,) = re.findall(rf"(?m)^\| \[{NAMES[0]}\].*$", page)
    assert row.endswith("| – | – | – | – |")


def test_a_typology_that_is_planted_nowhere_has_a_cost_and_no_precision() -> None:
    found = measured()
    found["typologies"][NAMES[0]]["curve"] = [
        POINT | {"planted": 0, "above": 0, "precision": None, "recall": None, "recall_above": None}
    ]
    page = typology_cards(found)
    assert page.count("Measured: none planted, 1.250 s per million transfers.") == 1
    assert page.count("| – | – | – | 1.250 |") == 1
