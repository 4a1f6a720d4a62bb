"""One frozen settings object: environment, file, what the data directory remembers, defaults.

Every key has its default and its reason here, shown by `netraflow settings --explain`. Nothing else in the house
reads the environment, and nothing reads settings at import time.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from flow_pipeline import layers
from flow_pipeline.domain.brokers import has_password
from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.vocabulary import LABEL_CATEGORIES
from flow_pipeline.layers import SETTINGS_FILE, Flat, Key, Recall

CONFIG_VARIABLE = "NETRAFLOW_CONFIG"
"""Names the settings file, as --config does."""
ENV_PREFIX = "NETRAFLOW_"
SECRET_PREFIX = "NETRAFLOW_SECRET_"
CREDENTIALS = (
    "NETRAFLOW_RPC_USER",
    "NETRAFLOW_RPC_PASSWORD",
    "NETRAFLOW_ETHERSCAN_KEY",
    "NETRAFLOW_BLOCKSCOUT_KEY",
)
"""Variables that hold what a server asks for; they are no settings, and kept nowhere."""
DAYS_PER_YEAR = 365
ANOMALY_METHODS = ("rank", "trailing", "robust", "inclusive")


class Section(BaseModel):
    """A section of the settings file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def is_bytes(value: str) -> str:
    """An amount of bytes as it was written.

    Raises:
        ValueError: it is none.
    """
    found = re.fullmatch(r"(\d+(\.\d+)?) ?[KMGT]i?B", value, re.IGNORECASE)
    if found is None or not float(found[1]):
        raise ValueError(f"'{value}' is not an amount of bytes such as 512MB or 4GiB")
    return value


_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def bytes_of(value: str) -> int:
    """How many bytes an amount such as 512MB or 4GiB is."""
    number, unit = re.fullmatch(r"([\d.]+) ?([KMGT]?i?)B", value, re.IGNORECASE).groups()  # type: ignore[union-attr]
    return int(float(number) * _UNITS[unit.lower()])


def holding_no_secret(address: str) -> str:
    """An address as it was written.

    Raises:
        ValueError: a password stands in it.
    """
    if not address.startswith("env:") and has_password(address):
        raise ValueError(f"it holds a password; put it into a variable such as {SECRET_PREFIX}URL and write env:NAME")
    return address


class WarehouseSettings(Section):
    """Engine limits, locks and how many published files stay."""

    memory_limit: str = Field(
        "4GB",
        description="memory of a run: the engine spills what does not fit to disk, and detection searches so many days "
        "at once as fit into half of it, while the engine keeps to the other half",
    )
    interpreter_memory: str = Field(
        "400MB", description="what of it Python and its libraries take: that much a run holds before it reads anything"
    )
    bytes_per_transfer: int = Field(
        250,
        ge=1,
        description="memory that a transfer takes while typologies are searched, with what is found in it: 200 bytes "
        "on 4 M transfers of a generated world, and a quarter for worlds with more findings; half of memory_limit over "
        "this is how many transfers are searched at once",
    )
    bytes_per_finding: int = Field(
        1_000,
        ge=1,
        description="memory that a finding takes while it is judged: its own numbers, those of its transfers, and its "
        "name; half of memory_limit over this is how many are judged at once, with those of the days before",
    )
    bytes_per_followed: int = Field(
        500,
        ge=1,
        description="memory that a transfer takes while group flows are followed: 2 GB for 4 M; half of memory_limit "
        "over this is how many are followed at once, in whole days",
    )
    threads: int = Field(0, ge=0, description="DuckDB threads; 0 uses every core")
    side_by_side_transfers: int = Field(
        1_000_000,
        ge=0,
        description="up to this many new transfers, independent stages run in parallel; above it, their memory use "
        "would add up",
    )
    checkpoint_threshold: str = Field(
        "256MB",
        description="size of written changes after which a run checkpoints the build file; a day's changes are "
        "smaller, and are checkpointed once, at the end",
    )
    keep_published: int = Field(
        3, ge=1, description="published files kept, the current one included: what `netraflow rollback` goes back to"
    )
    lock_timeout_seconds: float = Field(
        5.0, ge=0, description="how long a run waits for another run's lock before it gives up"
    )
    sync_to_disk: bool = Field(
        True, description="fsync a published file before the swap, so that a power cut cannot publish a torn file"
    )

    @field_validator("memory_limit", "interpreter_memory", "checkpoint_threshold")
    @classmethod
    def _bytes(cls, value: str) -> str:
        return is_bytes(value)


class LakeSettings(Section):
    """Where transfers lie when the engine is Spark."""

    path: str | None = Field(
        None,
        description="folder of the Delta tables, which every worker reaches; unset is `lake` in the data directory",
    )
    transfers_at_once: int = Field(
        5_000_000,
        ge=1,
        description="transfers a load gathers before they are written to the lake: half a gigabyte, and files that are "
        "not small",
    )


class SparkSettings(Section):
    """The session of the second engine."""

    master: str = Field(
        "local[*]",
        description="where Spark runs: local[*] on this machine, spark://HOST:PORT for a cluster, sc://HOST:PORT for a "
        "server of Spark Connect",
    )
    driver_memory: str = Field("2g", description="memory of the session on this machine; a server has its own")
    executor_memory: str = Field("2g", description="memory of each worker's process on a cluster")
    partitions: int = Field(
        0, ge=0, description="partitions of a shuffle; 0 takes two for each core that the session has"
    )
    stretch_days: int | None = Field(
        None,
        ge=1,
        description="days that a task searches for typologies at most, beside the days that it looks back on; as many "
        "as fit into memory by default, because a stretch reads those days once more, and what a task costs is mostly "
        "looking back. Fewer spread a token that fits into one task over several workers",
    )
    options: dict[str, str] = Field(
        default_factory=dict, description="more of Spark's own settings, as spark.sql.files.maxPartitionBytes"
    )


class MapConstants(Section):
    """What a mapped file does not say, for every row of it."""

    chain: str | None = Field(None, description="chain of every row")
    token_symbol: str | None = Field(None, description="symbol of every row's token")
    token_address: str | None = Field(None, description="contract of every row's token")
    decimals: int | None = Field(None, ge=0, le=77, description="decimals of that token, for amounts in base units")
    unit: Literal["token", "base"] | None = Field(None, description="what the amounts count: coins or base units")
    time_zone: str | None = Field(None, description="zone of times that do not name theirs")
    decimal_mark: Literal["point", "comma"] | None = Field(None, description="what stands before decimals")
    date_order: Literal["day", "month"] | None = Field(None, description="what comes first in 01/02/2024")

    def as_text(self) -> dict[str, str]:
        """The constants that are given, but the unit."""
        return {name: str(value) for name, value in self.model_dump(exclude={"unit"}).items() if value is not None}


class MapStatus(Section):
    """Words of a status column that are on no list."""

    ok: tuple[str, ...] = Field((), description="words that say a transaction worked")
    failed: tuple[str, ...] = Field((), description="words that say it did not")


class MapSettings(Section):
    """Names of a file's columns that no format knows, and what the file does not say."""

    columns: dict[str, str] = Field(default_factory=dict, description="column of the file per field")
    constants: MapConstants = Field(default_factory=MapConstants, description="what holds for every row")
    status: MapStatus = Field(default_factory=MapStatus, description="words of a status column")


