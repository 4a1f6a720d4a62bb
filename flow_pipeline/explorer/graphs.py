"""A graph as people left it: its state, checked, and its picture as SVG and PNG.

The page draws the same figures from the same tables and numbers (`LOOKS`, `SIZES`), so that a downloaded picture, an
evidence bundle and the page show one thing. The state holds all that the picture needs: no warehouse is asked, and one
that was rebuilt changes no picture.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.text import harmless
from flow_pipeline.domain.vocabulary import LABEL_CATEGORIES
from flow_pipeline.explorer.shown import short
from flow_pipeline.reports.drawing import ChartFailed, Painter


class Look(NamedTuple):
    """How a category is drawn: its colour on light and on dark paper, and its shape in a square from -1 to 1."""

    light: str
    dark: str
    shape: str


@dataclass(frozen=True)
class Sizes:
    """Lengths of the drawing, in units of the picture.

    Attributes:
        node: Half the width of a node.
        bow: How far an edge bows to its side, as a share of its length, so that two directions lie apart.
        thin: Width of the edge of least value; `thick` is that of most.
        arrow: Length of an arrow head beside the width of its edge.
        label: Height of the letters of a label.
        told: Most edges whose value is written beside them: more can not be read.
        badge: Most letters of the numbers on an edge.
        far: How far from the middle a node may lie; farther out names are but a pixel high once all is in sight.
    """

    node: float = 11
    bow: float = 0.07
    thin: float = 1
    thick: float = 6
    arrow: float = 6
    label: float = 12
    told: int = 60
    badge: int = 40
    far: float = 20_000


SIZES = Sizes()
_BLUE, _TEAL = ("#2d5fc9", "#4c92cf"), ("#099dc7", "#80e2fc")
_PURPLE, _GREEN = ("#540e7d", "#a128f3"), ("#1ca949", "#d1f4b7")
_RED, _BROWN = ("#d93102", "#f0443c"), ("#321d0b", "#f1be42")
_PINK, _GREY = ("#a80c49", "#f00b67"), ("#767e86", "#a2a4a7")
UNLABELLED = "unlabelled"
LOOKS: dict[str, Look] = {
    "exchange": Look(*_BLUE, "M-.9-.9H.9V.9H-.9Z"),
    "bridge": Look(*_TEAL, "M-1 0-.5-.9H.5L1 0 .5.9H-.5Z"),
    "mixer": Look(*_PURPLE, "M-.95-.95H.95L.2 0 .95.95H-.95L-.2 0Z"),
    "dex": Look(*_GREEN, "M0-1.1 1.1 0 0 1.1-1.1 0Z"),
    "lending": Look(*_GREEN, "M0-1.05 1-.2V.9H-1V-.2Z"),
    "contract": Look(*_GREEN, "M-1.15-.6H1.15V.6H-1.15Z"),
    "sanctioned": Look(*_RED, "M-.42-1H.42L1-.42V.42L.42 1H-.42L-1 .42V-.42Z"),
    "phishing": Look(*_RED, "M-1.1-.85H1.1L0 1.1Z"),
    "exploit": Look(*_RED, "M0-1.15.28-.36 1.12-.36.46.14.7.95 0 .46-.7.95-.46.14-1.12-.36-.28-.36Z"),
    "mev_bot": Look(*_PINK, "M-.8-1.1 1.1 0-.8 1.1Z"),
    "fund": Look(*_BROWN, "M-.55-.85H.55L1.1.85H-1.1Z"),
    "whale": Look(*_BROWN, "M-.55-.8H1.15L.55.8H-1.15Z"),
    "miner": Look(*_BROWN, "M-.35-1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35Z"),
    "burn": Look(*_GREY, "M-1-.6-.6-1 0-.4.6-1 1-.6.4 0 1 .6.6 1 0 .4-.6 1-1 .6-.4 0Z"),
    "other": Look(*_GREY, "M0-1.05 1-.32.62.85H-.62L-1-.32Z"),
    UNLABELLED: Look(*_GREY, "M-.85 0A.85.85 0 1 1 .85 0A.85.85 0 1 1-.85 0Z"),
}
"""Per category of labels the colour of its family and a shape of its own: whoever does not see the one sees the other.
The colours stand out from their paper, and apart from each other also without the cones for green or for red."""
assert set(LOOKS) == {*LABEL_CATEGORIES, UNLABELLED}
HIGH_RISK = ("HIGH", "CRITICAL")

_INK, _SOFT, _LINE, _PAPER, _RISK, _MARK = "#1f2933", "#52606d", "#7b8794", "#ffffff", "#a61b1b", "#f2b90c"
_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_MARGIN, _LEGEND_ROW, _LETTER, _DIGIT, _WIDE = 40, 22, 6.4, 7, 8
_STEPS = (0.0, 0.07, -0.07, 0.14, -0.14, 0.21, -0.21, 0.28, -0.28, 0.35, -0.35)
"""Where else on its edge a number may stand, the nearest first."""
_Point = tuple[float, float]
_PIXELS = 10_000_000
"""Of a painted picture at most, as 4,000 by 2,500: they take 40 MB, and a larger graph is painted smaller."""
_MOST_EDGES = 20_000
"""Edges of a graph: ten times what moves in a browser."""
_MOST_SHOWN = 1_000
"""Addresses of a picture: as many as `explorer.graph_nodes` may allow."""
_PAINTER = Path(__file__).with_name("painter.py")
_painting = threading.Lock()
"""One picture is painted at a time, so that many who ask at once take the memory of one."""


def _number(value: float) -> float:
    if not math.isfinite(value) or abs(value) > SIZES.far:
        raise ValueError(f"is no place in a picture, which reaches from -{SIZES.far:,.0f} to {SIZES.far:,.0f}")
    return round(value, 1)


Place = Annotated[float, AfterValidator(_number)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Usd = Annotated[str, Field(max_length=60, pattern=r"^-?\d+(\.\d+)?$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class More(_Part):
    """Counterparties that were not brought yet: how many, and where their list goes on."""

    others: Count
    cursor: str | None = Field(None, max_length=2_000)


class ViewNode(_Part):
    """An address as it was left."""

    address: str = Field(min_length=1, max_length=200)
    entity: str | None = Field(None, max_length=2_000)
    category: str | None = Field(None, max_length=60)
    risk: float | None = None
    risk_category: str | None = Field(None, max_length=20)
    findings: Count = 0
    counterparties: Count = 0
    x: Place
    y: Place
    parent: str | None = Field(None, max_length=200)
    pinned: bool = False
    hidden: bool = False
    note: str = Field("", max_length=500)
    more: More | None = None


class ViewEdge(_Part):
    """What one node sent another, by their places in the list; `inside` is the part within the window."""

    source: Count
    target: Count
    transfers: Count
    usd: Usd | None = None
    first_at: str | None = Field(None, max_length=40)
    last_at: str | None = Field(None, max_length=40)
    inside: tuple[Count, Usd | None] | None = None


class Mark(_Part):
    """An edge of a finding or of a way, with the places of its transfers in the order of that."""

    source: Count
    target: Count
    ordinals: list[Count] = Field(max_length=2_000)


class View(_Part):
    """A graph as it was left, version 1."""

    version: Literal[1]
    chain: str = Field(max_length=60)
    run: str = Field(max_length=100)
    about: str = Field("", max_length=500)
    window: tuple[date, date] | None = None
    weigh: Literal["usd", "transfers"] = "usd"
    nodes: list[ViewNode] = Field(max_length=3_000)
    edges: list[ViewEdge] = Field(max_length=_MOST_EDGES)
    marks: list[Mark] = Field(default_factory=list, max_length=_MOST_EDGES)
    left_out: Count = 0

    @model_validator(mode="after")
    def _ends(self) -> View:
        ends = [place for edge in self.edges for place in (edge.source, edge.target)]
        ends += [place for mark in self.marks for place in (mark.source, mark.target)]
        if max(ends, default=-1) >= len(self.nodes):
            raise ValueError("an edge has an end that is no node")
        if len(self.shown) > _MOST_SHOWN:
            raise ValueError(f"shows {len(self.shown):,} addresses, and {_MOST_SHOWN:,} are drawn")
        return self

    @property
    def shown(self) -> list[ViewNode]:
        """Nodes that are not hidden."""
        return [node for node in self.nodes if not node.hidden]


def looks() -> dict[str, Any]:
    """What the page draws with."""
    return {
        "looks": {name: {"shape": look.shape} for name, look in LOOKS.items()},
        "words": {**LABEL_CATEGORIES, UNLABELLED: "no label"},
        "sizes": asdict(SIZES),
        "high": HIGH_RISK,
    }


def palette() -> str:
    """The colours as a style sheet, for both papers."""
    light = "".join(f".fill-{name} {{ fill: {look.light}; }}\n" for name, look in LOOKS.items())
    dark = "".join(f"  .fill-{name} {{ fill: {look.dark}; }}\n" for name, look in LOOKS.items())
    return f"{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def money(usd: float) -> str:
    """Dollars in short."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(usd) >= size * 0.9995:
            return f"${usd / size:.3g}{letter}"
    return f"${usd:.3g}" if abs(usd) < 999.5 else "$1k"


