"""Stage 3: one asset per detector and per typology, found by being there, and the risk that follows from them."""

from collections.abc import Callable, Iterator

import dagster as dg

from flow_pipeline.defs.common import POOL, daily, facts_of, settings, show, spec
from flow_pipeline.detection.address_clusters import find_address_clusters
from flow_pipeline.detection.clusters import add_patterns, measure_clusters
from flow_pipeline.detection.daily import run_detector
from flow_pipeline.detection.entity_clusters import run_entity_clusters
from flow_pipeline.detection.findings import run_typologies
from flow_pipeline.detection.flows import load_groups, run_flows
from flow_pipeline.detection.risk import run_risk
from flow_pipeline.detectors import Detector, discover
from flow_pipeline.detectors.daily import FINDINGS
from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.tables import STORE_WALLET_FEATURES, USER_TABLES
from flow_pipeline.engines import searcher
from flow_pipeline.reports.charts import evidence_pictures, flow_picture, pictures_of
from flow_pipeline.wallets.features import run_wallet_features
from flow_pipeline.wallets.smart_money import run_smart_money
from flow_pipeline.wallets.trades import run_trades
from flow_pipeline.warehouse.store import open_build, run_lock, table_counts

_MARTS = [
    dg.AssetKey(["marts", name])
    for name in ("fct_daily_exchange_netflow", "fct_daily_wallet_netflow", "fct_daily_netflow")
]
_MEANING = {table.name: table.description for table in (STORE_WALLET_FEATURES, *USER_TABLES)}
_UNION = ("findings", "finding_transfers", "finding_addresses")
_GRAPH = [dg.AssetKey(["raw", "transfers"]), dg.AssetKey(["intermediate", "int_address_labels__intervals"])]


