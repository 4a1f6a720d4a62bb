"""Verdicts on the build file: which findings stand for themselves, how rare each is, and which are suspicious."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.detection.graph import numbers, payments
from flow_pipeline.detection.relations import VERDICTS
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph.disjoint import instances
from flow_pipeline.graph.traffic import busiest
from flow_pipeline.scoring.profile import Profile, read_profile
from flow_pipeline.scoring.rarity import PER_TRANSFERS, Rarity, middle_ranks, ranked, rarity, rarity_of_profile
from flow_pipeline.scoring.severity import ITSELF_SCORE, WORDS, score, severity
from flow_pipeline.settings import Settings, VerdictSettings
from flow_pipeline.warehouse.store import Connection, engine_memory, held_beside, number, transaction

sql = statements(__package__)
SUSPECT_CATEGORIES = ("sanctioned", "exploit")
"""Labels whose touch is suspicious whatever its size."""
_EPOCH = date(1970, 1, 1)
_BAND = "floor(16 * log2(f.amount::double))::bigint"
"""Sixteen bands to an octave: a median's band holds about one amount in a hundred."""
_NOT_JUDGED, _BY_POOL, _BY_PROFILE = range(3)


def remember_traffic(connection: Connection, stretch: Stretch) -> None:
    """Bring store.traffic_days and store.busiest up to date with the days of a stretch, in all tokens.

    Args:
        connection: The build file; graph_tokens is up to date and holds every token.
        stretch: The days.
    """
    first = stretch.first or date.min
    days = {"first": first, "until": stretch.until or date.max}
    moments = {"since": datetime.combine(first, datetime.min.time()), "until": stretch.end}
    found = busiest(*_columns(connection, sql("verdicts_ends", payments=payments()), moments).values())
    connection.register("busy", pa.table(dict(zip(("chain_number", "day", "address_id"), found, strict=True))))
    with transaction(connection):
        for table in ("traffic_days", "busiest"):
            connection.execute(f"delete from store.{table} where block_date >= $first", {"first": first})
        connection.execute(sql("verdicts_traffic", band_of=_BAND), days)
        connection.execute(sql("verdicts_busiest"))
    connection.unregister("busy")


def judge(connection: Connection, settings: Settings, since: date | None) -> None:
    """The temp table `verdicts`: a row per finding to store, and per stored one from a day on.

    Args:
        connection: The build file.
        settings: What makes a finding suspicious, and how much memory there is.
        since: The first day that gains or loses a finding; None when none does.
    """
    rules = [
        {"typology": name, "is_path": item.IS_PATH, "is_proof": item.IS_PROOF} for name, item in typologies().items()
    ]
    connection.register("verdict_rules", pa.Table.from_pylist(rules))
    connection.execute(sql("verdicts_judged"), {"since": since})
    connection.execute(unjudged())
    connection.execute(
        "create or replace temp table instances as "
        "select finding_id, instance_of, instance_count from detection.findings limit 0"
    )
    profile = read_profile(settings.verdicts.reference)
    for run in _runs(connection, settings):
        with held_beside(connection, settings, run.findings * settings.warehouse.bytes_per_finding):
            _judge_run(connection, settings.verdicts, profile, {"first": run.first, "until": run.until})
    connection.unregister("verdict_rules")
    for table in ("judged_findings", "instances"):
        connection.execute(f"drop table temp.{table}")


def unjudged() -> str:
    """The statement that makes the temp table `verdicts` without a row."""
    columns = ", ".join(VERDICTS.columns)
    return f"create or replace temp table verdicts as select {columns} from detection.findings limit 0"


@dataclass(frozen=True)
class _Run:
    """Days that are judged together, the day after them, and how many findings they and their pools have."""

    first: date
    until: date
    findings: int


def _runs(connection: Connection, settings: Settings) -> list[_Run]:
    """As few as fit into memory, in order: a day's instances say who is in the pools after it."""
    most = engine_memory(settings.warehouse) // 2 // settings.warehouse.bytes_per_finding
    rows = connection.execute(
        "select block_date, count(*) from judged_findings group by block_date order by block_date"
    ).fetchall()
    runs: list[_Run] = []
    for day, count in rows:
        if runs and runs[-1].findings + count <= most:
            runs[-1] = replace(runs[-1], until=day + timedelta(1), findings=runs[-1].findings + count)
        else:
            pool = {"first": day - timedelta(settings.verdicts.pool_days), "until": day}
            runs.append(_Run(day, day + timedelta(1), number(connection, sql("verdicts_before"), pool) + count))
    return runs


