"""Versions of the smart-money model in a local MLflow registry (SQLite), and the one in production."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sqlite3
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.scoring.profit_model import NEEDS, Trained, card, matrix

MODEL = "smart_money"
PRODUCTION = "production"
"""Alias of the version that scores."""


@dataclass(frozen=True)
class Production:
    """The version in production.

    Attributes:
        version: Its number in the registry.
        predict: Probability per row of marts.fct_wallet_features.
        reference: How its features were distributed in training.
    """

    version: str
    predict: Callable[[pa.Table], np.ndarray]
    reference: dict[str, dict[str, list[float]]]


def register(trained: Trained, folder: Path) -> tuple[str, str]:
    """Keep a model as a new version with its card; it goes into production when it beats the formula.

    Args:
        trained: The model.
        folder: Where the registry is, `<data dir>/models`.

    Returns:
        Version and card.
    """
    mlflow = _mlflow(folder)
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(MODEL)
    number = (
        experiment.experiment_id
        if experiment
        else client.create_experiment(MODEL, artifact_location=(folder.resolve() / "artifacts").as_uri())
    )
    with mlflow.start_run(experiment_id=number):
        mlflow.log_params(
            {
                "chosen": trained.name,
                **{name: value for name, value in trained.facts.items() if isinstance(value, int | str)},
            }
        )
        mlflow.log_metrics(
            {"auc": trained.facts["auc"], "formula_auc": trained.facts["formula_auc"], "brier": trained.facts["brier"]}
        )
        mlflow.log_metrics({f"cv_auc_{name.replace(' ', '_')}": auc for name, auc in trained.candidates.items()})
        with contextlib.redirect_stderr(io.StringIO()):  # it tells the terminal what the caller tells
            info = mlflow.sklearn.log_model(
                trained.estimator,
                name="model",
                registered_model_name=MODEL,
                serialization_format="skops",
                skops_trusted_types=_untrusted(trained.estimator),
                pip_requirements=["scikit-learn"],
            )
        version = str(info.registered_model_version)
    text = card(trained, version)
    client.set_model_version_tag(MODEL, version, "reference", json.dumps(trained.reference))
    client.set_model_version_tag(MODEL, version, "card", text)
    if trained.facts["beats_formula"]:
        client.set_registered_model_alias(MODEL, PRODUCTION, version)
    return version, text


def production(folder: Path) -> Production | None:
    """The version in production, None without one.

    Raises:
        FlowError: there is one and it can not be loaded.
    """
    if not (folder / "mlflow.db").is_file():
        return None
    mlflow = _mlflow(folder)
    try:
        version = mlflow.MlflowClient().get_model_version_by_alias(MODEL, PRODUCTION)
    except mlflow.MlflowException:
        return None
    try:
        model = mlflow.sklearn.load_model(f"models:/{MODEL}@{PRODUCTION}")
        reference = json.loads(version.tags["reference"])
    except Exception as error:
        raise FlowError(
            f"version {version.version} of the smart-money model can not be loaded ({type(error).__name__})",
            "train another with `netraflow model train`; wallets are scored by the formula meanwhile",
        ) from None

    def predict(features: pa.Table) -> np.ndarray:
        predicted = np.asarray(model.predict_proba(matrix(features))[:, 1]) if len(features) else np.zeros(0)
        # it was trained on wallets that trade; who does not, makes nothing by it
        return np.where(matrix(features, ("trade_count", "mev_tx_count")).sum(axis=1) > 0, predicted, 0.0)

    return Production(str(version.version), predict, reference)


def registry_trouble(folder: Path) -> FlowError | None:
    """Why the registry can not be read, None when it can or there is none."""
    path = folder / "mlflow.db"
    if not path.is_file():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("pragma integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        found = str(error)
    if found == "ok":
        return None
    return FlowError(
        f"the registry of models {path} is damaged: {found}",
        "restore the folder from a backup, or move it away: the formula ranks until a model is trained",
    )


def versions(folder: Path) -> list[dict[str, Any]]:
    """Every version, the latest first: version, made_at, chosen, auc, formula_auc, in_production, card."""
    if not (folder / "mlflow.db").is_file():
        return []
    client = _mlflow(folder).MlflowClient()
    rows = []
    in_production = client.get_registered_model(MODEL).aliases.get(PRODUCTION)
    for version in client.search_model_versions(f"name = '{MODEL}'"):
        run = client.get_run(version.run_id).data
        rows.append(
            {
                "version": int(version.version),
                "made_at": version.creation_timestamp,
                "chosen": run.params["chosen"],
                "auc": run.metrics["auc"],
                "formula_auc": run.metrics["formula_auc"],
                "in_production": str(version.version) == str(in_production),
                "card": version.tags["card"],
            }
        )
    return sorted(rows, key=lambda row: -row["version"])


def _untrusted(estimator: Any) -> list[str]:
    """Types of the model that skops does not know; they come from scikit-learn itself, out of this process."""
    import skops.io

    return [
        name
        for name in skops.io.get_untrusted_types(data=skops.io.dumps(estimator))
        if name.startswith(("sklearn.", "numpy.", "scipy.", "builtins."))
    ]


def _mlflow(folder: Path) -> Any:
    # Nothing is sent anywhere, and nothing is guessed about the caller's project.
    os.environ.update({"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"})
    try:
        import sklearn  # noqa: F401

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of its own classes while it is imported
            import mlflow
            import mlflow.pyfunc
            import mlflow.sklearn
    except ImportError:
        raise FlowError(NEEDS, "the formula scores without it") from None
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    uri = f"sqlite:///{folder.resolve() / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return mlflow