def _asset(detector: Detector) -> dg.AssetsDefinition:
    specs = [
        spec(f"detection.{name}", _MEANING[name], "detection", {"python", "duckdb"}, _MARTS, partitions_def=daily())
        for name in detector.WRITES
    ]
    about = f"One row per day that {detector.NAME} flagged. {detector.SAYS}"
    key = f"detection.{FINDINGS}.{detector.NAME}"
    specs.append(spec(key, about, "detection", {"python", "duckdb"}, _MARTS, partitions_def=daily()))

    @dg.multi_asset(specs=specs, name=detector.NAME, backfill_policy=dg.BackfillPolicy.single_run(), pool=POOL)
    def run(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        with run_lock(settings()), open_build(settings()) as connection:
            counts = run_detector(connection, detector, settings())
            pictures = pictures_of(connection, detector.NAME, settings())
        for name, count in counts.items():
            path = ["detection", name, detector.NAME] if name == FINDINGS else ["detection", name]
            show(context, path, pictures)
            yield dg.MaterializeResult(asset_key=path, metadata={"dagster/row_count": count})

    return run


def _daily_findings() -> dg.AssetsDefinition:
    """The table that all daily detectors fill."""
    keys = [dg.AssetKey(["detection", FINDINGS, name]) for name in discover()]
    union = spec(f"detection.{FINDINGS}", _MEANING[FINDINGS], "detection", {"duckdb"}, keys, partitions_def=daily())

    @dg.multi_asset(specs=[union], name=FINDINGS, backfill_policy=dg.BackfillPolicy.single_run(), pool=POOL)
    def run() -> Iterator[dg.MaterializeResult[None]]:
        with run_lock(settings()), open_build(settings()) as connection:
            counts = table_counts(connection, [f"detection.{FINDINGS}"])
        yield dg.MaterializeResult(
            asset_key=["detection", FINDINGS], metadata={"dagster/row_count": counts[f"detection.{FINDINGS}"]}
        )

    return run


def _typologies() -> dg.AssetsDefinition:
    """One graph serves all of them, so they run together; each is an asset, and so are the tables they fill."""
    each = [
        spec(
            f"detection.findings.{name}",
            f"One row per {name} finding. {item.CARD.definition}",
            "detection",
            {"python", "numba"},
            _GRAPH,
            partitions_def=daily(),
        )
        for name, item in typologies().items()
    ]
    keys = [item.key for item in each]
    union = [
        spec(f"detection.{name}", _MEANING[name], "detection", {"duckdb"}, keys, partitions_def=daily())
        for name in _UNION
    ]

    @dg.multi_asset(specs=[*each, *union], name="typologies", backfill_policy=dg.BackfillPolicy.single_run(), pool=POOL)
    def run(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        with run_lock(settings()), open_build(settings()) as connection:
            counts = run_typologies(connection, settings(), searcher(settings()))
            totals = table_counts(connection, [f"detection.{name}" for name in _UNION])
            pictures = evidence_pictures(connection, settings())
        for name, found in counts.items():
            state = (
                {"truncated": True, "max_findings": settings().typologies.max_findings} if found["is_truncated"] else {}
            )
            path = ["detection", "findings", name]
            show(context, path, {"evidence of the top finding": pictures[name]} if name in pictures else {})
            yield dg.MaterializeResult(asset_key=path, metadata={"dagster/row_count": found["kept"], **found, **state})
        for relation, total in totals.items():
            yield dg.MaterializeResult(asset_key=relation.split("."), metadata={"dagster/row_count": total})

    return run


def _risk() -> dg.AssetsDefinition:
    deps = [dg.AssetKey(["detection", name]) for name in (*_UNION, "group_flows")]
    specs = [
        spec(f"detection.{name}", _MEANING[name], "detection", {"python", "duckdb"}, deps, partitions_def=daily())
        for name in ("risk_components", "address_risk")
    ]

    @dg.multi_asset(specs=specs, name="risk", backfill_policy=dg.BackfillPolicy.single_run(), pool=POOL)
    def run() -> Iterator[dg.MaterializeResult[None]]:
        with run_lock(settings()), open_build(settings()) as connection:
            counts = run_risk(connection)
        for name, count in counts.items():
            yield dg.MaterializeResult(asset_key=["detection", name], metadata=facts_of(f"detection.{name}", count))

    return run


def _flows() -> dg.AssetsDefinition:
    names = ("groups", "group_members", "group_flows", "group_flow_transfers", "group_flow_summaries", "active_flows")
    deps = [*_GRAPH, dg.AssetKey(["detection", "address_clusters"])]
    specs = [
        spec(f"detection.{name}", _MEANING[name], "detection", {"python", "numba"}, deps, partitions_def=daily())
        for name in names
    ]

    @dg.multi_asset(specs=specs, name="group_flows", backfill_policy=dg.BackfillPolicy.single_run(), pool=POOL)
    def run(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        with run_lock(settings()), open_build(settings()) as connection:
            load_groups(connection, settings().tracing)
            counts = run_flows(connection, settings())
            picture = flow_picture(connection, settings())
        show(context, ["detection", "group_flow_summaries"], {"largest flows": picture} if picture else {})
        for name, count in counts.items():
            yield dg.MaterializeResult(asset_key=["detection", name], metadata=facts_of(f"detection.{name}", count))

    return run


def _clusters() -> list[dg.AssetsDefinition]:
    found = spec(
        "detection.address_clusters",
        _MEANING["address_clusters"],
        "detection",
        {"duckdb"},
        _GRAPH,
        partitions_def=daily(),
    )
    overtime = [
        spec(f"marts.{name}", _MEANING[name], "marts", {"duckdb"}, [found.key], partitions_def=daily())
        for name in ("fct_daily_wallet_roles", "fct_entity_clusters")
    ]
    described = spec(
        "detection.cluster_analysis",
        _MEANING["cluster_analysis"],
        "detection",
        {"python", "numba"},
        [dg.AssetKey(["detection", "findings"])],
        partitions_def=daily(),
    )

    @dg.multi_asset(
        specs=[found, *overtime], name="address_clusters", backfill_policy=dg.BackfillPolicy.single_run(), pool=POOL
    )
    def belong() -> Iterator[dg.MaterializeResult[None]]:
        with run_lock(settings()), open_build(settings()) as connection:
            counts = find_address_clusters(connection, settings().clusters) | run_entity_clusters(
                connection, settings().clusters
            )
        for name, count in counts.items():
            relation = f"{'marts' if name.startswith('fct_') else 'detection'}.{name}"
            yield dg.MaterializeResult(asset_key=relation.split("."), metadata=facts_of(relation, count))

    @dg.multi_asset(specs=[described], name="clusters", backfill_policy=dg.BackfillPolicy.single_run(), pool=POOL)
    def describe() -> Iterator[dg.MaterializeResult[None]]:
        with run_lock(settings()), open_build(settings()) as connection:
            measure_clusters(connection, settings().clusters)
            counts = add_patterns(connection)
        for name, count in counts.items():
            yield dg.MaterializeResult(asset_key=["detection", name], metadata=facts_of(f"detection.{name}", count))

    return [belong, describe]


def _wallets() -> list[dg.AssetsDefinition]:
    """Trades and MEV, features, scores: each step brings its tables up to date from the first day that changed."""
    steps = (
        (
            "wallet_trades",
            lambda connection: run_trades(connection, settings().smart_money),
            ("marts.fct_wallet_trades", "detection.mev_events"),
            {"duckdb", "numba"},
            _GRAPH,
        ),
        (
            "wallet_features",
            lambda connection: run_wallet_features(connection, settings().smart_money),
            ("store.wallet_features",),
            {"duckdb", "numba"},
            [dg.AssetKey(["detection", "mev_events"])],
        ),
        (
            "smart_money",
            lambda connection: run_smart_money(connection, settings()),
            ("detection.smart_money_wallets", "detection.smart_money_history", "detection.smart_money_drift"),
            {"python", "duckdb"},
            [dg.AssetKey(["store", "wallet_features"]), dg.AssetKey(["marts", "fct_wallet_features"])],
        ),
    )
    return [_wallet_step(*step) for step in steps]


def _wallet_step(
    name: str, step: Callable[..., dict[str, int]], tables: tuple[str, ...], kinds: set[str], deps: list[dg.AssetKey]
) -> dg.AssetsDefinition:
    specs = [
        spec(table, _MEANING[table.split(".")[1]], table.split(".")[0], kinds, deps, partitions_def=daily())
        for table in tables
    ]

    @dg.multi_asset(specs=specs, name=name, backfill_policy=dg.BackfillPolicy.single_run(), pool=POOL)
    def run() -> Iterator[dg.MaterializeResult[None]]:
        with run_lock(settings()), open_build(settings()) as connection:
            counts = step(connection)
        for table in tables:
            yield dg.MaterializeResult(
                asset_key=table.split("."), metadata=facts_of(table, counts[table.split(".")[1]])
            )

    return run


@dg.definitions
def detectors() -> dg.Definitions:
    """The detectors of the plug room, the typologies, and the risk."""
    return dg.Definitions(
        assets=[
            *(_asset(detector) for detector in discover().values()),
            _daily_findings(),
            _typologies(),
            _flows(),
            _risk(),
            *_clusters(),
            *_wallets(),
        ]
    )
