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
        Expectation(
            "findings_list_their_transfers",
            "each finding has as many transfers and addresses as it says",
            "SELECT count(*) FROM detection.findings f "
            "LEFT JOIN (SELECT finding_id, count(*) AS n FROM detection.finding_transfers GROUP BY finding_id) t USING (finding_id) "
            "LEFT JOIN (SELECT finding_id, count(*) AS n FROM detection.finding_addresses GROUP BY finding_id) a USING (finding_id) "
            "WHERE f.transfer_count IS DISTINCT FROM t.n OR f.address_count IS DISTINCT FROM a.n",
        ),
        Expectation(
            "findings_are_known_once",
            "no finding_id stands twice, and none names a typology that did not run",
            "SELECT count(*) - count(DISTINCT finding_id) + count(*) FILTER (WHERE typology NOT IN (SELECT typology FROM ops.detections)) FROM detection.findings",
        ),
        Expectation(
            "moved_is_within_gross",
            "the coins that moved are above zero and not more than the sum over the hops",
            "SELECT count(*) FROM detection.findings WHERE moved_amount <= 0 OR moved_amount > gross_amount OR moved_amount IS NULL",
        ),
        Expectation(
            "finding_times_span_their_transfers",
            "first and last time are those of the transfers",
            "SELECT count(*) FROM detection.findings f JOIN (SELECT finding_id, min(block_timestamp) AS a, max(block_timestamp) AS b FROM detection.finding_transfers "
            "GROUP BY finding_id) t USING (finding_id) WHERE f.first_timestamp <> t.a OR f.last_timestamp <> t.b",
        ),
        Expectation(
            "suspicious_addresses_carry_risk",
            "each address of a suspicious finding has its component, services and hubs excepted",
            "SELECT count(*) FROM detection.finding_addresses a JOIN detection.findings f USING (finding_id) "
            "ANTI JOIN detection.risk_components c ON c.finding_id = a.finding_id AND c.address = a.address WHERE f.is_suspicious AND NOT a.is_terminal",
        ),
        Expectation(
            "risk_follows_from_its_components",
            "each score is the formula of its active components, and no address has risk without one",
            "SELECT count(*) FROM detection.address_risk r FULL JOIN (SELECT chain, address, sum(score * weight * confidence) AS raw FROM detection.risk_components WHERE is_active "
            "GROUP BY ALL) c ON c.chain = r.chain AND c.address = r.address WHERE abs(r.raw_score - c.raw) > 1e-9 OR r.raw_score IS NULL OR c.raw IS NULL "
            "OR abs(r.score - 1 / (1 + exp(-5 * (r.raw_score - 0.5)))) > 1e-9",
        ),
        Expectation(
            "cluster_figures_hold_together",
            "shares lie in [0, 1], and a graph of n addresses has as many parts and pairs as n allows",
            "SELECT count(*) FROM detection.cluster_analysis WHERE NOT (density BETWEEN 0 AND 1 AND clustering BETWEEN 0 AND 1 AND in_degree_gini BETWEEN 0 AND 1 "
            "AND out_degree_gini BETWEEN 0 AND 1 AND flow_gini BETWEEN 0 AND 1 AND weak_components <= strong_components AND strong_components <= node_count "
            "AND edge_count <= transfer_count AND address_count <= node_count AND diameter < node_count)",
        ),
        Expectation(
            "flows_list_their_transfers",
            "each group flow of the days that changed has as many transfers as hops, the first from its source group and the last into its destination, in order",
            "WITH fresh AS (FROM detection.group_flows WHERE block_date >= (SELECT min(block_date) FROM store.dirty_days)) "
            "SELECT count(*) FROM fresh f LEFT JOIN (SELECT flow_id, count(*) AS n, arg_min(from_address, hop) AS a, arg_max(to_address, hop) AS b, "
            "min(block_timestamp) AS first, max(block_timestamp) AS last FROM detection.group_flow_transfers WHERE flow_id IN (SELECT flow_id FROM fresh) GROUP BY flow_id) t USING (flow_id) "
            "WHERE t.n IS DISTINCT FROM f.hop_count OR t.a <> f.source_address OR t.b <> f.destination_address OR t.first <> f.started_at OR t.last <> f.completed_at "
            "OR f.source_group = f.destination_group OR f.completed_at < f.started_at OR len(f.path) <> f.hop_count + 1",
        ),
        Expectation(
            "flows_stay_within_their_limits",
            "amounts are above zero and confidence lies in (0, 1]",
            "SELECT count(*) FROM detection.group_flows WHERE NOT (amount > 0 AND confidence > 0 AND confidence <= 1)",
        ),
        Expectation(
            "flow_summaries_add_up",
            "each summary is the sum and the count of its flows, and its risk lies in [0, 1]",
            "SELECT count(*) FROM detection.group_flow_summaries s LEFT JOIN (SELECT source_group, destination_group, chain, coalesce(token_address, token_symbol) AS token, "
            "sum(amount) AS total, count(*) AS n FROM detection.group_flows GROUP BY ALL) f ON f.source_group = s.source_group AND f.destination_group = s.destination_group "
            "AND f.chain = s.chain AND f.token IS NOT DISTINCT FROM coalesce(s.token_address, s.token_symbol) "
            "WHERE f.total IS DISTINCT FROM s.total_amount OR f.n IS DISTINCT FROM s.flow_count OR s.risk_score NOT BETWEEN 0 AND 1",
        ),
        Expectation(
            "clusters_balance",
            "what an entity gained is what came in less what went out, and every address is an entity's for some time",
            "SELECT (SELECT count(*) FROM marts.fct_entity_clusters WHERE netflow <> inflow - outflow OR inflow < 0 OR outflow < 0 OR deposit_address_count > address_count) "
            "+ (SELECT count(*) FROM detection.address_clusters WHERE known_to <= known_from)",
        ),
        Expectation(
            "trades_make_sense",
            "a trade gives and gets something, covers at most what it gives, claims profit only where it has a value, and leaves no negative position",
            "SELECT count(*) FROM marts.fct_wallet_trades WHERE NOT (gave_amount > 0 AND got_amount > 0) OR covered_share NOT BETWEEN 0 AND 1 "
            "OR (realised_usd IS NOT NULL AND (value_usd IS NULL OR covered_share = 0)) OR least(gave_position_amount, got_position_amount, gave_position_usd, got_position_usd) < -1e-6",
        ),
        Expectation(
            "mev_events_hold_together",
            "a sandwich has two transactions and a victim, the others have one transaction; no transaction of a wallet is its own victim",
            "SELECT count(*) FROM detection.mev_events WHERE (kind = 'sandwich') <> (len(victim_tx_hashes) > 0) OR len(tx_hashes) <> CASE kind WHEN 'sandwich' THEN 2 ELSE 1 END "
            "OR len(list_intersect(tx_hashes, victim_tx_hashes)) > 0 OR (kind = 'arbitrage' AND (gain_amount <= 0 OR len(pools) < 2))",
        ),
        Expectation(
            "wallet_features_stay_in_their_bounds",
            "no window of a wallet has more successes, wins, priced or labelled rows than rows, or more active days than days",
            "SELECT count(*) FROM store.wallet_features WHERE active_days NOT BETWEEN 1 AND window_days OR success_count > status_count OR status_count > tx_count OR defi_count > tx_count "
            "OR weekday_count > tx_count OR gas_over_count > gas_count OR gas_saved > gas_count + 1e-3 OR priced_count > sent_count OR won_count > closed_count OR good_days > trade_days OR age_days < 1 "
            "OR called_count > recipient_count OR NOT isfinite(volume_usd + realised_usd + gas_usd + mev_usd + held_seconds + hour_cos + hour_sin + gas_ratio)",
        ),
        Expectation(
            "smart_money_scores_add_up",
            "each score is the sum of its parts less what came back, and lies within its interval and in [0, 1]",
            "SELECT count(*) FROM detection.smart_money_wallets WHERE abs(formula_score - (1 - coalesce(round_trip_share, 0)) * (volume_part + profit_consistency_part + activity_part "
            "+ gas_efficiency_part + diversity_part + mev_part)) > 1e-9 OR formula_score NOT BETWEEN 0 AND 1 OR score NOT BETWEEN 0 AND 1 OR score_low > formula_score + 1e-9 "
            "OR score_high < formula_score - 1e-9 OR confidence NOT BETWEEN 0 AND 1",
        ),
        Expectation(
            "flows_are_complete",
            "no flow was pruned by the bounds of the settings",
            "SELECT coalesce(sum(pruned), 0) FROM ops.flow_days",
            "warning",
        ),
        Expectation(
            "findings_are_complete",
            "no typology found more than it kept",
            "SELECT count(*) FROM ops.detections WHERE is_truncated",
            "warning",
        ),
    ]