class SourceSettings(Section):
    """How input files are read."""

    chain: str = Field(
        "ethereum", description="chain of files that do not name one; the load report says when it is used"
    )
    chains: dict[str, str] = Field(
        {},
        description="chain of such files by a pattern of their name (`--chain PATTERN=NAME`), before `sources.chain`; "
        "the first pattern that fits counts",
    )
    value_unit: Literal["auto", "token", "base"] = Field(
        "auto",
        description="unit of amounts: token units (coins) or base units; auto decides by all values of a column and "
        "its neighbours, and refuses a file that leaves it open",
    )
    decimal_mark: Literal["auto", "point", "comma"] = Field(
        "auto",
        description="what stands before decimals; auto decides by all values of a column, and refuses a file whose "
        "numbers can be read both ways",
    )
    date_order: Literal["auto", "day", "month"] = Field(
        "auto",
        description="what comes first in 01/02/2024; auto decides by numbers over 12, and refuses a file without any",
    )
    time_zone: str = Field(
        "UTC", description="zone of times that do not name theirs, such as Europe/Berlin; exporters write UTC"
    )
    map: MapSettings | None = Field(
        None,
        description="names of columns for files that no format fits (`--map FILE`): columns, constants, status; a file "
        "that has all of its columns is read by it",
    )
    recursive: bool = Field(False, description="also load the files of subfolders, such as a Hive-partitioned table")
    time_unit: Literal["second", "minute", "hour", "day"] | None = Field(
        None, description="length of one step in the time column of an edge list; there is no sensible default"
    )
    epoch: date | None = Field(None, description="day of step 0 of an edge list; there is no sensible default")
    max_name_letters: int = Field(
        64,
        ge=24,
        description="letters of a symbol or a chain's name that are kept, then its length and a hash: real symbols "
        "have under thirty, and longer ones are advertisements",
    )
    earliest: date = Field(
        date(2009, 1, 3),
        description="earlier times are rejected as bad_timestamp; the default is the day of the first block of the "
        "first chain",
    )
    max_future_hours: int = Field(
        48,
        ge=0,
        description="times further in the future are rejected as bad_timestamp: clocks differ by hours, not by years",
    )
    api_caps: tuple[int, ...] = Field(
        (1_000, 5_000, 10_000),
        description="row counts at which explorers and APIs cut a result; a file with exactly that many rows may be "
        "incomplete",
    )
    silence_factor: float = Field(
        20.0,
        gt=0,
        description="a file may be truncated when it ends before the window by more than a day and by more than this "
        "many mean gaps between its rows",
    )
    max_line_bytes: int = Field(
        16 * 1024 * 1024,
        ge=1024,
        description="longer lines are rejected as malformed_row: no real row is this long, and memory stays bounded",
    )
    max_json_bytes: int = Field(
        512 * 1024 * 1024,
        ge=1024,
        description="maximum size of a JSON document read as one value; JSON Lines has no such limit",
    )
    max_json_depth: int = Field(
        100, ge=5, le=1_000, description="deepest nesting of JSON that is read; no export has more than a dozen levels"
    )
    max_columns: int = Field(
        2_000, ge=10, description="most columns or JSON keys of a file; more are values that were written as keys"
    )
    max_unpacked_bytes: int = Field(
        200 * 1024**3, ge=1024, description="largest content of a packed file: a bomb must not fill the disk"
    )
    max_raw_text: int = Field(2_000, ge=100, description="characters of a rejected row kept in raw.rejects")
    inputs: tuple[str, ...] = Field(
        (),
        description="what each run reads beside its folder: folders, Delta and Iceberg tables, s3://bucket/folder, "
        "postgresql://user@host/database?table=schema.name",
    )
    tokens: Path | tuple[Path, ...] | None = Field(
        None,
        description="token files: a CSV (chain, token_address, token_symbol, decimals), token lists (JSON), "
        "CoinGecko's coins/list, ethereum-etl's tokens.csv; what they say of a token comes before the registry",
    )
    prices: str | tuple[str, ...] | None = Field(
        None,
        description="price files that fill amount_usd: FILE with the columns token, date, usd, or SYMBOL=FILE or "
        "CHAIN:CONTRACT=FILE for the history of one token; without any, amount_usd is NULL, never 0",
    )
    daily_price: Literal["last", "first", "mean"] = Field(
        "last",
        description="the price of a UTC day whose file has several: the last one, as a daily close is, the first one, "
        "or their mean",
    )

    @field_validator("prices", mode="before")
    @classmethod
    def _price_texts(cls, value: Any) -> Any:
        return str(value) if isinstance(value, Path) else tuple(map(str, value)) if isinstance(value, list) else value

    @field_validator("inputs")
    @classmethod
    def _hold_no_secret(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(holding_no_secret, value))

    @field_validator("chains")
    @classmethod
    def _known_names(cls, value: dict[str, str]) -> dict[str, str]:
        return {pattern: canonical_chain(name) for pattern, name in value.items()}

    def chain_of(self, path: Path) -> str | None:
        """The chain that a pattern gives to a file, None where none fits its name."""
        return next((chain for pattern, chain in self.chains.items() if path.match(pattern)), None)

    @property
    def token_files(self) -> tuple[Path, ...]:
        """The token files, however many."""
        if self.tokens is None:
            return ()
        return self.tokens if isinstance(self.tokens, tuple) else (self.tokens,)

    @property
    def price_files(self) -> tuple[str, ...]:
        """The price files with the names of their tokens, however many."""
        if self.prices is None:
            return ()
        return self.prices if isinstance(self.prices, tuple) else (self.prices,)


class LabelSettings(Section):
    """Label sets in force."""

    files: tuple[Path, ...] = Field((), description="label sets added to the shipped packs")
    default_confidence: float = Field(
        0.5,
        ge=0,
        le=1,
        description="confidence of labels whose file has no such column: an even chance, below every shipped pack",
    )
    sanctions_confidence: float = Field(
        1.0,
        ge=0,
        le=1,
        description="confidence of labels out of OFAC's own files: the list itself decides who stands on it",
    )
    default_category: str | None = Field(
        None,
        description="what the addresses of a list are that does not say it, such as sanctioned or exchange; unset "
        "leaves it to the file's name, and refuses a plain list whose name says nothing",
    )
    max_letters: int = Field(
        300,
        ge=60,
        description="letters of a text of a label that are kept, then its length and a hash; the longest of the "
        "shipped packs has 92",
    )
    max_bytes: int = Field(
        512 * 1024**2,
        ge=1024,
        description="largest label file, unpacked: it is held in memory, and the largest public list has about 120 MB",
    )
    max_depth: int = Field(40, ge=4, description="deepest nesting of XML and YAML that is read; no list has twenty")
    max_aliases: int = Field(
        10_000, ge=0, description="most repetitions of an anchor in YAML: a bomb grows by them, a TagPack has few"
    )
    as_known_on: date | None = Field(
        None,
        description="use only labels known by the end of this day (known_from), as a report written on that day "
        "would; unset uses all labels",
    )

    @field_validator("default_category")
    @classmethod
    def _is_understood(cls, value: str | None) -> str | None:
        if value is not None and value not in LABEL_CATEGORIES:
            raise ValueError(f"'{value}' is no category; choose from {', '.join(LABEL_CATEGORIES)}")
        return value


class ScreenSettings(Section):
    """Screening an address against the lists in force."""

    hops: int = Field(
        2,
        ge=1,
        le=6,
        description="how far from a listed address somebody still counts as near it: one hand in between is the common "
        "way to hide a payment, and beyond two hops nearly everybody is near somebody",
    )
    categories: tuple[str, ...] = Field(
        ("sanctioned",), description="label categories that make a hit; add exploit or mixer for a wider screen"
    )
    max_addresses: int = Field(
        100_000, ge=1, description="most addresses of one file: their paths are held in memory until they are shown"
    )
    shown_hashes: int = Field(
        5, ge=1, description="transaction hashes shown per leg of a path, the earliest; their number is shown always"
    )

    @field_validator("categories")
    @classmethod
    def _are_categories(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in LABEL_CATEGORIES]
        if unknown or not value:
            raise ValueError(
                f"'{', '.join(unknown)}' is no list of label categories; choose from {', '.join(LABEL_CATEGORIES)}"
            )
        return value


class RegionSettings(Section):
    """What counts as the home region."""

    home: tuple[str, ...] = Field(
        ("ID",), description="ISO-3166 codes of the home region; fct_daily_outflow shows the outflow of this region"
    )
    scanned_wallets_are_home: bool = Field(
        True, description="wallets in netrascan reports count as domestic, because the scan is made in the home region"
    )

    @field_validator("home")
    @classmethod
    def _codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if len(code) != 2 or not code.isalpha() or not code.isupper():
                raise ValueError(f"'{code}' is not an ISO-3166 code such as ID")
        return value


