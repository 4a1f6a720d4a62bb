"""A model of who will make money: trained on a later outcome, judged on other wallets at a later time.

Needs the extra `model` (scikit-learn, MLflow); nothing here is imported before it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.scoring.smart_money import score
from flow_pipeline.settings import SmartMoneySettings

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

FEATURES = (
    "active_days", "age_days", "tx_count", "tx_per_day", "success_rate", "sent_count", "volume_usd", "mean_usd",
    "size_variation", "volume_variation", "priced_share", "round_trip_share", "recipient_count", "contract_count",
    "contract_share", "defi_share", "gas_efficiency", "gas_ratio", "gas_over_share", "gas_usd", "weekday_share",
    "hour_concentration", "trade_count", "closed_count", "realised_usd", "win_rate", "profit_consistency",
    "drawdown_usd", "holding_hours", "mev_tx_share", "mev_tx_count", "sandwich_count", "arbitrage_count",
    "liquidation_count", "mev_usd",
)  # fmt: skip
"""Columns of marts.fct_wallet_features, 30 days up to the cutoff, that the model sees."""
OUTCOME = ("outcome_usd",)
"""What the target is made of: profit of closed trades in the days after the cutoff; is it above 0?"""
HORIZON = 30
"""Days of the outcome."""
NEEDS = 'the extra "model" is not installed: pip install "netraflow[model]", or uv sync --extra model'
_LOGARITHMIC = {name for name in FEATURES if name.endswith(("_usd", "_count", "_days", "_hours"))}
_FOLDS = 5
_DRAWS = 1_000


@dataclass(frozen=True)
class Trained:
    """A model and how it was judged.

    Attributes:
        estimator: Calibrated classifier over the columns of `matrix`.
        name: Which candidate was chosen.
        candidates: Cross-validated ROC-AUC of each candidate on the training wallets.
        facts: Numbers of the card: examples, wallets, cutoffs, positives, AUC of model and formula on the test wallets
            with a 95 % interval, Brier score.
        calibration: Rows (predicted from, to, wallets, mean predicted, share that made money) of the test.
        importance: Feature and what the AUC of the test loses when it is shuffled, largest first.
        by_category: Category, test wallets, share that made money, AUC (None with one class).
        reference: Per feature the edges of its tenths in training and the share in each.
    """

    estimator: ClassifierMixin
    name: str
    candidates: dict[str, float]
    facts: dict[str, Any]
    calibration: list[tuple[Any, ...]]
    importance: list[tuple[str, float]]
    by_category: list[tuple[Any, ...]]
    reference: dict[str, dict[str, list[float]]]


def matrix(features: pa.Table, names: tuple[str, ...] = FEATURES) -> np.ndarray:
    """Features as numbers: counts, days and dollars by their logarithm, NaN where a value is not known.

    Args:
        features: Rows of marts.fct_wallet_features.
        names: Columns, in order.

    Returns:
        Shape (rows, names).
    """
    columns = []
    for name in names:
        values = features[name].combine_chunks().cast(pa.float64()).to_numpy(zero_copy_only=False)
        columns.append(np.sign(values) * np.log1p(np.abs(values)) if name in _LOGARITHMIC else values)
    return np.column_stack(columns)


def check_no_leak(examples: pa.Table, names: tuple[str, ...] = FEATURES) -> None:
    """Refuse examples in which the outcome is known to the features.

    Args:
        examples: Features with block_date (their last day), cutoff, outcome_first_day and the outcome.
        names: Columns the model would see.

    Raises:
        FlowError: an input of the target is a feature, or a feature looks at or past the first day of the outcome.
    """
    shared = sorted(set(names) & set(OUTCOME))
    if shared:
        raise FlowError(
            f"{', '.join(shared)} makes the target and is a feature",
            "the model would only read the answer; take it out of the features",
        )
    late = pc.sum(pc.greater_equal(examples["block_date"], examples["outcome_first_day"])).as_py() or 0
    if late:
        raise FlowError(
            f"{late} examples have features of days on which their outcome has begun",
            "features end with the cutoff, the outcome begins the day after",
        )


def train(examples: pa.Table, settings: SmartMoneySettings, seed: int = 0) -> Trained:
    """Choose, calibrate and judge a model.

    One wallet in five is only tested, at the last cutoff; the others train at cutoffs whose outcome had ended by then.
    Candidates are compared by ROC-AUC over folds of whole wallets; the best is calibrated on the same folds.

    Args:
        examples: One row per wallet and cutoff: wallet, chain, cutoff, block_date, outcome_first_day, outcome_usd, and
            the columns of marts.fct_wallet_features.
        settings: For the formula, which the model must beat.
        seed: Makes the training repeatable.

    Raises:
        UsageError: too few examples, or all of one outcome.
        FlowError: features know the outcome, or the extra is missing.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise FlowError(NEEDS, "the formula scores without it") from None
    # Threads that wait for one another by spinning make a busy machine stand still.
    with threadpool_limits(1):
        return _train(examples, settings, seed)


