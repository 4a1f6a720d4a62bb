"""A card per typology as Markdown, from the detectors' own metadata and from what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flow_pipeline.detectors.typology import Typology, parameters_of, typologies
from flow_pipeline.domain.markdown import item, wrapped
from flow_pipeline.settings import TypologySettings, VerdictSettings

Figures = dict[str, Any]
"""What was measured of a typology: seconds_per_million, and curve, a list of figures per budget."""
DEFAULT_BUDGET = VerdictSettings().alarms_per_10000

_HEAD = """# Typologies: the cards

`make docs` generates this page from the files of `flow_pipeline/detectors`. A test compares it with them.

{world}

A suspicious finding is right when it holds at least half of the transfers of a planted pattern, and wrong when less
than half of its own were planted. Precision is the share that is not wrong. A third of what is planted is smaller than
ordinary and can not be found; *recall above* is of what by its sums should be rarer than the budget, see
[world.md](world.md). *Whatever the budget* are false alarms for another reason than rarity: fans of addresses that were
still before. The table is at the default budget.

{curve}
The rules that all typologies share (order, graph per token, services and hubs, maximal paths, caps) are in
[detectors.md](detectors.md).

| typology | risk component | precision | recall | recall above | s per million transfers |
|---|---|---:|---:|---:|---:|
{rows}
A finding is suspicious when it is rarer than the budget, see [detectors.md](detectors.md#verdicts). How rare it is, its
strength tells:

{rules}"""

_MOVED = {
    "least": "the smallest hop",
    "sum": "the sum of its transfers",
    "lesser_side": "the smaller of what came in and what went out",
    "per_middle": "per middle address the smaller of what came in and what went out, summed",
    "arrived": "what arrived at the end",
}


def typology_cards(measured: dict[str, Any]) -> str:
    """Markdown with a card per typology.

    Args:
        measured: world: what was measured on, in a sentence; all: figures per budget over all typologies; typologies:
            per name curve (budget, planted, above, precision, recall, recall_above, the last three None where there is
            nothing to measure, wrong_per_1000 and wrong_itself_per_1000) and seconds_per_million. A card without
            figures says what measures it.
    """
    figures, known = measured["typologies"], sorted(typologies().items())
    world = wrapped(
        "`make measure-cards` measures precision, recall and cost. It writes "
        "`measured-typologies.json` beside this page: " + measured["world"]
    )
    rows = "".join(_row(name, typology, figures.get(name)) for name, typology in known)
    rules = "".join(item(f"[{name}](#{name}): {typology.CARD.strength}") for name, typology in known)
    curve = "All typologies over budgets:\n\n" + _curve(measured["all"])
    head = _HEAD.format(world=world, curve=curve, rows=rows, rules=rules)
    return head + "".join(_card(name, typology, figures.get(name)) for name, typology in known)


def _row(name: str, typology: Typology, found: Figures | None) -> str:
    point = _at_default(found) if found else {}
    shown = [_figure(point.get(key)) for key in ("precision", "recall", "recall_above")]
    shown.append(_figure(found["seconds_per_million"] if found else None))
    return f"| [{name}](#{name}) | `{typology.COMPONENT}` | {' | '.join(shown)} |\n"


def _at_default(found: Figures) -> dict[str, float | None]:
    return next((point for point in found["curve"] if point["budget"] == DEFAULT_BUDGET), {})


def _curve(points: list[dict[str, float | None]]) -> str:
    """A table per budget."""
    keys = ("precision", "recall", "recall_above", "wrong_per_1000", "wrong_itself_per_1000")
    head = (
        "| budget | precision | recall | recall above | false alarms in 1,000 transfers | whatever the budget |\n"
        "|---:|---:|---:|---:|---:|---:|\n"
    )
    return head + "".join(
        f"| {point['budget']:g} | {' | '.join(_figure(point[key]) for key in keys)} |\n" for point in points
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _card(name: str, typology: Typology, found: Figures | None) -> str:
    card, parameters = typology.CARD, parameters_of(name, TypologySettings())
    settings = "".join(
        item(f"`typologies.{name}.{key}` = {_value(getattr(parameters, key))}: {field.description}")
        for key, field in type(parameters).model_fields.items()
    )
    limited = "the gross amount, the sum over the hops" if typology.LIMITED_BY == "gross_amount" else "the moved amount"
    always = " It is suspicious whatever its rarity: it rests on a label." if typology.IS_PROOF else ""
    paragraphs = (
        card.definition,
        f"**Strength**: {card.strength}.{always} Risk component `{typology.COMPONENT}`, version {typology.VERSION}.",
        f"**Moved amount**: {_MOVED[typology.MOVED]}. An amount limit, where one is set, is compared with {limited}.",
        f"**Example.** {card.example}",
        f"**What it can not see**: {card.blind_to}.",
        "**Settings**, with default and reason:",
    )
    text = "\n\n".join(map(wrapped, paragraphs))
    curve = f"\n{_curve(found['curve'])}" if found and _at_default(found).get("planted") else ""
    return f"\n## {name}\n\n{text}\n\n{settings}\n{wrapped(_measured(found))}\n{curve}"


def _measured(found: Figures | None) -> str:
    if found is None:
        return "Not measured yet: `make measure-cards` measures it."
    planted = _at_default(found).get("planted") or 0
    said = f"{planted:.0f} planted" if planted else "none planted"
    return f"Measured: {said}, {_figure(found['seconds_per_million'])} s per million transfers."


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {number:g}" for key, number in value.items()) or "none"
    return "none" if value is None else f"{value:g}"


def main(folder: Path = Path("docs")) -> None:
    """Write the page."""
    (folder / "typologies.md").write_text(typology_cards(json.loads((folder / "measured-typologies.json").read_text())))


if __name__ == "__main__":
    main()