def _is_section(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError("there is no such setting")
    return value


class AnomalySettings(Section):
    """Windows, thresholds and severities of the daily detectors; one may have a section of its name, described in its
    file.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, Annotated[dict[str, Any], BeforeValidator(_is_section)]]

    method: Literal["rank", "trailing", "robust", "inclusive"] = Field(
        "rank",
        description="method that fills detection.netflow_anomalies; rank keeps to alarms_per_year on every kind of "
        "series that was measured, the others flag ordinary days up to 50 times a year",
    )
    alarms_per_year: float = Field(
        1.0,
        gt=0,
        description="ordinary days per series and year that rank may flag; measured: 0.9 to 1.3 after the first year, "
        "0.3 to 1 in it",
    )
    rank_level_days: int = Field(
        28,
        ge=2,
        le=365,
        description="days before whose median is the level of a series: four whole weeks, so that weekdays even out "
        "and a new level is taken over within a month",
    )
    rank_history_days: int = Field(
        365,
        ge=30,
        le=3_650,
        description="days before among whose deviations a day is ranked: a year, so that a size seen once a year can "
        "be told from one seen monthly",
    )
    window_days: int = Field(7, ge=2, le=365, description="length of the baseline: one week covers the weekday pattern")
    min_history_days: int = Field(
        7, ge=2, description="days of history that a baseline, or the level of a series, needs before a day is scored"
    )
    trailing_threshold: float = Field(
        3.0,
        gt=0,
        description="|z| from which a day is anomalous by trailing; seven days are a poor sample: Gaussian noise "
        "reaches it 15 times a year, heavy tails 22 to 32 times",
    )
    robust_threshold: float = Field(
        3.0,
        gt=0,
        description="the same for the median-based score, which a single extreme day in the baseline cannot mask; "
        "Gaussian noise reaches it 35 times a year, heavy tails 44 to 49 times",
    )
    inclusive_threshold: float = Field(
        2.0,
        gt=0,
        description="the LPT study's threshold; a score that includes its own day never exceeds the root of window "
        "- 1, and Gaussian noise reaches it 9 times a year, heavy tails 16 to 20 times",
    )
    inclusive_min_rows: int = Field(
        3, ge=2, description="active rows that the LPT study requires before it scores a day"
    )
    min_amount: float = Field(
        1.0,
        ge=0,
        description="token units by which a day must differ from a baseline without deviation to be flagged "
        "flat_baseline (trailing, robust); on series that move on a third of the days "
        "or fewer this adds 5 to 13 false alarms a year by trailing, 18 to 96 by robust",
    )
    min_amount_by_token: dict[str, float] = Field(
        {"ETH": 10.0, "BTC": 1.0, "LPT": 1000.0, "USDT": 10000.0, "USDC": 10000.0},
        description="the same per token symbol, roughly 10,000 USD",
    )
    unknown_token_days: int = Field(
        3,
        ge=1,
        description="days on which a series must have moved before it has a row for every day and is judged, where "
        "neither a registry nor a token file knows its token and nothing of it was worth dollars: spam comes once or "
        "twice, and its rows would outnumber all others; 1 fills and judges every series",
    )
    top_k: int = Field(10, ge=1, description="days shown by the top-K views, as in the LPT study")
    surge_amount_by_token: dict[str, float] = Field(
        {},
        description="token units above its level from which a day's outflow is a surge however often it happens; none "
        "by default, because no amount is large for every exchange",
    )

    @model_validator(mode="after")
    def _can_fire(self) -> AnomalySettings:
        limit = math.sqrt(self.window_days - 1)
        if self.inclusive_threshold > limit:
            raise ValueError(
                f"inclusive_threshold {self.inclusive_threshold} can never fire: a z-score that includes its own day "
                f"stays at or under sqrt(window_days - 1) = {limit:.4f}; lower it or lengthen window_days"
            )
        if self.min_history_days > self.window_days:
            raise ValueError(
                f"min_history_days {self.min_history_days} can never be met inside window_days {self.window_days}; "
                "lower it"
            )
        if self.min_history_days > self.rank_level_days:
            raise ValueError(
                f"min_history_days {self.min_history_days} can never be met inside rank_level_days "
                f"{self.rank_level_days}; lower it or lengthen rank_level_days"
            )
        if self.alarms_per_year >= DAYS_PER_YEAR:
            raise ValueError(
                f"alarms_per_year {self.alarms_per_year:g} flags every day that moves, because a year has "
                f"{DAYS_PER_YEAR} days; lower it: 1 is the default, 12 is one a month"
            )
        if self.inclusive_min_rows > self.window_days:
            raise ValueError(
                f"inclusive_min_rows {self.inclusive_min_rows} can never be met inside window_days {self.window_days}; "
                "lower it"
            )
        return self

    def threshold(self, method: str) -> float:
        """The |z| from which `method` flags a day; for rank, the E under which it does."""
        return self.alarms_per_year if method == "rank" else float(getattr(self, f"{method}_threshold"))


class TypologySettings(Section):
    """What all typologies share; each has its own parameters in a section of its name, described in its file."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    hub_degree: int = Field(
        1_000,
        ge=3,
        description="distinct counterparties in one token from which an address is a hub (a service, labelled or not); "
        "paths end there",
    )
    service_counterparties: int = Field(
        30,
        ge=3,
        description="an address that so many addresses pay within 24 h, and that pays so many within 24 h, is a "
        "service from then on, labelled or not. Both sides are asked for: with either side, a thief who pays 40 "
        "addresses would be one and his fan would vanish",
    )
    service_hours: float = Field(
        24.0, gt=0, le=8_760, description="the time within which they pay it, and within which it pays them"
    )
    max_hops: int = Field(
        32,
        ge=6,
        description="longer paths are cut at this length and marked truncated: nobody follows more hops, and run time "
        "stays bounded",
    )
    max_findings: int = Field(
        10_000,
        ge=1,
        description="findings stored per typology and day, the strongest first; the rest is counted and reported",
    )
    max_instances: int = Field(
        5,
        ge=0,
        description="of paths that share a transfer with a stronger one of their day, how many are stored with it: "
        "they tell the same story, and at a pool that no label shows there are millions; all are counted",
    )

    @property
    def service_window(self) -> int:
        """service_hours in microseconds."""
        return round(self.service_hours * 3_600_000_000)


class RuleSettings(Section):
    """The set of rules: versions and parameters of all detectors, and the budget, under one name."""

    name: str = Field(
        "standard",
        min_length=1,
        description="name of this set of rules, kept with what it found; give another when you change parameters",
    )


class VerdictSettings(Section):
    """What makes a finding suspicious: how rare it is in the traffic of its chain, and what it is worth."""

    alarms_per_10000: float = Field(
        1.0,
        gt=0,
        lt=10_000,
        description="budget: a finding is suspicious when fewer than so many at least as strong are to be expected in "
        "10,000 transfers of ordinary traffic; at 10,000 each transfer could be one and everything would be",
    )
    pool_days: int = Field(
        30, ge=1, le=366, description="days before a finding whose traffic tells what is ordinary: a month"
    )
    min_transfers: int = Field(
        5_000,
        ge=1,
        description="a pool whose days hold fewer transfers tells nothing about what is rare: the reference profile "
        "judges instead",
    )
    max_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="when one address touches more than this share of the transfers, they are its own list and no "
        "traffic of the chain: the reference profile judges instead",
    )
    min_token_transfers: int = Field(
        100,
        ge=1,
        description="tokens without a price and with fewer transfers in the pool's days stay out: what is an ordinary "
        "amount of them is not known",
    )
    reference: Path | None = Field(
        None,
        description="profile of a reference traffic, made by `netraflow profile`; by default the one that ships with "
        "netraflow",
    )
    own_rate_log10: float = Field(
        -6.0,
        lt=0,
        description="a fan is suspicious, however rare its size, when its address at its own rate would make so many "
        "payments with less than this probability, a power of ten",
    )
    own_rate_max_share: float = Field(
        0.25,
        ge=0,
        le=1,
        description="where more than this share of the other fans of the pool's days are beyond their own rates, "
        "people there pay in bursts, and it is no reason",
    )
    own_rate_days: int = Field(30, ge=1, le=366, description="days before a fan that tell its address's own rate")
    own_rate_history_days: float = Field(
        7.0, gt=0, description="days of data before a fan without which nobody's own rate is known"
    )
    large_usd: float = Field(
        1_000_000.0, gt=0, description="from so many US dollars on, a suspicious finding is one word more severe"
    )
    small_usd: float = Field(
        10_000.0,
        ge=0,
        description="under so many US dollars it is one word less severe: the threshold of currency transaction "
        "reports, 31 CFR 1010.311",
    )

    @model_validator(mode="after")
    def _stakes_are_ordered(self) -> VerdictSettings:
        if self.small_usd >= self.large_usd:
            raise ValueError(
                f"small_usd {self.small_usd:g} must lie below large_usd {self.large_usd:g}, or one can never be met"
            )
        return self


class ClusterSettings(Section):
    """Cluster analysis: the graph around each labelled entity, day by day."""

    min_transfers: int = Field(
        3, ge=1, description="clusters with fewer transfers on a day are left out: two payments do not form a structure"
    )
    exact_vertices: int = Field(
        2_000,
        ge=2,
        description="in larger graphs, paths and betweenness are estimated from a sample: computing all pairs costs "
        "vertices times edges",
    )
    sample: int = Field(
        64,
        ge=1,
        description="start vertices of that sample: the standard error of a mean path is an eighth of its standard "
        "deviation",
    )
    seed: int = Field(7, description="seed of the sample, so that a repeated run gives the same figures")
    top: int = Field(
        5, ge=1, description="number of senders, receivers and bridges listed: readers do not compare more"
    )
    deposit_share: float = Field(
        0.9,
        gt=0,
        le=1,
        description="a deposit address forwards at least this share of its receipts to its exchange, its only payee",
    )
    deposit_hours: float = Field(
        24.0,
        gt=0,
        le=8_760,
        description="hours after the receipt within which it must be forwarded: exchanges sweep daily",
    )
    deposit_receipts: int = Field(
        1,
        ge=1,
        description="receipts that must have been forwarded; a larger number is more certain and finds fewer addresses",
    )
    hot_degree: int = Field(
        10,
        ge=2,
        description="an exchange wallet with at least this many senders and this many receivers on one day is hot: it "
        "serves customers",
    )
    cold_days: int = Field(
        30, ge=1, description="days over which a wallet must have no outside receipts and few payments to be cold"
    )
    cold_payments: int = Field(
        3, ge=0, description="payments that a cold wallet may make in those days: moving reserves takes a few"
    )
    coinjoin_equal_outputs: int = Field(
        3,
        ge=2,
        description="a Bitcoin transaction with at least this many receivers of the same amount is a CoinJoin, whose "
        "inputs have different owners",
    )
    burst_deviations: float = Field(
        2.0,
        gt=0,
        lt=4.7958,
        description="an hour is a burst above mean + this many standard deviations; with 24 hours none can exceed the "
        "square root of 23",
    )


