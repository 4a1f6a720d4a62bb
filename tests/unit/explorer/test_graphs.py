"""The picture of a saved graph: colours that can be told, shapes that differ, words that stay words."""

from __future__ import annotations

import re
import struct
import threading
import xml.etree.ElementTree as ElementTree
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.explorer import graphs
from flow_pipeline.explorer.graphs import LOOKS, SIZES, View, draw, money, paint, palette

PAPERS = {"light": "#ffffff", "dark": "#14191f"}
"""Of static/explorer.css."""
Rgb = tuple[float, float, float]
DEUTERANOPIA = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))
PROTANOPIA = ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052))
"""What who lacks one kind of cone sees of linear red, green and blue (Machado, Oliveira, Fernandes 2009)."""


def linear(colour: str) -> Rgb:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def contrast(one: str, other: str) -> float:
    red, green, blue = 0.2126, 0.7152, 0.0722
    lights = [sum(w * c for w, c in zip((red, green, blue), linear(colour), strict=True)) for colour in (one, other)]
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def lab(rgb: Rgb) -> Rgb:
    red, green, blue = (min(max(part, 0.0), 1.0) for part in rgb)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def apart(one: str, other: str, sight: Any = None) -> float:
    """How far two colours are apart for somebody (CIE 1976); 2.3 can just be told."""
    seen = []
    for colour in (one, other):
        rgb = linear(colour)
        if sight:
            rgb = tuple(sum(w * c for w, c in zip(row, rgb, strict=True)) for row in sight)  # type: ignore[assignment]
        seen.append(lab(rgb))
    return float(sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5)


@pytest.mark.parametrize("paper", PAPERS)
def test_colours_stand_out_from_the_paper(paper: str) -> None:
    for look in LOOKS.values():
        assert contrast(getattr(look, paper), PAPERS[paper]) >= 3


@pytest.mark.parametrize("sight", [None, DEUTERANOPIA, PROTANOPIA], ids=["all cones", "no green", "no red"])
@pytest.mark.parametrize("paper", PAPERS)
def test_colours_of_families_can_be_told_apart(paper: str, sight: Any) -> None:
    colours = {getattr(look, paper) for look in LOOKS.values()}
    assert min(apart(one, other, sight) for one, other in combinations(colours, 2)) > 20


def test_every_category_has_a_shape_of_its_own() -> None:
    assert len({look.shape for look in LOOKS.values()}) == len(LOOKS)
    assert len(re.findall(r"\.fill-\w+ \{", palette())) == 2 * len(LOOKS)


def view(**changed: Any) -> View:
    nodes = [
        {"address": "0xaaaaaaaaaaaaaaaaaaaaaaaa", "category": "exchange", "entity": "Harbour", "x": 0, "y": 0},
        {"address": "b", "x": 200, "y": 10, "parent": "0xaaaaaaaaaaaaaaaaaaaaaaaa", "risk_category": "HIGH"},
        {"address": "c", "x": 400, "y": 90, "hidden": True, "category": "mixer"},
    ]
    edges = [
        {"source": 0, "target": 1, "transfers": 3, "usd": "1500"},
        {"source": 1, "target": 0, "transfers": 1},
        {"source": 1, "target": 2, "transfers": 1, "usd": "9"},
    ]
    state = {"version": 1, "chain": "ethereum", "run": "r1", "about": "test", "nodes": nodes, "edges": edges}
    return View.model_validate({**state, **changed})


def words(drawn: str) -> str:
    return " ".join(ElementTree.fromstring(drawn).itertext())


def test_what_is_hidden_is_not_drawn_but_said() -> None:
    drawn = draw(view())
    assert drawn.count("<polygon") == 2
    assert "mixer" not in words(drawn)
    assert "1 hidden" in words(drawn)
    assert "$1.5k" in words(drawn)
    assert 'stroke-dasharray="2 4"' in drawn
    assert "high or critical risk" in words(drawn)


def test_days_and_order_are_drawn() -> None:
    state = view(
        window=["2025-05-01", "2025-05-02"],
        weigh="transfers",
        edges=[
            {"source": 0, "target": 1, "transfers": 30, "inside": [2, None]},
            {"source": 1, "target": 0, "transfers": 1},
        ],
        marks=[{"source": 0, "target": 1, "ordinals": [1, 2, 3, 7]}],
    )
    drawn = draw(state)
    assert "1–3, 7 · 2×" in words(drawn)
    assert "Days 2025-05-01 to 2025-05-02" in words(drawn)
    assert drawn.count('opacity="0.15"') == 1


