"""Verdicts on the build file: which findings stand for themselves, how rare each is, and which are suspicious."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.detection.graph import numbers
from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.disjoint import instances
from flow_pipeline.graph.paths import DAY
from flow_pipeline.graph.traffic import busiest
from flow_pipeline.scoring.profile import Profile, read_profile
from flow_pipeline.scoring.rarity import PER_TRANSFERS, Rarity, rarity, rarity_of_profile, rolling_medians
from flow_pipeline.scoring.severity import ITSELF_SCORE, WORDS, score, severity
from flow_pipeline.settings import VerdictSettings
from flow_pipeline.warehouse.store import Connection, transaction

sql = statements(__package__)
SUSPECT_CATEGORIES = ("sanctioned", "exploit")
"""Labels whose touch is suspicious whatever its size."""
_EPOCH = date(1970, 1, 1)
_NOT_JUDGED, _BY_POOL, _BY_PROFILE = range(3)


def remember_traffic(connection: Connection, graph: TransferGraph, day: date | None) -> None:
    """Bring store.traffic_days and store.busiest up to date: from `day` on, None for all days.

    Args:
        connection: The build file; graph_tokens is up to date.
        graph: Holds every transfer of those days.
        day: First new day.
    """
    first = day or date.min
    since = np.datetime64(day, "us").astype(np.int64) if day else np.iinfo(np.int64).min
    new = slice(int(np.searchsorted(graph.time, since)), None)
    sender, receiver = graph.sender[new], graph.receiver[new]
    tokens = _columns(connection, "select distinct position, chain_number from graph_tokens order by position")
    chain = tokens["chain_number"][graph.token[sender]] if len(sender) else np.empty(0, np.int64)
    found = busiest(chain, graph.time[new] // DAY, graph.address[sender], graph.address[receiver])
    connection.register("busy", pa.table(dict(zip(("chain_number", "day", "address_id"), found, strict=True))))
    with transaction(connection):
        for table in ("traffic_days", "busiest"):
            connection.execute(f"delete from store.{table} where block_date >= $first", {"first": first})
        connection.execute(sql("verdicts_traffic"), {"first": first})
        connection.execute(sql("verdicts_busiest"))
    connection.unregister("busy")


def judge(connection: Connection, settings: VerdictSettings) -> None:
    """The temp table `verdicts`: a row per finding to store, and per stored one of the days that those may change."""
    rules = [
        {"typology": name, "is_path": item.IS_PATH, "is_proof": item.IS_PROOF} for name, item in typologies().items()
    ]
    connection.register("verdict_rules", pa.Table.from_pylist(rules))
    connection.execute(sql("verdicts_judged"))
    _tell_instances(connection)
    connection.execute(sql("verdicts_pool"), {"pool_days": settings.pool_days})
    pool = _columns(connection, "select * exclude (finding_id) from pool order by n")
    found = _Found(len(pool["n"]))
    traffic = _Traffic(connection, settings)
    for rows in _pools(pool):
        for day in np.unique(pool["day"][rows[pool["is_judged"][rows]]]):
            _judge_day(found, pool, rows, int(day), traffic, settings)
    profile = read_profile(settings.reference)
    _judge_by_profile(found, pool, settings, profile)
    connection.register("rarities", found.table(pool["n"]))
    connection.execute(
        sql("verdicts_decided"),
        {
            "own_rate_log10": settings.own_rate_log10,
            "own_rate_max_share": settings.own_rate_max_share,
            "budget": settings.alarms_per_10000,
        },
    )
    decided = _columns(connection, "select * exclude (finding_id) from decided order by n")
    connection.register("graded", _graded(decided, settings))
    connection.execute(
        sql("verdicts"),
        {
            "budget": settings.alarms_per_10000,
            "pool_days": settings.pool_days,
            "min_transfers": settings.min_transfers,
            "max_share": settings.max_share,
            "profile": profile.name,
        },
    )
    for name in ("graded", "rarities", "verdict_rules"):
        connection.unregister(name)
    for table in ("judged_findings", "instances", "pool", "decided"):
        connection.execute(f"drop table temp.{table}")


def _tell_instances(connection: Connection) -> None:
    """The temp table `instances`: a row per judged finding, with the stronger one of its day whose instance it is."""
    rows = _columns(connection, sql("verdicts_shared"))
    count = int(rows["finding"].max(initial=-1)) + 1
    start = np.searchsorted(rows["finding"], np.arange(count + 1))
    found = pa.table({"finding": np.arange(count), "of": instances(start, rows["thing"])})
    connection.register("instances_in", found)
    connection.execute(sql("verdicts_instances"))
    connection.unregister("instances_in")


class _Found:
    """What is known of the rarity of each row of the pool; NaN where nothing is."""

    def __init__(self, count: int) -> None:
        self.expected, self.needed = np.full(count, np.nan), np.full(count, np.nan)
        self.pool_size, self.place, self.transfers = (np.zeros(count, np.int64) for _ in range(3))
        self.by = np.full(count, _NOT_JUDGED, np.int8)
        self.is_own_list = np.zeros(count, bool)
        self.burst_share, self.stake = np.full(count, np.nan), np.full(count, np.nan)

    def take(self, rows: np.ndarray, found: Rarity, unit: np.ndarray, transfers: int, by: int) -> None:
        """Rarities of some rows; `unit` is what one token unit is in the unit they were compared in."""
        self.expected[rows] = found.expected * PER_TRANSFERS / transfers
        self.pool_size[rows], self.place[rows] = found.pool_size, found.place
        self.needed[rows] = found.needed / unit
        self.by[rows] = by

    def table(self, n: np.ndarray) -> pa.Table:
        """Columns by row of the pool."""
        is_known = self.by != _NOT_JUDGED
        return pa.table(
            {
                "n": n,
                "e_value": pa.array(self.expected, mask=~is_known),
                "strength_needed": pa.array(self.needed, mask=~np.isfinite(self.needed)),
                "pool_size": pa.array(self.pool_size, mask=~is_known),
                "pool_place": pa.array(self.place, mask=~is_known),
                "pool_transfers": self.transfers,
                "is_own_list": self.is_own_list,
                "burst_share": pa.array(self.burst_share, mask=np.isnan(self.burst_share)),
                "stake": pa.array(self.stake, mask=~np.isfinite(self.stake)),
                "is_by_profile": self.by == _BY_PROFILE,
            }
        )


@dataclass(frozen=True)
class _Ordinary:
    """The traffic of a pool's days: transfers, and per token what one unit is in the pool's unit."""

    transfers: int
    tokens: np.ndarray
    worth: np.ndarray


class _Traffic:
    """Transfers of each chain, token and day, and what an ordinary amount of each token without a price is."""

    def __init__(self, connection: Connection, settings: VerdictSettings) -> None:
        self._window, self._least = settings.pool_days, settings.min_token_transfers
        self._days = _columns(connection, sql("verdicts_days"))
        self._wanted = _columns(connection, "select distinct day from pool where is_judged order by day")["day"]
        first, last = (self._wanted[0], self._wanted[-1]) if len(self._wanted) else (0, -1)
        days = {"first": _EPOCH + timedelta(int(first) - self._window), "last": _EPOCH + timedelta(int(last))}
        shares = {"pool_days": settings.pool_days, "max_share": settings.max_share}
        owned = _columns(connection, sql("verdicts_owned"), shares | days)
        self._owned = set(zip(owned["chain"].tolist(), owned["day"].tolist(), strict=True))
        amounts = _columns(connection, sql("verdicts_amounts"), days)
        token, place, count = np.unique(amounts["token"], return_inverse=True, return_counts=True)
        order = np.argsort(place.astype(np.int16 if len(token) < 2**15 else np.int64), kind="stable")
        amounts = {name: column[order] for name, column in amounts.items()}
        bounds = np.concatenate(([0], np.cumsum(count)))
        self._medians = {
            int(t): rolling_medians(amounts["day"][a:b], amounts["amount"][a:b], self._wanted, self._window)
            for t, a, b in zip(token, bounds[:-1], bounds[1:], strict=True)
        }

    def ordinary(self, chain: int, day: int, is_priced: bool) -> _Ordinary:
        """Of a chain in the days of a pool: of the transfers with a price, or of those without."""
        days = self._days
        first, last = (np.searchsorted(days["key"], chain * 2**32 + at) for at in (day - self._window, day + 1))
        if is_priced:
            return _Ordinary(int(days["priced"][first:last].sum()), np.empty(0, np.int64), np.empty(0))
        token, place = np.unique(days["token"][first:last], return_inverse=True)
        count = np.bincount(place, (days["transfers"] - days["priced"])[first:last], len(token))
        known = count >= self._least
        at = np.searchsorted(self._wanted, day)
        median = np.array([self._medians[t][at] if t in self._medians else np.nan for t in token[known].tolist()])
        return _Ordinary(int(count[known].sum()), token[known], 1 / median)

    def is_own_list(self, chain: int, day: int) -> bool:
        """True when one address touches too many of the transfers of a pool's days."""
        return (chain, day) in self._owned