class TracingSettings(Section):
    """Group flows: money followed from one group of addresses to another."""

    groups: Path | None = Field(
        None, description="YAML or JSON file with groups of addresses; they take precedence over groups from labels"
    )
    use_derived: bool = Field(
        True,
        description="deposit addresses count as their exchange from the moment they are known: money that reaches one "
        "has arrived, no matter when it is swept",
    )
    attribution: Literal["fifo", "haircut", "poison"] = Field(
        "fifo",
        description="how much of a flow moves on: fifo takes the oldest money first, as courts have done; haircut "
        "takes proportional shares; poison taints everything that leaves afterwards",
    )
    max_hops: int = Field(
        6,
        ge=1,
        le=16,
        description="maximum transfers of a flow; after six, confidence is below one half and nearly all addresses "
        "are connected",
    )
    decay: float = Field(0.85, gt=0, le=1, description="factor by which each further hop multiplies the confidence")
    min_confidence: float = Field(
        0.3,
        ge=0,
        lt=1,
        description="a flow with less confidence dies; with the default decay the hop limit is reached first",
    )
    max_age_days: float = Field(7.0, gt=0, le=3_650, description="a flow dies this long after its first transfer")
    max_idle_days: float = Field(1.0, gt=0, le=3_650, description="a flow dies when it has not moved for this long")
    max_age_blocks: int = Field(1_008, ge=1, description="max_age_days on Bitcoin, in blocks: about one week")
    max_idle_blocks: int = Field(144, ge=1, description="max_idle_days on Bitcoin, in blocks: about one day")
    max_flows: int = Field(
        10_000,
        ge=1,
        description="maximum flows alive at the end of a day, and lines of money without one that are kept; beyond it, "
        "the least confident flows are pruned, lines without new money for longest dropped, and both counted, so that "
        "memory stays bounded",
    )
    max_summaries: int = Field(
        5_000,
        ge=1,
        description="pairs of groups and tokens that are summarised, largest flow counts first; the rest is counted",
    )
    min_amount_by_token: dict[str, Annotated[float, Field(ge=0, lt=1e18)]] = Field(
        {"BTC": 0.001, "ETH": 0.01},
        description="smaller transfers are dust and neither start nor move a flow; other tokens have no minimum amount",
    )
    large_amount_by_token: dict[str, Annotated[float, Field(ge=0, lt=1e18)]] = Field(
        {"BTC": 1_000.0, "ETH": 20_000.0}, description="a total above this adds 0.1 to the risk of a pair of groups"
    )
    keep_states_days: int = Field(
        120,
        ge=1,
        description="days whose end state is stored: a correction further back makes the tracing start again from the "
        "first day",
    )

    @model_validator(mode="after")
    def _can_fire(self) -> TracingSettings:
        if self.max_idle_days > self.max_age_days:
            raise ValueError(
                f"max_idle_days {self.max_idle_days} can never be reached within max_age_days {self.max_age_days}; "
                "lower it"
            )
        if self.max_idle_blocks > self.max_age_blocks:
            raise ValueError(
                f"max_idle_blocks {self.max_idle_blocks} can never be reached within "
                f"max_age_blocks {self.max_age_blocks}; lower it"
            )
        return self


_WEIGHTS = {
    "volume": 0.25,
    "profit_consistency": 0.20,
    "activity": 0.15,
    "gas_efficiency": 0.15,
    "diversity": 0.10,
    "mev": 0.15,
}
_FULL_MARKS = {
    "volume": 20_000.0,
    "profit_consistency": 1.0,
    "activity": 10.0,
    "gas_efficiency": 0.9,
    "diversity": 50.0,
    "mev": 0.2,
}


class SmartMoneySettings(Section):
    """Trades of wallets, what they made, what they took by order, and who is smart money."""

    price_ratio: float = Field(
        1.5,
        gt=1,
        le=10,
        description="a trade has no believable value when its two legs, each at its own price, differ by more than "
        "this factor",
    )
    sandwich_tolerance: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="a sandwich sells the amount it bought, within this share: bots round, and some tokens tax "
        "transfers",
    )
    liquidation_methods: dict[str, str] = Field(
        {
            "0x00a718a9": "liquidationCall(address,address,address,uint256,bool)",
            "0xf5e3c462": "liquidateBorrow(address,uint256,address)",
            "0xaae40a2a": "liquidateBorrow(address,address)",
            "0xc3cecfd2": "absorb(address,address[])",
            "0x45cf2230": "bite(bytes32,address)",
            "0xed998908": "bark(bytes32,address,address)",
        },
        description="methods that liquidate a loan, by function selector: Aave, Compound 2 and 3, Maker 1 and 2",
    )
    gas_block_transactions: int = Field(
        5,
        ge=2,
        description="transactions of a block that must be known before a gas price is compared with the block's "
        "median: fewer are not representative",
    )
    round_trip_hours: float = Field(
        24,
        gt=0,
        le=168,
        description="a payment that comes back within these hours is a round trip: wash traders turn their coins over "
        "daily",
    )
    round_trip_loss: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="a round trip returns at most the amount paid, and at most this share less: pool fees and "
        "slippage of a wash trade stay below it",
    )
    weights: dict[str, float] = Field(
        _WEIGHTS,
        description="weight of each part of the score; parts not given keep their default, and all weights add up to 1",
    )
    full_marks: dict[str, float] = Field(
        _FULL_MARKS,
        description="value at which each part of the score is full: US dollars paid in 30 days, share of profitable "
        "weeks, transactions per day, gas efficiency, addresses paid or called, share of MEV transactions",
    )
    min_score: float = Field(
        0.55,
        gt=0,
        le=1,
        description="a wallet whose closed trades made money is smart money from this score on; size, activity or win "
        "rate alone does not reach it",
    )
    sure_days: int = Field(
        20,
        ge=1,
        description="active days in 30 from which the confidence counts the history as complete: about the working "
        "days",
    )
    wash_share: float = Field(
        0.5, gt=0, le=1, description="category wash_trader: minimum share of payments that came back"
    )
    wash_payments: int = Field(
        4, ge=2, description="category wash_trader: minimum number of payments; fewer can come back by chance"
    )
    mev_share: float = Field(
        0.2,
        gt=0,
        le=1,
        description="category mev_bot: minimum share of transactions in sandwiches, arbitrages or liquidations",
    )
    mev_transactions: int = Field(
        3, ge=1, description="category mev_bot: minimum number of such transactions; a single one can be luck"
    )
    office_weekday_share: float = Field(
        0.95,
        gt=0,
        le=1,
        description="category institution: minimum share of transactions from Monday to Friday; by chance it is 5 in 7",
    )
    office_hour_concentration: float = Field(
        0.6,
        gt=0,
        le=1,
        description="category institution: minimum concentration over the hours of the day; an even spread over 12 "
        "hours has 0.64, over 24 hours 0",
    )
    office_transactions: int = Field(
        20,
        ge=1,
        description="category institution: minimum transactions in 30 days, so that hours and weekdays are meaningful",
    )
    office_days: int = Field(
        10, ge=1, le=30, description="category institution: minimum active days in 30, about half the working days"
    )
    whale_usd: float = Field(1_000_000.0, gt=0, description="category whale: minimum US dollars paid in 30 days")
    trader_trades: int = Field(
        10, ge=1, description="category active_trader: minimum trades in 30 days, about one every second working day"
    )

    @field_validator("weights", "full_marks", mode="before")
    @classmethod
    def _keep_the_others(cls, given: Any, info: ValidationInfo) -> Any:
        defaults = _WEIGHTS if info.field_name == "weights" else _FULL_MARKS
        if not isinstance(given, dict):
            return given
        unknown = sorted(given.keys() - defaults.keys())
        if unknown:
            raise ValueError(f"there is no part {', '.join(unknown)}; the parts are {', '.join(defaults)}")
        return defaults | given

    @model_validator(mode="after")
    def _can_be_scored(self) -> SmartMoneySettings:
        if any(weight < 0 for weight in self.weights.values()) or abs(sum(self.weights.values()) - 1) > 1e-9:
            raise ValueError(
                f"weights must not be negative and must add up to 1; they add up to {sum(self.weights.values()):g}"
            )
        if any(mark <= 0 for mark in self.full_marks.values()):
            raise ValueError("full_marks must be above 0")
        return self


