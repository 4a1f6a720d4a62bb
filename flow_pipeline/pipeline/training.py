"""Training the smart-money model on what is published, and ranking the wallets anew by what is in production."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flow_pipeline.loading.ingest import LoadReport
from flow_pipeline.pipeline import Progress, RunResult, audit, publish, record, tell
from flow_pipeline.questions.wallets import scorers
from flow_pipeline.scoring.backtest import backtest
from flow_pipeline.scoring.profit_model import HORIZON, Trained, train
from flow_pipeline.scoring.registry import register
from flow_pipeline.settings import Settings
from flow_pipeline.wallets.outcomes import examples
from flow_pipeline.wallets.smart_money import rank_wallets, what_scores
from flow_pipeline.warehouse.publish import last_recorded, new_run_id, published_run
from flow_pipeline.warehouse.store import open_build, open_published, run_lock, transaction


@dataclass(frozen=True)
class TrainingResult:
    """A new version: its number, how it was judged, its card."""

    version: str
    trained: Trained
    card: str


def train_model(settings: Settings, say: Progress = lambda text: None) -> TrainingResult:
    """Train on the published file and register the version; it goes into production when it beats the formula.

    Raises:
        UsageError: nothing is published, or there is too little to learn from.
        FlowError: the extra `model` is not installed.
    """
    say("look at what came of wallets")
    with open_published(settings) as connection:
        found = examples(connection, HORIZON)
    say("train")
    trained = train(found, settings.smart_money)
    say("register")
    version, card = register(trained, settings.data_dir / "models")
    return TrainingResult(version, trained, card)


def replaced_scorer(settings: Settings) -> str | None:
    """What ranked the published wallets; None when that would rank them now too, or when no wallet is published."""
    if published_run(settings) is None:
        return None
    with open_published(settings) as connection:
        published = scorers(connection)
    return published[0] if published and published != [what_scores(settings)[1]] else None


def score_again(settings: Settings, say: Progress = lambda text: None) -> RunResult | None:
    """Rank the wallets by what is in production now, audit, and publish; None when nothing was published before."""
    with run_lock(settings):
        with open_build(settings) as connection:
            result = RunResult(new_run_id(settings, connection), LoadReport())
            if last_recorded(connection) is None:
                return None
            say("score wallets")
            with transaction(connection):
                rank_wallets(connection, settings)
        audit(settings, result, ("detection", "drift"), say)
        publish(settings, result, say)
        record(settings, result, say)
    tell(settings, result, say)
    return result


def backtest_formula(settings: Settings) -> list[dict[str, Any]]:
    """Was a wallet in the top tenth better than the rest in the 30 days after? See scoring.backtest."""
    with open_published(settings) as connection:
        return backtest(examples(connection, HORIZON), settings.smart_money)
