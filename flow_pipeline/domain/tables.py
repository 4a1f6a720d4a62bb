"""Tables that Python writes: names, columns, types, meaning. dbt's own tables are described in dbt_project.

`store` is the physical layer: narrow rows with integer address and token ids. `raw`, `detection` and `ops` are what
users query. The data dictionary and the contract tests are generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from flow_pipeline.domain.sql import statements

AMOUNT = "DECIMAL(38, 18)"
USD = "DECIMAL(38, 6)"

_WORDS = {"chain", "typology", "role", "kind", "severity"}
"""Columns of words of closed lists."""

sql = statements(__package__)


@dataclass(frozen=True)
class Column:
    """A column: name, DuckDB type, meaning."""

    name: str
    type: str
    meaning: str

    @property
    def ddl(self) -> str:
        """The column in a CREATE statement, with how it is compressed where the engine would choose what reads slowly.

        Amounts compressed take 13 bytes for 16, and a scan that skips them to find a few rows takes nearly as long as
        one that reads them all. Words of a closed list are numbers of a dictionary. Long statements, which the engine
        would leave as they are, take a third.
        """
        compression = ""
        if (self.name, self.type) == ("amount", AMOUNT):
            compression = " using compression uncompressed"
        elif self.name in _WORDS and self.type == "VARCHAR":
            compression = " using compression dictionary"
        elif self.name == "evidence_sql":
            compression = " using compression zstd"
        return f"{self.name} {self.type}{compression}"


_KEPT = {
    *(f"store.{name}" for name in ("transfers", "addresses", "tokens", "block_times", "transaction_keys", "copies")),
    *(f"store.{name}" for name in ("dirty_days", "reopened", "told_days", "state")),
    *(f"raw.{name}" for name in ("transactions", "rejects", "wallet_reports", "labels", "loads")),
    *(f"ops.{name}" for name in ("audits", "publications", "restatements", "flow_restatements")),
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
        columns = ", ".join(column.ddl for column in self.columns)
        return f"create table if not exists {self.relation} ({columns})"


def _columns(*lines: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*line) for line in lines)


STORE_TRANSFERS = Table(
    "store",
    "transfers",
    "One row per accepted transfer, with integer ids instead of text: what models and detectors read.",
    _columns(
        ("load_id", "INTEGER", "the load that added the row, raw.loads.load_id"),
        ("source_row", "BIGINT", "1-based data row in the source file"),
        ("block_number", "BIGINT", "block height, NULL where the source has none"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("block_date", "DATE", "UTC day of block_timestamp"),
        ("transaction_index", "BIGINT", "position of the transaction in its block, NULL where the source gives none"),
        ("tx_hash", "VARCHAR", "transaction hash, lower case on EVM chains, NULL where the source has none"),
        ("transfer_index", "BIGINT", "log or output index, NULL where the source gives none"),
        ("token_id", "INTEGER", "store.tokens.token_id"),
        ("from_id", "INTEGER", "sender, store.addresses.address_id"),
        ("to_id", "INTEGER", "receiver, store.addresses.address_id"),
        ("amount", AMOUNT, "token units, exact; NULL where the source gave no value"),
        ("amount_usd", USD, "US dollars as given by the source, NULL when unknown"),
        (
            "is_edge",
            "BOOLEAN",
            "true when a known amount above zero went to another address, so detectors need not read the amounts",
        ),
    ),
)
STORE_FRESH_TRANSFERS = Table(
    "store",
    "fresh_transfers",
    "One row per accepted transfer that the lake does not hold yet, where one is kept.",
    STORE_TRANSFERS.columns,
)
STORE_REMOVED_TRANSFERS = Table(
    "store",
    "removed_transfers",
    "One row per transfer of the lake that was taken out since it was written to.",
    _columns(
        ("load_id", "INTEGER", "the load that had added the transfer"),
        ("source_row", "BIGINT", "1-based data row in the source file"),
    ),
)
LAKE_TABLES = (STORE_FRESH_TRANSFERS, STORE_REMOVED_TRANSFERS)
"""Tables of a build file whose transfers lie in a lake: store.transfers is a view over it and them there."""
STORE_ADDRESSES = Table(
    "store",
    "addresses",
    "One row per distinct address string ever loaded.",
    _columns(
        ("address_id", "INTEGER", "consecutive id, assigned in order of arrival"),
        ("address", "VARCHAR", "the address, lower case on EVM chains"),
    ),
)
STORE_TRANSACTION_KEYS = Table(
    "store",
    "transaction_keys",
    "One row per transfer with a transaction hash that was ever stored: a load looks here first for transactions that "
    "were there before.",
    _columns(("key", "UBIGINT", "the engine's hash of tx_hash")),
)
STORE_COPIES = Table(
    "store",
    "copies",
    "One row per file whose content was loaded from another path: it takes over when that one changes.",
    _columns(
        ("sha256", "VARCHAR", "SHA-256 of the file's bytes"),
        ("source_file", "VARCHAR", "absolute path of the copy"),
    ),
)
STORE_BLOCK_TIMES = Table(
    "store",
    "block_times",
    "One row per block of a file of blocks: the times of transfers whose own file has none.",
    _columns(
        ("load_id", "INTEGER", "the load that added the row, raw.loads.load_id"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("block_number", "BIGINT", "block height"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
    ),
)
STORE_TOKENS = Table(
    "store",
    "tokens",
    "One row per spelling of a token: chain, address and symbol as a source wrote them.",
    _columns(
        ("token_id", "INTEGER", "consecutive id, assigned in order of arrival"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_address", "VARCHAR", "token contract, NULL for a native coin or where the source has none"),
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
        ("amount_bound", "DOUBLE", "upper bound of the sum of their amounts, token units"),
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
    "One row per file that must be read again, because rows dropped as duplicates may no longer be duplicates.",
    _columns(
        ("source_file", "VARCHAR", "absolute path of the file to read again"),
        ("format", "VARCHAR", "source format that read it"),
        ("chain", "VARCHAR", "chain assigned to rows that do not name one"),
        ("window_first", "DATE", "first day requested, NULL when open"),
        ("window_last", "DATE", "last day requested, NULL when open"),
    ),
)
STORE_DAY_HASHES = Table(
    "store",
    "day_hashes",
    "One row per day of raw.transfers: its part of the content hash, so that adding a day hashes only that day.",
    _columns(
        ("block_date", "DATE", "UTC day"),
        ("row_count", "BIGINT", "transfers of the day"),
        ("content_hash", "HUGEINT", "order-independent sum of row hashes"),
    ),
)
STORE_TOLD_DAYS = Table(
    "store",
    "told_days",
    "One row per day with the mark that the alert ledger takes over when this build is published.",
    _columns(
        ("block_date", "DATE", "UTC day"),
        ("mark", "VARCHAR", "hash of the day's transfers and of the labels, prices and rules in force"),
    ),
)
STORE_STATE = Table(
    "store",
    "state",
    "One row per fact that the builder remembers between runs.",
    _columns(("key", "VARCHAR", "name of the fact"), ("value", "VARCHAR", "the fact as text")),
)
STORE_DECIMALS = Table(
    "store",
    "token_decimals",
    "One row per known token: of the registry, of the token files, and the chains' own coins.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name"),
        ("token", "VARCHAR", "contract address, or symbol where there is none"),
        ("token_address", "VARCHAR", "contract address, NULL where only the symbol is known"),
        ("token_symbol", "VARCHAR", "its symbol"),
        ("decimals", "INTEGER", "base units per token unit as a power of ten"),
        ("form", "VARCHAR", "what a reader takes the symbol for: symbols of one form look alike"),
        ("is_meant", "BOOLEAN", "true when the symbol means this token on its chain"),
        ("is_vouched", "BOOLEAN", "false where only a list of all contracts has it, worthless ones included"),
        ("source", "VARCHAR", "where the facts stand: pages and files, the surest first"),
    ),
)
STORE_SYMBOL_FORMS = Table(
    "store",
    "symbol_forms",
    "One row per symbol that sources wrote, with what a reader takes it for.",
    _columns(
        ("token_symbol", "VARCHAR", "symbol as a source wrote it"),
        ("form", "VARCHAR", "the symbols it looks like, in one form; NULL where nothing readable is left"),
    ),
)
STORE_FLOW_STATES = Table(
    "store",
    "flow_states",
    "One row per day and lot of money that is on an address that a flow reached, at the end of the day.",
    _columns(
        ("block_date", "DATE", "day, UTC"),
        ("position", "INTEGER", "order of the lots"),
        ("token_key", "INTEGER", "token, intermediate.int_tokens__canonical"),
        ("address_id", "INTEGER", "address where the lot is"),
        ("source_group", "VARCHAR", "group that the flow left, NULL for other money in the queue"),
        ("units", "BIGINT", "whole token units"),
        ("parts", "BIGINT", "rest of the amount, in 1e-18 token units"),
        ("hops", "TINYINT", "transfers so far"),
        ("confidence", "DOUBLE", "confidence so far"),
        ("started", "BIGINT", "clock of the first transfer: seconds, or blocks on Bitcoin"),
        ("moved", "BIGINT", "clock of the last transfer"),
        ("path", "BIGINT[]", "transfers so far: load_id * 2^40 + source_row"),
    ),
)
STORE_DEGREES = Table(
    "store",
    "degrees",
    "One row per token and address: its number of transfers, which shows who may be a hub without a new count.",
    _columns(
        ("token_id", "INTEGER", "store.tokens.token_id"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("transfers", "BIGINT", "transfers in and out"),
    ),
)
STORE_HUBS = Table(
    "store",
    "hubs",
    "One row per token and address with enough transfers for a hub: since when it is one, or when to check again.",
    _columns(
        ("token_key", "INTEGER", "token, intermediate.int_tokens__canonical"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("since", "DATE", "day on which it first had hub_degree distinct counterparties, NULL while it has not"),
        ("checked_at", "BIGINT", "number of transfers from which its counterparties are worth counting again"),
    ),
)
STORE_SERVICES = Table(
    "store",
    "services",
    "One row per token and address that within 24 h was paid by many addresses, or paid many: since when it was.",
    _columns(
        ("token_key", "INTEGER", "token, intermediate.int_tokens__canonical"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        (
            "paid_by_many_at",
            "TIMESTAMP",
            "when service_counterparties had paid it within 24 h, NULL while they have not",
        ),
        ("pays_many_at", "TIMESTAMP", "when it had paid service_counterparties within 24 h, NULL while it has not"),
        ("since", "TIMESTAMP", "since when both hold and it is a service, NULL while one does not"),
    ),
)
STORE_TRAFFIC_DAYS = Table(
    "store",
    "traffic_days",
    "One row per token, day and band of amounts: its transfers that are edges of the graph, against which findings "
    "are rare.",
    _columns(
        ("token_id", "INTEGER", "store.tokens.token_id"),
        ("block_date", "DATE", "UTC day"),
        ("band", "INTEGER", "of the amounts, 16 to an octave; NULL for a believable value in US dollars"),
        ("transfers", "BIGINT", "transfers between two addresses with an amount above zero"),
    ),
)
STORE_BUSIEST = Table(
    "store",
    "busiest",
    "One row per chain, day and address that touches more than half of the day's transfers.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name"),
        ("block_date", "DATE", "UTC day"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
    ),
)
STORE_PAYERS = Table(
    "store",
    "payers",
    "One row per address that has made a payment: the exchange it paid first, and when it first paid someone else.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("entity", "VARCHAR", "the exchange it paid first, NULL when its first payment did not go to an exchange"),
        ("other_at", "TIMESTAMP", "when it first paid someone else, NULL while it has not"),
    ),
)
STORE_PRICES = Table(
    "store",
    "prices",
    "One row per token and day of the price files.",
    _columns(
        ("token", "VARCHAR", "token symbol or contract address, lower case, with chain: before it where it is for one"),
        ("price_date", "DATE", "UTC day"),
        ("usd", "DOUBLE", "US dollars per token unit"),
    ),
)

STORE_WALLETS = Table(
    "store",
    "wallets",
    "One row per chain and address that ever sent a transaction or traded.",
    _columns(
        ("wallet_id", "INTEGER", "id of the wallet in the wallet tables"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("first_day", "DATE", "day of its first transaction or trade"),
    ),
)
STORE_WALLET_DAYS = Table(
    "store",
    "wallet_days",
    "One row per wallet and day with activity: figures that can be summed over days.",
    _columns(
        ("wallet_id", "INTEGER", "store.wallets.wallet_id"),
        ("block_date", "DATE", "UTC day"),
        ("tx_count", "INTEGER", "transactions it sent, or that others sent to make it trade"),
        ("status_count", "INTEGER", "transactions with a known status"),
        ("success_count", "INTEGER", "transactions that succeeded"),
        ("contract_count", "INTEGER", "transactions that call or create a contract"),
        ("defi_count", "INTEGER", "transactions to an address labelled dex, lending or bridge"),
        ("weekday_count", "INTEGER", "transactions from Monday to Friday"),
        ("hour_cos", "FLOAT", "sum of the cosine of the time of day, taken as an angle"),
        ("hour_sin", "FLOAT", "sum of the sine of the time of day, taken as an angle"),
        ("gas_count", "INTEGER", "transactions in blocks with a known median gas price"),
        ("gas_ratio", "FLOAT", "sum of their gas price divided by the block's median"),
        (
            "gas_saved",
            "FLOAT",
            "sum of their gas efficiency, min(1, the block's median / gas price)",
        ),
        ("gas_over_count", "INTEGER", "transactions with a gas price above the block's 90th percentile"),
        ("gas_usd", "DOUBLE", "gas in US dollars, as far as prices are known"),
        ("sent_count", "INTEGER", "payments to other addresses"),
        ("priced_count", "INTEGER", "payments with a believable value"),
        ("volume_usd", "DOUBLE", "total value of the priced payments, US dollars"),
        ("volume_squares", "DOUBLE", "sum of the squares of the values of payments"),
        ("returned_count", "INTEGER", "payments that came back on that day: round trips"),
        ("trade_count", "INTEGER", "trades"),
        ("priced_trade_count", "INTEGER", "trades with a believable value"),
        ("closed_count", "INTEGER", "trades and arbitrages with a known profit"),
        ("won_count", "INTEGER", "closed trades with a profit above 0"),
        ("realised_usd", "DOUBLE", "profit of closed trades after gas"),
        ("held_seconds", "DOUBLE", "sum of the holding times of trades whose purchase is known"),
        ("held_count", "INTEGER", "trades whose purchase is known"),
        ("mev_tx_count", "INTEGER", "transactions in sandwiches, arbitrages and liquidations"),
        ("sandwich_count", "INTEGER", "sandwiches"),
        ("arbitrage_count", "INTEGER", "arbitrages"),
        ("liquidation_count", "INTEGER", "liquidations"),
        ("mev_usd", "DOUBLE", "gain of those three after gas, as far as prices are known"),
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
        ("contact_id", "INTEGER", "the address paid or called, store.addresses.address_id"),
        ("is_called", "BOOLEAN", "true when the wallet called the address as a contract"),
    ),
)
STORE_WALLET_FEATURES = Table(
    "store",
    "wallet_features",
    "One row per wallet, day with activity, and window that ends on it: the sums of marts.fct_wallet_features.",
    (
        *_columns(
            ("chain", "VARCHAR", "canonical chain name"),
            ("address_id", "INTEGER", "store.addresses.address_id"),
            ("block_date", "DATE", "last day of the window, UTC"),
            ("window_days", "INTEGER", "7, 30 or 90"),
            ("active_days", "INTEGER", "active days in the window"),
            ("age_days", "INTEGER", "days since its first day, that day included"),
            ("recipient_count", "INTEGER", "distinct addresses it paid or called"),
            ("called_count", "INTEGER", "distinct contracts it called"),
            ("trade_days", "INTEGER", "days with a closed trade"),
            ("good_days", "INTEGER", "trade days whose last seven days together made a profit"),
            (
                "drawdown_usd",
                "DOUBLE",
                "largest fall of the running total of profits below its previous peak, NULL without a closed trade",
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
    "One row per address with a known owner or cluster: detection.address_clusters with ids instead of text.",
    _columns(
        ("kind", "VARCHAR", "exchange_deposit, multi_input or label"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        (
            "cluster_id",
            "VARCHAR",
            "entity of a deposit address, or a name made from the smallest of the addresses that sign together",
        ),
        ("entity", "VARCHAR", "owner, NULL when the labels of the cluster's addresses name none or several"),
        ("confidence", "DOUBLE", "0.7 when derived from behaviour, the label's own for a label"),
        ("source", "VARCHAR", "derived, or the source of the label"),
        ("known_from", "TIMESTAMP", "when the evidence was complete, or the label became valid, UTC"),
        (
            "known_to",
            "TIMESTAMP",
            "when the address first behaved differently, or the label ended, UTC; NULL while it applies",
        ),
        ("receipt_count", "INTEGER", "deposit addresses: judged receipts of which something was forwarded"),
        (
            "forwarded_percent",
            "DOUBLE",
            "deposit addresses: percentage of the judged receipts that was forwarded, rounded to 0.1",
        ),
        ("deposit_hours", "DOUBLE", "deposit addresses: hours allowed for forwarding"),
        ("evidence", "VARCHAR", "other kinds: the evidence in words"),
    ),
)
STORE_GROUP_MEMBERS = Table(
    "store",
    "group_members",
    "One row per group, chain, address and time interval: what detection.group_members shows.",
    _columns(
        ("group_id", "VARCHAR", "the group"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
        ("valid_from", "TIMESTAMP", "start of the interval, inclusive"),
        ("valid_to", "TIMESTAMP", "end of the interval, exclusive"),
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
        ("transaction_index", "BIGINT", "position of the transaction in its block, NULL where the source gives none"),
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
        ("amount_usd", USD, "US dollars as given by the source; NULL when unknown, never 0"),
        ("source_file", "VARCHAR", "file the row was loaded from"),
        ("source_row", "BIGINT", "1-based data row in that file"),
        ("load_id", "INTEGER", "the load that added the row, raw.loads.load_id"),
        ("block_date", "DATE", "UTC day of block_timestamp, the grain of every daily table"),
    ),
    view="raw_transfers",
)
RAW_TRANSACTIONS = Table(
    "raw",
    "transactions",
    "One row per transaction, including failed ones, from sources that contain transactions.",
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
        ("gas_used", "BIGINT", "gas the transaction consumed; multiplied by gas_price it is the fee in base units"),
        (
            "is_success",
            "BOOLEAN",
            "false when it failed; NULL where no status is known, as before Ethereum's Byzantium fork",
        ),
        ("method_id", "VARCHAR", "first four bytes of the call, NULL for a plain transfer"),
        ("created_contract", "VARCHAR", "contract created by the transaction"),
        ("load_id", "INTEGER", "the load that added the row"),
    ),
)
RAW_REJECTS = Table(
    "raw",
    "rejects",
    "One row per input row that was not loaded.",
    _columns(
        ("load_id", "INTEGER", "the load that rejected the row"),
        ("source_file", "VARCHAR", "file that contains the row"),
        ("source_row", "BIGINT", "1-based data row in that file"),
        ("reason", "VARCHAR", "reason, from the closed list of reasons"),
        ("message", "VARCHAR", "the rejected value and why it was rejected"),
        ("raw_text", "VARCHAR", "original text of the row, cut at a set length"),
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
        ("format", "VARCHAR", "source format that read it; labels or groups for a file of those"),
        ("chain", "VARCHAR", "chain assigned to rows that do not name one"),
        ("rows_read", "BIGINT", "rows of the window = rows_loaded + rows_duplicate + rows_rejected"),
        ("rows_loaded", "BIGINT", "rows that entered at least one raw table"),
        ("rows_duplicate", "BIGINT", "rows already stored under the same key"),
        ("rows_rejected", "BIGINT", "rows in raw.rejects"),
        ("transfers_loaded", "BIGINT", "rows of this load in raw.transfers"),
        ("transactions_loaded", "BIGINT", "rows of this load in raw.transactions"),
        ("unknown_amounts", "BIGINT", "transfers of this load without an amount"),
        ("first_timestamp", "TIMESTAMP", "earliest accepted time, UTC"),
        ("last_timestamp", "TIMESTAMP", "latest accepted time, UTC"),
        ("window_first", "DATE", "first day requested, NULL when open"),
        ("window_last", "DATE", "last day requested, NULL when open"),
        ("is_truncation_suspected", "BOOLEAN", "true when the file looks cut at an API cap or ends early"),
        ("note", "VARCHAR", "assumptions and suspicions, in words"),
        ("decisions", "VARCHAR", "how each column was read and the evidence for it, as a JSON list"),
        ("options_hash", "VARCHAR", "hash of the options the rows were read with"),
        ("started_at", "TIMESTAMP", "start of the load, UTC"),
        ("finished_at", "TIMESTAMP", "end of the load, UTC"),
    ),
)
RAW_WALLET_REPORTS = Table(
    "raw",
    "wallet_reports",
    "One row per wallet line of a netrascan report.",
    _columns(
        ("wallet", "VARCHAR", "the wallet's address"),
        ("category", "VARCHAR", "category as netrascan wrote it"),
        ("score", "DOUBLE", "netrascan's score"),
        ("tx_count", "BIGINT", "transactions in the line"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("source_file", "VARCHAR", "file that contains the line"),
        ("source_row", "BIGINT", "row in that file"),
        ("load_id", "INTEGER", "the load that added the row"),
    ),
)
RAW_LABELS = Table(
    "raw",
    "labels",
    "One row per accepted label, as in its label set, with defaults filled in.",
    _columns(
        ("chain", "VARCHAR", "canonical chain name; * for every EVM chain"),
        ("address", "VARCHAR", "address, lower case on EVM chains"),
        ("entity", "VARCHAR", "owner of the address, one spelling per entity"),
        ("entity_type", "VARCHAR", "finer kind of entity, free text"),
        ("category", "VARCHAR", "category, from the closed list of categories"),
        ("label", "VARCHAR", "name of this address, such as binance20"),
        ("regions", "VARCHAR[]", "ISO-3166 codes of the entity"),
        ("risk_level", "VARCHAR", "LOW, MEDIUM, HIGH or CRITICAL"),
        ("confidence", "DOUBLE", "0 to 1"),
        ("source", "VARCHAR", "where the information comes from; of a sanctions list with the day of the list"),
        ("valid_from", "TIMESTAMP", "start of validity, inclusive; NULL for always"),
        ("valid_to", "TIMESTAMP", "end of validity, exclusive; NULL when still valid"),
        (
            "known_from",
            "TIMESTAMP",
            "when the information became known, of a sanction the day of entry or of the list; NULL for always",
        ),
        ("is_source", "BOOLEAN", "true when tracing may start from it"),
        ("is_destination", "BOOLEAN", "true when tracing may end at it"),
        ("note", "VARCHAR", "remark in the label set"),
        ("licence", "VARCHAR", "licence of the label set"),
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
        (
            "e_value",
            "DOUBLE",
            "rank of the day: how many days a year deviate from rank_median at least as far, by the days before; NULL "
            "before a series has a first deviation",
        ),
        ("rank_median", "DOUBLE", "level of the series: median of the previous 28 days, token units"),
        ("rank_deviation", "DOUBLE", "distance of netflow from that level, token units"),
        (
            "rank_limit",
            "DOUBLE",
            "deviation above which e_value is under anomalies.alarms_per_year; NULL where no deviation is, because "
            "nothing moved before",
        ),
        ("rank_days", "INTEGER", "previous deviations that the day is ranked among, at most a year"),
        ("z_trailing", "DOUBLE", "(netflow - trailing_mean) / trailing_std; NULL without history or deviation"),
        ("z_robust", "DOUBLE", "0.6745 (netflow - robust_median) / robust_mad; NULL without history or deviation"),
        (
            "z_inclusive",
            "DOUBLE",
            "score of the LPT study over the last active rows, including the day itself; active days only",
        ),
        ("trailing_mean", "DOUBLE", "mean of the previous days of the window, token units"),
        ("trailing_std", "DOUBLE", "population standard deviation of the same days"),
        ("robust_median", "DOUBLE", "median of the same days"),
        ("robust_mad", "DOUBLE", "median absolute deviation of the same days"),
        ("inclusive_mean", "DOUBLE", "mean of the last active rows, including the day"),
        ("inclusive_std", "DOUBLE", "population standard deviation of the same rows"),
        ("history_days", "INTEGER", "baseline days available, at most the window"),
        ("is_active", "BOOLEAN", "true when at least one transfer touched the series on that day"),
    ),
)
NETFLOW_ANOMALIES = Table(
    "detection",
    "netflow_anomalies",
    "One row per anomalous day of an exchange, a wallet or the total, by the method in force.",
    _columns(
        *_SERIES,
        ("scope_type", "VARCHAR", "exchange, wallet or total; single wallets also move when an exchange tidies up"),
        ("scope", "VARCHAR", "exchange name, wallet address, or TOTAL"),
        ("netflow", AMOUNT, "inflow - outflow in token units; positive = onto the exchange"),
        ("e_value", "DOUBLE", "how many days a year deviate at least as far, whatever the method; NULL before day 8"),
        ("baseline_mean", "DOUBLE", "centre of the baseline the method used, token units"),
        ("baseline_std", "DOUBLE", "spread of that baseline; 0 for a flat one, NULL for rank"),
        ("zscore", "DOUBLE", "the method's score; NULL for rank and on a flat baseline"),
        ("robust_zscore", "DOUBLE", "z_robust of the same day, regardless of the method"),
        ("method", "VARCHAR", "rank, trailing, robust or inclusive; flat_baseline when the baseline has no deviation"),
        ("window_days", "INTEGER", "length of the baseline"),
        ("threshold", "DOUBLE", "e_value under which, or |z| from which a day is flagged; flat_baseline: the amount"),
        ("direction", "VARCHAR", "high = onto the exchange, low = off it"),
        (
            "severity",
            "VARCHAR",
            "by e_value: CRITICAL under a hundredth of the budget, HIGH under a tenth, or MEDIUM",
        ),
    ),
)
OUTFLOW_SURGES = Table(
    "detection",
    "outflow_surges",
    "One row per day with a surge of the outflow from one exchange, or from all exchanges together.",
    _columns(
        *_SERIES,
        ("scope", "VARCHAR", "exchange name, or TOTAL"),
        ("outflow", AMOUNT, "token units that went out on the day"),
        ("e_value", "DOUBLE", "how many days a year exceed their level at least as far, by the days before"),
        ("baseline_mean", "DOUBLE", "level of the outflow: median of the previous 28 days, token units"),
        ("excess", "DOUBLE", "outflow above that level, token units"),
        ("rule", "VARCHAR", "rank, amount, or both"),
        ("surge_amount", "DOUBLE", "the token's surge amount; NULL where none is set"),
        ("threshold", "DOUBLE", "e_value under which outflow is a surge"),
        (
            "severity",
            "VARCHAR",
            "by e_value: CRITICAL under a hundredth of the budget, HIGH under a tenth, or MEDIUM",
        ),
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
        ("scope", "VARCHAR", "exchange name, wallet address, or TOTAL"),
        ("measure", "VARCHAR", "what was measured, such as netflow or outflow"),
        ("value", "DOUBLE", "the measure on the day, token units"),
        ("baseline_mean", "DOUBLE", "centre of the baseline the detector used; NULL where it uses none"),
        ("baseline_std", "DOUBLE", "spread of that baseline; 0 for a flat one"),
        ("zscore", "DOUBLE", "the detector's z-score; NULL where it has none"),
        ("e_value", "DOUBLE", "how many days a year deviate at least as far; NULL where the detector does not say it"),
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
            "hash of typology, chain, token, focus address and transfers; the same in every run",
        ),
        ("typology", "VARCHAR", "the typology it fits, see docs/detectors.md"),
        ("detector_version", "VARCHAR", "version of the definition in code"),
        *_TOKEN,
        ("block_date", "DATE", "UTC day of its last transfer, the day it belongs to"),
        ("first_timestamp", "TIMESTAMP", "time of its first transfer, UTC"),
        ("last_timestamp", "TIMESTAMP", "time of its last transfer, UTC"),
        ("duration_seconds", "BIGINT", "from the first to the last transfer"),
        ("hop_count", "INTEGER", "transfers on its longest path"),
        ("address_count", "INTEGER", "distinct addresses"),
        ("transfer_count", "INTEGER", "transfers it lists"),
        ("focus_address", "VARCHAR", "the address it is about; NULL where it is about a path"),
        ("moved_amount", AMOUNT, "token units that moved, the same coin counted once"),
        ("gross_amount", AMOUNT, "token units summed over the hops, the older convention in the field"),
        (
            "moved_usd",
            USD,
            "moved_amount at the mean price of its priced transfers, US dollars; NULL when none has a believable price",
        ),
        ("strength", "DOUBLE", "how large it is, token units: see the typology's card; what its rarity is told by"),
        ("strength_usd", "DOUBLE", "the same in US dollars; NULL without a believable price"),
        ("centre_address", "VARCHAR", "the address it is about, or that its path meets most often"),
        ("is_order_known", "BOOLEAN", "false when two transfers of one block have no transaction index to order them"),
        ("suspect", "VARCHAR", "category and entity of a sanctioned or exploit label that it touches, NULL for none"),
        ("exceeds_limit", "BOOLEAN", "true when it exceeds an amount limit of the settings; there is none by default"),
        (
            "own_rate_log10",
            "DOUBLE",
            "fans: power of ten of the probability of so many transfers at the address's own rate of 30 days; NULL "
            "where it is not known",
        ),
        (
            "instance_of",
            "VARCHAR",
            "finding_id of the stronger one of its typology and day that tells the same: paths that share a transfer, "
            "others about the same address and token; NULL for one that stands for itself",
        ),
        ("instance_count", "BIGINT", "findings that are told by this one, stored or not"),
        ("unstored_instances", "BIGINT", "those of them that are not stored, beyond typologies.max_instances"),
        (
            "e_value",
            "DOUBLE",
            "E: findings of the typology at least this strong to be expected in 10,000 transfers of the chain's "
            "ordinary traffic; NULL when not assessed",
        ),
        ("pool_size", "BIGINT", "findings of its typology in 30 days that it was measured against"),
        ("pool_place", "BIGINT", "its place among them, 1 for the strongest"),
        ("strength_needed", "DOUBLE", "token units above which it would be rarer than the budget"),
        (
            "stake",
            "DOUBLE",
            "what moved in the unit of its pool: US dollars, or multiples of an ordinary amount of the token",
        ),
        (
            "is_assessed",
            "BOOLEAN",
            "false when nothing tells what is ordinary: too few transfers, or one address's own",
        ),
        (
            "judged_by",
            "VARCHAR",
            "pool (the chain's own traffic) or profile (the reference), or what makes it suspicious by itself: label, "
            "limit or own_rate",
        ),
        ("is_suspicious", "BOOLEAN", "true when it is rarer than the budget, or suspicious by itself"),
        ("score", "DOUBLE", "0 to 1: 1 / (1 + E), at least 0.9 when suspicious by itself, 0 when not assessed"),
        ("severity", "VARCHAR", "CRITICAL, HIGH, MEDIUM or LOW by E and dollars"),
        ("reason", "VARCHAR", "what happened, in a sentence"),
        ("verdict", "VARCHAR", "why it is or is not suspicious, in a sentence"),
        ("parameters", "VARCHAR", "JSON: the parameters in force"),
        ("evidence", "VARCHAR", "JSON: further numbers about this finding"),
        ("evidence_sql", "VARCHAR", "a query on raw.transfers that returns exactly its transfers"),
    ),
)
FINDING_TRANSFERS = Table(
    "detection",
    "finding_transfers",
    "One row per finding and transfer.",
    _columns(
        ("finding_id", "VARCHAR", "detection.findings.finding_id"),
        ("ordinal", "INTEGER", "position in time order, from 1"),
        (
            "part",
            "VARCHAR",
            "hop, peel, in (to the focus or the middle addresses) or out (away from them)",
        ),
        *_TOKEN,
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("block_number", "BIGINT", "block height, NULL where the source has none"),
        ("tx_hash", "VARCHAR", "transaction hash, NULL where the source has none"),
        ("transaction_index", "BIGINT", "position of the transaction in its block, NULL where the source gives none"),
        ("transfer_index", "BIGINT", "log or output index, NULL where the source gives none"),
        ("from_address", "VARCHAR", "sender"),
        ("to_address", "VARCHAR", "receiver"),
        ("amount", AMOUNT, "token units"),
        ("source_file", "VARCHAR", "file that contains the row"),
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
        ("component", "VARCHAR", "name in the registry of components"),
        ("finding_id", "VARCHAR", "the finding behind it, NULL for a contact with a labelled address"),
        ("score", "DOUBLE", "0 to 1"),
        ("confidence", "DOUBLE", "0 to 1"),
        ("weight", "DOUBLE", "the component's weight in the registry"),
        ("evidence", "VARCHAR", "the evidence in words"),
        (
            "is_active",
            "BOOLEAN",
            "true for the row that counts for its component: the one with the highest score times confidence",
        ),
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
        ("finding_count", "INTEGER", "suspicious findings that include the address"),
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
    "One row per labelled entity, token and day: the graph of its addresses and their counterparties.",
    _columns(
        ("block_date", "DATE", "day, UTC"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "token contract, NULL for the native coin"),
        ("entity", "VARCHAR", "owner of the cluster's addresses"),
        ("category", "VARCHAR", "the entity's label category"),
        ("address_count", "INTEGER", "addresses of the entity seen that day"),
        ("node_count", "INTEGER", "addresses in the graph, counterparties included"),
        ("edge_count", "INTEGER", "distinct pairs of sender and receiver"),
        ("transfer_count", "BIGINT", "transfers; self-transfers and zero amounts are left out"),
        ("volume", "DOUBLE", "token units that moved"),
        ("density", "DOUBLE", "pairs divided by possible pairs, n (n - 1)"),
        ("weak_components", "INTEGER", "weakly connected components: parts of the graph, ignoring direction"),
        (
            "strong_components",
            "INTEGER",
            "strongly connected components; fewer than node_count means that money can come back",
        ),
        ("in_degree_gini", "DOUBLE", "Gini coefficient of the number of payers, from 0 (even) to 1"),
        ("out_degree_gini", "DOUBLE", "Gini coefficient of the number of payees, from 0 (even) to 1"),
        ("clustering", "DOUBLE", "mean local clustering coefficient over all addresses, ignoring direction"),
        ("diameter", "INTEGER", "longest shortest path of the largest weak component, ignoring direction"),
        ("mean_path_length", "DOUBLE", "mean length of its shortest paths"),
        ("flow_gini", "DOUBLE", "Gini coefficient of the amounts per pair, from 0 (even) to 1"),
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
            "list of {address, betweenness}, largest first: where money passes through; normalised by (n - 1)(n - 2)",
        ),
        ("temporal_profile", "JSON", "{hours: 24 counts, amounts: 24 sums, peak_hours: up to three busiest}"),
        (
            "bursts",
            "JSON",
            "list of {hour, transfers, limit}: hours above mean + clusters.burst_deviations standard deviations",
        ),
        (
            "patterns",
            "JSON",
            "list of {typology, findings, suspicious}: findings that end that day and include an address of the entity",
        ),
        ("severity", "VARCHAR", "highest severity of the suspicious findings, LOW without any"),
    ),
)
ADDRESS_CLUSTERS = Table(
    "detection",
    "address_clusters",
    "One row per address with a known owner or cluster: by label, as a deposit address, or by joint signing.",
    _columns(
        (
            "cluster_id",
            "VARCHAR",
            "entity of a deposit address, or a name made from the smallest of the addresses that sign together",
        ),
        ("kind", "VARCHAR", "exchange_deposit, multi_input, or label for an address in a label set"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address", "VARCHAR", "the address"),
        ("entity", "VARCHAR", "owner, NULL when the labels of the cluster's addresses name none or several"),
        ("confidence", "DOUBLE", "0.7 when derived from behaviour, the label's own for a label"),
        ("source", "VARCHAR", "derived, or the source of the label; any label overrides behaviour"),
        ("known_from", "TIMESTAMP", "when the evidence was complete, or the label became valid, UTC"),
        (
            "known_to",
            "TIMESTAMP",
            "when the address first behaved differently, or the label ended, UTC; NULL while it applies",
        ),
        ("evidence", "VARCHAR", "the evidence in words"),
    ),
    view="address_clusters",
)
WALLET_ROLES = Table(
    "marts",
    "fct_daily_wallet_roles",
    "One row per day and labelled exchange wallet with a transfer: its counterparties; hot, warm or cold.",
    _columns(
        ("block_date", "DATE", "UTC day"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address", "VARCHAR", "the wallet"),
        ("entity", "VARCHAR", "the exchange it belongs to"),
        ("sender_count", "BIGINT", "distinct addresses that paid it on the day"),
        ("receiver_count", "BIGINT", "distinct addresses it paid on the day"),
        ("own_receipt_count", "BIGINT", "receipts from wallets and deposit addresses of the same exchange"),
        ("foreign_receipt_count", "BIGINT", "receipts from anyone else"),
        ("payment_count", "BIGINT", "payments to anyone"),
        (
            "role",
            "VARCHAR",
            "hot: many senders and receivers; cold: in the window, receipts from its own exchange only, at least one, "
            "and few payments; else warm",
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
        ("wallet", "VARCHAR", "the trader"),
        (
            "wallet_basis",
            "VARCHAR",
            "sender; called: the contract, if the sender moved nothing; only_trader: the only unlabelled trader",
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
            "priced leg: gave, got, both (their mean), none, or apart (both, but too far apart to believe either)",
        ),
        ("gas_amount", "DOUBLE", "native coin units the sender paid for gas, NULL where it is not known"),
        ("gas_usd", "DOUBLE", "the same in US dollars, NULL without a price"),
        ("covered_share", "DOUBLE", "share of the amount given that the wallet had bought at a known price, 0 to 1"),
        ("cost_usd", "DOUBLE", "average cost of that share, NULL where nothing is covered"),
        (
            "realised_usd",
            "DOUBLE",
            "value of the covered share minus its cost and gas; NULL without a covered share or a believable value",
        ),
        (
            "held_seconds",
            "DOUBLE",
            "time from the mean purchase time of that share to the trade, NULL where nothing is covered",
        ),
        (
            "gave_position_amount",
            "DOUBLE",
            "units of the given token bought at a known price and still held after the trade",
        ),
        ("gave_position_usd", "DOUBLE", "what they cost"),
        (
            "gave_position_since",
            "TIMESTAMP",
            "mean purchase time weighted by amount; meaningless for an empty position",
        ),
        ("got_position_amount", "DOUBLE", "the same for the received token"),
        ("got_position_usd", "DOUBLE", "what they cost"),
        (
            "got_position_since",
            "TIMESTAMP",
            "mean purchase time weighted by amount; meaningless for an empty position",
        ),
    ),
)
MEV_EVENTS = Table(
    "detection",
    "mev_events",
    "One row per sandwich, arbitrage or liquidation: value extracted by transaction order, detected by pattern.",
    _columns(
        ("event_id", "VARCHAR", "stable id, derived from the kind and the transactions"),
        ("kind", "VARCHAR", "sandwich, arbitrage or liquidation"),
        ("block_date", "DATE", "UTC day"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("block_number", "BIGINT", "block height"),
        ("wallet", "VARCHAR", "the trader: the sender of the transactions, or the contract that the sender calls"),
        ("sender", "VARCHAR", "signer of the (first) transaction"),
        ("tx_hashes", "VARCHAR[]", "transactions of the wallet, in order"),
        (
            "victim_tx_hashes",
            "VARCHAR[]",
            "transactions in between that got a worse price; empty except for sandwiches",
        ),
        ("pools", "VARCHAR[]", "pools it went through, sorted; empty for liquidations"),
        ("token_symbol", "VARCHAR", "token of the gain"),
        ("token_address", "VARCHAR", "its contract, NULL for the native coin"),
        ("gain_amount", "DOUBLE", "token units gained before gas; NULL where the gain is not in one token"),
        ("gain_usd", "DOUBLE", "US dollars gained after gas; NULL without a believable price"),
        ("gas_usd", "DOUBLE", "US dollars of gas, NULL without a price"),
        ("reason", "VARCHAR", "the pattern in one sentence"),
    ),
)
_SCORED = _columns(
    (
        "category",
        "VARCHAR",
        "mev_bot, institution, whale, active_trader, wash_trader or retail, by the rules of docs/smart-money.md",
    ),
    ("formula_score", "DOUBLE", "sum of the parts times the share of payments that did not come back, 0 to 1"),
    ("score_low", "DOUBLE", "formula_score with the lower end of the 95 % interval of the profit consistency"),
    ("score_high", "DOUBLE", "formula_score with the upper end of that interval"),
    ("volume_part", "DOUBLE", "part of the score: value paid in 30 days"),
    ("profit_consistency_part", "DOUBLE", "part of the score: share of profitable weeks"),
    ("activity_part", "DOUBLE", "part of the score: transactions per day"),
    ("gas_efficiency_part", "DOUBLE", "part of the score: gas price compared with the block"),
    ("diversity_part", "DOUBLE", "part of the score: addresses paid or called"),
    ("mev_part", "DOUBLE", "part of the score: share of MEV transactions"),
    ("round_trip_share", "DOUBLE", "share of payments that came back; the score is reduced by it"),
    (
        "confidence",
        "DOUBLE",
        "how much is known: active days in 30 relative to smart_money.sure_days, times the priced share",
    ),
    ("day_usd", "DOUBLE", "value paid on that day; listed wallets only"),
    ("usual_day_usd", "DOUBLE", "mean of its active days in the 89 days before; listed wallets only"),
    (
        "activity_zscore",
        "DOUBLE",
        "distance of that day from that mean in standard deviations; listed wallets with 10 such days only",
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
            ("entity", "VARCHAR", "entity of its label on the last active day, NULL without a label"),
            ("rank", "BIGINT", "rank by score, from 1; equal scores share a rank"),
            (
                "score",
                "DOUBLE",
                "score used for the rank, 0 to 1: the probability from the model in production, else formula_score",
            ),
            ("scored_by", "VARCHAR", "formula or model, and its version"),
            (
                "is_smart",
                "BOOLEAN",
                "true when formula_score reaches smart_money.min_score and the closed trades of the 30 days made money",
            ),
        ),
        *_SCORED,
        *_columns(
            ("first_seen", "DATE", "day of its first transaction or trade"),
            ("last_active", "DATE", "last active day; the score covers the 30 days up to it"),
            ("tx_count", "BIGINT", "transactions in those 30 days"),
            ("volume_usd", "DOUBLE", "value paid in those days, NULL without a believable price"),
            ("realised_usd", "DOUBLE", "profit of closed trades in those days, NULL without a closed trade"),
            ("win_rate", "DOUBLE", "share of closed trades with a profit"),
            ("mev_tx_count", "BIGINT", "transactions in sandwiches, arbitrages and liquidations"),
        ),
    ),
)
SMART_MONEY_DRIFT = Table(
    "detection",
    "smart_money_drift",
    "One row per feature of the model in production, if any: drift of today's wallets from its training data.",
    _columns(
        ("model_version", "VARCHAR", "version in the registry"),
        ("feature", "VARCHAR", "column of marts.fct_wallet_features, 30 days"),
        (
            "stability_index",
            "DOUBLE",
            "population stability index over the training deciles: under 0.1 similar, over 0.25 a different population",
        ),
    ),
)
SMART_MONEY_HISTORY = Table(
    "detection",
    "smart_money_history",
    "One row per day and wallet listed as smart money on that day: its score over the 30 days up to that day.",
    (
        *_columns(
            ("block_date", "DATE", "UTC day on which the wallet was active"),
            ("chain", "VARCHAR", "canonical chain name"),
            ("wallet", "VARCHAR", "the address"),
        ),
        *_SCORED,
    ),
)
ENTITY_CLUSTERS = Table(
    "marts",
    "fct_entity_clusters",
    "One row per day, entity and token that moved: flows of its addresses, including known deposit addresses.",
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
        ("netflow", "DECIMAL(38, 18)", "inflow - outflow"),
        ("internal", "DECIMAL(38, 18)", "token units between addresses of the cluster"),
        ("hot_wallet_count", "BIGINT", "its hot wallets on that day, for all tokens"),
        ("cold_wallet_count", "BIGINT", "its cold wallets on that day, for all tokens"),
    ),
)
GROUPS = Table(
    "detection",
    "groups",
    "One row per group of addresses that flows are followed from or to.",
    _columns(
        ("group_id", "VARCHAR", "the entity of a label, or the key in the group file"),
        ("name", "VARCHAR", "display name of the group"),
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
    "One row per group, chain, address and time interval.",
    _columns(
        ("group_id", "VARCHAR", "the group"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("address", "VARCHAR", "the address"),
        ("valid_from", "TIMESTAMP", "start of the interval, inclusive"),
        ("valid_to", "TIMESTAMP", "end of the interval, exclusive"),
    ),
    view="group_members",
)
GROUP_FLOWS = Table(
    "detection",
    "group_flows",
    "One row per flow that left one group and arrived in another.",
    _columns(
        ("flow_id", "VARCHAR", "the same in every run; derived from the attribution and the transfers"),
        ("attribution", "VARCHAR", "fifo, haircut or poison"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "token contract, NULL for the native coin"),
        ("block_date", "DATE", "day of arrival, UTC"),
        ("source_group", "VARCHAR", "group that the flow left"),
        ("destination_group", "VARCHAR", "group where the flow arrived"),
        ("amount", AMOUNT, "token units of the flow that arrived"),
        ("hop_count", "INTEGER", "number of transfers"),
        ("confidence", "DOUBLE", "1 at the first hop, multiplied by the decay at each further hop"),
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
        ("source_group", "VARCHAR", "group that the flows left"),
        ("destination_group", "VARCHAR", "group where the flows arrived"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "token contract, NULL for the native coin"),
        ("total_amount", AMOUNT, "token units that arrived"),
        ("flow_count", "BIGINT", "number of flows"),
        ("average_hops", "DECIMAL(9, 4)", "mean number of transfers per flow"),
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
    "One row per flow that is still active at the end of the last day.",
    _columns(
        ("source_group", "VARCHAR", "group that the flow left"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "token contract, NULL for the native coin"),
        ("address", "VARCHAR", "address where the flow is"),
        ("amount", AMOUNT, "token units"),
        ("hop_count", "INTEGER", "transfers so far"),
        ("confidence", "DOUBLE", "confidence so far"),
        ("started_at", "TIMESTAMP", "first transfer, UTC"),
        ("moved_at", "TIMESTAMP", "last transfer, UTC"),
    ),
)
OPS_DETECTIONS = Table(
    "ops",
    "detections",
    "One row per typology: what its last run found and stored.",
    _columns(
        ("typology", "VARCHAR", "name of the typology"),
        ("detector_version", "VARCHAR", "version of the definition in code"),
        ("found", "BIGINT", "findings counted; at least this many when is_truncated"),
        ("kept", "BIGINT", "findings stored"),
        ("suspicious", "BIGINT", "stored findings that are suspicious"),
        ("max_findings", "BIGINT", "cap per day"),
        ("is_truncated", "BOOLEAN", "true when more were found than stored, or a search was stopped"),
        ("rule_set", "VARCHAR", "name of the set of rules, rules.name"),
        ("rule_set_hash", "VARCHAR", "of its versions and parameters: other rules under the same name have another"),
    ),
)
OPS_FLOW_DAYS = Table(
    "ops",
    "flow_days",
    "One row per day: what happened to the flows.",
    _columns(
        ("block_date", "DATE", "day, UTC"),
        ("started", "BIGINT", "transfers out of a source group"),
        ("moved", "BIGINT", "further hops"),
        ("completed", "BIGINT", "arrived in another group that is a destination"),
        ("returned", "BIGINT", "arrived in their own group"),
        ("absorbed", "BIGINT", "arrived in a group that is not a destination"),
        ("hop_limit", "BIGINT", "died at the hop limit"),
        ("low_confidence", "BIGINT", "died because the confidence fell below the minimum"),
        ("too_small", "BIGINT", "died because the part that moved was below the minimum amount"),
        ("too_old", "BIGINT", "died because they exceeded the maximum age"),
        ("idle", "BIGINT", "died without moving"),
        ("pruned", "BIGINT", "dropped because there were more than tracing.max_flows"),
        ("dropped", "BIGINT", "lines of money without a flow, dropped because there were more than tracing.max_flows"),
        ("active", "BIGINT", "still active at the end of the day"),
    ),
)
OPS_FLOW_RESTATEMENTS = Table(
    "ops",
    "flow_restatements",
    "One row per change of the definition of group flows, pair of groups and token whose flows it changed.",
    _columns(
        ("restated_at", "TIMESTAMP", "when they were traced again, UTC"),
        ("version_before", "VARCHAR", "version of the definition before"),
        ("version", "VARCHAR", "version of the definition since"),
        ("source_group", "VARCHAR", "group that the money left"),
        ("destination_group", "VARCHAR", "group where it arrived"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "token contract, NULL for the native coin"),
        ("flows_before", "BIGINT", "flows as published before"),
        ("flows_after", "BIGINT", "flows since"),
        ("gone", "BIGINT", "flows as published before that are none now"),
        ("new", "BIGINT", "flows that were none before"),
        ("amount_before", AMOUNT, "their sum before"),
        ("amount_after", AMOUNT, "their sum since"),
    ),
)
OPS_RESTATEMENTS = Table(
    "ops",
    "restatements",
    "One row per restatement and published exchange day that it changed.",
    _columns(
        ("restated_at", "TIMESTAMP", "when it was applied, UTC"),
        ("labels", "VARCHAR", "the label files that were added"),
        ("block_date", "DATE", "day, UTC"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("token_address", "VARCHAR", "token contract, NULL for the native coin"),
        ("exchange", "VARCHAR", "the exchange"),
        ("netflow_before", AMOUNT, "as published, NULL when the day was not published"),
        ("netflow_after", AMOUNT, "as restated, NULL when the day no longer exists"),
        ("inflow_before", AMOUNT, "as published"),
        ("inflow_after", AMOUNT, "as restated"),
        ("outflow_before", AMOUNT, "as published"),
        ("outflow_after", AMOUNT, "as restated"),
    ),
)
OPS_ALERTS = Table(
    "ops",
    "alerts",
    "One row per alert ever raised, as of the publication; the alert ledger itself outlives every build.",
    _columns(
        ("alert_id", "VARCHAR", "hash of the rule and its subject; the same in every run"),
        ("rule", "VARCHAR", "kind of alert, or run_failed"),
        ("rule_version", "VARCHAR", "version of the rule in code"),
        ("subject", "VARCHAR", "what the alert is about, as the rule identifies it"),
        ("topic", "VARCHAR", "what message limits apply to: a series, an address or a pair"),
        ("chain", "VARCHAR", "canonical chain name, NULL when the alert is not about one chain"),
        ("block_date", "DATE", "UTC day of the alert, NULL when it is not about one day"),
        ("severity", "VARCHAR", "CRITICAL, HIGH or MEDIUM"),
        (
            "rarity",
            "DOUBLE",
            "how many as strong are to be expected, over the budget of its rule; NULL for what is always told",
        ),
        ("stake_usd", "DOUBLE", "US dollars it is about, NULL where they are not known"),
        ("title", "VARCHAR", "the alert in one sentence"),
        ("from_address", "VARCHAR", "sender, NULL when the alert is not about a flow of money"),
        ("to_address", "VARCHAR", "receiver, NULL when the alert is not about a flow of money"),
        ("from_entity", "VARCHAR", "entity of the sender at that time"),
        ("to_entity", "VARCHAR", "entity of the receiver at that time"),
        ("content", "VARCHAR", "JSON: the numbers that are compared; the alert counts as changed when they change"),
        (
            "explanation",
            "VARCHAR",
            "JSON frozen with the revision: what, against what baseline, which rule and version, which labels",
        ),
        ("part_of", "VARCHAR", "the alert that it is told as a part of, NULL for one that is told by itself"),
        ("change", "VARCHAR", "the last revision: new, changed or withdrawn"),
        ("revision", "INTEGER", "1 when first reported, plus 1 with each change"),
        ("first_told_at", "TIMESTAMP", "time of its first revision, UTC"),
        ("told_at", "TIMESTAMP", "when it was told, UTC; NULL while it waits behind rarer ones"),
        ("changed_at", "TIMESTAMP", "time of its last revision, UTC"),
        ("run_id", "VARCHAR", "run that created the last revision, tip where a followed chain did"),
        (
            "finality",
            "VARCHAR",
            "of what the tip told: seen, safe, final, or landed; NULL once a build has compared it",
        ),
        ("acknowledged_by", "VARCHAR", "who acknowledged the last revision, NULL for nobody"),
        ("acknowledged_at", "TIMESTAMP", "time of the acknowledgement, UTC"),
        ("acknowledged_reason", "VARCHAR", "reason for the acknowledgement"),
        ("acknowledged_as", "VARCHAR", "what it turned out to be: true, known or noise; NULL where nobody said"),
        ("snoozed_by", "VARCHAR", "who snoozed it, NULL for nobody"),
        ("snoozed_until", "TIMESTAMP", "end of the snooze, UTC"),
        ("snoozed_reason", "VARCHAR", "reason for the snooze"),
    ),
)
OPS_AUDITS = Table(
    "ops",
    "audits",
    "One row per expectation and run.",
    _columns(
        ("run_id", "VARCHAR", "id of the run that made the check, as the run prints it"),
        ("stage", "VARCHAR", "raw, marts or detection"),
        ("expectation", "VARCHAR", "name of the expectation"),
        ("description", "VARCHAR", "what the expectation requires"),
        ("severity", "VARCHAR", "blocking stops the run, warning is reported"),
        ("is_success", "BOOLEAN", "true when the expectation is met"),
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
            "hash of the rows in any order, without load ids, file names and run times; for a marts view: of its text",
        ),
    ),
)

STORE_ADDRESS_TRANSFERS = Table(
    "store",
    "address_transfers",
    "One row per transfer and address at an end of it, by address and time; the days since they were last sorted stand "
    "behind, each sorted. Without a row where explorer.read_tables is off.",
    _columns(
        ("address_id", "INTEGER", "the address, store.addresses.address_id"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("other_id", "INTEGER", "the address at the other end; the same one in a self-transfer, which has one row"),
        ("is_out", "BOOLEAN", "true where the address is the sender"),
        (
            "is_counted",
            "BOOLEAN",
            "true for what makes counterparties: to another address, of an amount above zero or unknown; zero amounts "
            "are free to send, and poison lists of counterparties",
        ),
        ("token_id", "INTEGER", "store.tokens.token_id"),
        ("amount", AMOUNT, "token units, exact; NULL where the source gave none or the token is not summable"),
        (
            "amount_usd",
            USD,
            "US dollars by the price of the day, else as the source gave them; NULL when unknown, as for suspected "
            "spoofs that no price names by contract",
        ),
        ("load_id", "INTEGER", "the load that added the transfer: with source_row its row in store.transfers"),
        ("source_row", "BIGINT", "1-based data row in the source file"),
    ),
)
STORE_COUNTERPARTIES = Table(
    "store",
    "counterparties",
    "One row per chain, busy address and counterparty, by rank: what had gone between them when "
    "store.address_transfers was last sorted. Addresses under explorer.busy_transfers are summed when they are asked "
    "for.",
    _columns(
        ("address_id", "INTEGER", "the address, store.addresses.address_id"),
        ("chain", "VARCHAR", "canonical chain name"),
        (
            "rank",
            "INTEGER",
            "1 for the most US dollars both ways, those without any known last; then by transfers, first time, id",
        ),
        ("other_id", "INTEGER", "the counterparty; never the address itself: self-transfers make none"),
        ("transfers_out", "BIGINT", "counted transfers to the counterparty, suspected spoofs included"),
        ("transfers_in", "BIGINT", "counted transfers from it"),
        (
            "usd_out",
            USD,
            "US dollars of transfers_out as far as they are known; NULL where none is known, never 0 for that",
        ),
        ("usd_in", USD, "the same of transfers_in"),
        ("first_at", "TIMESTAMP", "first of them, UTC"),
        ("last_at", "TIMESTAMP", "last of them, UTC"),
    ),
)
STORE_ADDRESS_TEXTS = Table(
    "store",
    "address_texts",
    "One row per address, in order of its text, so that those that begin alike are found without a look at all; "
    "addresses since the last sorting stand behind, sorted.",
    _columns(
        ("address", "VARCHAR", "the address, lower case on EVM chains"),
        ("address_id", "INTEGER", "store.addresses.address_id"),
    ),
)
STORE_TOKEN_NAMES = Table(
    "store",
    "token_names",
    "One row per spelling of a token with the name that is shown for it: intermediate.int_tokens__canonical, kept.",
    _columns(
        ("token_id", "INTEGER", "store.tokens.token_id"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("token_address", "VARCHAR", "token contract, NULL for a native coin or where the source has none"),
        ("token_symbol", "VARCHAR", "symbol shown for the token"),
        ("spoof_suspected", "BOOLEAN", "true where it imitates a known token of its chain"),
    ),
)

READ_TABLES = (STORE_ADDRESS_TRANSFERS, STORE_COUNTERPARTIES, STORE_ADDRESS_TEXTS, STORE_TOKEN_NAMES)
"""What is kept a second time, so that questions about an address are answered fast."""
STORE_TABLES = (
    STORE_TRANSFERS,
    STORE_ADDRESSES,
    STORE_TOKENS,
    STORE_BLOCK_TIMES,
    STORE_TRANSACTION_KEYS,
    STORE_COPIES,
    STORE_TOKEN_DAYS,
    STORE_DIRTY_DAYS,
    STORE_REOPENED,
    STORE_DAY_HASHES,
    STORE_TOLD_DAYS,
    STORE_STATE,
    STORE_DECIMALS,
    STORE_SYMBOL_FORMS,
    STORE_PRICES,
    STORE_WALLETS,
    STORE_WALLET_DAYS,
    STORE_WALLET_CONTACTS,
    STORE_WALLET_FEATURES,
    STORE_FLOW_STATES,
    STORE_DEGREES,
    STORE_HUBS,
    STORE_SERVICES,
    STORE_TRAFFIC_DAYS,
    STORE_BUSIEST,
    STORE_PAYERS,
    STORE_ADDRESS_CLUSTERS,
    STORE_GROUP_MEMBERS,
    *READ_TABLES,
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
    OPS_FLOW_RESTATEMENTS,
    OPS_RESTATEMENTS,
    OPS_ALERTS,
    OPS_AUDITS,
    OPS_PUBLICATIONS,
)
_TIP_COLUMNS = tuple(column for column in RAW_TRANSFERS.columns if column.name not in ("source_row", "load_id"))
LIVE_ROWS = Table(
    "live",
    "rows",
    "One row per transfer of a block, or of a message, that stands at the tip: without what follows from its block.",
    _columns(
        ("seq", "BIGINT", "number in order of arrival"),
        *((column.name, column.type, column.meaning) for column in _TIP_COLUMNS if column.name != "source_file"),
        ("source", "VARCHAR", "the source it came from, live.sources.source"),
        ("block_hash", "VARCHAR", "hash of its block, NULL in a stream that names none"),
        ("partition", "VARCHAR", "part of a stream, empty where there is but one"),
        ("is_landed", "BOOLEAN", "true when a landing file has it"),
    ),
)
LIVE_TRANSFERS = Table(
    "live",
    "transfers",
    "One row per transfer at the tip: the columns of raw.transfers, its block and how final it is.",
    _columns(
        *((column.name, column.type, column.meaning) for column in RAW_TRANSFERS.columns),
        ("block_hash", "VARCHAR", "hash of its block, NULL in a stream that names none"),
        ("finality", "VARCHAR", "seen, safe or final; a final one can not fall"),
    ),
    view="live_transfers",
)
LIVE_BLOCKS = Table(
    "live",
    "blocks",
    "One row per block taken and not yet forgotten: what a reorganisation is found by.",
    _columns(
        ("source", "VARCHAR", "live.sources.source"),
        ("number", "BIGINT", "block height"),
        ("hash", "VARCHAR", "its hash"),
        ("parent", "VARCHAR", "hash of the block before, NULL where the source does not say"),
        ("block_timestamp", "TIMESTAMP", "block time, UTC"),
        ("transfer_count", "BIGINT", "transfers in it"),
    ),
)
LIVE_CURSOR = Table(
    "live",
    "cursor",
    "One row per source and partition of a stream: where to go on, written with the rows before it.",
    _columns(
        ("source", "VARCHAR", "live.sources.source"),
        ("partition", "VARCHAR", "part of the stream, empty where there is but one"),
        ("position", "BIGINT", "offset, sequence or byte to go on at"),
    ),
)
LIVE_SOURCES = Table(
    "live",
    "sources",
    "One row per source that was ever followed.",
    _columns(
        ("source", "VARCHAR", "name of its cursor, such as evm:ethereum"),
        ("chain", "VARCHAR", "canonical chain name"),
        ("has_blocks", "BOOLEAN", "false for a stream whose transfers are final at once"),
        ("safe", "BIGINT", "blocks up to this one are unlikely to fall, -1 before the first"),
        ("final", "BIGINT", "blocks up to this one can not fall, -1 before the first"),
        ("head", "BIGINT", "height of the chain when it was last asked"),
        ("head_timestamp", "TIMESTAMP", "time of that block, UTC"),
        ("reorganisations", "BIGINT", "times that blocks fell"),
        ("deepest", "BIGINT", "most blocks that fell at once"),
        ("arrived_at", "TIMESTAMP", "when its last batch came, UTC"),
    ),
)
LIVE_TABLES = (LIVE_TRANSFERS, LIVE_ROWS, LIVE_BLOCKS, LIVE_CURSOR, LIVE_SOURCES)
"""Tables of the tip's own file, data/live/tip.duckdb."""
ALL_TABLES = STORE_TABLES + USER_TABLES
SCHEMAS = ("store", "raw", "marts", "detection", "ops")
QUERIED = ("raw", "marts", "detection", "ops")
"""Schemas that people query: their tables also go by their name alone, where it is the only one."""
