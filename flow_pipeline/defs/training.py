"""The smart-money model: trained weekly on what is published; a change of what is in production ranks wallets anew."""

import dagster as dg

from flow_pipeline.defs.common import OWNERS, POOL, settings
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.pipeline.training import replaced_scorer, score_again, train_model


@dg.asset(
    key=["models", "smart_money"],
    description="One version per training: who will make money in the next 30 days; "
    "in production when it beats the formula.",
    group_name="models",
    kinds={"scikitlearn", "mlflow"},
    owners=OWNERS,
    deps=[dg.AssetKey(["ops", "publications"])],
    pool=POOL,
)
def smart_money_model(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Trains, registers, and shows the card; too little data or no scikit-learn is no failure: the formula goes on."""
    try:
        found = train_model(settings())
    except FlowError as error:
        context.log.warning(f"{error.message}; {error.hint}")
        return dg.MaterializeResult(metadata={"no model": dg.MetadataValue.text(error.message)})
    facts = found.trained.facts
    return dg.MaterializeResult(
        metadata={
            "version": found.version,
            "auc": facts["auc"],
            "formula auc": facts["formula_auc"],
            "in production": facts["beats_formula"],
            "card": dg.MetadataValue.md(found.card),
        }
    )


@dg.op(pool=POOL)
def rank_wallets_again(context: dg.OpExecutionContext) -> None:
    """Rank the wallets by what is in production, audit, publish."""
    result = score_again(settings())
    context.log.info(f"published {result.run_id}" if result else "nothing is published yet")


@dg.job(
    executor_def=dg.in_process_executor, description="Ranks the wallets anew by the model in production, and publishes."
)
def smart_money_scoring() -> None:
    """One step."""
    rank_wallets_again()


training = dg.define_asset_job(
    "smart_money_training",
    selection=[smart_money_model],
    executor_def=dg.in_process_executor,
    description="Trains the smart-money model.",
)

weekly_training = dg.ScheduleDefinition(
    name="smart_money_training_schedule",
    job=training,
    cron_schedule="0 6 * * 1",
    description="Mondays, after the daily run of Sunday.",
)


@dg.sensor(
    job=smart_money_scoring,
    minimum_interval_seconds=3_600,
    description="Scores again, at most hourly, when what is published was ranked by something else "
    "than what is in production.",
)
def scoring() -> dg.RunRequest | dg.SkipReason:
    """New data is scored by its own run; what is left is a version that came, went, or can be loaded or not since."""
    before = replaced_scorer(settings())
    return dg.RunRequest() if before else dg.SkipReason("what is published was ranked by what is in production")
