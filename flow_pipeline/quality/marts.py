"""Expectations on the marts: money is conserved exactly, calendars are complete."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.vocabulary import FLOW_TYPES
from flow_pipeline.quality import Expectation
from flow_pipeline.settings import QualitySettings

sql = statements(__package__)

_TYPES = ", ".join(f"'{name}'" for name in FLOW_TYPES)
_TOKEN = "chain, token_symbol, token_address"


def expectations(settings: QualitySettings) -> list[Expectation]:
    """The suite of schema marts."""
    return [
        Expectation(
            "gross_flow_is_conserved",
            "intermediate.int_flows__daily",
            "gross in = gross out = Σ amount, per day and token, exactly",
            sql("marts_gross_flows"),
        ),
        Expectation(
            "signed_legs_sum_to_zero",
            "intermediate.int_flows__daily",
            "the signed legs of all entities, the unlabelled one included, sum to zero per day and token",
            sql("marts_signed_legs"),
        ),
        Expectation(
            "exchanges_sum_to_the_total",
            "marts.fct_daily_netflow",
            "Σ over exchanges of netflow = total netflow, per day and token",
            sql("marts_exchange_sums"),
        ),
        Expectation(
            "wallets_sum_to_their_exchange",
            "marts.fct_daily_wallet_netflow",
            "Σ over the wallets of an exchange of netflow = netflow of the exchange, per day and token",
            sql("marts_wallet_sums"),
        ),
        Expectation(
            "regions_sum_to_the_volume",
            "marts.fct_daily_region_flow",
            "Σ over region pairs = Σ amount without self-transfers, per day and token",
            sql("marts_region_sums"),
        ),
        Expectation(
            "destinations_sum_to_the_volume",
            "marts.fct_daily_destinations",
            "Σ over receiving addresses = Σ amount without self-transfers, on the last day built",
            sql("marts_destination_sums", last_day="{last_day}"),
        ),
        Expectation(
            "transfers_keep_their_number",
            "marts.fct_transfers",
            "each stored transfer of the last day built is one row of fct_transfers",
            "select abs((select count(*) from store.transfers where block_date = date '{last_day}') "
            "- (select count(*) from marts.fct_transfers where block_date = date '{last_day}'))",
        ),
        Expectation(
            "flow_types_are_known",
            "intermediate.int_flows__daily",
            "each flow has a type of the closed list",
            f"select count(*) from intermediate.int_flows__daily where flow_type not in ({_TYPES})",
        ),
        Expectation(
            "exchange_calendar_is_complete",
            "marts.fct_daily_exchange_netflow",
            "each exchange series that is to have every day has it, to the last day built",
            sql("marts_calendar_gaps", mart="marts.fct_daily_exchange_netflow", series=f"{_TOKEN}, exchange"),
        ),
        Expectation(
            "wallet_calendar_is_complete",
            "marts.fct_daily_wallet_netflow",
            "each wallet series that is to have every day has it, to the last day built",
            sql("marts_calendar_gaps", mart="marts.fct_daily_wallet_netflow", series=f"{_TOKEN}, wallet, exchange"),
        ),
        Expectation(
            "total_calendar_is_complete",
            "marts.fct_daily_netflow",
            "each total series that is to have every day has it, to the last day built",
            sql("marts_calendar_gaps", mart="marts.fct_daily_netflow", series=_TOKEN),
        ),
        Expectation(
            "tokens_are_summable",
            "marts.dim_tokens",
            "no token's amounts leave DECIMAL(38, 18) when summed",
            "select count(*) from marts.dim_tokens where not is_summable",
            "warning",
        ),
    ]
