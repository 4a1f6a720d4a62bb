"""Pictures of a bundle: the transfers of each finding, and the saved views, as SVG and PNG."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from pydantic import ValidationError

from flow_pipeline.explorer import graphs
from flow_pipeline.explorer.evidence.dossier import Dossier
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
            name, title = f"finding-{finding['finding_id']}", f"{finding['typology']} {finding['finding_id']}"
            try:
                drawn = painter.draw(partial(_chart, dossier, finding, title), png=True)
                found.append(Picture(name, title, drawn.svg, drawn.png))
            except ChartFailed as failure:
                found.append(Picture(name, title, failure=str(failure)))
    for one in dossier.contents("view"):
        name = f"view-{one['id']}"
        try:
            view = graphs.View.model_validate(one["state"])
            found.append(Picture(name, one["title"], graphs.draw(view), graphs.paint(view)))
        except ValidationError:
            found.append(Picture(name, one["title"], failure="its state is no graph"))
    return found


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
        address: "\n".join((dossier.name_of(finding["chain"], address) or graphs.short(address), ", ".join(sorted(of))))
        for address, of in roles.items()
    }
    more = f": first {_MOST} of {len(rows)} transfers" if len(rows) > _MOST else ""
    return dict(transfers_graph(frame.head(_MOST), names, title + more).to_dict(validate=False))