class DestinationSettings(Section):
    """Windows and length of the destination ranking."""

    windows_days: tuple[int, ...] = Field(
        (30, 0),
        description="windows of marts.top_destinations, in days up to the last day built; 0 covers every day built; "
        "the destinations command ranks any other window",
    )
    top_n: int = Field(
        100, ge=1, description="destinations ranked per token and window; marts.fct_daily_destinations has all of them"
    )


class QualitySettings(Section):
    """Thresholds of the audits."""

    warn_reject_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of rejected rows from which a load causes a warning: real exports have under 1 % rejects",
    )
    max_drift: float = Field(
        0.25,
        gt=0,
        description="population stability index of a model feature above which the wallets count as a different "
        "population from the training data: the rule of thumb in credit scoring",
    )
    max_reject_share: float = Field(
        1.0,
        ge=0,
        le=1,
        description="share of rejected rows in a run above which nothing is published; the default 1 never stops a "
        "run, because every rejected row is reported",
    )
    full_audit_days: int = Field(
        7,
        ge=0,
        description="days after which a run audits the rows of every day again, 0 for each run: a run audits the days "
        "that it changes, and what changes rows of other days is a fault of the disk or of netraflow, which a week "
        "bounds; `netraflow doctor --audit` does so for what is published, at any time",
    )
    max_collapse: float = Field(
        0.1,
        ge=0,
        le=1,
        description="share of the published labels, exchanges, tokens and transfers that a run may lose, above which "
        "nothing is published until `--accept-collapse` says that it is meant: editions of lists and corrected files "
        "lose a few of a hundred, a list or a folder that was left out loses most",
    )


Severity = Literal["CRITICAL", "HIGH", "MEDIUM"]


class ChannelSettings(Section):
    """One way to tell people. Addresses that hold a secret stand in the environment, their variables' names here."""

    kind: Literal["apprise", "webhook", "file", "terminal", "nats", "kafka"] = Field(
        description="apprise: any URL that the Apprise library supports (slack, mailto, …); webhook: signed JSON; "
        "file: JSON Lines; terminal: lines on stdout; nats, kafka: CloudEvents on a message broker"
    )
    url_env: str | None = Field(
        None,
        description="environment variable with the URL of an apprise or webhook channel, or with the broker's address",
    )
    topic: str | None = Field(
        None, description="topic of a kafka channel; subject of a nats channel, which a stream holds"
    )
    key_env: str | None = Field(
        None, description="environment variable with the key that signs a webhook; if unset, messages are unsigned"
    )
    path: Path | None = Field(None, description="file of a file channel, on this machine; messages are appended to it")
    min_severity: Severity = Field(
        "HIGH", description="less severe alerts stay in the alert ledger and are not sent to this channel"
    )
    rules: tuple[str, ...] = Field((), description="kinds of alerts sent to this channel; empty sends all")

    @model_validator(mode="after")
    def _has_an_address(self) -> ChannelSettings:
        needed = {"terminal": (), "file": ("path",), "nats": ("url_env", "topic"), "kafka": ("url_env", "topic")}
        for key in needed.get(self.kind, ("url_env",)):
            if not getattr(self, key):
                raise ValueError(f"a channel of kind {self.kind} needs {key}")
        if self.path and layers.is_address(self.path):
            raise ValueError(f"path {self.path} is no file of this machine, and messages are appended to it")
        for key in ("url_env", "key_env"):
            name = getattr(self, key)
            if name and (not name.replace("_", "").isalnum() or not name.isupper()):
                raise ValueError(
                    f"{key} is not the name of an environment variable such as {SECRET_PREFIX}OPS; "
                    "secrets do not stand in the settings"
                )
        return self


class AlertSettings(Section):
    """What becomes an alert, how severe it is, and how it is sent."""

    transfer_by_token: dict[str, tuple[float, float, float]] = Field(
        {},
        description="token units above which one transfer is MEDIUM, HIGH, CRITICAL; none by default: the token's own "
        "traffic says what is large",
    )
    transfer_usd: tuple[float, float, float] | None = Field(
        None, description="the same in US dollars for other tokens with a price; none by default"
    )
    transfer_times: float | None = Field(
        10.0,
        gt=1,
        description="without a limit, a transfer is told from so many times the largest of its token in the days "
        "before: amounts have tails so fat that three times a month's record comes every third month; none for never",
    )
    transfer_days: int = Field(
        30, ge=1, le=366, description="days before that a transfer is compared with: a month has paydays and month ends"
    )
    transfer_least: int = Field(
        100, ge=1, description="transfers of those days without which a token has no usual traffic to compare with"
    )
    medium_score: float = Field(
        0.6,
        ge=0,
        lt=1,
        description="findings and address risk above this score are MEDIUM; at or below it they are not alerts",
    )
    high_score: float = Field(0.8, ge=0, lt=1, description="HIGH above this score")
    critical_score: float = Field(0.95, ge=0, lt=1, description="CRITICAL above this score")
    activity_zscore: float = Field(
        4.0,
        gt=0,
        description="a day of a listed wallet is unusual when the value paid is this many standard deviations from "
        "its own active days; amounts have fat tails, and 3 would be exceeded weekly",
    )
    per_week: int = Field(
        50,
        ge=1,
        description="alerts of a week of data that are told, the rarest ones of all rules, then those about the most "
        "dollars: what a team of two can look into. The rest waits in the list, `netraflow alerts list --status "
        "waiting`; sanctioned transfers, touches of sanctioned or exploit labels and failed runs are always told",
    )
    news_days: int = Field(
        7,
        ge=1,
        description="calendar days over which the days that one publication brings or changes may reach with all of "
        "their alerts as news; over more, as when a history is loaded, the alerts of the last day are news and those "
        "before come in one digest: the daily run catches up a week of holidays and no more",
    )
    topic_minutes: float = Field(
        60.0,
        ge=0,
        description="within this time, each channel gets at most one message per kind and topic; the rest waits for "
        "the digest",
    )
    max_messages: int = Field(
        20,
        ge=0,
        description="maximum single messages per channel and hour, because people do not read more; the rest waits "
        "for the digest",
    )
    digest_minutes: float = Field(60.0, ge=0, description="minimum time between two digests of a channel")
    digest_rows: int = Field(
        50,
        ge=1,
        description="maximum alerts listed in a digest, most severe first; the others are counted in the digest and "
        "are in the alert ledger",
    )
    timeout_seconds: float = Field(10.0, gt=0, le=300, description="maximum time a channel may take for one message")
    retry_seconds: float = Field(
        30.0, gt=0, description="wait before a failed message is sent again; the wait doubles with each further failure"
    )
    max_retry_seconds: float = Field(
        3_600.0, gt=0, description="maximum wait between two attempts; a message is never given up"
    )
    channels: dict[str, ChannelSettings] = Field(
        {}, description="channels by name; without channels, alerts are only in the alert ledger"
    )

    @property
    def score_limits(self) -> dict[str, float]:
        """Limits of scores by severity."""
        return {"medium": self.medium_score, "high": self.high_score, "critical": self.critical_score}

    @model_validator(mode="after")
    def _severities_are_ordered(self) -> AlertSettings:
        scales = {"scores": tuple(self.score_limits.values())}
        scales |= {"transfer_usd": self.transfer_usd} if self.transfer_usd else {}
        scales |= {f"transfer_by_token.{name}": values for name, values in self.transfer_by_token.items()}
        for name, (medium, high, critical) in scales.items():
            if not 0 <= medium < high < critical:
                raise ValueError(
                    f"{name}: MEDIUM {medium:g}, HIGH {high:g}, CRITICAL {critical:g} must rise, "
                    "or one can never be given"
                )
        return self


class ExportSettings(Section):
    """Other systems that get the tables of each run."""

    delta: str | None = Field(
        None, description="folder or s3://bucket/folder whose Delta tables follow each publication; unset writes none"
    )
    parquet: str | None = Field(
        None, description="folder or s3://bucket/folder whose Parquet files follow each publication; unset writes none"
    )
    postgres: str | None = Field(
        None,
        description="postgresql://user@host/database, or env:NAME, whose tables follow each publication; unset writes "
        "none",
    )
    tables: tuple[str, ...] = Field(
        (), description="tables that follow, such as marts.fct_daily_netflow; none means every mart and detection table"
    )
    rows_per_day: int = Field(
        10_000,
        ge=1,
        description="rows a day from which files hold a day; a table with fewer has a file a month, because a file of "
        "less than a megabyte costs its readers more to open than to read",
    )
    rows_per_commit: int = Field(
        2_000_000,
        ge=1,
        description="changed rows of a Delta table up to which they are one commit: to write two million of six "
        "columns in 90 days takes 1.3 GB of memory",
    )

    @field_validator("postgres")
    @classmethod
    def _is_no_secret(cls, value: str | None) -> str | None:
        return holding_no_secret(value) if value else value