def _judge_run(connection: Connection, settings: VerdictSettings, profile: Profile, days: dict[str, date]) -> None:
    """Rows of the temp table `verdicts` for the findings of some days."""
    _tell_instances(connection, days)
    connection.execute(sql("verdicts_pool"), {"pool_days": settings.pool_days, **days})
    pool = _columns(connection, "select * exclude (finding_id) from pool order by n")
    found = _Found(len(pool["n"]))
    traffic = _Traffic(connection, settings)
    for rows in _pools(pool):
        for day in np.unique(pool["day"][rows[pool["is_judged"][rows]]]):
            _judge_day(found, pool, rows, int(day), traffic, settings)
    _judge_by_profile(found, pool, settings, profile)
    connection.register("rarities", found.table(pool["n"]))
    connection.execute(
        sql("verdicts_decided"),
        {
            "own_rate_log10": settings.own_rate_log10,
            "own_rate_max_share": settings.own_rate_max_share,
            "budget": settings.alarms_per_10000,
            **days,
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
    for name in ("graded", "rarities"):
        connection.unregister(name)
    for table in ("pool", "decided"):
        connection.execute(f"drop table temp.{table}")


def _tell_instances(connection: Connection, days: dict[str, date]) -> None:
    """Rows of the temp table `instances`: one per judged finding, with the stronger one of its day that tells it."""
    rows = _columns(connection, sql("verdicts_shared"), days)
    count = int(rows["finding"].max(initial=-1)) + 1
    start = np.searchsorted(rows["finding"], np.arange(count + 1))
    found = pa.table({"finding": np.arange(count), "of": instances(start, rows["thing"])})
    connection.register("instances_in", found)
    connection.execute(sql("verdicts_instances"), days)
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
        self._wanted = _columns(connection, "select distinct day from pool where is_judged order by day")["day"]
        first, last = (self._wanted[0], self._wanted[-1]) if len(self._wanted) else (0, -1)
        days = {"first": _EPOCH + timedelta(int(first) - self._window), "last": _EPOCH + timedelta(int(last))}
        self._days = _columns(connection, sql("verdicts_days"), days)
        shares = {"pool_days": settings.pool_days, "max_share": settings.max_share}
        owned = _columns(connection, sql("verdicts_owned"), shares | days)
        self._owned = set(zip(owned["chain"].tolist(), owned["day"].tolist(), strict=True))
        self._medians = self._ordinary_amounts(connection, days)

    def _ordinary_amounts(self, connection: Connection, days: dict[str, date]) -> dict[tuple[int, int], float]:
        """The median amount per token and judged day, where its days hold enough transfers.

        Bands are counted first, so that no more amounts are read than lie in a band with a median.
        """
        bands = _columns(connection, sql("verdicts_bands"), days)
        questions = _questions(bands, self._wanted, self._window, self._least)
        row, rank = ranked(bands["band"], bands["day"], bands["transfers"], *questions)
        read = pa.table({"token": bands["token"][row], "band": bands["band"][row]})
        connection.register("bands_read", read.group_by(["token", "band"]).aggregate([]))
        amounts = _columns(connection, sql("verdicts_amounts", band_of=_BAND), days)
        connection.unregister("bands_read")
        start, stop = _place(amounts, bands["token"][row], bands["band"][row])
        _, _, first, last, _ = questions
        row_of_amount, _ = ranked(
            amounts["amount"], amounts["day"], amounts["transfers"], start, stop, first, last, rank
        )
        middles = amounts["amount"][row_of_amount].reshape(2, -1).sum(axis=0) / 2
        half = slice(0, len(middles))
        keys = zip(bands["token"][row][half].tolist(), last[half].tolist(), strict=True)
        return dict(zip(keys, middles.tolist(), strict=True))

    def ordinary(self, chain: int, day: int, is_priced: bool) -> _Ordinary:
        """Of a chain in the days of a pool: of the transfers with a price, or of those without."""
        days = self._days
        first, last = (np.searchsorted(days["key"], chain * 2**32 + at) for at in (day - self._window, day + 1))
        if is_priced:
            return _Ordinary(int(days["priced"][first:last].sum()), np.empty(0, np.int64), np.empty(0))
        token, place = np.unique(days["token"][first:last], return_inverse=True)
        count = np.bincount(place, (days["transfers"] - days["priced"])[first:last], len(token))
        known = count >= self._least
        median = np.array([self._medians.get((t, day), np.nan) for t in token[known].tolist()])
        return _Ordinary(int(count[known].sum()), token[known], 1 / median)

    def is_own_list(self, chain: int, day: int) -> bool:
        """True when one address touches too many of the transfers of a pool's days."""
        return (chain, day) in self._owned


def _questions(bands: dict[str, np.ndarray], wanted: np.ndarray, window: int, least: int) -> tuple[np.ndarray, ...]:
    """What `ranked` is asked for both middle amounts of each token and judged day with enough transfers."""
    token, start, of = np.unique(bands["token"], return_index=True, return_inverse=True)
    stop = np.searchsorted(bands["token"], token, side="right")
    has_enough = np.bincount(of, bands["transfers"], len(token)) >= least
    found = []
    for low, high in zip(start[has_enough].tolist(), stop[has_enough].tolist(), strict=True):
        order = np.argsort(bands["day"][low:high], kind="stable")
        held = np.concatenate(([0], np.cumsum(bands["transfers"][low:high][order])))
        day = bands["day"][low:high][order]
        count = held[np.searchsorted(day, wanted, side="right")] - held[np.searchsorted(day, wanted - window)]
        asked = np.flatnonzero(count >= least)
        found.append((np.full(len(asked), low), np.full(len(asked), high), wanted[asked], count[asked]))
    starts, stops, days, counts = (
        np.concatenate([part[n] for part in found] or [np.empty(0, np.int64)]) for n in range(4)
    )
    twice = (np.tile(column, 2) for column in (starts, stops, days - window, days))
    return (*twice, np.concatenate(middle_ranks(counts)))


def _place(amounts: dict[str, np.ndarray], token: np.ndarray, band: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last row of amounts, which are ordered by token and band, of some tokens and bands."""
    low = min(int(column.min(initial=0)) for column in (amounts["band"], band))
    width = max(int(column.max(initial=0)) for column in (amounts["band"], band)) - low + 1
    known, asked = amounts["token"] * width + amounts["band"] - low, token * width + band - low
    return np.searchsorted(known, asked), np.searchsorted(known, asked, side="right")


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