def _train(examples: pa.Table, settings: SmartMoneySettings, seed: int) -> Trained:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.inspection import permutation_importance
    from sklearn.metrics import brier_score_loss, roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_score

    check_no_leak(examples)
    wallets = np.array(
        [
            f"{chain}|{wallet}"
            for chain, wallet in zip(examples["chain"].to_pylist(), examples["wallet"].to_pylist(), strict=True)
        ]
    )
    cutoffs = np.array(examples["cutoff"].to_pylist())
    if not len(examples):
        raise UsageError(
            "there is no example to learn from",
            f"a model needs {2 * HORIZON} days: {HORIZON} to look at and {HORIZON} to see what came of it",
        )
    last = cutoffs.max()
    is_test = (_fifth(wallets) == 0) & (cutoffs == last)
    is_training = (_fifth(wallets) != 0) & (cutoffs <= last - timedelta(days=HORIZON))
    splits_time = bool(is_training.any())
    if not splits_time:
        is_training = _fifth(wallets) != 0
    x, y = matrix(examples), examples["outcome_usd"].to_numpy() > 0
    for what, chosen in (("training", is_training), ("test", is_test)):
        count, positive = int(chosen.sum()), int(y[chosen].sum())
        if min(positive, count - positive) < _FOLDS:
            raise UsageError(
                f"the {what} set has {count:,} examples, {positive:,} of which made money: that is too few of one "
                "kind to learn from",
                f"load more days or wallets, and prices; at least {_FOLDS} of each kind are needed. Wallets are "
                "scored by the formula meanwhile",
            )
    folds = list(GroupKFold(_FOLDS).split(x[is_training], y[is_training], wallets[is_training]))
    candidates = _candidates(seed)
    found = {
        name: float(cross_val_score(model, x[is_training], y[is_training], cv=folds, scoring="roc_auc").mean())
        for name, model in candidates.items()
    }
    name = max(found, key=lambda candidate: found[candidate])
    model = CalibratedClassifierCV(candidates[name], method="sigmoid", cv=folds).fit(x[is_training], y[is_training])
    predicted, truth = model.predict_proba(x[is_test])[:, 1], y[is_test]
    scored = score(examples, settings)
    formula, category = scored["formula_score"].to_numpy()[is_test], np.array(scored["category"].to_pylist())[is_test]
    shuffled = permutation_importance(model, x[is_test], truth, scoring="roc_auc", n_repeats=3, random_state=seed)
    importance = sorted(zip(FEATURES, shuffled.importances_mean.tolist(), strict=True), key=lambda item: -item[1])
    auc, baseline = float(roc_auc_score(truth, predicted)), float(roc_auc_score(truth, formula))
    rng = np.random.default_rng(seed)
    draws = [rng.integers(0, len(truth), len(truth)) for _ in range(_DRAWS)]
    both = [draw for draw in draws if 0 < truth[draw].sum() < len(draw)]
    aucs = [roc_auc_score(truth[draw], predicted[draw]) for draw in both]
    gains = [roc_auc_score(truth[draw], predicted[draw]) - roc_auc_score(truth[draw], formula[draw]) for draw in both]
    facts = {
        "training_examples": int(is_training.sum()),
        "training_wallets": len(set(wallets[is_training])),
        "training_cutoffs": sorted({str(day) for day in cutoffs[is_training]}),
        "training_positives": float(y[is_training].mean()),
        "test_wallets": int(is_test.sum()),
        "test_cutoff": str(last),
        "test_positives": float(truth.mean()),
        "splits_time": splits_time,
        "auc": auc,
        "auc_interval": np.percentile(aucs, [2.5, 97.5]).tolist(),
        "formula_auc": baseline,
        "gain_interval": np.percentile(gains, [2.5, 97.5]).tolist(),
        "brier": float(brier_score_loss(truth, predicted)),
        "brier_of_share": float(truth.mean() * (1 - truth.mean())),
        "beats_formula": auc > baseline,
    }
    by_category = [
        (
            name,
            int((category == name).sum()),
            float(truth[category == name].mean()),
            _auc(roc_auc_score, truth[category == name], predicted[category == name]),
        )
        for name in sorted(set(category))
    ]
    return Trained(
        model, name, found, facts, _calibration(predicted, truth), importance, by_category, reference(x[is_training])
    )


