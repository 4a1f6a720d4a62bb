"""The risk score of an address: a logistic of the weighted sum of its components."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.errors import FlowError

WEIGHTS: dict[str, float] = {
    "network_flow": 0.9,
    "mixer_interaction": 0.8,
    "peeling_chain": 0.9,
    "structuring": 0.9,
    "multi_hop": 0.85,
    "topology": 0.6,
    "sanctioned": 1.0,
    "exploit": 0.9,
    "anomaly": 0.5,
    "cross_chain": 1.0,
    "group_flow": 0.8,
}
"""Every component there is, with its weight; another one is an error."""

FINDING_CONFIDENCE = 0.75
"""A finding is a pattern, not a proof."""
CONTACT_SCORES: dict[str, tuple[str, float]] = {
    "mixer": ("mixer_interaction", 0.9),
    "sanctioned": ("sanctioned", 1.0),
    "exploit": ("exploit", 0.9),
}
"""Component and score of a direct transfer to or from an address of a label category; its confidence is the label's."""
CATEGORIES: tuple[tuple[float, str], ...] = (
    (0.8, "CRITICAL"),
    (0.6, "HIGH"),
    (0.4, "MEDIUM"),
    (0.2, "LOW"),
    (-1.0, "MINIMAL"),
)


def final_score(raw: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-5 (raw - 0.5)))."""
    return 1 / (1 + np.exp(-5 * (np.asarray(raw) - 0.5)))


def category(score: float) -> str:
    """The word for a score."""
    return next(word for limit, word in CATEGORIES if score >= limit)


def components(rows: pa.Table) -> pa.Table:
    """Complete the rows of detection.risk_components with weights and with which of them counts.

    Args:
        rows: chain, address, component, finding_id, score, confidence, evidence.

    Returns:
        The same rows with weight and is_active: per address and component the row of the largest score times
        confidence, the smaller finding_id, then evidence, on ties.

    Raises:
        FlowError: a component that the registry does not declare.
    """
    unknown = set(pc.unique(rows["component"]).to_pylist()) - set(WEIGHTS)
    if unknown:
        raise FlowError(
            f"risk component {', '.join(sorted(unknown))} is not declared",
            "add it with its weight to scoring.risk.WEIGHTS",
        )
    strength = pc.multiply(rows["score"], rows["confidence"])
    keyed = rows.append_column("strength", strength).append_column("at", pa.array(np.arange(len(rows))))
    order = pc.sort_indices(
        keyed,
        [
            ("chain", "ascending"),
            ("address", "ascending"),
            ("component", "ascending"),
            ("strength", "descending"),
            ("finding_id", "ascending"),
            ("evidence", "ascending"),
        ],
    )
    ordered = keyed.take(order)
    is_active = _is_new(ordered, ("chain", "address", "component"))
    weight = pa.array([WEIGHTS[name] for name in ordered["component"].to_pylist()], pa.float64())
    return (
        ordered.drop_columns(["strength", "at"])
        .append_column("weight", weight)
        .append_column("is_active", pa.array(is_active))
    )


def address_risk(rows: pa.Table) -> pa.Table:
    """One row per address of detection.address_risk.

    Args:
        rows: detection.risk_components as `components` returns them, an address's rows one after the other.

    Returns:
        chain, address, raw_score, score, confidence, category, component_count, finding_count, without.
    """
    begins = np.flatnonzero(_is_new(rows, ("chain", "address")))
    number = np.cumsum(_is_new(rows, ("chain", "address"))) - 1
    is_active = rows["is_active"].to_numpy()
    weight, confidence = rows["weight"].to_numpy(), rows["confidence"].to_numpy()
    part = rows["score"].to_numpy() * weight * confidence
    of, count = number[is_active], len(begins)
    raw = np.bincount(of, part[is_active], count)
    score = final_score(raw)
    offsets = np.concatenate(([0], np.cumsum(np.bincount(of, minlength=count)))).astype(np.int32)
    without = pa.MapArray.from_arrays(
        pa.array(offsets),
        rows["component"].filter(pa.array(is_active)).combine_chunks(),
        pa.array(final_score(raw[of] - part[is_active])),
    )
    return pa.table(
        {
            "chain": rows["chain"].take(pa.array(begins)),
            "address": rows["address"].take(pa.array(begins)),
            "raw_score": raw,
            "score": score,
            "confidence": np.bincount(of, (weight * confidence)[is_active], count)
            / np.bincount(of, weight[is_active], count),
            "category": pa.array(
                np.select([score >= limit for limit, _ in CATEGORIES], [word for _, word in CATEGORIES], ""),
                pa.string(),
            ),
            "component_count": np.diff(offsets),
            "finding_count": np.bincount(number, pc.is_valid(rows["finding_id"]).to_numpy(), count).astype(np.int32),
            "without": without,
        }
    )


def _is_new(rows: pa.Table, names: tuple[str, ...]) -> np.ndarray:
    """True at the first row of each run of equal values."""
    is_new = np.zeros(len(rows), bool)
    is_new[:1] = True
    for name in names:
        column = rows[name].combine_chunks()
        if len(rows) > 1:
            is_new[1:] |= ~pc.equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return is_new
