"""What the tip knows from the last published file: whose addresses are whose, who is a service, what is usual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import chains_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph import ROLE_BY_CATEGORY
from flow_pipeline.graph.prepare import NEVER
from flow_pipeline.graph.tip import KnownAddresses
from flow_pipeline.questions.thresholds import thresholds
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


@dataclass(frozen=True)
class Label:
    """A stretch of time in which an address is somebody's; microseconds, the end not included."""

    start: int
    end: int
    category: str
    entity: str

    def holds(self, moment: int) -> bool:
        """True when it holds at a moment."""
        return self.start <= moment < self.end


@dataclass(frozen=True)
class Watch:
    """Something of the watch list, as alerts of the daily build name it; `first_day` is the first that is told."""

    watch_id: str
    kind: str
    key: str
    owner: str
    reason: str
    first_day: date


@dataclass(frozen=True)
class Ends:
    """What is known of the ends of transfers on one chain: class and exchange per address."""

    addresses: pa.Array
    classes: pa.Array
    exchanges: pa.Array


NO_ENDS = Ends(pa.array([], pa.string()), pa.array([], pa.string()), pa.array([], pa.string()))


@dataclass(frozen=True)
class KnownToken:
    """What is known of a token.

    Attributes:
        symbol: Its name, as the warehouse has it.
        usd: Its last price; None where there is none.
        is_spoof: It imitates another one: no price is its own.
        largest: Its largest transfer of the days before; None where there were too few.
    """

    symbol: str | None = None
    usd: float | None = None
    is_spoof: bool = False
    largest: float | None = None


@dataclass(frozen=True)
class Range:
    """What an exchange's days before say of a token: a usual day's netflow, and how far from it a day is expected."""

    symbol: str | None
    token_address: str | None
    median: float
    limit: float


@dataclass(frozen=True)
class Knowledge:
    """What was known when the tip began. Empty is nothing known: everything is found, and nothing judged.

    Attributes:
        labels: Per chain and address its stretches, which never overlap.
        sanctioned: Per address the stretches of its sanctions labels; `entity` is what they say.
        hubs: Per chain, token and address since when it is a hub.
        crowds: Per chain, token and address since when it is paid by many and pays many; NEVER is not yet.
        thresholds: Strength from which a finding is suspicious, by typology, chain and token.
        tokens: By chain and token.
        ends: Per chain the class of each labelled address, for the totals.
        ranges: By chain, token and exchange.
        watched: What the watch list has on a chain, by address; an entity's addresses are those of its labels.
    """

    labels: Mapping[str, Mapping[str, tuple[Label, ...]]] = field(default_factory=dict)
    sanctioned: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)
    hubs: Mapping[str, dict[tuple[str, str], int]] = field(default_factory=dict)
    crowds: Mapping[str, dict[tuple[str, str], tuple[int, int]]] = field(default_factory=dict)
    thresholds: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    tokens: Mapping[tuple[str, str], KnownToken] = field(default_factory=dict)
    ends: Mapping[str, Ends] = field(default_factory=dict)
    ranges: Mapping[tuple[str, str, str], Range] = field(default_factory=dict)
    watched: Mapping[str, Mapping[str, tuple[Watch, ...]]] = field(default_factory=dict)

    def watching(self, watches: Iterable[tuple[str | None, Watch]], chains: Sequence[str]) -> Knowledge:
        """The same with a watch list: each watch with its chain, None for every chain."""
        watched: dict[str, dict[str, tuple[Watch, ...]]] = {chain: {} for chain in chains}
        for place, watch in watches:
            for chain in chains if place is None else {place} & set(chains):
                for address in self._addresses_of(chain, watch):
                    watched[chain][address] = (*watched[chain].get(address, ()), watch)
        return replace(self, watched=watched)

    def _addresses_of(self, chain: str, watch: Watch) -> list[str]:
        if watch.kind == "address":
            return [watch.key]
        name = watch.key.lower()
        named = self.labels.get(chain, {}).items()
        return [address for address, labels in named if any(label.entity.lower() == name for label in labels)]

    def addresses(self, chain: str) -> KnownAddresses:
        """What the window of a chain asks for."""
        stretches: dict[str, tuple[int, int]] = {}
        columns: list[tuple[int, int, int, int]] = []
        entities: dict[str, int] = {}
        for address, labels in self.labels.get(chain, {}).items():
            first = len(columns)
            for label in labels:
                if label.category in ROLE_BY_CATEGORY:
                    entity = entities.setdefault(label.entity, len(entities))
                    columns.append((label.start, label.end, ROLE_BY_CATEGORY[label.category], entity))
            if len(columns) > first:
                stretches[address] = (first, len(columns))
        table = np.array(columns, np.int64).reshape(-1, 4)
        return KnownAddresses(
            stretches,
            table[:, 0].copy(),
            table[:, 1].copy(),
            table[:, 2].astype(np.int8),
            table[:, 3].astype(np.int32),
            self.hubs.get(chain, {}),
            self.crowds.get(chain, {}),
        )

    def of_category(self, chain: str, category: str) -> pa.Array:
        """Addresses that ever had a label of a category."""
        found = [
            address
            for address, labels in self.labels.get(chain, {}).items()
            if any(label.category == category for label in labels)
        ]
        return pa.array(found, pa.string())

    def label(self, chain: str, address: str | None, moment: int) -> Label | None:
        """Whose an address is at a moment."""
        labels = self.labels.get(chain, {}).get(address or "", ())
        return next((label for label in labels if label.holds(moment)), None)