def draw(view: View) -> str:
    """A graph as SVG on light paper, with its legend."""
    return _draw(view).svg


class _Drawn(NamedTuple):
    svg: str
    width: float
    height: float


def _draw(view: View) -> _Drawn:
    nodes = view.nodes
    shown = view.shown
    names = {node.address: node for node in nodes}
    drawn = [edge for edge in view.edges if not (nodes[edge.source].hidden or nodes[edge.target].hidden)]
    marks = {(mark.source, mark.target): mark.ordinals for mark in view.marks}
    known = [math.log(value) for edge in drawn if (value := _value(view, edge)) > 0]
    span = (min(known, default=0.0), max(known, default=0.0))
    degree = Counter(end for edge in drawn for end in (edge.source, edge.target))
    near: dict[str, list[ViewNode]] = {}
    for edge in drawn:
        near.setdefault(nodes[edge.source].address, []).append(nodes[edge.target])
        near.setdefault(nodes[edge.target].address, []).append(nodes[edge.source])
    labels = [_label(node, names.get(node.parent or ""), near.get(node.address, [])) for node in shown]
    lines = [_edge(view, edge, marks.get((edge.source, edge.target)), span, degree, len(drawn)) for edge in drawn]
    boxes = [_around(node) for node in shown] + [label.box for label in labels]
    tags = [line.tag for line in lines if line.tag]
    # numbers come last: nothing lies over them
    parts = [line.svg for line in lines]
    parts += [_node(node, label) for node, label in zip(shown, labels, strict=True)]
    parts += [_tag(tag, boxes, len(tags)) for tag in tags]
    left = min((box.left for box in boxes), default=0) - _MARGIN
    right = max((box.right for box in boxes), default=0) + _MARGIN
    top = min((box.top for box in boxes), default=0) - _MARGIN
    bottom = max((box.bottom for box in boxes), default=0) + _MARGIN
    right = max(right, left + 640)
    legend, height = _legend(view, drawn, bool(marks), right - left)
    width, height = right - left, bottom - top + height
    title = escape(harmless(view.about, 300)) or "Graph"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{left:.1f} {top:.1f} {width:.1f} {height:.1f}" font-family="{_FONT}" font-size="{SIZES.label:g}" '
        f'fill="{_INK}"><title>{title}</title><desc>{len(shown)} addresses, {len(drawn)} edges; run '
        f'{escape(harmless(view.run))}</desc><rect x="{left:.1f}" y="{top:.1f}" width="100%" height="100%" '
        f'fill="{_PAPER}"/>{"".join(parts)}<g transform="translate({left + 20:.1f} {bottom:.1f})">{legend}</g></svg>\n'
    )
    return _Drawn(svg, width, height)