def _pools(pool: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Rows of each typology, chain and unit: dollars, or multiples of an ordinary amount."""
    is_priced = ~np.isnan(pool["strength_usd"])
    order = np.lexsort((is_priced, pool["chain"], pool["name"]))
    keys = np.stack([pool["name"], pool["chain"], is_priced])[:, order]
    return np.split(order, np.flatnonzero((keys[:, 1:] != keys[:, :-1]).any(axis=0)) + 1) if len(order) else []


def _judge_day(
    found: _Found, pool: dict[str, np.ndarray], rows: np.ndarray, day: int, traffic: _Traffic, settings: VerdictSettings
) -> None:
    """The findings of one typology, chain, unit and day against those of the days before."""
    chain, is_priced = int(pool["chain"][rows[0]]), not np.isnan(pool["strength_usd"][rows[0]])
    rows = rows[(pool["day"][rows] <= day) & (pool["day"][rows] >= day - settings.pool_days)]
    ordinary = traffic.ordinary(chain, day, is_priced)
    if is_priced:
        unit = pool["strength_usd"][rows] / pool["strength"][rows]
    else:
        place = np.minimum(np.searchsorted(ordinary.tokens, pool["token"][rows]), max(len(ordinary.tokens) - 1, 0))
        is_known = ordinary.tokens[place] == pool["token"][rows] if len(ordinary.tokens) else np.zeros(len(rows), bool)
        rows = rows[is_known]
        unit = ordinary.worth[place[is_known]]
    judged = np.flatnonzero(pool["is_judged"][rows] & (pool["day"][rows] == day))
    found.transfers[rows[judged]] = ordinary.transfers
    found.is_own_list[rows[judged]] = traffic.is_own_list(chain, day)
    found.burst_share[rows[judged]] = _burst_share(pool, rows, judged, settings.own_rate_log10)
    found.stake[rows[judged]] = pool["moved_amount"][rows[judged]] * unit[judged]
    if ordinary.transfers < settings.min_transfers or traffic.is_own_list(chain, day) or not len(judged):
        return
    limit = settings.alarms_per_10000 * ordinary.transfers / PER_TRANSFERS
    known = rarity(pool["strength"][rows] * unit, pool["centre"][rows], judged, limit)
    found.take(rows[judged], known, unit[judged], ordinary.transfers, _BY_POOL)


def _burst_share(pool: dict[str, np.ndarray], rows: np.ndarray, judged: np.ndarray, limit: float) -> np.ndarray:
    """Of the others in the pool whose own rate is known, how many are beyond it; NaN where there are none."""
    log10, centre = pool["own_rate_log10"][rows], pool["centre"][rows]
    is_known = ~np.isnan(log10)
    is_beyond = is_known & (np.nan_to_num(log10) <= limit)
    _, of = np.unique(centre, return_inverse=True)
    known = is_known.sum() - np.bincount(of, is_known)[of[judged]]
    beyond = is_beyond.sum() - np.bincount(of, is_beyond)[of[judged]]
    return np.where(known > 0, beyond / np.maximum(known, 1), np.nan)


def _judge_by_profile(found: _Found, pool: dict[str, np.ndarray], settings: VerdictSettings, profile: Profile) -> None:
    """What its own chain can not judge, the reference does, where it has dollars or knows the token."""
    worth = np.where(np.isnan(pool["strength_usd"]), np.nan, pool["strength_usd"] / pool["strength"])
    known_tokens = np.array([profile.token_usd.get(name, np.nan) for name in pool["token_name"]], np.float64)
    worth = np.where(np.isnan(worth), known_tokens, worth)
    limit = settings.alarms_per_10000 * profile.transfers / PER_TRANSFERS
    is_left = (found.by == _NOT_JUDGED) & pool["is_judged"] & np.isfinite(worth)
    for name, (largest, count) in profile.typologies.items():
        rows = np.flatnonzero(is_left & (pool["typology"] == name))
        judged = rarity_of_profile(pool["strength"][rows] * worth[rows], np.array(largest), count, limit)
        found.take(rows, judged, worth[rows], profile.transfers, _BY_PROFILE)
        found.stake[rows] = pool["moved_amount"][rows] * worth[rows]


def _graded(decided: dict[str, np.ndarray], settings: VerdictSettings) -> pa.Table:
    """Score and severity per judged finding."""
    expected, usd = decided["e_value"], decided["moved_usd"]
    points = score(expected)
    points = np.where(decided["is_itself"], np.maximum(points, ITSELF_SCORE), points)
    word = severity(
        decided["is_suspicious"], expected / settings.alarms_per_10000, usd, settings.small_usd, settings.large_usd
    )
    return pa.table({"n": decided["n"], "score": points, "severity": pa.array(np.array(WORDS)[word], pa.string())})


def _columns(connection: Connection, statement: str, values: dict[str, Any] | None = None) -> dict[str, np.ndarray]:
    """Columns of numbers with NULL as NaN, and of texts."""
    rows = connection.execute(statement, values or {}).to_arrow_table()
    return {name: numbers(rows[name]) for name in rows.column_names}