def read_knowledge(connection: Connection, settings: Settings, chains: Sequence[str]) -> Knowledge:
    """What a warehouse knows of some chains.

    Args:
        connection: The published file, or one in which only labels are loaded.
        settings: What makes a token's traffic usual, and which regions are home.
        chains: Canonical names of those that are followed.
    """
    labels: dict[str, dict[str, tuple[Label, ...]]] = {}
    classes: dict[str, dict[str, tuple[str, str | None]]] = {}
    known_on = settings.labels.as_known_on.isoformat() if settings.labels.as_known_on else "9999-12-30"
    evm = [chain for chain in chains if chain in chains_of("evm")]
    connection.execute(sql("labels_now"), {"chains": list(chains), "evm": evm, "known_on": known_on})
    home = {"home": list(settings.regions.home)}
    for chain, address, start, stop, category, entity, kind in connection.execute(sql("known_labels"), home).fetchall():
        of_chain = labels.setdefault(chain, {})
        of_chain[address] = (*of_chain.get(address, ()), Label(start, stop, category, entity))
        classes.setdefault(chain, {})[address] = (kind, entity if kind == "exchange" else None)
    connection.execute("drop table labels_now")
    sanctioned: dict[str, tuple[Label, ...]] = {}
    for address, start, stop, said in connection.execute(sql("known_sanctioned"), {"known_on": known_on}).fetchall():
        sanctioned[address] = (*sanctioned.get(address, ()), Label(start, stop, "sanctioned", said))
    ends = {chain: _ends(found) for chain, found in classes.items()}
    if not has_models(connection):
        return Knowledge(labels, sanctioned, ends=ends)
    hubs: dict[str, dict[tuple[str, str], int]] = {}
    crowds: dict[str, dict[tuple[str, str], tuple[int, int]]] = {}
    rows = connection.execute(sql("known_services"), {"never": int(NEVER)}).fetchall()
    for chain, token, address, hub, paid_by_many, pays_many in rows:
        if hub < NEVER:
            hubs.setdefault(chain, {})[token, address] = hub
        if min(paid_by_many, pays_many) < NEVER:
            crowds.setdefault(chain, {})[token, address] = (paid_by_many, pays_many)
    usual = {"days": settings.alerts.transfer_days, "least": settings.alerts.transfer_least}
    tokens = {
        (chain, token): KnownToken(symbol, usd, is_spoof, largest)
        for chain, token, symbol, usd, is_spoof, largest in connection.execute(sql("known_tokens"), usual).fetchall()
    }
    ranges = {
        (chain, token, scope): Range(symbol, contract, median, furthest)
        for chain, token, scope, symbol, contract, median, furthest in connection.execute(
            sql("known_ranges")
        ).fetchall()
    }
    return Knowledge(labels, sanctioned, hubs, crowds, thresholds(connection), tokens, ends, ranges)


def has_models(connection: Connection) -> bool:
    """True for a warehouse that was built, false for one in which only labels are loaded."""
    found = connection.execute("select 1 from duckdb_tables() where table_name = 'int_tokens__canonical'").fetchone()
    return found is not None


def _ends(classes: Mapping[str, tuple[str, str | None]]) -> Ends:
    text = pa.string()
    return Ends(
        pa.array(list(classes), text),
        pa.array([kind for kind, _ in classes.values()], text),
        pa.array([exchange for _, exchange in classes.values()], text),
    )