class ExplorerSettings(Section):
    """The explorer: pages and read API over the published file, and what people write there."""

    hosts: tuple[str, ...] = Field(
        (),
        description="names under which browsers reach it, beside the address it listens on: requests for other hosts "
        "are refused, so that no page of a stranger can have a browser ask it",
    )
    trusted_header: str | None = Field(
        None,
        description="header in which a proxy in front names who is signed in, such as X-Forwarded-User; only from "
        "`trusted_proxies`, unset asks for passwords",
    )
    trusted_proxies: tuple[str, ...] = Field(
        ("127.0.0.1", "::1"),
        description="addresses of proxies whose trusted header, X-Forwarded-For and X-Forwarded-Proto count",
    )
    memory_limit: str = Field(
        "160MB",
        description="memory of DuckDB for each published file that is read: over 1,000 questions about addresses among "
        "10 M transfers the process stays under 500 MB; following money over hops takes more, outside of it",
    )
    answer_seconds: float = Field(
        20.0, gt=0, description="a question that takes longer is ended: whoever waits longer has left"
    )
    page_rows: int = Field(50, ge=1, le=1_000, description="rows of a page of a list unless asked for otherwise")
    max_page_rows: int = Field(
        1_000, ge=1, le=100_000, description="most rows of one page: larger ones hold up everybody; ask for the next"
    )
    requests_per_minute: int = Field(
        600,
        ge=1,
        description="requests per address and minute: ten a second, more than a hand can make; a trusted proxy says "
        "whose they are",
    )
    logins_per_minute: int = Field(
        10, ge=1, description="attempts to sign in per name, address and minute: guessing passwords is slow work"
    )
    max_body_bytes: int = Field(
        2_000_000, ge=10_000, description="largest body of a request: a saved view of 300 nodes has about 100 kB"
    )
    database: str | None = Field(
        None,
        description="SQLAlchemy URL of the database of cases, such as postgresql://user@host/cases, where several "
        "machines share it; unset is SQLite in `cases/` of the data directory. Settings hold no password: env:NAME "
        "names the variable with the whole URL, or PGPASSWORD has it",
    )
    busy_seconds: float = Field(
        10.0,
        gt=0,
        description="how long a write to the database of cases waits for another one; a write takes milliseconds",
    )
    session_hours: float = Field(
        12.0, gt=0, description="hours after which somebody has to sign in again: a working day, and no night"
    )
    least_password: int = Field(
        15,
        ge=8,
        le=256,
        description="fewest letters of a password; NIST SP 800-63B-4 asks for 15 where nothing else proves who it is",
    )
    max_text: int = Field(
        100_000, ge=1_000, description="letters of a note or a narrative that are taken; a report of forty pages"
    )
    max_view_bytes: int = Field(
        262_144,
        ge=1_024,
        description="bytes of the state of a saved view; the 300 nodes of a graph that can be read take a third",
    )
    max_bundle_bytes: int = Field(
        256 * 1024**2,
        ge=1_048_576,
        description="bytes of an evidence bundle, unpacked, that are read to verify it: a bomb must not fill memory",
    )
    read_tables: bool = Field(
        True,
        description="keep transfers a second time, by address, for questions about one: milliseconds instead of a look "
        "at every transfer; they take about as much room as the transfers themselves, and without them the answers are "
        "the same",
    )
    max_unsorted: float = Field(
        0.1,
        gt=0,
        le=1,
        description="share of the transfers kept by address that may lie behind the sorted ones, day by day; beyond it "
        "all are sorted again: each day behind costs every question a tenth of a millisecond, and sorting 10 M "
        "transfers as much as adding forty days",
    )
    busy_transfers: int = Field(
        20_000,
        ge=1,
        description="transfers from which the counterparties of an address are counted and ranked when it is built, "
        "not when it is asked for: so many are summed in five milliseconds",
    )
    graph_nodes: int = Field(
        300, ge=10, le=1_000, description="addresses of a graph at once: more can not be read, whatever draws them"
    )
    graph_edges: int = Field(
        2_000,
        ge=10,
        le=20_000,
        description="edges of a graph at once, those of most dollars: so many move at 30 frames a second; a picture "
        "has room for ten times as many",
    )
    graph_page: int = Field(
        25, ge=1, le=300, description="counterparties that an expansion brings; those of less value wait behind "
        "`+ N others`, which brings the next"
    )  # fmt: skip
    max_hops: int = Field(
        6,
        ge=1,
        le=8,
        description="most transfers of a path, and of what exposure follows: beyond six nearly everybody is connected "
        "with everybody",
    )
    path_hops: int = Field(
        4, ge=1, le=8, description="most transfers of a path where none are given: longer ones say little and take long"
    )
    path_days: float = Field(
        30.0,
        gt=0,
        description="most days from the first to the last transfer of a path where none are given: money that rests "
        "longer has been mixed with other money",
    )
    max_path_days: float = Field(3_650.0, gt=0, description="most days that may be asked for: ten years are any time")
    max_paths: int = Field(20, ge=1, description="paths shown, the shortest: more are not compared by anybody")
    max_frontier: int = Field(
        2_000,
        ge=1,
        description="addresses from which a walk goes on after each hop, those first reached: among 10 M transfers so "
        "many are read in half a second, and who has more counterparties than that is a service",
    )
    max_path_transfers: int = Field(
        20_000, ge=1, description="transfers among which paths are searched: so many take half a second"
    )
    exposure_hops: int = Field(
        3, ge=1, le=8, description="most transfers that exposure follows money over where none are given"
    )
    max_exposure_transfers: int = Field(
        100_000,
        ge=1,
        description="transfers of the addresses on the way that exposure reads, the earliest: so many are followed in "
        "a second",
    )
    max_path_effort: int = Field(
        100_000, ge=1, description="transfers tried on in a search of paths: so many take half a second"
    )

    @field_validator("database")
    @classmethod
    def _is_no_secret(cls, value: str | None) -> str | None:
        return holding_no_secret(value) if value else value

    @field_validator("memory_limit")
    @classmethod
    def _bytes(cls, value: str) -> str:
        return is_bytes(value)


class ReportSettings(Section):
    """Length of reports."""

    each_run: bool = Field(
        True, description="write the reports in each run that publishes; `netraflow report` writes them at any time"
    )
    days: int = Field(90, ge=7, le=366, description="days shown in the charts: a quarter of a year")
    rows: int = Field(15, ge=1, description="rows per table; the query beside it returns all rows")
    exchanges: int = Field(20, ge=0, description="number of exchanges with their own chart, the most active first")
    tokens: int = Field(
        3, ge=1, description="number of tokens with a chart of all exchanges together, the most active first"
    )
    chart_seconds: float = Field(
        30.0,
        gt=0,
        description="maximum time to draw one chart, the start of the drawing process included; one takes half a "
        "second, and a chart that fails is named in its place",
    )
    metrics_file: Path | None = Field(
        None,
        description="file with the metrics for Prometheus, written after each run, in a folder that the textfile "
        "collector of node_exporter reads",
    )
    findings: int = Field(
        5, ge=0, description="number of findings shown with their graph and transfers, the worst first"
    )


class ScheduleSettings(Section):
    """When runs start by themselves."""

    hour_utc: int = Field(
        1,
        ge=0,
        le=23,
        description="hour of the daily run, UTC; one hour after midnight UTC the day's files have usually arrived",
    )
    send_seconds: int = Field(
        60, ge=10, description="seconds between two runs of the alert sensor, which sends the alerts that are due"
    )
    inbox_seconds: int = Field(
        60, ge=10, description="seconds between two runs of the inbox sensor, which looks for new files"
    )
    first_day: date | None = Field(
        None,
        description="first daily partition of Dagster; none: the first published day, and files with earlier days are "
        "read all the same; a given day is where runs of Dagster begin to read",
    )
    tell_seconds: int = Field(
        60, ge=10, description="seconds between two looks for runs of the command, to make them events of Dagster"
    )
    tell_days: int = Field(
        92,
        ge=1,
        description="most days of a publication that get events; each has one for each asset, which takes Dagster's "
        "SQLite a fiftieth of a second, so that ten years would take hours",
    )
    tell_events: int = Field(
        1_000,
        ge=200,
        description="most events of one look: more than half a minute would keep other sensors waiting; the next look "
        "goes on",
    )