def test_the_same_graph_is_the_same_picture() -> None:
    assert draw(view()) == draw(View.model_validate_json(view().model_dump_json(exclude_defaults=True)))


def test_nothing_to_draw_is_a_picture_too() -> None:
    assert "<svg" in draw(view(nodes=[], edges=[]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"nodes": [{"address": "a", "x": float("nan"), "y": 0}], "edges": []},
        {"nodes": [{"address": "a", "x": 20_001, "y": 0}], "edges": []},
        {"nodes": [{"address": f"a{n}", "x": 0, "y": n} for n in range(1_001)], "edges": []},
        {"edges": [{"source": 0, "target": 1, "transfers": 1}] * 20_001},
        {"edges": [{"source": 0, "target": 3, "transfers": 1}]},
        {"edges": [{"source": -1, "target": 0, "transfers": 1}]},
        {"edges": [{"source": 0, "target": 1, "transfers": 1, "usd": "1e9"}]},
        {"marks": [{"source": 0, "target": 9, "ordinals": []}]},
    ],
)
def test_what_is_no_graph_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        view(**wrong)


def test_the_largest_graph_is_painted_small() -> None:
    corners = [{"address": "a", "x": -SIZES.far, "y": -SIZES.far}, {"address": "b", "x": SIZES.far, "y": SIZES.far}]
    width, height = size_of(paint(view(nodes=corners, edges=[{"source": 0, "target": 1, "transfers": 1}])))
    assert 9_000_000 < width * height <= 10_020_000
    width, _ = size_of(paint(view(nodes=corners[:1], edges=[])))
    assert width == 960


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_what_can_not_be_painted_is_refused_and_the_next_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying = tmp_path / "painter.py"
    dying.write_text("raise SystemExit(134)\n")
    with monkeypatch.context() as patch:
        patch.setattr(graphs, "_PAINTER", dying)
        with pytest.raises(UsageError, match="the process that draws ended"):
            paint(view())
    with pytest.raises(UsageError, match="not drawn within"):
        paint(view(), seconds=0.001)
    assert paint(view())


def test_pictures_are_painted_one_after_the_other() -> None:
    with graphs._painting:
        caught: list[UsageError] = []

        def other() -> None:
            try:
                paint(view(), seconds=0.01)
            except UsageError as error:
                caught.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "other pictures" in caught[0].message


def test_numbers_come_last_and_give_way_to_names() -> None:
    """The name of b lies on the middle of the edge from a to c, where its number would stand."""
    nodes = [
        {"address": "a", "x": 0, "y": 0},
        {"address": "b", "x": 125, "y": 28, "entity": "a name of thirty letters or so"},
        {"address": "c", "x": 400, "y": 0},
    ]
    marks = [{"source": 0, "target": 2, "ordinals": [1, 2]}]
    drawn = draw(view(nodes=nodes, edges=[{"source": 0, "target": 2, "transfers": 1, "usd": "9"}], marks=marks))
    elements = list(ElementTree.fromstring(drawn).iter())
    texts = {one.text: one for one in elements if one.text}
    number, name = texts["1–2 · $9"], texts["a name of thirty letters or so"]
    assert elements.index(number) > elements.index(name)
    assert float(number.attrib["x"]) < 120 or float(number.attrib["x"]) > 350


def test_a_long_note_is_in_the_picture() -> None:
    node = {"address": "a", "x": 0, "y": 0, "note": "n" * 200}
    root = ElementTree.fromstring(draw(view(nodes=[node, {**node, "address": "b", "x": 900}], edges=[])))
    left, _, width, _ = (float(number) for number in root.attrib["viewBox"].split())
    assert left + width > 900 + 60 * 7


def test_numbers_of_an_edge_are_few_letters() -> None:
    state = view(marks=[{"source": 0, "target": 1, "ordinals": list(range(1, 2_000, 2))}])
    (told,) = re.findall(r">(1, 3, 5[^<]*)<", draw(state))
    assert told.split(" · ")[0].endswith(", …")
    assert len(told) < 60


@pytest.mark.parametrize(
    ("usd", "short"),
    [(0.5, "$0.5"), (12.34, "$12.3"), (999.6, "$1k"), (1_234, "$1.23k"), (5_000_000, "$5M"), (7.25e9, "$7.25B")],
)
def test_dollars_are_short(usd: float, short: str) -> None:
    assert money(usd) == short
