"""A typology and an alert rule are one file each: found, run, listed, and refused by name when something is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import flow_pipeline.alerts.rules as rules
import flow_pipeline.detectors as detectors
from flow_pipeline.alerts import ledger
from flow_pipeline.alerts.kinds import alert_kinds
from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.reports.cards import typology_cards
from flow_pipeline.reports.truth import score_typologies
from flow_pipeline.settings import Settings
from tests.conftest import ROOT, U, V, ask, build, transfer, write_csv
from tests.worlds import plugged_in

TYPOLOGY = (ROOT / "flow_pipeline" / "detectors" / "fan_out.py").read_text().replace('"fan_out", "2"', '"spread", "7"')
RULE = '''
"""Days with transfers."""

NAME, VERSION, BY_DAY = "some_day", "3", False
SAYS = "something moved on a day of the world"
SEVERITY = "MEDIUM"
DO = "Look at the day that it names."


def candidates(settings):
    return (
        "select block_date::varchar as subject, 'days' as topic, null as chain, block_date, 'MEDIUM' as severity, "
        "null as rarity, null as stake_usd, "
        "'it moved' as title, null as from_address, null as to_address, null as from_entity, null as to_entity, "
        "null as addresses, null as entities, json_object() as content, null as baseline "
        "from (select distinct block_date from store.transfers)",
        {},
    )


def parameters(settings):
    return {}
'''


def test_a_typology_and_a_rule_are_one_file_each(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(n, U, f"0x{n:040x}", 11) for n in range(5, 12)])
    (tmp_path / "truth.json").write_text("[]")
    with (
        plugged_in(detectors, tmp_path, "spread", TYPOLOGY, typologies),
        plugged_in(rules, tmp_path, "some_day", RULE, rules.discover),
    ):
        settings = settings.with_changes(typologies={"spread": {"amount_by_token": {"ETH": 50}}})
        build(settings, tmp_path / "in")
        assert ask(
            settings, "SELECT transfer_count, detector_version FROM detection.findings WHERE typology = 'spread'"
        ) == [(7, "7")]
        columns, rows = ledger.listed(settings, None, "some_day", None, None)
        assert [row[columns.index("title")] for row in rows] == ["it moved"]
        (score,) = [row for row in score_typologies(settings, tmp_path / "truth.json") if row["typology"] == "spread"]
        assert (score["found"], score["precision"], score["recall"], score["wrong"]) == (1, None, None, [])
        page = typology_cards(json.loads((ROOT / "docs" / "measured-typologies.json").read_text()))
        assert "Not measured yet" in page.split("\n## spread\n")[1].split("\n## ")[0]
        assert "## some_day\n\nSomething moved on a day of the world.\n" in alert_kinds()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("MOVED, LIMITED_BY, IDENTITY = ", "MOVED, LIMITED, KEPT = ", "it has no LIMITED_BY, IDENTITY"),
        ('"sum"', '"total"', "its MOVED 'total' is not one of least, sum, lesser_side, per_middle, arrived"),
        ("find_fans, past,", "find_fans,", "it has no past"),
        ("def find(", "def finds(", "has a NAME and neither detect nor find"),
        ("CARD = ", "KARTE = ", "it has no CARD"),
    ],
)
def test_a_typology_that_lacks_something_is_refused_by_name(before: str, after: str, said: str, tmp_path: Path) -> None:
    assert before in TYPOLOGY
    broken = TYPOLOGY.replace(before, after)
    with plugged_in(detectors, tmp_path, "spread", broken, typologies), pytest.raises(FlowError) as refusal:
        typologies()
    assert "spread.py " in refusal.value.message
    assert said in refusal.value.message


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("def candidates", "def candidate", "some_day.py is no rule: it has no candidates"),
        ("DO = ", "DONE = ", "some_day.py is no rule: it has no DO"),
        (
            "'days' as topic, ",
            "",
            "alert rule some_day: its SELECT can not be asked: Binder Error",
        ),
    ],
)
def test_a_rule_that_lacks_something_is_refused_by_name(
    before: str, after: str, said: str, settings: Settings, tmp_path: Path
) -> None:
    assert before in RULE
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])
    broken = RULE.replace(before, after)
    with plugged_in(rules, tmp_path, "some_day", broken, rules.discover), pytest.raises(FlowError) as refusal:
        build(settings, tmp_path / "in")
    assert said in refusal.value.message
