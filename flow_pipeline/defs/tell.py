"""Stage 5: what the publication changed is told: the alert ledger, then the reports."""

import base64
from pathlib import Path

import dagster as dg

from flow_pipeline.alerts.ledger import commit, listed
from flow_pipeline.defs.common import ops_asset, settings, show
from flow_pipeline.domain.tables import OPS_ALERTS
from flow_pipeline.pipeline import describe_alerts, report, write_figures
from flow_pipeline.reports.targets import export_after_run

_FIRST = ("netflow-total-*.png", "top-destinations.png")


@ops_asset(["ops", "alerts"], OPS_ALERTS.description, {"duckdb"}, [dg.AssetKey(["ops", "publications"])])
def alerts(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """New, changed and withdrawn alerts go into the ledger with the messages to send; the sensor sends them."""
    told = commit(settings())
    found = listed(settings(), None, None, None, None)
    counts = {change: dg.MetadataValue.int(told.get(change, 0)) for change in ("new", "changed", "withdrawn")}
    show(context, ["ops", "alerts"], {"worst": describe_alerts(found)})
    return dg.MaterializeResult(metadata={**counts, "open": len(found[1])})


WRITTEN = "report_is_written"


@ops_asset(
    ["reports"],
    "One page per day built, and one per week that ends: HTML, Markdown and charts.",
    {"altair"},
    [dg.AssetKey(["ops", "alerts"])],
    check_specs=[
        dg.AssetCheckSpec(
            WRITTEN, asset=["reports"], description="Report and metrics file are written. The run stands without."
        )
    ],
)
def reports(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster compares it
    """Pages, Markdown files and folders of charts, and figures for Prometheus and other systems where those are set."""
    file = settings().reports.metrics_file
    failures = write_figures(settings(), file) if file else []
    failures += export_after_run(settings())
    written, of_report = report(settings())
    failures += of_report
    pages = {path.name: dg.MetadataValue.path(str(path)) for path in written if path.suffix == ".html"}
    check = dg.AssetCheckResult(
        passed=not failures,
        check_name=WRITTEN,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"why": dg.MetadataValue.text("; ".join(failures))} if failures else {},
    )
    show(context, ["reports"], _picture(written))
    return dg.MaterializeResult(metadata={**pages, **_link(written)}, check_results=[check])


def _link(written: list[Path]) -> dict[str, dg.UrlMetadataValue]:
    """The last page, as a link; a browser that opens no file from a page copies it."""
    pages = [path for path in written if path.suffix == ".html"]
    return {"open": dg.MetadataValue.url(pages[-1].resolve().as_uri())} if pages else {}


def _picture(written: list[Path]) -> dict[str, str]:
    """The first picture of the folders of charts."""
    folders = [path for path in written if path.is_dir()]
    found = [path for folder in folders for name in _FIRST for path in sorted(folder.glob(name))]
    if not found:
        return {}
    shown = base64.b64encode(found[0].read_bytes()).decode()
    return {"picture": f"![picture](data:image/png;base64,{shown})"}