def _candidates(seed: int) -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def whole() -> Any:
        return SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True)

    return {
        "logistic": make_pipeline(whole(), StandardScaler(), LogisticRegression(max_iter=5_000)),
        "random forest": make_pipeline(
            whole(), RandomForestClassifier(n_estimators=100, min_samples_leaf=5, random_state=seed, n_jobs=1)
        ),
        "gradient boosting": HistGradientBoostingClassifier(
            max_iter=200, learning_rate=0.05, min_samples_leaf=20, random_state=seed
        ),
    }


def _fifth(wallets: np.ndarray) -> np.ndarray:
    """A number from 0 to 4 per wallet, the same on every machine."""
    import hashlib

    return np.array([int(hashlib.md5(wallet.encode()).hexdigest()[:8], 16) % 5 for wallet in wallets])


def _auc(metric: Any, truth: np.ndarray, predicted: np.ndarray) -> float | None:
    return float(metric(truth, predicted)) if 0 < truth.sum() < len(truth) else None


def _calibration(predicted: np.ndarray, truth: np.ndarray) -> list[tuple[Any, ...]]:
    edges = np.linspace(0, 1, 6)
    rows = []
    for low, high in pairwise(edges):
        inside = (predicted >= low) & ((predicted < high) | (high == 1))
        if inside.any():
            rows.append(
                (
                    round(float(low), 1),
                    round(float(high), 1),
                    int(inside.sum()),
                    float(predicted[inside].mean()),
                    float(truth[inside].mean()),
                )
            )
    return rows


def reference(x: np.ndarray) -> dict[str, dict[str, list[float]]]:
    """How features were distributed in training: the edges of their tenths, and the share of rows in each.

    The last share is of rows without a value.
    """
    found = {}
    for name, values in zip(FEATURES, x.T, strict=True):
        known = values[~np.isnan(values)]
        edges = np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9))).tolist() if len(known) else []
        found[name] = {"edges": edges, "shares": _shares(values, edges).tolist()}
    return found


