"""Tables that Python writes: names, columns, types, meaning. dbt's own tables are described in dbt_project.

`store` is the physical layer: narrow rows with integer address and token ids. `raw`, `detection` and `ops` are what
users query. The data dictionary and the contract tests are generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from flow_pipeline.domain.sql import statements

AMOUNT = "DECIMAL(38, 18)"
USD = "DECIMAL(38, 6)"

sql = statements(__package__)


@dataclass(frozen=True)
class Column:
    """A column: name, DuckDB type, meaning."""

    name: str
    type: str
    meaning: str


_KEPT = {
    *(f"store.{name}" for name in ("transfers", "addresses", "tokens", "token_decimals", "prices")),
    *(f"store.{name}" for name in ("dirty_days", "reopened", "told_days", "state")),
    *(f"raw.{name}" for name in ("transactions", "rejects", "wallet_reports", "labels", "loads")),
    *(f"ops.{name}" for name in ("audits", "publications", "restatements")),
}
"""What loading wrote and what runs have recorded: a build of all days does not write it again."""


@dataclass(frozen=True)
class Table:
    """A table: schema, name, "One row per …" and its columns; `view` names its statement when it is a view."""

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    view: str | None = None

    @property
    def relation(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"

    @property
    def is_rewritten(self) -> bool:
        """True when a build of all days writes every row anew, so that a version with other columns can start over."""
        return self.relation not in _KEPT

    @property
    def ddl(self) -> str:
        """CREATE statement that does nothing when the table exists."""
        if self.view:
            return f"create or replace view {self.relation} as\n{sql(self.view)}"
        columns = ", ".join(f"{column.name} {column.type}" for column in self.columns)
        return f"create table if not exists {self.relation} ({columns})"


def _columns(*lines: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*line) for line in lines)


STORE_TRANSFERS = Table(
    "store",
    "transfers",
    "One row per accepted transfer, with integer ids instead of text: what models and detectors read.",
    _columns(
        ("load_id", "INTEGER", "the load that brought the row, raw.loads.load_id"),
        ("source_row", "BIGINT", "1-based data row in the source file"),
        ("block_number", "BIGINT", "block height, NULL where the source has none"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("block_date", "DATE", "UTC day of block_timestamp"),
        ("tx_hash", "VARCHAR", "transaction hash, lower case on EVM chains, NULL where the source has none"),
        ("transfer_index", "BIGINT", "log or output index, NULL where the source gives none"),
        ("token_id", "INTEGER", "store.tokens.token_id"),
        ("from_id", "INTEGER", "sender, store.addresses.address_id"),
        ("to_id", "INTEGER", "receiver, store.addresses.address_id"),
        ("amount", AMOUNT, "token units, exact; NULL where the source gave no value"),
        ("amount_usd", USD, "US dollars as the source gave them, NULL otherwise"),
        (
            "is_edge",
            "BOOLEAN",
            "a known amount above zero went to another address: what detectors look at, without reading the amounts",
        ),
    ),
)
STORE_ADDRESSES = Table(
    "store",
    "addresses",
    "One row per address text ever loaded.",
    _columns(
        ("address_id", "INTEGER", "dense id, given in order of arrival"),
        ("address", "VARCHAR", "the address, lower case on EVM chains"),
    ),
)
STORE_TOKENS = Table(
    "store",
    "tokens",
    "One row per spelling of a token: chain, address and symbol as a source wrote them.",
    _columns(
        ("token_id", "INTEGER", "dense id, given in order of arrival"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_address", "VARCHAR", "token contract, NULL for a native coin or a source without it"),
        ("token_symbol", "VARCHAR", "symbol as the source wrote it"),
    ),
)
STORE_TOKEN_DAYS = Table(
    "store",
    "token_days",
    "One row per day and spelling of a token with transfers that day: their count and an upper bound of their sum.",
    _columns(
        ("token_id", "INTEGER", "store.tokens.token_id"),
        ("block_date", "DATE", "UTC day"),
        ("transfer_count", "BIGINT", "transfers of the day"),
        ("amount_bound", "DOUBLE", "not less than the sum of their amounts, token units"),
    ),
)
STORE_DIRTY_DAYS = Table(
    "store",
    "dirty_days",
    "One row per day whose tables must be rebuilt before the next publish.",
    _columns(("block_date", "DATE", "UTC day")),
)
STORE_REOPENED = Table(
    "store",
    "reopened",
    "One row per file that must be read again, because rows it had lost as duplicates may be its own again.",
    _columns(
        ("source_file", "VARCHAR", "absolute path of the file to read again"),
        ("format", "VARCHAR", "source that read it"),
        ("chain", "VARCHAR", "chain given to rows that do not name theirs"),
        ("window_first", "DATE", "first day asked for, NULL for open"),
        ("window_last", "DATE", "last day asked for, NULL for open"),
    ),
)
STORE_DAY_HASHES = Table(
    "store",
    "day_hashes",
    "One row per day of raw.transfers: its part of the content hash, kept so that one more day hashes one day.",
    _columns(
        ("block_date", "DATE", "UTC day"),
        ("row_count", "BIGINT", "transfers of the day"),
        ("content_hash", "HUGEINT", "order-free sum of row hashes"),
    ),
)
STORE_TOLD_DAYS = Table(
    "store",
    "told_days",
    "One row per day as the alert ledger will know it once this build is published.",
    _columns(
        ("block_date", "DATE", "UTC day"),
        ("mark", "VARCHAR", "hash of the day's transfers and of the labels, prices and rules in force"),
    ),
)
STORE_STATE = Table(
    "store",
    "state",
    "One row per fact the builder remembers between runs.",
    _columns(("key", "VARCHAR", "name of the fact"), ("value", "VARCHAR", "the fact as text")),
)
STORE_DECIMALS = Table(
    "store",
    "token_decimals",
    "One row per token of the token file.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name"),
        ("token", "VARCHAR", "contract address, or symbol where there is none"),
        ("token_symbol", "VARCHAR", "symbol to show"),
        ("decimals", "INTEGER", "base units per token unit as a power of ten"),
    ),
)
STORE_FLOW_STATES = Table(
    "store",
    "flow_states",
    "One row per day and lot on an address that holds a flow, at the end of the day.",
    _columns(
        ("block_date", "DATE", "day, UTC"),
        ("position", "INTEGER", "order of the lots"),
        ("token_key", "INTEGER", "token, intermediate.int_tokens__canonical"),
        ("address_id", "INTEGER", "where it sits"),
        ("source_group", "VARCHAR", "group the flow left, NULL for other money in line"),
        ("units", "BIGINT", "whole token units"),
        ("parts", "BIGINT", "1e-18 parts of a unit beyond them"),
        ("hops", "TINYINT", "transfers so far"),
        ("confidence", "DOUBLE", "so far"),
        ("started", "BIGINT", "clock of the first transfer: seconds, or blocks on Bitcoin"),
        ("moved", "BIGINT", "clock of the last transfer"),
        ("path", "BIGINT[]", "transfers so far: load_id * 2^40 + source_row"),
    ),
)
STORE_DEGREES = Table(
    "store",
    "degrees",
    "One row per token and address: how many transfers it has; who may have become a hub follows without a count.",
    _columns(
        ("token_id", "INTEGER", "store.tokens.token_id"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("transfers", "BIGINT", "in and out"),
    ),
)
STORE_HUBS = Table(
    "store",
    "hubs",
    "One row per token and address with transfers enough for a hub: since when it is one, or at which count to look.",
    _columns(
        ("token_key", "INTEGER", "token, intermediate.int_tokens__canonical"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("since", "DATE", "day on which it first had hub_degree distinct counterparties, NULL while it has not"),
        ("checked_at", "BIGINT", "transfers from which counting its counterparties again can change that"),
    ),
)
STORE_PAYERS = Table(
    "store",
    "payers",
    "One row per address that has paid somebody: the exchange it paid first, and when it first paid anybody else.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("entity", "VARCHAR", "the exchange it paid first, NULL when it first paid anybody who was none"),
        ("other_at", "TIMESTAMP", "when it first paid anybody else, NULL while it has not"),
    ),
)
STORE_PRICES = Table(
    "store",
    "prices",
    "One row per token and day of the price file.",
    _columns(
        ("token", "VARCHAR", "token symbol or contract address, lower case"),
        ("price_date", "DATE", "UTC day"),
        ("usd", "DOUBLE", "US dollars per token unit"),
    ),
)

STORE_WALLETS = Table(
    "store",
    "wallets",
    "One row per chain and address that ever sent a transaction or traded.",
    _columns(
        ("wallet_id", "INTEGER", "number of the wallet in the tables of wallets"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("first_day", "DATE", "day of its first transaction or trade"),
    ),
)
STORE_WALLET_DAYS = Table(
    "store",
    "wallet_days",
    "One row per wallet and day on which it did something: figures that add up over days.",
    _columns(
        ("wallet_id", "INTEGER", "store.wallets.wallet_id"),
        ("block_date", "DATE", "UTC day"),
        ("tx_count", "INTEGER", "transactions it sent, or that others sent to make it trade"),
        ("status_count", "INTEGER", "of them with a known status"),
        ("success_count", "INTEGER", "of them that succeeded"),
        ("contract_count", "INTEGER", "transactions that call or create a contract"),
        ("defi_count", "INTEGER", "transactions to an address labelled dex, lending or bridge"),
        ("weekday_count", "INTEGER", "transactions from Monday to Friday"),
        ("hour_cos", "FLOAT", "sum of cos of the time of day as an angle"),
        ("hour_sin", "FLOAT", "sum of sin of the time of day as an angle"),
        ("gas_count", "INTEGER", "transactions whose block has a known median gas price"),
        ("gas_ratio", "FLOAT", "sum of their gas price by the block's median"),
        (
            "gas_saved",
            "FLOAT",
            "sum of their gas efficiency: 1, or the block's median by the gas price where that is less",
        ),
        ("gas_over_count", "INTEGER", "of them above the block's 90th percentile"),
        ("gas_usd", "DOUBLE", "US dollars of gas, as far as priced"),
        ("sent_count", "INTEGER", "transfers it paid, itself left out"),
        ("priced_count", "INTEGER", "of them with a believable value"),
        ("volume_usd", "DOUBLE", "their value"),
        ("volume_squares", "DOUBLE", "sum of the squares of their values"),
        ("returned_count", "INTEGER", "payments that came back on the day: round trips"),
        ("trade_count", "INTEGER", "trades"),
        ("priced_trade_count", "INTEGER", "trades with a believable value"),
        ("closed_count", "INTEGER", "trades and arbitrage with a known profit"),
        ("won_count", "INTEGER", "of them those with a profit above 0"),
        ("realised_usd", "DOUBLE", "their profit, gas included"),
        ("held_seconds", "DOUBLE", "sum of the holding times of trades whose purchase is known"),
        ("held_count", "INTEGER", "trades whose purchase is known"),
        ("mev_tx_count", "INTEGER", "transactions of sandwiches, arbitrage and liquidations"),
        ("sandwich_count", "INTEGER", "sandwiches"),
        ("arbitrage_count", "INTEGER", "arbitrage"),
        ("liquidation_count", "INTEGER", "liquidations"),
        ("mev_usd", "DOUBLE", "what they gained after gas, as far as priced"),
    ),
)
WALLET_SUMS = tuple(column for column in STORE_WALLET_DAYS.columns if column.name not in ("wallet_id", "block_date"))
"""Figures of a day that windows add up."""
STORE_WALLET_CONTACTS = Table(
    "store",
    "wallet_contacts",
    "One row per wallet, day and address it paid or called on that day.",
    _columns(
        ("wallet_id", "INTEGER", "store.wallets.wallet_id"),
        ("block_date", "DATE", "UTC day"),
        ("contact_id", "INTEGER", "whom, store.addresses.address_id"),
        ("is_called", "BOOLEAN", "true when it called it as a contract"),
    ),
)
STORE_WALLET_FEATURES = Table(
    "store",
    "wallet_features",
    "One row per wallet, day on which it did something, and window up to it: the sums of marts.fct_wallet_features.",
    (
        *_columns(
            ("chain", "VARCHAR", "canonical chain name"),
            ("address_id", "INTEGER", "store.addresses.address_id"),
            ("block_date", "DATE", "last day of the window, UTC"),
            ("window_days", "INTEGER", "7, 30 or 90"),
            ("active_days", "INTEGER", "days on which it did something"),
            ("age_days", "INTEGER", "days since its first, that one included"),
            ("recipient_count", "INTEGER", "distinct addresses it paid or called"),
            ("called_count", "INTEGER", "distinct contracts it called"),
            ("trade_days", "INTEGER", "days with a closed trade"),
            ("good_days", "INTEGER", "of them those whose last seven days made a profit together"),
            (
                "drawdown_usd",
                "DOUBLE",
                "most that the running total of profits was below its highest so far, NULL without a closed trade",
            ),
            ("volume_usd_squares", "DOUBLE", "sum of the squares of the daily values paid"),
        ),
        *(
            Column(column.name, column.type, f"sum of store.wallet_days.{column.name} over the window")
            for column in WALLET_SUMS
        ),
    ),
)
STORE_ADDRESS_CLUSTERS = Table(
    "store",
    "address_clusters",
    "One row per address that belongs to somebody, with figures for words: what detection.address_clusters shows.",
    _columns(
        ("kind", "VARCHAR", "exchange_deposit, multi_input or label"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        (
            "cluster_id",
            "VARCHAR",
            "the entity of a deposit address, or a name from the smallest address of those that sign together",
        ),
        ("entity", "VARCHAR", "whose it is, NULL where nobody in the cluster is labelled"),
        ("confidence", "DOUBLE", "0.7 for what behaviour says, the label's own for a label"),
        ("source", "VARCHAR", "derived, or who wrote the label"),
        ("known_from", "TIMESTAMP", "when the evidence was complete, or the label's first moment, UTC"),
        ("known_to", "TIMESTAMP", "when the address first did otherwise, or the label ended, NULL while it holds"),
        ("receipt_count", "INTEGER", "judged receipts of a deposit address of which something was passed on"),
        ("forwarded_percent", "DOUBLE", "how much of them was passed on, to a tenth"),
        ("deposit_hours", "DOUBLE", "within which time"),
        ("evidence", "VARCHAR", "what the other kinds rest on, in words"),
    ),
)
STORE_GROUP_MEMBERS = Table(
    "store",
    "group_members",
    "One row per group, chain, address and stretch of time: what detection.group_members shows.",
    _columns(
        ("group_id", "VARCHAR", "the group"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("valid_from", "TIMESTAMP", "first moment"),
        ("valid_to", "TIMESTAMP", "first moment after"),
    ),
)
RAW_TRANSFERS = Table(
    "raw",
    "transfers",
    "One row per accepted transfer.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name, such as ethereum or bitcoin"),
        ("block_number", "BIGINT", "block height, NULL where the source has none"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("tx_hash", "VARCHAR", "transaction hash, lower case on EVM chains, NULL where the source has none"),
        (
            "transfer_index",
            "BIGINT",
            "log or output index in its block or transaction, NULL where the source gives none",
        ),
        ("token_address", "VARCHAR", "token contract, NULL for the native coin or where the source has none"),
        ("token_symbol", "VARCHAR", "symbol as the source wrote it; marts.dim_tokens has one symbol per token"),
        ("from_address", "VARCHAR", "sender, lower case on EVM chains"),
        ("to_address", "VARCHAR", "receiver, lower case on EVM chains"),
        ("amount", AMOUNT, "token units, exact; NULL where the source gave no value"),
        ("amount_usd", USD, "US dollars as the source gave them, NULL otherwise, never 0 for unknown"),
        ("source_file", "VARCHAR", "file the row was loaded from"),
        ("source_row", "BIGINT", "1-based data row in that file"),
        ("load_id", "INTEGER", "the load that brought the row, raw.loads.load_id"),
        ("block_date", "DATE", "UTC day of block_timestamp, the grain of every daily table"),
    ),
    view="raw_transfers",
)
RAW_TRANSACTIONS = Table(
    "raw",
    "transactions",
    "One row per transaction of sources that carry them, failed ones included.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name"),
        ("block_number", "BIGINT", "block height"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("transaction_index", "BIGINT", "position in the block"),
        ("tx_hash", "VARCHAR", "transaction hash"),
        ("from_address", "VARCHAR", "sender"),
        ("to_address", "VARCHAR", "receiver, NULL for a contract creation"),
        ("value", AMOUNT, "native coin units, exact"),
        ("gas_price", "DECIMAL(38, 0)", "base units per gas"),
        ("gas_used", "BIGINT", "gas the transaction consumed; times gas_price its fee in base units"),
        (
            "is_success",
            "BOOLEAN",
            "false when it failed; NULL where no status can be read, as before Ethereum's Byzantium fork",
        ),
        ("method_id", "VARCHAR", "first four bytes of the call, NULL for a plain transfer"),
        ("created_contract", "VARCHAR", "contract created by the transaction"),
        ("load_id", "INTEGER", "the load that brought the row"),
    ),
)
RAW_REJECTS = Table(
    "raw",
    "rejects",
    "One row per input row that was not loaded.",
    _columns(
        ("load_id", "INTEGER", "the load that refused the row"),
        ("source_file", "VARCHAR", "file the row stands in"),
        ("source_row", "BIGINT", "1-based data row in that file"),
        ("reason", "VARCHAR", "a word of the closed list of reasons"),
        ("message", "VARCHAR", "the value that was refused and why"),
        ("raw_text", "VARCHAR", "the row as it was, cut at a set length"),
    ),
)
RAW_LOADS = Table(
    "raw",
    "loads",
    "One row per load of a file: the file ledger.",
    _columns(
        ("load_id", "INTEGER", "number of the load"),
        ("source_file", "VARCHAR", "absolute path of the file as it was loaded"),
        ("sha256", "VARCHAR", "SHA-256 of the file's bytes"),
        ("format", "VARCHAR", "source that read it, or labels"),
        ("chain", "VARCHAR", "chain given to rows that do not name theirs"),
        ("rows_read", "BIGINT", "rows of the window = rows_loaded + rows_duplicate + rows_rejected"),
        ("rows_loaded", "BIGINT", "rows that entered at least one raw table"),
        ("rows_duplicate", "BIGINT", "rows already there under the same key"),
        ("rows_rejected", "BIGINT", "rows in raw.rejects"),
        ("transfers_loaded", "BIGINT", "rows of this load that stand in raw.transfers"),
        ("transactions_loaded", "BIGINT", "rows of this load that stand in raw.transactions"),
        ("unknown_amounts", "BIGINT", "transfers of this load without an amount"),
        ("first_timestamp", "TIMESTAMP", "earliest accepted time, UTC"),
        ("last_timestamp", "TIMESTAMP", "latest accepted time, UTC"),
        ("window_first", "DATE", "first day asked for, NULL for open"),
        ("window_last", "DATE", "last day asked for, NULL for open"),
        ("is_truncation_suspected", "BOOLEAN", "true when the file looks cut at an API cap or ends early"),
        ("note", "VARCHAR", "assumptions made and what is suspected, in words"),
        ("options_hash", "VARCHAR", "hash of the options the rows were read with"),
        ("started_at", "TIMESTAMP", "start of the load, UTC"),
        ("finished_at", "TIMESTAMP", "end of the load, UTC"),
    ),
)
RAW_WALLET_REPORTS = Table(
    "raw",
    "wallet_reports",
    "One row per netrascan wallet line.",
    _columns(
        ("wallet", "VARCHAR", "the wallet's address"),
        ("category", "VARCHAR", "category as netrascan wrote it"),
        ("score", "DOUBLE", "netrascan's score"),
        ("tx_count", "BIGINT", "transactions in the line"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("source_file", "VARCHAR", "file the line stands in"),
        ("source_row", "BIGINT", "row in that file"),
        ("load_id", "INTEGER", "the load that brought the row"),
    ),
)
RAW_LABELS = Table(
    "raw",
    "labels",
    "One row per accepted label, as its set gave it with defaults filled in.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name; * for every EVM chain"),
        ("address", "VARCHAR", "address, lower case on EVM chains"),
        ("entity", "VARCHAR", "who it belongs to, one spelling per entity"),
        ("entity_type", "VARCHAR", "finer kind of entity, free text"),
        ("category", "VARCHAR", "a word of the closed list of categories"),
        ("label", "VARCHAR", "name of this very address, such as binance20"),
        ("regions", "VARCHAR[]", "ISO-3166 codes of the entity"),
        ("risk_level", "VARCHAR", "LOW, MEDIUM, HIGH or CRITICAL"),
        ("confidence", "DOUBLE", "0 to 1"),
        ("source", "VARCHAR", "where the fact comes from"),
        ("valid_from", "TIMESTAMP", "first moment the label holds, NULL for always"),
        ("valid_to", "TIMESTAMP", "first moment it holds no more, NULL for still"),
        ("known_from", "TIMESTAMP", "when the fact became known, NULL for always"),
        ("is_source", "BOOLEAN", "true when tracing may start from it"),
        ("is_destination", "BOOLEAN", "true when tracing may end at it"),
        ("note", "VARCHAR", "remark of the set"),
        ("licence", "VARCHAR", "licence of the set"),
        ("label_set", "VARCHAR", "name of the file"),
    ),
)

_SERIES = (
    ("block_date", "DATE", "UTC day"),
    ("chain", "VARCHAR", "canonical chain name"),
    ("token_symbol", "VARCHAR", "one symbol per token, as in marts.dim_tokens"),
    ("token_address", "VARCHAR", "token contract, NULL for the native coin"),
)
NETFLOW_SCORES = Table(
    "detection",
    "netflow_scores",
    "One row per day of every netflow series: exchanges, wallets and their total.",
    _columns(
        *_SERIES,
        ("scope_type", "VARCHAR", "exchange, wallet or total"),
        ("scope", "VARCHAR", "exchange name, wallet address, or TOTAL"),
        ("netflow", AMOUNT, "inflow - outflow in token units; positive = onto the exchange"),
        ("inflow", AMOUNT, "token units that came in"),
        ("outflow", AMOUNT, "token units that went out"),
        ("z_trailing", "DOUBLE", "(netflow - trailing_mean) / trailing_std; NULL without history or deviation"),
        ("z_robust", "DOUBLE", "0.6745 (netflow - robust_median) / robust_mad; NULL without history or deviation"),
        (
            "z_inclusive",
            "DOUBLE",
            "the LPT study's score over the last active rows, the day itself among them; active days only",
        ),
        ("trailing_mean", "DOUBLE", "mean of the previous days of the window, token units"),
        ("trailing_std", "DOUBLE", "population standard deviation of the same days"),
        ("robust_median", "DOUBLE", "median of the same days"),
        ("robust_mad", "DOUBLE", "median absolute deviation of the same days"),
        ("inclusive_mean", "DOUBLE", "mean of the last active rows, the day among them"),
        ("inclusive_std", "DOUBLE", "population standard deviation of the same rows"),
        ("history_days", "INTEGER", "days of the baseline that exist, at most the window"),
        ("is_active", "BOOLEAN", "true when at least one transfer touched the series on that day"),
    ),
)
NETFLOW_ANOMALIES = Table(
    "detection",
    "netflow_anomalies",
    "One row per anomalous day of an exchange or of the total, by the method in force.",
    _columns(
        *_SERIES,
        ("scope", "VARCHAR", "exchange name, or TOTAL"),
        ("netflow", AMOUNT, "inflow - outflow in token units; positive = onto the exchange"),
        ("baseline_mean", "DOUBLE", "centre of the baseline the method used, token units"),
        ("baseline_std", "DOUBLE", "spread of that baseline; 0 for a flat one"),
        ("zscore", "DOUBLE", "the method's score; NULL on a flat baseline"),
        ("robust_zscore", "DOUBLE", "z_robust of the same day, whatever the method"),
        ("method", "VARCHAR", "trailing, robust or inclusive; flat_baseline when there was no deviation to measure by"),
        ("window_days", "INTEGER", "length of the baseline"),
        ("threshold", "DOUBLE", "|z| from which a day is flagged; the minimum amount for flat_baseline"),
        ("direction", "VARCHAR", "high = onto the exchange, low = off it"),
        ("severity", "VARCHAR", "MEDIUM, HIGH or CRITICAL by |z| / threshold"),
    ),
)
OUTFLOW_SURGES = Table(
    "detection",
    "outflow_surges",
    "One row per day whose outflow from an exchange, or from all, surged.",
    _columns(
        *_SERIES,
        ("scope", "VARCHAR", "exchange name, or TOTAL"),
        ("outflow", AMOUNT, "token units that went out on the day"),
        ("baseline_mean", "DOUBLE", "mean outflow of the previous days of the window"),
        ("baseline_std", "DOUBLE", "population standard deviation of the same days"),
        ("excess", "DOUBLE", "outflow - baseline_mean, token units"),
        ("zscore", "DOUBLE", "excess / baseline_std; NULL on a flat baseline"),
        ("rule", "VARCHAR", "amount, zscore, or both"),
        ("surge_amount", "DOUBLE", "the token's surge amount; NULL where none is set"),
        ("threshold", "DOUBLE", "z from which outflow is a surge"),
        ("severity", "VARCHAR", "MEDIUM, HIGH or CRITICAL by z / threshold"),
    ),
)
DAILY_FINDINGS = Table(
    "detection",
    "daily_findings",
    "One row per day, series and daily detector that flagged it.",
    _columns(
        ("detector", "VARCHAR", "the daily detector that flagged the day, see docs/detectors.md"),
        ("detector_version", "VARCHAR", "version of its rule in code"),
        *_SERIES,
        ("scope", "VARCHAR", "exchange name, or TOTAL"),
        ("measure", "VARCHAR", "what was judged, such as netflow or outflow"),
        ("value", "DOUBLE", "the measure on the day, token units"),
        ("baseline_mean", "DOUBLE", "centre of the baseline the detector used; NULL where it uses none"),
        ("baseline_std", "DOUBLE", "spread of that baseline; 0 for a flat one"),
        ("zscore", "DOUBLE", "the detector's score; NULL where it has none"),
        ("threshold", "DOUBLE", "score or amount from which the detector flags a day"),
        ("direction", "VARCHAR", "high = above the baseline, low = below it"),
        ("severity", "VARCHAR", "MEDIUM, HIGH or CRITICAL"),
        ("reason", "VARCHAR", "what happened, in a sentence with its number and unit"),
    ),
)
_TOKEN = (
    ("chain", "VARCHAR", "canonical chain name"),
    ("token_symbol", "VARCHAR", "one symbol per token, as in marts.dim_tokens"),
    ("token_address", "VARCHAR", "token contract, NULL for the native coin"),
)
FINDINGS = Table(
    "detection",
    "findings",
    "One row per finding of any typology.",
    _columns(
        (
            "finding_id",
            "VARCHAR",
            "hash of typology, chain, token, address it is about and its transfers; a re-run gives the same",
        ),
        ("typology", "VARCHAR", "the definition it fits, see docs/detectors.md"),
        ("detector_version", "VARCHAR", "version of the definition in code"),
        *_TOKEN,
        ("block_date", "DATE", "UTC day of its last transfer, the day it belongs to"),
        ("first_timestamp", "TIMESTAMP", "time of its first transfer, UTC"),
        ("last_timestamp", "TIMESTAMP", "time of its last transfer, UTC"),
        ("duration_seconds", "BIGINT", "from the first to the last transfer"),
        ("hop_count", "INTEGER", "transfers on its longest way"),
        ("address_count", "INTEGER", "distinct addresses"),
        ("transfer_count", "INTEGER", "transfers it lists"),
        ("focus_address", "VARCHAR", "the address it is about; NULL where it is about a path"),
        ("moved_amount", AMOUNT, "token units that moved, the same coin counted once"),
        ("gross_amount", AMOUNT, "token units summed over the hops, the field's older habit"),
        ("moved_usd", USD, "moved_amount in US dollars, NULL unless every transfer has a believable price"),
        ("is_suspicious", "BOOLEAN", "false when it fits the definition and stays under the thresholds"),
        ("score", "DOUBLE", "0 to 1, the typology's when suspicious, else 0"),
        ("severity", "VARCHAR", "CRITICAL, HIGH, MEDIUM or LOW by score"),
        ("reason", "VARCHAR", "what happened and why it is or is not suspicious, in a sentence"),
        ("parameters", "VARCHAR", "JSON: the parameters in force"),
        ("evidence", "VARCHAR", "JSON: more numbers of this finding"),
        ("evidence_sql", "VARCHAR", "a query on raw.transfers that returns exactly its transfers"),
    ),
)
FINDING_TRANSFERS = Table(
    "detection",
    "finding_transfers",
    "One row per finding and transfer.",
    _columns(
        ("finding_id", "VARCHAR", "detection.findings.finding_id"),
        ("ordinal", "INTEGER", "place in time order, from 1"),
        ("part", "VARCHAR", "hop, peel, in (towards the address it is about, or its middles) or out (away from them)"),
        *_TOKEN,
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("block_number", "BIGINT", "block height, NULL where the source has none"),
        ("tx_hash", "VARCHAR", "transaction hash, NULL where the source has none"),
        ("transfer_index", "BIGINT", "log or output index, NULL where the source gives none"),
        ("from_address", "VARCHAR", "sender"),
        ("to_address", "VARCHAR", "receiver"),
        ("amount", AMOUNT, "token units"),
        ("source_file", "VARCHAR", "file the row stands in"),
        ("source_row", "BIGINT", "row in that file, from 1"),
    ),
)
FINDING_ADDRESSES = Table(
    "detection",
    "finding_addresses",
    "One row per finding and address.",
    _columns(
        ("finding_id", "VARCHAR", "detection.findings.finding_id"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address", "VARCHAR", "the address"),
        ("role", "VARCHAR", "focus (the address it is about), source (only sends), target (only receives) or middle"),
        ("is_terminal", "BOOLEAN", "true for a labelled service or a hub: it gets no risk component"),
    ),
)
RISK_COMPONENTS = Table(
    "detection",
    "risk_components",
    "One row per address, component and finding or contact.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name"),
        ("address", "VARCHAR", "the address"),
        ("component", "VARCHAR", "a word of the registry of components"),
        ("finding_id", "VARCHAR", "the finding behind it, NULL for a contact with a labelled address"),
        ("score", "DOUBLE", "0 to 1"),
        ("confidence", "DOUBLE", "0 to 1"),
        ("weight", "DOUBLE", "the component's weight in the registry"),
        ("evidence", "VARCHAR", "what it rests on, in words"),
        ("is_active", "BOOLEAN", "true for the row of its component that counts: the highest score"),
    ),
)
ADDRESS_RISK = Table(
    "detection",
    "address_risk",
    "One row per address with at least one risk component.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name"),
        ("address", "VARCHAR", "the address"),
        ("raw_score", "DOUBLE", "sum of score x weight x confidence over its active components"),
        ("score", "DOUBLE", "1 / (1 + exp(-5 (raw_score - 0.5)))"),
        ("confidence", "DOUBLE", "mean confidence of its components, weighted"),
        ("category", "VARCHAR", "CRITICAL from 0.8, HIGH from 0.6, MEDIUM from 0.4, LOW from 0.2, else MINIMAL"),
        ("component_count", "INTEGER", "active components"),
        ("finding_count", "INTEGER", "suspicious findings it stands in"),
        (
            "without",
            "MAP(VARCHAR, DOUBLE)",
            "the score with one component dropped, per component: what would clear the address",
        ),
    ),
)
CLUSTER_ANALYSIS = Table(
    "detection",
    "cluster_analysis",
    "One row per labelled entity, token and day: the graph of its addresses and whoever they paid or were paid by.",
    _columns(
        ("block_date", "DATE", "day, UTC"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "contract, NULL for a chain's own coin"),
        ("entity", "VARCHAR", "who the cluster's addresses belong to"),
        ("category", "VARCHAR", "the entity's label category"),
        ("address_count", "INTEGER", "addresses of the entity seen that day"),
        ("node_count", "INTEGER", "addresses in the graph, counterparties included"),
        ("edge_count", "INTEGER", "distinct pairs of sender and receiver"),
        ("transfer_count", "BIGINT", "transfers; self-transfers and zero amounts are left out"),
        ("volume", "DOUBLE", "token units that moved"),
        ("density", "DOUBLE", "pairs over possible pairs, n (n - 1)"),
        ("weak_components", "INTEGER", "parts of the graph, direction left aside"),
        (
            "strong_components",
            "INTEGER",
            "parts in which each reaches each; fewer than node_count means that money can come back",
        ),
        ("in_degree_gini", "DOUBLE", "inequality of the number of payers, 0 even to 1"),
        ("out_degree_gini", "DOUBLE", "inequality of the number of payees, 0 even to 1"),
        ("clustering", "DOUBLE", "mean local clustering over all addresses, direction left aside"),
        ("diameter", "INTEGER", "longest shortest path of the largest weak component, direction left aside"),
        ("mean_path_length", "DOUBLE", "mean of its shortest paths"),
        ("flow_gini", "DOUBLE", "inequality of the amounts of the pairs, 0 even to 1"),
        (
            "is_sampled",
            "BOOLEAN",
            "true when paths and betweenness come from a sample: the graph exceeds clusters.exact_vertices",
        ),
        ("top_senders", "JSON", "list of {address, amount}, largest first"),
        ("top_receivers", "JSON", "list of {address, amount}, largest first"),
        (
            "bridges",
            "JSON",
            "list of {address, betweenness}, largest first: who money passes through; betweenness over (n - 1)(n - 2)",
        ),
        ("temporal_profile", "JSON", "{hours: 24 counts, amounts: 24 sums, peak_hours: up to three busiest}"),
        ("bursts", "JSON", "list of {hour, transfers, limit}: hours above mean + 2 standard deviations"),
        (
            "patterns",
            "JSON",
            "list of {typology, findings, suspicious}: findings that end that day and hold an address of the entity",
        ),
        ("severity", "VARCHAR", "worst severity of the suspicious ones, LOW without any"),
    ),
)
ADDRESS_CLUSTERS = Table(
    "detection",
    "address_clusters",
    "One row per address that belongs to somebody: by label, as an exchange's deposit address, or by joint signing.",
    _columns(
        (
            "cluster_id",
            "VARCHAR",
            "the entity of a deposit address, or a name from the smallest address of those that sign together",
        ),
        ("kind", "VARCHAR", "exchange_deposit, multi_input, or label for what somebody wrote down"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address", "VARCHAR", "the address"),
        ("entity", "VARCHAR", "whose it is, NULL where nobody in the cluster is labelled"),
        ("confidence", "DOUBLE", "0.7 for what behaviour says, the label's own for a label"),
        ("source", "VARCHAR", "derived, or who wrote the label: any label is stronger than behaviour"),
        ("known_from", "TIMESTAMP", "when the evidence was complete, or the label's first moment, UTC"),
        ("known_to", "TIMESTAMP", "when the address first did otherwise, or the label ended, NULL while it holds"),
        ("evidence", "VARCHAR", "what it rests on, in words"),
    ),
    view="address_clusters",
)
WALLET_ROLES = Table(
    "marts",
    "fct_daily_wallet_roles",
    "One row per day and labelled exchange wallet that moved anything: its counterparties; hot, warm or cold.",
    _columns(
        ("block_date", "DATE", "UTC day"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address", "VARCHAR", "the wallet"),
        ("entity", "VARCHAR", "whose it is"),
        ("sender_count", "BIGINT", "distinct addresses that paid it on the day"),
        ("receiver_count", "BIGINT", "distinct addresses it paid on the day"),
        ("own_receipt_count", "BIGINT", "receipts from wallets and deposit addresses of the same exchange"),
        ("foreign_receipt_count", "BIGINT", "receipts from anybody else"),
        ("payment_count", "BIGINT", "payments, whoever got them"),
        (
            "role",
            "VARCHAR",
            "hot: many senders and receivers; cold: nothing from strangers, hardly a payment in the window; else warm",
        ),
    ),
)
WALLET_TRADES = Table(
    "marts",
    "fct_wallet_trades",
    "One row per trade: a transaction in which a wallet gives one token and gets another.",
    _columns(
        ("trade_number", "BIGINT", "order of trades in time, from 1"),
        ("block_date", "DATE", "UTC day"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("block_number", "BIGINT", "block height, NULL where the source has none"),
        ("transaction_index", "BIGINT", "position in the block, NULL where the transaction itself is not known"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("tx_hash", "VARCHAR", "the transaction"),
        ("wallet", "VARCHAR", "who traded"),
        (
            "wallet_basis",
            "VARCHAR",
            "sender; called: the contract, if nothing of the sender's moved; only_trader: the one unlabelled trader",
        ),
        ("method_id", "VARCHAR", "first four bytes of the call, NULL where it is not known"),
        ("gave_token_symbol", "VARCHAR", "token given, one symbol per token as in marts.dim_tokens"),
        ("gave_token_address", "VARCHAR", "its contract, NULL for the native coin"),
        ("gave_amount", "DOUBLE", "token units given, net over the transaction"),
        ("got_token_symbol", "VARCHAR", "token received"),
        ("got_token_address", "VARCHAR", "its contract, NULL for the native coin"),
        ("got_amount", "DOUBLE", "token units received, net over the transaction"),
        ("value_usd", "DOUBLE", "what the trade was worth in US dollars; NULL where no price is believable"),
        (
            "price_basis",
            "VARCHAR",
            "leg that is priced: gave, got, both (their mean), none, or apart: both, too far apart to believe either",
        ),
        ("gas_amount", "DOUBLE", "native coin units the sender paid for gas, NULL where it is not known"),
        ("gas_usd", "DOUBLE", "the same in US dollars, NULL without a price"),
        ("covered_share", "DOUBLE", "share of what was given that the wallet had bought at a known price, 0 to 1"),
        ("cost_usd", "DOUBLE", "average cost of that share, NULL where nothing is covered"),
        (
            "realised_usd",
            "DOUBLE",
            "value of the covered share less its cost and the gas; NULL without one or without a believable value",
        ),
        (
            "held_seconds",
            "DOUBLE",
            "time between the mean purchase of that share and the trade, NULL where nothing is covered",
        ),
        (
            "gave_position_amount",
            "DOUBLE",
            "token units bought at a known price and still held of the given token, after the trade",
        ),
        ("gave_position_usd", "DOUBLE", "what they cost"),
        (
            "gave_position_since",
            "TIMESTAMP",
            "when they were bought, the mean weighted by amount; of no meaning for an empty position",
        ),
        ("got_position_amount", "DOUBLE", "the same of the received token"),
        ("got_position_usd", "DOUBLE", "what they cost"),
        (
            "got_position_since",
            "TIMESTAMP",
            "when they were bought, the mean weighted by amount; of no meaning for an empty position",
        ),
    ),
)
MEV_EVENTS = Table(
    "detection",
    "mev_events",
    "One row per sandwich, arbitrage or liquidation: value taken by the order of transactions, found by pattern.",
    _columns(
        ("event_id", "VARCHAR", "stable id, from the kind and the transactions"),
        ("kind", "VARCHAR", "sandwich, arbitrage or liquidation"),
        ("block_date", "DATE", "UTC day"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("block_number", "BIGINT", "block height"),
        ("wallet", "VARCHAR", "who trades: the sender of the transactions, or the contract he calls"),
        ("sender", "VARCHAR", "who signed the (first) transaction"),
        ("tx_hashes", "VARCHAR[]", "transactions of the wallet, in order"),
        ("victim_tx_hashes", "VARCHAR[]", "transactions in between that got a worse price; empty but for sandwiches"),
        ("pools", "VARCHAR[]", "pools it went through, sorted; empty for liquidations"),
        ("token_symbol", "VARCHAR", "token of the gain"),
        ("token_address", "VARCHAR", "its contract, NULL for the native coin"),
        ("gain_amount", "DOUBLE", "token units gained before gas; NULL where the gain is not in one token"),
        ("gain_usd", "DOUBLE", "US dollars gained after gas; NULL without a believable price"),
        ("gas_usd", "DOUBLE", "US dollars of gas, NULL without a price"),
        ("reason", "VARCHAR", "the pattern in a sentence"),
    ),
)
_SCORED = _columns(
    (
        "category",
        "VARCHAR",
        "mev_bot, institution, whale, active_trader, wash_trader or retail, by the rules of docs/smart-money.md",
    ),
    ("formula_score", "DOUBLE", "sum of the parts times the share of payments that did not come back, 0 to 1"),
    ("score_low", "DOUBLE", "the score at the lower end of the 95 % interval of the profit consistency"),
    ("score_high", "DOUBLE", "the score at its upper end"),
    ("volume_part", "DOUBLE", "part of the score: value paid in 30 days"),
    ("profit_consistency_part", "DOUBLE", "part of the score: share of profitable weeks"),
    ("activity_part", "DOUBLE", "part of the score: transactions a day"),
    ("gas_efficiency_part", "DOUBLE", "part of the score: gas price against the block"),
    ("diversity_part", "DOUBLE", "part of the score: addresses paid or called"),
    ("mev_part", "DOUBLE", "part of the score: share of MEV transactions"),
    ("round_trip_share", "DOUBLE", "share of payments that came back, which the score loses"),
    (
        "confidence",
        "DOUBLE",
        "how much is known: active days in 30 against smart_money.sure_days, times the share that is priced",
    ),
    ("day_usd", "DOUBLE", "value paid on that day; listed wallets only"),
    ("usual_day_usd", "DOUBLE", "mean of its active days in the 89 days before; listed wallets only"),
    (
        "activity_zscore",
        "DOUBLE",
        "by how many standard deviations of those days that day is off; listed wallets with 10 such days only",
    ),
)
SMART_MONEY_WALLETS = Table(
    "detection",
    "smart_money_wallets",
    "One row per wallet active in the last 90 days: score, parts and category, as of its last active day.",
    (
        *_columns(
            ("chain", "VARCHAR", "canonical chain name"),
            ("wallet", "VARCHAR", "the address"),
            ("entity", "VARCHAR", "whose it is by its label on the last active day, NULL without one"),
            ("rank", "BIGINT", "place by score, from 1; equal scores share a place"),
            (
                "score",
                "DOUBLE",
                "what it is ranked by, 0 to 1: the probability by the model in production, else formula_score",
            ),
            ("scored_by", "VARCHAR", "formula or model, and its version"),
            (
                "is_smart",
                "BOOLEAN",
                "formula_score reaches smart_money.min_score and its closed trades of the 30 days made money",
            ),
        ),
        *_SCORED,
        *_columns(
            ("first_seen", "DATE", "day of its first transaction or trade"),
            ("last_active", "DATE", "last day on which it did something: the score is of the 30 days up to it"),
            ("tx_count", "BIGINT", "transactions of those days"),
            ("volume_usd", "DOUBLE", "value paid in them, NULL without a believable price"),
            ("realised_usd", "DOUBLE", "profit of closed trades in them, NULL without one"),
            ("win_rate", "DOUBLE", "share of closed trades with a profit"),
            ("mev_tx_count", "BIGINT", "transactions in sandwiches, arbitrage and liquidations"),
        ),
    ),
)
SMART_MONEY_DRIFT = Table(
    "detection",
    "smart_money_drift",
    "One row per feature of the model in production, none without: how far today's wallets are from its training.",
    _columns(
        ("model_version", "VARCHAR", "version in the registry"),
        ("feature", "VARCHAR", "column of marts.fct_wallet_features, 30 days"),
        (
            "stability_index",
            "DOUBLE",
            "population stability index over the tenths of the training: under 0.1 alike, over 0.25 another population",
        ),
    ),
)
SMART_MONEY_HISTORY = Table(
    "detection",
    "smart_money_history",
    "One row per day and wallet that was listed as smart money on it: the score of the 30 days up to that day.",
    (
        *_columns(
            ("block_date", "DATE", "UTC day on which it did something"),
            ("chain", "VARCHAR", "canonical chain name"),
            ("wallet", "VARCHAR", "the address"),
        ),
        *_SCORED,
    ),
)
ENTITY_CLUSTERS = Table(
    "marts",
    "fct_entity_clusters",
    "One row per day, entity and token that moved: what entered and left its addresses, known deposit addresses too.",
    _columns(
        ("block_date", "DATE", "UTC day"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "one symbol per token"),
        ("token_address", "VARCHAR", "token contract, NULL for the native coin"),
        ("entity", "VARCHAR", "the cluster: addresses of one entity"),
        ("category", "VARCHAR", "what the entity is, such as exchange"),
        ("region", "VARCHAR", "its home region, MULTI for several, UNKNOWN for none"),
        ("address_count", "BIGINT", "addresses of the cluster that moved the token on the day"),
        ("deposit_address_count", "BIGINT", "deposit addresses among them"),
        ("inflow", "DECIMAL(38, 18)", "token units from outside the cluster"),
        ("outflow", "DECIMAL(38, 18)", "token units to outside the cluster"),
        ("netflow", "DECIMAL(38, 18)", "inflow less outflow"),
        ("internal", "DECIMAL(38, 18)", "token units between addresses of the cluster"),
        ("hot_wallet_count", "BIGINT", "its wallets that were hot on the day, whatever the token"),
        ("cold_wallet_count", "BIGINT", "its wallets that were cold"),
    ),
)
GROUPS = Table(
    "detection",
    "groups",
    "One row per group of addresses that flows are followed from or to.",
    _columns(
        ("group_id", "VARCHAR", "the entity of a label, or the key in the group file"),
        ("name", "VARCHAR", "what people call it"),
        ("type", "VARCHAR", "EXCHANGE, MIXER, BLACKLIST …: the label's category or the file's type"),
        ("risk_level", "VARCHAR", "LOW, MEDIUM, HIGH or CRITICAL"),
        ("is_source", "BOOLEAN", "true when flows begin there"),
        ("is_destination", "BOOLEAN", "true when flows end there"),
        ("origin", "VARCHAR", "labels or file"),
        ("address_count", "BIGINT", "its addresses that appear in the data"),
    ),
)
GROUP_MEMBERS = Table(
    "detection",
    "group_members",
    "One row per group, chain, address and stretch of time.",
    _columns(
        ("group_id", "VARCHAR", "the group"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address", "VARCHAR", "the address"),
        ("valid_from", "TIMESTAMP", "first moment"),
        ("valid_to", "TIMESTAMP", "first moment after"),
    ),
    view="group_members",
)
GROUP_FLOWS = Table(
    "detection",
    "group_flows",
    "One row per flow that left one group and arrived in another.",
    _columns(
        ("flow_id", "VARCHAR", "stable over runs: from the attribution and the transfers"),
        ("attribution", "VARCHAR", "fifo, haircut or poison"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "contract, NULL for a chain's own coin"),
        ("block_date", "DATE", "day of arrival, UTC"),
        ("source_group", "VARCHAR", "where it left"),
        ("destination_group", "VARCHAR", "where it arrived"),
        ("amount", AMOUNT, "token units of the flow that arrived"),
        ("hop_count", "INTEGER", "transfers"),
        ("confidence", "DOUBLE", "1 at the first hop, times the decay at each further one"),
        ("started_at", "TIMESTAMP", "first transfer, UTC"),
        ("completed_at", "TIMESTAMP", "last transfer, UTC"),
        ("source_address", "VARCHAR", "first sender"),
        ("destination_address", "VARCHAR", "last receiver"),
        ("path", "VARCHAR[]", "addresses in order, first sender to last receiver"),
    ),
)
GROUP_FLOW_TRANSFERS = Table(
    "detection",
    "group_flow_transfers",
    "One row per flow and transfer, in order.",
    _columns(
        ("flow_id", "VARCHAR", "the flow"),
        ("hop", "INTEGER", "1 for the transfer that left the source group"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("tx_hash", "VARCHAR", "transaction hash, NULL where the source has none"),
        ("transfer_index", "BIGINT", "index within the transaction"),
        ("from_address", "VARCHAR", "sender"),
        ("to_address", "VARCHAR", "receiver"),
        ("amount", AMOUNT, "token units of the whole transfer, of which the flow is a part"),
    ),
)
GROUP_FLOW_SUMMARIES = Table(
    "detection",
    "group_flow_summaries",
    "One row per source group, destination group and token.",
    _columns(
        ("source_group", "VARCHAR", "where flows left"),
        ("destination_group", "VARCHAR", "where they arrived"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "contract, NULL for a chain's own coin"),
        ("total_amount", AMOUNT, "token units that arrived"),
        ("flow_count", "BIGINT", "flows"),
        ("average_hops", "DECIMAL(9, 4)", "mean transfers of a flow"),
        ("average_confidence", "DOUBLE", "mean confidence"),
        ("first_at", "TIMESTAMP", "first arrival, UTC"),
        ("last_at", "TIMESTAMP", "last arrival, UTC"),
        (
            "risk_score",
            "DECIMAL(4, 2)",
            "source level + destination level + 0.1 for a large total + 0.1 for more than 4 hops on average, at most 1",
        ),
    ),
)
ACTIVE_FLOWS = Table(
    "detection",
    "active_flows",
    "One row per flow that is on its way at the end of the last day.",
    _columns(
        ("source_group", "VARCHAR", "where it left"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "contract, NULL for a chain's own coin"),
        ("address", "VARCHAR", "where it sits"),
        ("amount", AMOUNT, "token units"),
        ("hop_count", "INTEGER", "transfers so far"),
        ("confidence", "DOUBLE", "so far"),
        ("started_at", "TIMESTAMP", "first transfer, UTC"),
        ("moved_at", "TIMESTAMP", "last transfer, UTC"),
    ),
)
OPS_DETECTIONS = Table(
    "ops",
    "detections",
    "One row per typology: what its last run found and kept.",
    _columns(
        ("typology", "VARCHAR", "the definition"),
        ("detector_version", "VARCHAR", "version of the definition in code"),
        ("found", "BIGINT", "findings counted; at least this many when is_truncated"),
        ("kept", "BIGINT", "findings stored"),
        ("suspicious", "BIGINT", "of them suspicious"),
        ("max_findings", "BIGINT", "cap per day"),
        ("is_truncated", "BOOLEAN", "true when more were found than kept, or a search was stopped"),
    ),
)
OPS_FLOW_DAYS = Table(
    "ops",
    "flow_days",
    "One row per day: what became of the flows.",
    _columns(
        ("block_date", "DATE", "day, UTC"),
        ("started", "BIGINT", "transfers out of a source group"),
        ("moved", "BIGINT", "further hops"),
        ("completed", "BIGINT", "arrived in another group that is a destination"),
        ("returned", "BIGINT", "arrived in their own group"),
        ("absorbed", "BIGINT", "arrived in a group that is no destination"),
        ("hop_limit", "BIGINT", "died at the hop limit"),
        ("low_confidence", "BIGINT", "died under the least confidence"),
        ("too_small", "BIGINT", "died because the part that moved is under the least amount"),
        ("too_old", "BIGINT", "died of age"),
        ("idle", "BIGINT", "died without moving"),
        ("pruned", "BIGINT", "dropped beyond the number of flows kept"),
        ("active", "BIGINT", "on their way at the end of the day"),
    ),
)
OPS_RESTATEMENTS = Table(
    "ops",
    "restatements",
    "One row per restatement and published exchange day that it moved.",
    _columns(
        ("restated_at", "TIMESTAMP", "when it was applied, UTC"),
        ("labels", "VARCHAR", "the label files that were added"),
        ("block_date", "DATE", "day, UTC"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "contract, NULL for a chain's own coin"),
        ("exchange", "VARCHAR", "the exchange"),
        ("netflow_before", AMOUNT, "as published, NULL where the day was not"),
        ("netflow_after", AMOUNT, "as restated, NULL where the day is no more"),
        ("inflow_before", AMOUNT, "as published"),
        ("inflow_after", AMOUNT, "as restated"),
        ("outflow_before", AMOUNT, "as published"),
        ("outflow_after", AMOUNT, "as restated"),
    ),
)
OPS_ALERTS = Table(
    "ops",
    "alerts",
    "One row per alert ever given, as of the publication; the ledger itself outlives every build.",
    _columns(
        ("alert_id", "VARCHAR", "hash of the rule and its subject; the same in every run"),
        ("rule", "VARCHAR", "kind of alert, or run_failed"),
        ("rule_version", "VARCHAR", "version of the rule in code"),
        ("subject", "VARCHAR", "what it is about, as the rule identifies it"),
        ("topic", "VARCHAR", "what messages are limited by: a series, an address, a pair"),
        ("chain", "VARCHAR", "canonical chain name, NULL where it is about none"),
        ("block_date", "DATE", "UTC day it is about, NULL where it is about none"),
        ("severity", "VARCHAR", "CRITICAL, HIGH or MEDIUM"),
        ("title", "VARCHAR", "the alert in a sentence"),
        ("from_address", "VARCHAR", "sender, NULL where it is not about a path of money"),
        ("to_address", "VARCHAR", "receiver, NULL where it is not about a path of money"),
        ("from_entity", "VARCHAR", "entity of the sender at that time"),
        ("to_entity", "VARCHAR", "entity of the receiver at that time"),
        ("content", "VARCHAR", "JSON: the numbers that make it changed when they change"),
        (
            "explanation",
            "VARCHAR",
            "JSON frozen with the revision: what, against what baseline, which rule and version, which labels",
        ),
        ("change", "VARCHAR", "the last revision: new, changed or withdrawn"),
        ("revision", "INTEGER", "1 when it was first told, one more with each change"),
        ("first_told_at", "TIMESTAMP", "time of its first revision, UTC"),
        ("changed_at", "TIMESTAMP", "time of its last revision, UTC"),
        ("run_id", "VARCHAR", "run that brought the last revision"),
        ("acknowledged_by", "VARCHAR", "who took care of the last revision, NULL for nobody"),
        ("acknowledged_at", "TIMESTAMP", "when, UTC"),
        ("acknowledged_reason", "VARCHAR", "and why"),
        ("snoozed_by", "VARCHAR", "who holds it back, NULL for nobody"),
        ("snoozed_until", "TIMESTAMP", "until when, UTC"),
        ("snoozed_reason", "VARCHAR", "and why"),
    ),
)
OPS_AUDITS = Table(
    "ops",
    "audits",
    "One row per expectation and run.",
    _columns(
        ("run_id", "VARCHAR", "run that checked, as printed by it"),
        ("stage", "VARCHAR", "raw, marts or detection"),
        ("expectation", "VARCHAR", "name of the expectation"),
        ("description", "VARCHAR", "what it says"),
        ("severity", "VARCHAR", "blocking stops the run, warning is reported"),
        ("is_success", "BOOLEAN", "true when it holds"),
        ("observed", "DOUBLE", "measured value, usually a count of violations"),
        ("allowed", "VARCHAR", "the range that passes"),
        ("checked_at", "TIMESTAMP", "time of the check, UTC"),
    ),
)
OPS_PUBLICATIONS = Table(
    "ops",
    "publications",
    "One row per publish and table.",
    _columns(
        ("run_id", "VARCHAR", "the run, also in the name of the published file"),
        ("published_at", "TIMESTAMP", "time of the publish, UTC"),
        ("window_first", "DATE", "first day built"),
        ("window_last", "DATE", "last day built"),
        ("table_name", "VARCHAR", "schema.table"),
        ("row_count", "BIGINT", "rows; NULL for a view of marts, whose rows follow from the tables"),
        (
            "content_hash",
            "VARCHAR",
            "hash of the rows in any order, without load ids, file names and run times; a view of marts: its text",
        ),
    ),
)

STORE_TABLES = (
    STORE_TRANSFERS,
    STORE_ADDRESSES,
    STORE_TOKENS,
    STORE_TOKEN_DAYS,
    STORE_DIRTY_DAYS,
    STORE_REOPENED,
    STORE_DAY_HASHES,
    STORE_TOLD_DAYS,
    STORE_STATE,
    STORE_DECIMALS,
    STORE_PRICES,
    STORE_WALLETS,
    STORE_WALLET_DAYS,
    STORE_WALLET_CONTACTS,
    STORE_WALLET_FEATURES,
    STORE_FLOW_STATES,
    STORE_DEGREES,
    STORE_HUBS,
    STORE_PAYERS,
    STORE_ADDRESS_CLUSTERS,
    STORE_GROUP_MEMBERS,
)
USER_TABLES = (
    RAW_LOADS,
    RAW_TRANSFERS,
    RAW_TRANSACTIONS,
    RAW_REJECTS,
    RAW_WALLET_REPORTS,
    RAW_LABELS,
    NETFLOW_SCORES,
    NETFLOW_ANOMALIES,
    OUTFLOW_SURGES,
    DAILY_FINDINGS,
    FINDINGS,
    FINDING_TRANSFERS,
    FINDING_ADDRESSES,
    RISK_COMPONENTS,
    ADDRESS_RISK,
    CLUSTER_ANALYSIS,
    ADDRESS_CLUSTERS,
    WALLET_ROLES,
    ENTITY_CLUSTERS,
    WALLET_TRADES,
    MEV_EVENTS,
    SMART_MONEY_WALLETS,
    SMART_MONEY_HISTORY,
    SMART_MONEY_DRIFT,
    GROUPS,
    GROUP_MEMBERS,
    GROUP_FLOWS,
    GROUP_FLOW_TRANSFERS,
    GROUP_FLOW_SUMMARIES,
    ACTIVE_FLOWS,
    OPS_DETECTIONS,
    OPS_FLOW_DAYS,
    OPS_RESTATEMENTS,
    OPS_ALERTS,
    OPS_AUDITS,
    OPS_PUBLICATIONS,
)
ALL_TABLES = STORE_TABLES + USER_TABLES
SCHEMAS = ("store", "raw", "marts", "detection", "ops")