def paint(view: View, seconds: float = 30, scale: float = 1.5) -> bytes:
    """A graph as PNG, painted in a process of its own.

    Args:
        view: The graph.
        seconds: How long it may take, and how long it waits for those before it.
        scale: Pixels per unit; fewer where the picture is large.

    Raises:
        UsageError: it could not be painted in time or in memory, or others are painted all the while.
    """
    drawn = _draw(view)
    spec = {"svg": drawn.svg, "scale": min(scale, math.sqrt(_PIXELS / (drawn.width * drawn.height)))}
    way_out = "take it as SVG, or hide some addresses"
    if not _painting.acquire(timeout=seconds):
        raise UsageError(f"other pictures were painted for {seconds:g} s", "ask again, or take it as SVG")
    try:
        with Painter(seconds, _PAINTER) as painter:
            return painter.draw(lambda: spec, png=True).png
    except ChartFailed as failure:
        raise UsageError(f"the graph was not painted: {failure}", way_out) from failure
    finally:
        _painting.release()


def _value(view: View, edge: ViewEdge) -> float:
    """What the width of an edge stands for; 0 where it is not known or nothing lies in the window."""
    transfers, usd = (edge.transfers, edge.usd)
    if view.window:
        if edge.inside is None:
            return 0.0
        transfers, usd = edge.inside
    return float(transfers) if view.weigh == "transfers" else max(float(usd or 0), 0.0)


