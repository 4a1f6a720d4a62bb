"""Pictures of a bundle: the transfers of each finding, and the saved views, as SVG and PNG."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import partial
from typing import Any, NamedTuple

from pydantic import ValidationError

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.text import harmless
from flow_pipeline.explorer import graphs
from flow_pipeline.explorer.evidence.dossier import Dossier
from flow_pipeline.explorer.shown import short
from flow_pipeline.reports.charts import transfers_graph
from flow_pipeline.reports.drawing import ChartFailed, Painter
from flow_pipeline.settings import Settings

_MOST = 40
"""Transfers in one picture; more can not be read, and the title says how many there are."""


class Picture(NamedTuple):
    """A picture; `failure` says why there is none."""

    name: str
    title: str
    svg: str = ""
    png: bytes = b""
    failure: str = ""


def pictures(dossier: Dossier, settings: Settings) -> list[Picture]:
    """A picture per finding, then one per saved view."""
    found = []
    with Painter(settings.reports.chart_seconds) as painter:
        for finding in dossier.findings:
            name, title = _of_finding(finding)
            try:
                drawn = painter.draw(partial(_chart, dossier, finding, title), png=True)
                found.append(Picture(name, title, drawn.svg, drawn.png))
            except ChartFailed as failure:
                found.append(Picture(name, title, failure=str(failure)))
    for one in dossier.contents("view"):
        name, title = _of_view(one)
        try:
            view = graphs.View.model_validate(one["state"])
            found.append(Picture(name, title, graphs.draw(view), graphs.paint(view, settings.reports.chart_seconds)))
        except ValidationError:
            found.append(Picture(name, title, failure="its state is no graph"))
        except (UsageError, ValueError) as refusal:
            found.append(Picture(name, title, failure=harmless(str(refusal), 300)))
    return found


def kept(dossier: Dossier, files: Mapping[str, bytes], undrawn: Mapping[str, str]) -> list[Picture]:
    """The same as a bundle brings them; those that it neither has nor explains are without a drawing.

    Args:
        dossier: The case.
        files: Files of the bundle.
        undrawn: Why there is none, by name.
    """
    titles = [*map(_of_finding, dossier.findings), *map(_of_view, dossier.contents("view"))]
    found = []
    for name, title in titles:
        svg, png = (b"" if name in undrawn else files.get(f"graphs/{name}.{end}", b"") for end in ("svg", "png"))
        found.append(Picture(name, title, svg.decode(), png, str(undrawn.get(name, ""))))
    return found


def drawn_again(dossier: Dossier, names: Container[str]) -> dict[str, bytes]:
    """The drawing of each saved view of those names, by its file: it follows from the copy; a chart does not.

    Raises:
        UsageError: one is too large to be drawn.
        ValueError: the state of one is no graph.
    """
    views = {_of_view(one)[0]: one["state"] for one in dossier.contents("view")}
    return {
        f"graphs/{name}.svg": graphs.draw(graphs.View.model_validate(state)).encode()
        for name, state in views.items()
        if name in names
    }


def _of_finding(finding: Mapping[str, Any]) -> tuple[str, str]:
    """Name and title."""
    return f"finding-{finding['finding_id']}", f"{finding['typology']} {finding['finding_id']}"


def _of_view(view: Mapping[str, Any]) -> tuple[str, str]:
    return f"view-{view['id']}", view["title"]


def _chart(dossier: Dossier, finding: dict[str, Any], title: str) -> dict[str, Any]:
    import pandas as pd

    rows = finding["transfers"]
    frame = pd.DataFrame(
        {
            "ordinal": [row["ordinal"] for row in rows],
            "from_address": [row["from_address"] for row in rows],
            "to_address": [row["to_address"] for row in rows],
            "amount": [float("nan") if row["amount"] is None else float(row["amount"]) for row in rows],
            "token": [row["token_symbol"] or "" for row in rows],
        }
    )
    roles: dict[str, set[str]] = {}
    for one in finding["addresses"]:
        roles.setdefault(one["address"], set()).add(one["role"])
    names = {
        address: "\n".join((dossier.name_of(finding["chain"], address) or short(address), ", ".join(sorted(of))))
        for address, of in roles.items()
    }
    more = f": first {_MOST} of {len(rows)} transfers" if len(rows) > _MOST else ""
    return dict(transfers_graph(frame.head(_MOST), names, title + more).to_dict(validate=False))