class NodeSettings(Section):
    """How nodes and explorers are asked."""

    timeout_seconds: float = Field(
        30.0,
        gt=0,
        description="seconds until an answer that does not come counts as failed; nodes search logs for long",
    )
    tries: int = Field(
        6, ge=1, description="tries of one question before a run gives up; each waits twice as long as the one before"
    )
    first_wait_seconds: float = Field(
        0.5, gt=0, description="seconds between the first try of a question and its second, less up to half by chance"
    )
    longest_wait_seconds: float = Field(
        120.0,
        gt=0,
        description="most seconds between two tries; a server that asks for more is given up, and it is said",
    )
    answer_seconds: float = Field(300.0, gt=0, description="seconds for a whole answer; one that drips in is no answer")
    calls_per_batch: int = Field(
        50, ge=1, description="calls in one request to a node; fewer after it refuses so many, as some do above 10"
    )
    requests_per_second: float = Field(
        20.0, gt=0, description="most requests a second to one node; what most public ones allow without a key"
    )
    explorer_requests_per_second: float = Field(
        4.0, gt=0, description="most requests a second to an explorer's API; free keys allow five"
    )
    explorer_rows_per_page: int = Field(
        10_000, ge=2, description="rows asked for in one page of an explorer, the most that any gives"
    )
    max_answer_bytes: int = Field(
        100_000_000,
        ge=100_000,
        description="largest answer that is read; a node that sends more is asked for fewer blocks",
    )
    blocks_per_request: int = Field(
        1_000, ge=1, description="blocks of the first question for logs; halved when refused, grown when answered fast"
    )
    most_blocks_per_request: int = Field(
        10_000, ge=1, description="blocks of the largest question; most nodes that allow so many allow no more"
    )
    blocks_per_file: int = Field(
        10_000,
        ge=1,
        description="blocks of a landing file, whose ends are multiples of it; a day and a half of Ethereum",
    )
    rows_per_file: int = Field(
        2_000_000, ge=1, description="transfers after which a landing file ends early: what fits into memory with ease"
    )
    bitcoin_blocks_per_request: int = Field(
        10, ge=1, description="blocks of Bitcoin that are in memory at once; a full one is ten megabytes of JSON"
    )
    bitcoin_final_blocks: int = Field(
        6, ge=1, description="blocks behind the head that count as final on Bitcoin and its sisters, as exchanges wait"
    )


class LiveSettings(Section):
    """How a chain is followed."""

    poll_seconds: float = Field(
        2.0, gt=0, description="seconds between two looks at the head; a socket, where there is one, only wakes earlier"
    )
    kept_blocks: int = Field(
        256,
        ge=2,
        description="blocks remembered to find a reorganisation by; deeper ones than any known chain has had",
    )
    most_contradictions: int = Field(
        50,
        ge=1,
        description="times in a row that a node may answer with blocks that do not fit together, or without those that "
        "were final, as it does while it changes to another branch or one behind the others answers for them",
    )
    blocks_at_once: int = Field(
        32, ge=1, description="most blocks near the head that are asked for together, each by its hash"
    )
    history_blocks: int = Field(
        1_000,
        ge=1,
        description="most blocks that can not fall any more of one question while catching up: their logs by range",
    )
    final_blocks: int = Field(
        64, ge=1, description="blocks behind the head that count as final where the node does not say which are"
    )
    safe_blocks: int = Field(
        32, ge=1, description="blocks behind the head that count as safe where the node does not say which are"
    )
    window_hours: float = Field(
        72.0, gt=0, description="hours of transfers that detection at the tip looks back on, as its typologies do"
    )
    state_bytes: int = Field(
        1_000_000_000,
        ge=10_000_000,
        description="memory for these transfers; beyond it the oldest are dropped, and counted",
    )
    late_minutes: float = Field(
        60.0,
        ge=0,
        description="minutes behind the end of a day until a stream without blocks has brought all of it; what comes "
        "later goes into another landing file",
    )
    landing_seconds: float = Field(
        10.0, gt=0, description="seconds between two looks for days that are final, to write them as landing files"
    )
    rows_between_commits: int = Field(
        200_000,
        ge=1,
        description="most transfers that wait for a commit; a source that is faster waits, so that memory is bounded",
    )
    judged_transfers: int = Field(
        20_000,
        ge=1,
        description="transfers per second and typology with which findings that only grow are judged anew: a tenth of "
        "a core for those of addresses; beyond it they wait their turn, new findings never do",
    )
    search_transfers: int = Field(
        20_000,
        ge=100,
        description="transfers around those of a batch in which paths and circles are searched; where more are, as at "
        "a pool that no label shows, the search is given up, counted, and left to the daily build",
    )
    search_findings: int = Field(
        500,
        ge=1,
        description="paths kept from one first transfer in such a search, and a tenth of those of one day: many more "
        "tell one story, and the daily build stores them",
    )
    traced_hops: int = Field(
        4,
        ge=2,
        description="transfers over which money of sanctioned addresses, mixers and thieves is followed at the tip: "
        "further on it is everybody's",
    )
    traced_share: float = Field(
        0.1, gt=0, le=1, description="a transfer of which a smaller part is traced is not told: most of it is others'"
    )
    traced_usd: float | None = Field(
        10_000.0,
        gt=0,
        description="traced US dollars from which a transfer is told wherever it goes; none tells what reaches an "
        "exchange alone",
    )
    commit_seconds: float = Field(
        0.5, gt=0, description="seconds between two commits of what was read; alerts do not wait for them"
    )
    refused: Literal["stop", "aside"] = Field(
        "stop",
        description="what a message that does not fit leads to: the feed stops, or the message is kept in "
        "live/refused.jsonl and counted; what is skipped is missing in every sum, so that nobody should skip unasked",
    )
    gather_seconds: float = Field(
        0.1,
        ge=0,
        description="least seconds between two readings of a stream: what comes meanwhile is read together, which "
        "takes as long as one message alone; a message after a pause is read at once",
    )
    messages_at_once: int = Field(
        64,
        ge=1,
        description="most messages of a stream that are read together: reading takes some 15 ms however many they are",
    )
    rows_at_once: int = Field(
        20_000, ge=1, description="most rows of a table that are read together; bounds the memory"
    )
    part_bytes: int = Field(
        8_000_000, ge=1_000, description="most bytes of a growing file that are read together; bounds the memory"
    )
    away_seconds: float = Field(
        600.0,
        gt=0,
        description="seconds for which a broker or a database may be away before the feed ends; a restart takes "
        "seconds, an upgrade minutes",
    )


class Settings(BaseSettings):
    """Everything a run depends on, read once."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=ENV_PREFIX, env_nested_delimiter="__")
    _recall: Recall = PrivateAttr(default_factory=Recall)

    data_dir: Path = Field(
        Path("data"), description="folder for everything: inbox, build, published files, exports, reports"
    )
    engine: Literal["duckdb", "spark"] = Field(
        "duckdb",
        description="what builds models and runs kernels: DuckDB in this process, or Spark on tables of a Delta lake "
        "for what one machine can not hold",
    )
    warehouse: WarehouseSettings = WarehouseSettings()
    lake: LakeSettings = LakeSettings()
    spark: SparkSettings = SparkSettings()
    sources: SourceSettings = SourceSettings()
    labels: LabelSettings = LabelSettings()
    screen: ScreenSettings = ScreenSettings()
    regions: RegionSettings = RegionSettings()
    anomalies: AnomalySettings = AnomalySettings()
    typologies: TypologySettings = TypologySettings()
    rules: RuleSettings = RuleSettings()
    verdicts: VerdictSettings = VerdictSettings()
    clusters: ClusterSettings = ClusterSettings()
    tracing: TracingSettings = TracingSettings()
    smart_money: SmartMoneySettings = SmartMoneySettings()
    destinations: DestinationSettings = DestinationSettings()
    quality: QualitySettings = QualitySettings()
    alerts: AlertSettings = AlertSettings()
    reports: ReportSettings = ReportSettings()
    exports: ExportSettings = ExportSettings()
    explorer: ExplorerSettings = ExplorerSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    nodes: NodeSettings = NodeSettings()
    live: LiveSettings = LiveSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """load_settings puts the layers together."""
        return (init_settings,)

    @property
    def recall(self) -> Recall:
        """Where the values come from, as far as load_settings knew them."""
        return self._recall

    @property
    def inbox(self) -> Path:
        """Folder that the daily run and the sensor read."""
        return self.data_dir / "inbox"

    @property
    def landing(self) -> Path:
        """Folder of landing files: what was fetched from nodes and explorers, and the final days of a watched chain."""
        return self.data_dir / "landing"

    @property
    def live_dir(self) -> Path:
        """Folder of the tip's store and of what `netraflow live` shows."""
        return self.data_dir / "live"

    @property
    def cases_dir(self) -> Path:
        """Folder of the database of cases, where it is SQLite."""
        return self.data_dir / "cases"

    @property
    def build_file(self) -> Path:
        """The DuckDB file that runs write."""
        return self.data_dir / "build" / "warehouse.duckdb"

    @property
    def lake_path(self) -> str:
        """Folder of the Delta tables, without a slash at its end."""
        return (self.lake.path or str(self.data_dir.resolve() / "lake")).rstrip("/")

    @property
    def most_days_at_once(self) -> int | None:
        """Days of a stretch at most; None for as many as fit into memory."""
        return self.spark.stretch_days if self.engine == "spark" else None

    @property
    def scratch_dir(self) -> Path:
        """Folder of what a load unpacks, gone with the load."""
        return self.data_dir / "build" / "unpacked"

    @property
    def published_link(self) -> Path:
        """The symlink that readers open."""
        return self.data_dir / layers.PUBLISHED_LINK

    @property
    def published_dir(self) -> Path:
        """Folder of the published files, newest and a few before it."""
        return self.data_dir / "published"

    @property
    def reports_dir(self) -> Path:
        """Folder of the reports."""
        return self.data_dir / "reports"

    @property
    def exports_dir(self) -> Path:
        """Folder of the CSV exports of the last published build."""
        return self.data_dir / "exports"

    def with_changes(self, **sections: dict[str, Any]) -> Settings:
        """A copy with single keys changed, validated like the file: `with_changes(sources={"chain": "bsc"})`."""
        values = self.model_dump()
        for section, keys in sections.items():
            values[section] = {**values[section], **keys}
        flat = layers.absolute(layers.flat(values), Path.cwd(), self.data_dir)
        made = _validated(layers.nested(flat), lambda _: "the options given")
        origins = {**self._recall.origins, **dict.fromkeys(layers.flat(sections), "command line")}
        made._recall = replace(self._recall, origins=origins)
        return made

    def with_files(
        self, labels: Sequence[Path] = (), tokens: Sequence[Path] = (), prices: Sequence[str] = ()
    ) -> Settings:
        """A copy with more label, token and price files beside those it has, each once."""
        given = layers.flat({"labels": {"files": labels}, "sources": {"tokens": tokens, "prices": prices}})
        more = layers.absolute({key: value for key, value in given.items() if value}, Path.cwd(), self.data_dir)
        merged = layers.over(layers.flat(self.model_dump(mode="json")), more, does_add=True)
        changes = layers.nested({key: merged[key] for key in more})
        return self.with_changes(**changes)

    def changed_values(self) -> Flat:
        """Every value that is not its default, but those that belong to the machine; as TOML can hold them."""
        values = layers.flat(self.model_dump(mode="json", exclude_defaults=True))
        return {key: layers.plain(value) for key, value in values.items() if key[0] not in layers.NOT_REMEMBERED}


