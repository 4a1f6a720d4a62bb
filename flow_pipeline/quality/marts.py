"""Expectations on the marts: money is conserved exactly, calendars are complete."""

from __future__ import annotations

from flow_pipeline.domain.vocabulary import FLOW_TYPES
from flow_pipeline.quality import Expectation
from flow_pipeline.settings import QualitySettings

_TYPES = ", ".join(f"'{name}'" for name in FLOW_TYPES)
_TOKEN = "block_date, chain, token_symbol, token_address"
_NAMES = "intermediate.int_tokens__keys"


def _complete(table: str, series: str) -> str:
    return (
        f"SELECT count(*) FROM (SELECT count(*) AS n, min(block_date) AS first, max(block_date) AS last FROM marts.{table} GROUP BY {series}) "
        "WHERE n <> last - first + 1 OR last <> (SELECT max(value)::DATE FROM store.state WHERE key = 'last_day')"
    )


def expectations(settings: QualitySettings) -> list[Expectation]:
    """The suite of schema marts."""
    return [
        Expectation(
            "gross_flow_is_conserved",
            "gross in = gross out = Σ amount, per day and token, exactly",
            """
            SELECT count(*) FROM (
                SELECT block_date, token_key, coalesce(sum(amount), 0) AS amount FROM intermediate.int_transfers__keyed
                WHERE block_date IN (FROM store.dirty_days) GROUP BY ALL) t
            FULL JOIN (SELECT block_date, token_key, sum(amount) AS amount FROM intermediate.int_flows__daily
                WHERE block_date IN (FROM store.dirty_days) GROUP BY ALL) f USING (block_date, token_key)
            WHERE t.amount IS DISTINCT FROM f.amount""",
        ),
        Expectation(
            "signed_legs_sum_to_zero",
            "the signed legs of all entities, the unlabelled one included, sum to zero per day and token",
            """
            SELECT count(*) FROM (SELECT block_date, token_key, sum(leg) AS rest FROM (
                SELECT block_date, token_key, to_entity AS entity, sum(amount) AS leg FROM intermediate.int_flows__daily GROUP BY ALL
                UNION ALL SELECT block_date, token_key, from_entity, -sum(amount) FROM intermediate.int_flows__daily GROUP BY ALL) GROUP BY ALL)
            WHERE rest <> 0""",
        ),
        Expectation(
            "exchanges_sum_to_the_total",
            "Σ over exchanges of netflow = total netflow, per day and token",
            f"""
            SELECT count(*) FROM (SELECT {_TOKEN}, sum(netflow) AS netflow FROM marts.fct_daily_exchange_netflow GROUP BY ALL) e
            FULL JOIN marts.fct_daily_netflow t ON e.block_date = t.block_date AND e.chain = t.chain
                AND e.token_symbol IS NOT DISTINCT FROM t.token_symbol AND e.token_address IS NOT DISTINCT FROM t.token_address
            WHERE e.netflow IS DISTINCT FROM t.netflow""",
        ),
        Expectation(
            "wallets_sum_to_their_exchange",
            "Σ over the wallets of an exchange of netflow = netflow of the exchange, per day and token",
            f"""
            SELECT count(*) FROM (SELECT {_TOKEN}, exchange, sum(netflow) AS netflow FROM marts.fct_daily_wallet_netflow GROUP BY ALL) w
            FULL JOIN marts.fct_daily_exchange_netflow e ON w.block_date = e.block_date AND w.chain = e.chain AND w.exchange = e.exchange
                AND w.token_symbol IS NOT DISTINCT FROM e.token_symbol AND w.token_address IS NOT DISTINCT FROM e.token_address
            WHERE coalesce(w.netflow, 0) <> coalesce(e.netflow, 0)""",
        ),
        Expectation(
            "regions_sum_to_the_volume",
            "Σ over region pairs = Σ amount without self-transfers, per day and token",
            f"""
            SELECT count(*) FROM (SELECT {_TOKEN}, sum(amount) AS amount FROM marts.fct_daily_region_flow GROUP BY ALL) r
            FULL JOIN (SELECT {_TOKEN}, sum(amount) AS amount FROM intermediate.int_flows__daily JOIN {_NAMES} USING (token_key) WHERE flow_type <> 'self' GROUP BY ALL) f
                ON r.block_date = f.block_date AND r.chain = f.chain
                AND r.token_symbol IS NOT DISTINCT FROM f.token_symbol AND r.token_address IS NOT DISTINCT FROM f.token_address
            WHERE coalesce(r.amount, 0) <> coalesce(f.amount, 0)""",
        ),
        Expectation(
            "destinations_sum_to_the_volume",
            "Σ over receiving addresses = Σ amount without self-transfers, on the last day built",
            f"""
            SELECT count(*) FROM (SELECT chain, token_symbol, token_address, sum(amount) AS amount FROM marts.fct_daily_destinations
                                  WHERE block_date = DATE '{{last_day}}' GROUP BY ALL) d
            FULL JOIN (SELECT chain, token_symbol, token_address, sum(amount) AS amount FROM intermediate.int_flows__daily JOIN {_NAMES} USING (token_key)
                       WHERE flow_type <> 'self' AND block_date = DATE '{{last_day}}' GROUP BY ALL) f
                ON d.chain = f.chain AND d.token_symbol IS NOT DISTINCT FROM f.token_symbol AND d.token_address IS NOT DISTINCT FROM f.token_address
            WHERE coalesce(d.amount, 0) <> coalesce(f.amount, 0)""",
        ),
        Expectation(
            "transfers_keep_their_number",
            "each stored transfer of the last day built is one row of fct_transfers",
            "SELECT abs((SELECT count(*) FROM store.transfers WHERE block_date = DATE '{last_day}') - (SELECT count(*) FROM marts.fct_transfers WHERE block_date = DATE '{last_day}'))",
        ),
        Expectation(
            "flow_types_are_known",
            "each flow has a type of the closed list",
            f"SELECT count(*) FROM intermediate.int_flows__daily WHERE flow_type NOT IN ({_TYPES})",
        ),
        Expectation(
            "exchange_calendar_is_complete",
            "each exchange series has every day to the last day built",
            _complete("fct_daily_exchange_netflow", "chain, token_symbol, token_address, exchange"),
        ),
        Expectation(
            "wallet_calendar_is_complete",
            "each wallet series has every day to the last day built",
            _complete("fct_daily_wallet_netflow", "chain, token_symbol, token_address, wallet, exchange"),
        ),
        Expectation(
            "total_calendar_is_complete",
            "each total series has every day to the last day built",
            _complete("fct_daily_netflow", "chain, token_symbol, token_address"),
        ),
        Expectation(
            "tokens_are_summable",
            "no token's amounts leave DECIMAL(38, 18) when summed",
            "SELECT count(*) FROM marts.dim_tokens WHERE NOT is_summable",
            "warning",
        ),
    ]
