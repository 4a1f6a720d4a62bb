"""From what the tip finds to alerts of the one ledger."""

from __future__ import annotations

from flow_pipeline.alerts.tip import TipAlert
from flow_pipeline.live.steps import Step
from flow_pipeline.settings import Settings


class _Nothing:
    def take(self, step: Step) -> list[TipAlert]:
        return []

    def standing(self) -> dict[str, list[str]]:
        return {}

    def figures(self) -> dict[str, object]:
        return {}


def open_detection(settings: Settings) -> _Nothing:
    return _Nothing()
