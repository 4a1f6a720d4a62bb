"""The worked numbers of the risk formula."""

from __future__ import annotations

import pyarrow as pa
import pytest

from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.scoring.risk import WEIGHTS, address_risk, category, components


def rows(*found: tuple[str, str, float, float, str | None]) -> pa.Table:
    """(address, component, score, confidence, finding_id) as the warehouse hands them over."""
    columns = list(zip(*found, strict=True)) if found else [[], [], [], [], []]
    return pa.table(
        {
            "chain": pa.array(["ethereum"] * len(found), pa.string()),
            "address": pa.array(columns[0], pa.string()),
            "component": pa.array(columns[1], pa.string()),
            "finding_id": pa.array(columns[4], pa.string()),
            "score": pa.array(columns[2], pa.float64()),
            "confidence": pa.array(columns[3], pa.float64()),
            "evidence": pa.array(["e"] * len(found), pa.string()),
        }
    )


@pytest.mark.parametrize(
    ("found", "score", "word"),
    [
        ([("mixer_interaction", 0.9, 1.0)], 0.750260, "HIGH"),
        ([("peeling_chain", 0.8, 0.75)], 0.549834, "MEDIUM"),
        ([("peeling_chain", 0.8, 0.75), ("structuring", 0.8, 0.75)], 0.947846, "CRITICAL"),
        ([("network_flow", 0.9, 0.75)], 0.631231, "HIGH"),
    ],
)
def test_worked_scores(found: list[tuple[str, float, float]], score: float, word: str) -> None:
    risk = address_risk(components(rows(*(("a", name, s, c, "f") for name, s, c in found)))).to_pylist()
    assert len(risk) == 1
    assert risk[0]["score"] == pytest.approx(score, abs=1e-6)
    assert risk[0]["category"] == word
    assert risk[0]["confidence"] == pytest.approx(found[0][2])


def test_a_component_counts_once_with_its_highest_score_and_every_drop_is_shown() -> None:
    found = components(
        rows(
            ("b", "network_flow", 0.6, 0.75, "f1"),
            ("a", "network_flow", 0.7, 0.75, "f3"),
            ("a", "structuring", 0.8, 0.75, "f4"),
            ("a", "network_flow", 0.9, 0.75, "f2"),
            ("a", "sanctioned", 1.0, 0.9, None),
        )
    )
    assert {(row["address"], row["component"], row["finding_id"]) for row in found.to_pylist() if row["is_active"]} == {
        ("a", "network_flow", "f2"), ("a", "structuring", "f4"), ("a", "sanctioned", None), ("b", "network_flow", "f1"),
    }  # fmt: skip
    a, b = address_risk(found).to_pylist()
    assert (a["address"], a["component_count"], a["finding_count"]) == ("a", 3, 3)
    assert a["raw_score"] == pytest.approx(0.9 * 0.9 * 0.75 + 0.8 * 0.9 * 0.75 + 1.0 * 1.0 * 0.9)
    alone = address_risk(
        components(rows(("a", "network_flow", 0.9, 0.75, "f2"), ("a", "structuring", 0.8, 0.75, "f4")))
    ).to_pylist()[0]
    assert dict(a["without"])["sanctioned"] == pytest.approx(alone["score"])
    assert dict(b["without"]) == {"network_flow": pytest.approx(1 / (1 + 2.718281828459045**2.5))}


def test_no_component_is_no_row() -> None:
    assert len(address_risk(components(rows()))) == 0


def test_an_undeclared_component_is_an_error() -> None:
    with pytest.raises(FlowError, match="gut_feeling is not declared"):
        components(rows(("a", "gut_feeling", 1.0, 1.0, None)))


def test_every_typology_declares_a_component_of_the_registry() -> None:
    for name, detector in typologies().items():
        assert detector.COMPONENT in WEIGHTS, name
    own = {name: typologies()[name].COMPONENT for name in ("peeling_chain", "structuring", "mixer_funnel")}
    assert own == {
        "peeling_chain": "peeling_chain",
        "structuring": "structuring",
        "mixer_funnel": "mixer_interaction",
    }


@pytest.mark.parametrize(
    ("score", "word"),
    [(0.8, "CRITICAL"), (0.79, "HIGH"), (0.6, "HIGH"), (0.4, "MEDIUM"), (0.2, "LOW"), (0.19, "MINIMAL")],
)
def test_categories_begin_at_their_limits(score: float, word: str) -> None:
    assert category(score) == word
