"""Stage 5: what the publication changed is told: the alert ledger, then the reports."""

import base64

import dagster as dg

from flow_pipeline.alerts.ledger import commit, listed
from flow_pipeline.alerts.metrics import write_textfile
from flow_pipeline.defs.common import ops_asset, settings
from flow_pipeline.domain.tables import OPS_ALERTS
from flow_pipeline.reports.report import write_reports


@ops_asset(["ops", "alerts"], OPS_ALERTS.description, {"duckdb"}, [dg.AssetKey(["ops", "publications"])])
def alerts(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """New, changed and withdrawn alerts go into the ledger with the messages to send; the sensor sends them."""
    told = commit(settings())
    columns, rows = listed(settings(), None, None, None, None)
    places = [columns.index(name) for name in ("severity", "rule", "block_date", "title", "alert_id")]
    worst = ["| severity | rule | day | what | alert |", "|---|---|---|---|---|"]
    worst += [
        "| " + " | ".join(str(row[place] if row[place] is not None else "") for place in places) + " |"
        for row in rows[:20]
    ]
    counts = {change: dg.MetadataValue.int(told.get(change, 0)) for change in ("new", "changed", "withdrawn")}
    return dg.MaterializeResult(metadata={**counts, "open": len(rows), "worst": dg.MetadataValue.md("\n".join(worst))})


@ops_asset(
    ["reports"],
    "One page per day built, and one per week that ends: HTML, Markdown and charts.",
    {"altair"},
    [dg.AssetKey(["ops", "alerts"])],
)
def reports(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Pages, Markdown files and folders of charts, and the figures for Prometheus when a file for them is set."""
    written = write_reports(settings())
    if file := settings().reports.metrics_file:
        write_textfile(settings(), file)
    pages = {path.name: dg.MetadataValue.path(str(path)) for path in written if path.suffix == ".html"}
    picture = next(
        (
            path
            for folder in written
            if folder.is_dir()
            for path in sorted((*folder.glob("netflow-total-*.png"), *folder.glob("top-destinations.png")))
        ),
        None,
    )
    shown = (
        {}
        if picture is None
        else {
            "picture": dg.MetadataValue.md(
                f"![picture](data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()})"
            )
        }
    )
    return dg.MaterializeResult(metadata={**pages, **shown})