def _width(value: float, span: tuple[float, float]) -> float:
    least, most = span
    share = 0.0 if value <= 0 else 0.5 if most <= least else (math.log(value) - least) / (most - least)
    return SIZES.thin + (SIZES.thick - SIZES.thin) * share


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def shared_with(self, other: _Box) -> float:
        """The area of both."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0


class _Tag(NamedTuple):
    """What is written on an edge: `at` is its first choice of a place on the curve, as a share."""

    text: str
    is_badge: bool
    curve: tuple[_Point, _Point, _Point]
    at: float
    opacity: float


class _Line(NamedTuple):
    svg: str
    tag: _Tag | None


class _Label(NamedTuple):
    lines: list[tuple[str, str]]
    x: float
    y: float
    anchor: str
    box: _Box


def _edge(
    view: View,
    edge: ViewEdge,
    ordinals: list[int] | None,
    span: tuple[float, float],
    degree: Mapping[int, int],
    count: int,
) -> _Line:
    source, target = view.nodes[edge.source], view.nodes[edge.target]
    dx, dy = target.x - source.x, target.y - source.y
    length = math.hypot(dx, dy) or 1.0
    # the control point lies to one side as seen from the sender: the other direction bows the other way
    cx = (source.x + target.x) / 2 - dy * SIZES.bow * 2
    cy = (source.y + target.y) / 2 + dx * SIZES.bow * 2
    value = _value(view, edge)
    width = _width(value, span)
    reach = SIZES.node + 3
    sx, sy = _towards(source.x, source.y, cx, cy, reach)
    tx, ty = _towards(target.x, target.y, cx, cy, reach)
    head = SIZES.arrow + width
    bx, by = _towards(tx, ty, cx, cy, head)
    ux, uy = (tx - bx) / head, (ty - by) / head
    half = width / 2 + 2.5
    curve = f"M{sx:.1f} {sy:.1f}Q{cx:.1f} {cy:.1f} {bx:.1f} {by:.1f}"
    arrow = f"{tx:.1f},{ty:.1f} {bx - uy * half:.1f},{by + ux * half:.1f} {bx + uy * half:.1f},{by - ux * half:.1f}"
    is_out = bool(view.window) and edge.inside is None
    halo = (
        f'<path d="{curve}" fill="none" stroke="{_MARK}" stroke-width="{width + 7:.1f}" stroke-linecap="round"/>'
        if ordinals is not None
        else ""
    )
    dotted = ' stroke-dasharray="2 4"' if value <= 0 and not is_out else ""
    fewer, more = degree[edge.source], degree[edge.target]
    part = 0.5 if fewer == more else 0.34 if fewer < more else 0.66
    amount = money(value) if view.weigh == "usd" else f"{value:,.0f}×"
    is_told = value > 0 and count <= SIZES.told
    told = ""
    if ordinals:
        told = _listed(ordinals) + (f" · {amount}" if is_told and count <= SIZES.told / 2 else "")
    elif is_told and length > 90:
        told = amount
    line = _LINE if ordinals is None else _INK
    opacity = 1 if not is_out else 0.15 if ordinals is None else 0.4
    svg = (
        f'<g opacity="{opacity}">{halo}<path d="{curve}" fill="none" stroke="{line}" '
        f'stroke-width="{width:.1f}"{dotted}/><polygon points="{arrow}" fill="{line}"/></g>'
    )
    tag = _Tag(told, bool(ordinals), ((sx, sy), (cx, cy), (bx, by)), part, opacity) if told else None
    return _Line(svg, tag)


def _tag(tag: _Tag, boxes: list[_Box], count: int) -> str:
    """What is written on an edge, where it covers least; `boxes` are what is there, and get its own."""
    half = (10 + len(tag.text) * _DIGIT) / 2
    best = None
    for step in _STEPS if count <= SIZES.told else _STEPS[:1]:
        x, y = _on(tag.curve, min(max(tag.at + step, 0.12), 0.88))
        box = _Box(x - half, y - 9, x + half, y + 9)
        covered = sum(box.shared_with(other) for other in boxes)
        if best is None or covered < best[0]:
            best = covered, x, y, box
        if not covered:
            break
    assert best
    _, x, y, box = best
    boxes.append(box)
    written = _badge(x, y, tag.text) if tag.is_badge else _text(x, y + 4, tag.text, "middle", _SOFT)
    return written if tag.opacity == 1 else f'<g opacity="{tag.opacity}">{written}</g>'


def _on(curve: tuple[_Point, _Point, _Point], part: float) -> _Point:
    """A point of a curve, as a share of its way."""
    (sx, sy), (cx, cy), (bx, by) = curve
    rest = 1 - part
    return (
        rest * rest * sx + 2 * rest * part * cx + part * part * bx,
        rest * rest * sy + 2 * rest * part * cy + part * part * by,
    )


def _towards(x: float, y: float, to_x: float, to_y: float, by: float) -> tuple[float, float]:
    """A point so far from the first in the direction of the second."""
    length = math.hypot(to_x - x, to_y - y) or 1.0
    return x + (to_x - x) / length * by, y + (to_y - y) / length * by


def _listed(ordinals: list[int]) -> str:
    """Places in an order, in short: 1–3, 7, …"""
    runs: list[list[int]] = []
    for place in sorted(set(ordinals)):
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    told = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)
    return told if len(told) <= SIZES.badge else f"{told[: SIZES.badge].rpartition(', ')[0]}, …"


def _badge(x: float, y: float, text: str) -> str:
    width = 10 + len(text) * _DIGIT
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - 9:.1f}" width="{width}" height="18" rx="9" fill="{_INK}"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-weight="700" fill="{_PAPER}">{text}</text>'
    )


def _text(x: float, y: float, text: str, anchor: str, fill: str, more: str = "") -> str:
    """Letters with a rim of paper, so that a line behind them does not cross them out."""
    shown = escape(harmless(text))
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}'
    return (
        f'<text {place} stroke="{_PAPER}" stroke-width="3" stroke-linejoin="round" aria-hidden="true">{shown}</text>'
        f'<text {place} fill="{fill}">{shown}</text>'
    )


def _side(node: ViewNode, parent: ViewNode | None, others: list[ViewNode]) -> str:
    """On which side of a node its name stands: away from its parent, unless an edge leaves there."""
    taken = set()
    for other in others:
        dx, dy = other.x - node.x, other.y - node.y
        if abs(dy) < abs(dx) * 0.5:
            taken.add("right" if dx > 0 else "left")
        if abs(dx) < abs(dy) * 1.2:
            taken.add("below" if dy > 0 else "above")
    first = ("left", "right") if parent and not parent.hidden and node.x < parent.x else ("right", "left")
    return next((side for side in (*first, "below", "above") if side not in taken), first[0])


def _around(node: ViewNode) -> _Box:
    reach = SIZES.node + 6
    return _Box(node.x - reach, node.y - reach, node.x + reach, node.y + reach)


def _label(node: ViewNode, parent: ViewNode | None, others: list[ViewNode]) -> _Label:
    """The words beside a node, and their place."""
    lines = [(harmless(node.entity, 30), _INK)] if node.entity else []
    lines.append((short(node.address), _SOFT if node.entity else _INK))
    if node.note:
        lines.append((f"✎ {harmless(node.note, 60)}", _INK))
    gap = SIZES.node + 6
    anchor, dx, dy = {
        "right": ("start", gap, 0.0),
        "left": ("end", -gap, 0.0),
        "below": ("middle", 0.0, gap + 4 + len(lines) * 6.5),
        "above": ("middle", 0.0, -gap - len(lines) * 6.5),
    }[_side(node, parent, others)]
    x, y = node.x + dx, node.y + dy
    wide, high = max(len(text) for text, _ in lines) * _WIDE, len(lines) * 13
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
    return _Label(lines, x, y, anchor, _Box(left, y - high / 2, left + wide, y + high / 2))


def _node(node: ViewNode, label: _Label) -> str:
    look = LOOKS.get(node.category or UNLABELLED, LOOKS["other"])
    rim = _RISK if node.risk_category in HIGH_RISK else _INK
    words = "".join(
        _text(label.x, label.y + 4 + (n - (len(label.lines) - 1) / 2) * 13, text, label.anchor, fill)
        for n, (text, fill) in enumerate(label.lines)
    )
    ring = (
        f'<circle r="{SIZES.node + 5:g}" fill="none" stroke="{_RISK}" stroke-width="2" stroke-dasharray="4 2"/>'
        if node.risk_category in HIGH_RISK
        else ""
    )
    return (
        f'<g><g transform="translate({node.x:.1f} {node.y:.1f})">{ring}<path d="{look.shape}" '
        f'transform="scale({SIZES.node:g})" fill="{look.light}" stroke="{rim}" stroke-width=".12"/></g>{words}</g>'
    )


def _legend(view: View, edges: list[ViewEdge], has_marks: bool, width: float) -> tuple[str, float]:
    """The legend, and its height with the margins."""
    used = {node.category or UNLABELLED for node in view.shown}
    words = {**LABEL_CATEGORIES, UNLABELLED: "no label"}
    items, x, y = [], 0.0, 0.0
    for heading in _wrapped([harmless(view.about) or "Graph"], int((width - 40) / 8.5)):
        y += 18
        items.append(f'<text y="{y:.1f}" font-size="14" font-weight="700">{escape(heading)}</text>')
    y += 26
    for name, look in LOOKS.items():
        if name not in used:
            continue
        text = f"{name.replace('_', ' ')}: {words[name]}" if name != UNLABELLED else words[name]
        room = 34 + len(text) * _LETTER
        if x and x + room > width - 40:
            x, y = 0.0, y + _LEGEND_ROW
        items.append(
            f'<path d="{look.shape}" transform="translate({x + 9:.1f} {y:.1f}) scale(8)" fill="{look.light}"/>'
            f'<text x="{x + 24:.1f}" y="{y + 4:.1f}">{escape(text)}</text>'
        )
        x += room
    said = [
        "Width of an edge: "
        + (
            "US dollars of the transfers with a price, on a log scale; dotted where none has one."
            if view.weigh == "usd"
            else "number of transfers, on a log scale."
        ),
        f"Days {view.window[0]} to {view.window[1]}; pale edges have no transfer in them."
        if view.window
        else "All days of the file.",
    ]
    if any(node.risk_category in HIGH_RISK for node in view.shown):
        said.append("A dashed ring: high or critical risk.")
    if has_marks:
        said.append("Yellow, with numbers: the transfers in their order.")
    hidden = len(view.nodes) - len(view.shown)
    waiting = sum(node.more.others for node in view.shown if node.more)
    if hidden or waiting:
        said.append(f"Not shown: {hidden:,} hidden, {waiting:,} further counterparties of the addresses shown.")
    if view.left_out:
        said.append(f"Not drawn: {view.left_out:,} edges of least value.")
    said.append(f"Chain {harmless(view.chain)}, run {harmless(view.run)}; times are UTC; netraflow")
    y += 6
    for line in _wrapped(said, int((width - 40) / _LETTER)):
        y += 20
        items.append(f'<text x="0" y="{y:.1f}" fill="{_SOFT}">{escape(line)}</text>')
    return "".join(items), y + 20


def _wrapped(sentences: list[str], letters: int) -> list[str]:
    """Sentences in lines of so many letters."""
    import textwrap

    return [line for sentence in sentences for line in textwrap.wrap(sentence, max(letters, 40))]
