"""Expectations on what detectors wrote: every day scored, every flag justified."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.quality import Expectation
from flow_pipeline.settings import QualitySettings

sql = statements(__package__)

_CHANGED = "block_date >= date '{first_changed_day}'"


def expectations(settings: QualitySettings) -> list[Expectation]:
    """The suite of schema detection."""
    return [
        Expectation(
            "every_exchange_day_is_scored",
            "detection.netflow_scores",
            "detection.netflow_scores has each day of each exchange series, with its netflow",
            sql("detection_unscored_days"),
        ),
        Expectation(
            "every_total_day_is_scored",
            "detection.netflow_scores",
            "detection.netflow_scores has each day of each total series",
            f"select abs((select count(*) from detection.netflow_scores where scope_type = 'total' and {_CHANGED}) "
            f"- (select count(*) from marts.fct_daily_netflow where {_CHANGED}))",
        ),
        Expectation(
            "scores_are_finite",
            "detection.netflow_scores",
            "no score is infinite or not a number",
            f"select count(*) from detection.netflow_scores where {_CHANGED} and not ("
            "isfinite(coalesce(z_trailing, 0)) and isfinite(coalesce(z_robust, 0)) "
            "and isfinite(coalesce(z_inclusive, 0)) and isfinite(coalesce(e_value, 0)))",
        ),
        Expectation(
            "inclusive_scores_keep_their_bound",
            "detection.netflow_scores",
            "|z_inclusive| stays within the root of the window less one",
            f"select count(*) from detection.netflow_scores where {_CHANGED} and abs(z_inclusive) > sqrt(364)",
        ),
        Expectation(
            "anomalies_pass_their_threshold",
            "detection.netflow_anomalies",
            "each anomaly has its e_value under or its |z| at the threshold or above, or a flat baseline and no z",
            "select count(*) from detection.netflow_anomalies where case method when 'flat_baseline' "
            "then baseline_std <> 0 when 'rank' then e_value is null or e_value >= threshold "
            "else zscore is null or abs(zscore) < threshold end",
        ),
        Expectation(
            "anomalies_stand_in_the_scores",
            "detection.netflow_anomalies",
            "each anomaly is a scored day",
            sql("detection_unscored_anomalies"),
        ),
        Expectation(
            "anomalies_have_words",
            "detection.netflow_anomalies",
            "direction and severity are words of their lists",
            "select count(*) from detection.netflow_anomalies "
            "where direction not in ('high', 'low') or severity not in ('MEDIUM', 'HIGH', 'CRITICAL')",
        ),
        Expectation(
            "surges_pass_their_rule",
            "detection.outflow_surges",
            "each surge exceeds the surge amount or is rarer than the threshold",
            "select count(*) from detection.outflow_surges "
            "where not (coalesce(excess >= surge_amount, false) or coalesce(e_value < threshold, false))",
        ),
        Expectation(
            "daily_findings_have_words",
            "detection.daily_findings",
            "direction and severity are words of their lists, and each daily finding has its reason",
            "select count(*) from detection.daily_findings where (direction in ('high', 'low') "
            "and severity in ('MEDIUM', 'HIGH', 'CRITICAL') and reason is not null) is not true",
        ),
        Expectation(
            "findings_list_their_transfers",
            "detection.finding_transfers",
            "each finding has as many transfers and addresses as it says",
            sql("detection_finding_counts"),
        ),
        Expectation(
            "findings_are_known_once",
            "detection.findings",
            "no finding_id stands twice, and none names a typology that did not run",
            "select count(*) - count(distinct finding_id) "
            "+ count(*) filter (where typology not in (select typology from ops.detections)) from detection.findings "
            f"where finding_id in (select finding_id from detection.findings where {_CHANGED})",
        ),
        Expectation(
            "moved_is_within_gross",
            "detection.findings",
            "the coins that moved are above zero and not more than the sum over the hops",
            f"select count(*) from detection.findings where {_CHANGED} "
            "and (moved_amount <= 0 or moved_amount > gross_amount or moved_amount is null)",
        ),
        Expectation(
            "finding_times_span_their_transfers",
            "detection.findings",
            "first and last time are those of the transfers",
            sql("detection_finding_times"),
        ),
        Expectation(
            "suspicious_addresses_carry_risk",
            "detection.risk_components",
            "each address of a suspicious finding has its component, services and hubs excepted",
            sql("detection_addresses_without_risk"),
        ),
        Expectation(
            "risk_follows_from_its_components",
            "detection.address_risk",
            "each score is the formula of its active components, and no address has risk without one",
            sql("detection_risk_formula"),
        ),
        Expectation(
            "cluster_figures_hold_together",
            "detection.cluster_analysis",
            "shares lie in [0, 1], and a graph of n addresses has as many parts and pairs as n allows",
            sql("detection_cluster_figures"),
        ),
        Expectation(
            "flows_list_their_transfers",
            "detection.group_flow_transfers",
            "each group flow of the days that changed has as many transfers as hops, the first from its source group "
            "and the last into its destination, in order",
            sql("detection_flow_transfers"),
        ),
        Expectation(
            "flows_stay_within_their_limits",
            "detection.group_flows",
            "amounts are above zero and confidence lies in (0, 1]",
            "select count(*) from detection.group_flows "
            f"where {_CHANGED} and not (amount > 0 and confidence > 0 and confidence <= 1)",
        ),
        Expectation(
            "flow_summaries_add_up",
            "detection.group_flow_summaries",
            "each summary is the sum and the count of its flows, and its risk lies in [0, 1]",
            sql("detection_flow_summaries"),
        ),
        Expectation(
            "clusters_balance",
            "marts.fct_entity_clusters",
            "what an entity gained is what came in less what went out, and every address is an entity's for some time",
            sql("detection_cluster_balances"),
        ),
        Expectation(
            "trades_make_sense",
            "marts.fct_wallet_trades",
            "a trade gives and gets something, covers at most what it gives, claims profit only where it has a "
            "value, and leaves no negative position",
            sql("detection_trades"),
        ),
        Expectation(
            "mev_events_hold_together",
            "detection.mev_events",
            "a sandwich has two transactions and a victim, the others have one transaction; no transaction of a "
            "wallet is its own victim",
            sql("detection_mev_events"),
        ),
        Expectation(
            "wallet_features_stay_in_their_bounds",
            "store.wallet_features",
            "no window of a wallet has more successes, wins, priced or labelled rows than rows, or more active days "
            "than days",
            sql("detection_wallet_features"),
        ),
        Expectation(
            "smart_money_scores_add_up",
            "detection.smart_money_wallets",
            "each score is the sum of its parts less what came back, and lies within its interval and in [0, 1]",
            sql("detection_smart_money_scores"),
        ),
        Expectation(
            "flows_are_complete",
            "detection.group_flows",
            "no flow was pruned by the bounds of the settings",
            "select coalesce(sum(pruned), 0) from ops.flow_days",
            "warning",
        ),
        Expectation(
            "flow_lines_are_complete",
            "detection.active_flows",
            "no line of money without a flow was dropped by the bounds of the settings",
            "select coalesce(sum(dropped), 0) from ops.flow_days",
            "warning",
        ),
        Expectation(
            "kept_hashes_are_those_of_rows",
            "detection.findings",
            "where every day is audited, the content hashes that writers kept are those of the rows",
            "select {wrong_hashes}",
            "warning",
        ),
        Expectation(
            "findings_are_complete",
            "detection.findings",
            "no typology found more than it kept",
            "select count(*) from ops.detections where is_truncated",
            "warning",
        ),
    ]
