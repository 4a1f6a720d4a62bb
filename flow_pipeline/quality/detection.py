"""Expectations on what detectors wrote: every day scored, every flag justified."""

from __future__ import annotations

from flow_pipeline.quality import Expectation
from flow_pipeline.settings import QualitySettings


def expectations(settings: QualitySettings) -> list[Expectation]:
    """The suite of schema detection."""
    return [
        Expectation(
            "every_exchange_day_is_scored",
            "detection.netflow_scores has each day of each exchange series, with its netflow",
            "SELECT abs((SELECT count(*) FROM detection.netflow_scores WHERE scope_type = 'exchange') - (SELECT count(*) FROM marts.fct_daily_exchange_netflow)) "
            "+ (SELECT count(*) FROM detection.netflow_scores s ANTI JOIN marts.fct_daily_exchange_netflow e ON e.block_date = s.block_date AND e.exchange = s.scope "
            "AND e.chain = s.chain AND e.netflow = s.netflow WHERE s.scope_type = 'exchange')",
        ),
        Expectation(
            "every_total_day_is_scored",
            "detection.netflow_scores has each day of each total series",
            "SELECT abs((SELECT count(*) FROM detection.netflow_scores WHERE scope_type = 'total') - (SELECT count(*) FROM marts.fct_daily_netflow))",
        ),
        Expectation(
            "scores_are_finite",
            "no score is infinite or not a number",
            "SELECT count(*) FROM detection.netflow_scores WHERE NOT (isfinite(coalesce(z_trailing, 0)) AND isfinite(coalesce(z_robust, 0)) AND isfinite(coalesce(z_inclusive, 0)))",
        ),
        Expectation(
            "inclusive_scores_keep_their_bound",
            "|z_inclusive| stays within the root of the window less one",
            "SELECT count(*) FROM detection.netflow_scores WHERE abs(z_inclusive) > sqrt(364)",
        ),
        Expectation(
            "anomalies_pass_their_threshold",
            "each anomaly has |z| at its threshold or above, or a flat baseline and no z",
            "SELECT count(*) FROM detection.netflow_anomalies WHERE CASE WHEN method = 'flat_baseline' THEN baseline_std <> 0 ELSE zscore IS NULL OR abs(zscore) < threshold END",
        ),
        Expectation(
            "anomalies_stand_in_the_scores",
            "each anomaly is a scored day of an exchange or of the total",
            "SELECT count(*) FROM detection.netflow_anomalies a ANTI JOIN detection.netflow_scores s ON s.block_date = a.block_date AND s.chain = a.chain AND s.scope = a.scope "
            "AND s.token_symbol IS NOT DISTINCT FROM a.token_symbol AND s.token_address IS NOT DISTINCT FROM a.token_address AND s.netflow = a.netflow",
        ),
        Expectation(
            "anomalies_have_words",
            "direction and severity are words of their lists",
            "SELECT count(*) FROM detection.netflow_anomalies WHERE direction NOT IN ('high', 'low') OR severity NOT IN ('MEDIUM', 'HIGH', 'CRITICAL')",
        ),
        Expectation(
            "surges_pass_their_rule",
            "each surge exceeds the surge amount or the z threshold",
            "SELECT count(*) FROM detection.outflow_surges WHERE NOT (coalesce(excess >= surge_amount, false) OR coalesce(zscore >= threshold, false))",
        ),
    ]