def defaults() -> Flat:
    """The default of every key."""
    return {key: layers.plain(value) for key, value in layers.flat(Settings().model_dump(mode="json")).items()}


def _validated(values: dict[str, Any], where: Callable[[Key], str]) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        raise _refusal(error, where) from None


def load_settings(data_dir: Path | None = None, file: Path | None = None, forget: Sequence[str] = ()) -> Settings:
    """Settings in force: environment over settings file over what the data directory remembers over defaults.

    Files of labels, tokens and prices that are given come beside those that are remembered.

    Args:
        data_dir: Overrides file and environment, as `--data-dir` and `--out` do.
        file: The settings file; None takes the one that NETRAFLOW_CONFIG names, or `netraflow.toml` of the working
            directory.
        forget: Names of remembered values that do not count; see layers.without.

    Raises:
        UsageError: unknown keys, impossible values, thresholds that can never fire; the key and its place are named.
    """
    path, written = settings_file(file)
    environment = _environment()
    root = data_dir or Path({**written, **environment}.get(("data_dir",), Settings.model_fields["data_dir"].default))
    if layers.is_address(root):
        raise UsageError(f"the data directory {root} is no folder", "give a folder of this machine with --data-dir")
    memory = root / SETTINGS_FILE
    if path.exists() and memory.exists() and path.samefile(memory):
        written = {}
    kept = layers.read_memory(root)
    remembered = layers.without(kept, forget)
    given = layers.absolute(layers.over(written, environment), Path.cwd(), root)
    merged = layers.over(remembered, given, does_add=True)
    sources = {"environment": environment, "file": written, "remembered": remembered}
    places = {"environment": "the environment", "file": str(path), "remembered": str(memory)}

    def where(key: Key) -> str:
        found = (name for name, values in sources.items() if any(layers.overlap(key, other) for other in values))
        return places[next(found, "environment")]

    settings = _validated({**layers.nested(merged), "data_dir": root}, where)
    origins = _origins(merged, sources) | ({("data_dir",): "command line"} if data_dir else {})
    settings._recall = Recall(kept, origins, _still_given(kept, remembered, merged))
    return settings


def settings_file(file: Path | None) -> tuple[Path, Flat]:
    """The user's settings file and what it says; nothing where there is none and none was named."""
    told = os.environ.get(CONFIG_VARIABLE)
    named = file or (Path(told) if told else None)
    path = named or Path(SETTINGS_FILE)
    if path.is_file():
        return path, layers.flat(layers.read_toml(path))
    if named is not None:
        raise UsageError(f"there is no settings file {named}", "check the path, or leave it out to use the defaults")
    return path, {}


def _environment() -> Flat:
    """What the environment says.

    Raises:
        UsageError: a variable names no setting, or its list or table is no JSON.
    """
    known = Settings.model_fields
    for name in os.environ:
        is_secret = name.startswith(SECRET_PREFIX) or name in CREDENTIALS
        if name.startswith(ENV_PREFIX) and not is_secret and name != CONFIG_VARIABLE:
            section, _, key = name[len(ENV_PREFIX) :].lower().partition("__")
            field = known.get(section)
            fields = getattr(field.annotation, "model_fields", {}) if field else {}
            # Sections of typologies and daily detectors check their own keys.
            is_open = section == "typologies" or (section == "anomalies" and "__" in key)
            if field is None or (key and key.split("__")[0] not in fields and not is_open):
                raise UsageError(
                    f"the environment variable {name} names no setting", "see `netraflow settings --explain`"
                )
    try:
        return layers.flat(EnvSettingsSource(Settings)())
    except SettingsError as error:
        hint = """write lists and tables as JSON: NETRAFLOW_LABELS__FILES='["a.csv"]'"""
        raise UsageError(f"bad settings in the environment: {error}", hint) from None


def _origins(merged: Flat, sources: dict[str, Flat]) -> dict[Key, str]:
    """The place that decides each key, the most explicit one; all places of a list that files are added to."""
    found = {}
    for key in merged:
        places = [name for name in sources if key in sources[name]]
        adds = key in layers.ADDED and "remembered" in places and len(places) > 1
        found[key] = f"remembered, {places[0]}" if adds else places[0]
    return found


def _still_given(kept: Flat, remembered: Flat, merged: Flat) -> tuple[str, ...]:
    """What was to be forgotten and is in force all the same, because the settings file or the environment says it."""
    notes = []
    for key, value in kept.items():
        if key in layers.ADDED:
            gone = [item for item in value if item not in remembered.get(key, [])]
            still = [f"{layers.named(key)}/{layers.item_name(item)}" for item in gone if item in merged.get(key, [])]
        else:
            still = [layers.named(key)] if key not in remembered and merged.get(key) == value else []
        notes += [f"{name} holds all the same: the settings file or the environment gives it" for name in still]
    return tuple(notes)


def secret(name: str) -> str:
    """The secret in an environment variable. It is read when it is used and kept nowhere.

    Raises:
        UsageError: the variable is not set.
    """
    value = os.environ.get(name, "")
    if not value:
        raise UsageError(
            f"the environment variable {name} is not set",
            "set it where the process starts; the settings hold its name only",
        )
    return value


@dataclass(frozen=True)
class ObjectStore:
    """How S3, or what speaks like it, is reached; endpoint is empty for Amazon's own."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    token: str = field(repr=False)
    region: str
    endpoint: str


def object_store() -> ObjectStore:
    """What the usual variables of the environment say of S3. It is read when it is used and kept nowhere.

    Raises:
        UsageError: there are no credentials.
    """
    key, word = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not (key and word):
        raise UsageError(
            "there are no credentials for s3://",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where the process starts; `aws configure "
            "export-credentials --format env` prints those of a profile",
        )
    return ObjectStore(
        key,
        word,
        os.environ.get("AWS_SESSION_TOKEN", ""),
        os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "",
    )


def credential(name: str) -> str:
    """What a variable of `CREDENTIALS` holds, empty where it is not set: a server may not ask for it."""
    return os.environ.get(name, "")


def _refusal(error: ValidationError, where: Callable[[Key], str]) -> UsageError:
    lines: dict[str, list[str]] = {}
    for item in error.errors():
        key = tuple(str(part) for part in item["loc"])
        reason = (
            "there is no such setting"
            if item["type"] == "extra_forbidden"
            else item["msg"].removeprefix("Value error, ")
        )
        lines.setdefault(where(key), []).append(f"{'.'.join(key) or 'settings'}: {reason}")
    return UsageError(
        "; ".join(f"bad settings in {place}: {'; '.join(said)}" for place, said in lines.items()),
        "see `netraflow settings --explain` for every key, its default and its reason",
    )
