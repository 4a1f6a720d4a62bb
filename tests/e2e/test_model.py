"""The model: no leak, repeatable, judged against the formula, registered, scored by, drifting; and parts missing."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from flow_pipeline.cli import main
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.pipeline.training import backtest_formula, replaced_scorer, score_again
from flow_pipeline.scoring import profit_model as modelling
from flow_pipeline.scoring.backtest import backtest
from flow_pipeline.scoring.profit_model import (
    FEATURES,
    HORIZON,
    OUTCOME,
    Trained,
    check_no_leak,
    drift,
    matrix,
    reference,
    train,
)
from flow_pipeline.scoring.registry import production, register, versions
from flow_pipeline.settings import Settings, SmartMoneySettings
from flow_pipeline.simulation.wallets import generate_wallets, write_wallets
from flow_pipeline.wallets.outcomes import examples
from flow_pipeline.wallets.smart_money import rank_wallets
from flow_pipeline.warehouse.store import open_build, open_published, transaction
from tests.conftest import ask, build
from tests.worlds import world_settings


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("model")
    write_wallets(generate_wallets(1, 4, days=100), folder)
    settings = world_settings(folder, tmp_path_factory.mktemp("data"))
    build(settings, folder / "transfers")
    return settings


@pytest.fixture(scope="module")
def known(world: Settings) -> pa.Table:
    with open_published(world) as connection:
        return examples(connection, HORIZON)


@pytest.fixture(scope="module")
def trained(world: Settings, known: pa.Table) -> Trained:
    return train(known, world.smart_money)


def test_outcomes_are_what_was_made_afterwards(world: Settings, known: pa.Table) -> None:
    row = max(known.to_pylist(), key=lambda row: row["outcome_usd"])
    made = ask(
        world,
        "SELECT (SELECT coalesce(sum(realised_usd), 0) FROM marts.fct_wallet_trades "
        f"WHERE wallet = '{row['wallet']}' AND block_date BETWEEN DATE '{row['cutoff']}' + 1 "
        f"AND DATE '{row['cutoff']}' + 30) "
        "+ (SELECT coalesce(sum(gain_usd), 0) FROM detection.mev_events "
        f"WHERE wallet = '{row['wallet']}' AND kind = 'arbitrage' "
        f"AND block_date BETWEEN DATE '{row['cutoff']}' + 1 AND DATE '{row['cutoff']}' + 30)",
    )
    assert row["outcome_usd"] == pytest.approx(float(made[0][0]), abs=0.01)
    assert all(row["block_date"] <= row["cutoff"] < row["outcome_first_day"] for row in known.to_pylist())


def test_an_input_of_the_target_is_no_feature(known: pa.Table) -> None:
    check_no_leak(known)
    assert not set(FEATURES) & set(OUTCOME)
    with pytest.raises(FlowError, match="outcome_usd makes the target and is a feature"):
        check_no_leak(known, (*FEATURES, "outcome_usd"))
    late = known.set_column(known.column_names.index("outcome_first_day"), "outcome_first_day", known["block_date"])
    with pytest.raises(FlowError, match="features of days on which their outcome has begun"):
        train(late, SmartMoneySettings())


def test_it_is_judged_on_wallets_and_weeks_it_never_saw(trained: Trained, known: pa.Table) -> None:
    facts = trained.facts
    assert facts["splits_time"]
    assert max(date.fromisoformat(day) for day in facts["training_cutoffs"]) + timedelta(
        days=HORIZON
    ) <= date.fromisoformat(facts["test_cutoff"])
    assert facts["auc_interval"][0] <= facts["auc"] <= facts["auc_interval"][1]
    assert facts["beats_formula"] == (facts["auc"] > facts["formula_auc"])
    assert set(trained.candidates) == {"logistic", "random forest", "gradient boosting"}
    assert trained.candidates[trained.name] == max(trained.candidates.values())
    assert [name for name, _ in trained.importance] != list(FEATURES)
    assert sum(row[2] for row in trained.calibration) == facts["test_wallets"]


def test_it_learns_something_and_nothing_from_noise(known: pa.Table, trained: Trained) -> None:
    assert max(trained.candidates.values()) > 0.55
    shuffled = np.random.default_rng(1).permutation(known["outcome_usd"].to_numpy())
    noise = train(
        known.set_column(known.column_names.index("outcome_usd"), "outcome_usd", pa.array(shuffled)),
        SmartMoneySettings(),
    )
    assert max(noise.candidates.values()) < 0.58
    assert noise.facts["auc_interval"][0] < 0.5 < noise.facts["auc_interval"][1]


def test_the_version_in_production_scores_and_the_formula_without_one(
    world: Settings, trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = world.data_dir / "models"
    assert production(folder) is None
    assert ask(world, "SELECT DISTINCT scored_by FROM detection.smart_money_wallets") == [("formula 1",)]
    worse = Trained(**{**vars(trained), "facts": {**trained.facts, "beats_formula": False}})
    assert register(worse, folder)[0] == "1"
    assert production(folder) is None, "what does not beat the formula is kept and does not score"
    better = Trained(**{**vars(trained), "facts": {**trained.facts, "beats_formula": True}})
    version, text = register(better, folder)
    assert version == "2"
    for words in ("## Data", "chance | 0.500", "formula score", "## Where it fails", "Candidates, cross-validated"):
        assert words in text
    assert [(row["version"], row["in_production"]) for row in versions(folder)] == [(2, True), (1, False)]
    before = ask(world, "SELECT wallet, formula_score FROM detection.smart_money_wallets ORDER BY wallet, chain")
    assert replaced_scorer(world) == "formula 1"
    assert score_again(world) is not None
    assert replaced_scorer(world) is None
    assert ask(world, "SELECT DISTINCT scored_by FROM detection.smart_money_wallets") == [("model 2",)]
    assert (
        ask(world, "SELECT wallet, formula_score FROM detection.smart_money_wallets ORDER BY wallet, chain") == before
    ), "the parts of the formula stay"
    assert ask(
        world,
        "SELECT count(*) FROM detection.smart_money_wallets "
        "WHERE score NOT BETWEEN 0 AND 1 OR (tx_count = 0 AND score > 0)",
    ) == [(0,)]
    assert ask(
        world, "SELECT count(*), count(DISTINCT feature) FROM detection.smart_money_drift WHERE model_version = '2'"
    ) == [(len(FEATURES), len(FEATURES))]
    judged = ask(
        world, "SELECT expectation, is_success FROM ops.audits WHERE stage = 'drift' ORDER BY checked_at DESC LIMIT 2"
    )
    assert {row[0] for row in judged} == {"features_are_those_of_the_training", "the_model_in_production_scored"}
    with pytest.raises(SystemExit):
        main(["--data-dir", str(world.data_dir), "model", "show", "--version", "2"])
    assert "# Smart-money model, version 2" in capsys.readouterr().out


def test_a_model_that_does_not_load_is_said_and_the_formula_scores(
    world: Settings, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = world.data_dir / "models"
    register(Trained(**{**vars(trained), "facts": {**trained.facts, "beats_formula": True}}), folder)
    files = list((folder / "artifacts").rglob("*.skops"))
    assert files
    for path in files:
        path.write_bytes(b"broken")
    with pytest.raises(FlowError, match="can not be loaded"):
        production(folder)
    assert replaced_scorer(world) in ("formula 1", "model 2"), "nothing published says that a version can not be loaded"
    with open_build(world) as connection, transaction(connection):
        rank_wallets(connection, world)
        said = connection.execute("SELECT DISTINCT scored_by FROM detection.smart_money_wallets").fetchall()
    assert len(said) == 1
    assert said[0][0].startswith("formula 1: version")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(FlowError, match='the extra "model" is not installed'):
        production(folder)


def test_too_little_to_learn_from_is_said(known: pa.Table) -> None:
    place = known.column_names.index("outcome_usd")
    with pytest.raises(UsageError, match="0 of which made money: that is too few of one kind"):
        train(known.set_column(place, "outcome_usd", pa.array(np.zeros(len(known)))), SmartMoneySettings())
    with pytest.raises(UsageError, match="there is no example to learn from"):
        train(known.slice(0, 0), SmartMoneySettings())


def test_without_the_extra_the_reason_is_said(known: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with pytest.raises(FlowError, match='the extra "model" is not installed'):
        train(known, SmartMoneySettings())


def test_drift_is_nothing_for_the_same_and_much_for_others(known: pa.Table) -> None:
    x = matrix(known)
    then = reference(x)
    assert max(drift(x, then).values()) < 1e-9
    changed: dict[str, Any] = drift(x * 3 + 5, then)
    assert changed["tx_count"] > 0.25
    assert set(changed) == set(FEATURES)


def test_the_backtest_says_yes_no_and_that_it_can_not_be_said(world: Settings, known: pa.Table) -> None:
    rows = backtest_formula(world)
    whole = rows[-1]
    assert whole["cutoff"] is None
    assert whole["low_usd"] < whole["difference_usd"] < whole["high_usd"]
    assert whole["is_better"], "bots and skilled traders are planted in this world"
    assert len(rows) == len(set(known["cutoff"].to_pylist())) + 1
    place = known.column_names.index("outcome_usd")
    noise = known.set_column(place, "outcome_usd", pa.array(np.random.default_rng(2).normal(0, 100, len(known))))
    assert not backtest(noise, world.smart_money)[-1]["is_better"]
    assert modelling.HORIZON == 30
