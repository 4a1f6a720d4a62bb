"""The second engine: the same models and kernels on Spark over Delta Lake.

What lives here: writing transfers to the lake, the session, running models and kernels on workers, gathering what they
find. What must not: rules of flows, detectors or scoring; they know no engine. Read more: docs/engines.md.
"""

from __future__ import annotations

from collections.abc import Callable

from flow_pipeline.detection.findings import Searcher, search_here
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse import dbt


def searcher(settings: Settings) -> Searcher:
    """Who searches for typologies under the engine in force."""
    if settings.engine != "spark":
        return search_here
    from flow_pipeline.engines.kernels import search_on_workers

    return search_on_workers


def builder(settings: Settings) -> Callable[[Settings, bool], dbt.Built]:
    """Who builds the models under the engine in force, for all days or for those that wait."""
    if settings.engine != "spark":
        return dbt.transform
    from flow_pipeline.engines.models import transform

    return transform