def drift(x: np.ndarray, known: dict[str, dict[str, list[float]]]) -> dict[str, float]:
    """Population stability index of each feature: sum of (now - then) x ln(now / then) over its tenths in training.

    Under 0.1 nothing happened, over 0.25 the population is another one (the rule of thumb of credit scoring, Siddiqi
    2006).
    """
    found = {}
    for name, values in zip(FEATURES, x.T, strict=True):
        then, now = np.array(known[name]["shares"]), _shares(values, known[name]["edges"])
        then, now = np.maximum(then, 1e-4), np.maximum(now, 1e-4)
        found[name] = float(((now - then) * np.log(now / then)).sum())
    return found


def _shares(values: np.ndarray, edges: list[float]) -> np.ndarray:
    unknown = np.isnan(values)
    place = np.where(unknown, len(edges) + 1, np.searchsorted(edges, np.nan_to_num(values), side="right"))
    return np.bincount(place, minlength=len(edges) + 2) / max(len(values), 1)


def card(trained: Trained, version: str) -> str:
    """The model card, Markdown."""
    facts = trained.facts
    low, high = facts["auc_interval"]
    split = (
        f"The {facts['test_wallets']:,} test wallets were never trained on, and are judged at a cutoff on or after "
        "the last day of the training's outcomes (their features look back from it, so they may see days that made a "
        "training outcome)."
        if facts["splits_time"]
        else f"The {facts['test_wallets']:,} test wallets were never trained on. There are too few days to split by "
        "time as well: training and test look at the same weeks."
    )
    verdict = (
        "It beats the formula" if facts["beats_formula"] else "It does not beat the formula, so it is not in production"
    )
    lines = [
        f"# Smart-money model, version {version}",
        "",
        "Question, asked of wallets that traded in the 30 days before: will its closed trades make money in the "
        f"{HORIZON} days after the cutoff? Answer: a probability, calibrated. Chosen: {trained.name}.",
        "",
        "## Data",
        "",
        f"{facts['training_examples']:,} examples of {facts['training_wallets']:,} wallets at cutoffs "
        f"{', '.join(facts['training_cutoffs'])}; {facts['training_positives']:.1%} made money. {split}",
        f"Test cutoff {facts['test_cutoff']}: {facts['test_positives']:.1%} made money.",
        "",
        "## How good",
        "",
        "| | ROC-AUC on the test wallets |",
        "|---|---:|",
        f"| model | {facts['auc']:.3f} ({low:.3f} to {high:.3f}) |",
        f"| formula score | {facts['formula_auc']:.3f} |",
        "| chance | 0.500 |",
        "",
        f"{verdict}: the difference is {facts['auc'] - facts['formula_auc']:+.3f}, 95 % interval "
        f"{facts['gain_interval'][0]:+.3f} to {facts['gain_interval'][1]:+.3f} over wallets. Brier score "
        f"{facts['brier']:.3f}; always saying the share of those who made money has {facts['brier_of_share']:.3f}.",
        "",
        "Candidates, cross-validated over training wallets: "
        + ", ".join(f"{name} {auc:.3f}" for name, auc in trained.candidates.items())
        + ".",
        "",
        "| predicted | wallets | mean predicted | made money |",
        "|---|---:|---:|---:|",
        *(f"| {row[0]} to {row[1]} | {row[2]:,} | {row[3]:.3f} | {row[4]:.3f} |" for row in trained.calibration),
        "",
        "## What it looks at",
        "",
        "What the AUC of the test loses when a feature is shuffled:",
        "",
        "| feature | loss |",
        "|---|---:|",
        *(f"| {name} | {loss:.4f} |" for name, loss in trained.importance[:10]),
        "",
        "## Where it fails",
        "",
        "| category by the rules | wallets | made money | ROC-AUC |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {count:,} | {share:.3f} | {'one outcome only' if auc is None else f'{auc:.3f}'} |"
            for name, count, share, auc in trained.by_category
        ),
        "",
        "It knows what transactions show and nothing else; wallets whose coins have no price look unprofitable; luck "
        "of a few trades looks like skill; a market unlike that of the training is another question (see the drift "
        "check).",
        "",
    ]
    return "\n".join(lines)
