"""Who stands on a list of sanctions, and who is near somebody who does: paths of transfers to and from the listed.

The walk goes twice. First outwards from all listed addresses at once, which says how near each address is to the
nearest; then from each asked address, only over addresses that are near enough. What is held in memory are sets of ids
and the paths that end at a listed address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.labels.addresses import BadLabel, chain_of_form, spelling
from flow_pipeline.questions.rows import Rows, records
from flow_pipeline.questions.walks import SERVICES
from flow_pipeline.settings import ScreenSettings
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

_PLACE = pa.schema([("direction", pa.string()), ("address_id", pa.int32())])
_WALKED = pa.schema([("root_id", pa.int32()), ("direction", pa.string()), ("address_id", pa.int32())])


@dataclass
class Hit:
    """A listed address that an asked one is, or is near to.

    Attributes:
        listed: The listed address.
        labels: What the lists say of it: list, source, entity, day it became known.
        hops: Transfers in between, 0 for the address itself.
        direction: `in` when money came from it, `out` when money went to it, None for the address itself.
        path: Addresses in the order of the money, each with its entity.
        legs: What went from one to the next: transfers, amounts per token, times, hashes.
        in_order: True when money can have gone the whole path in the order of time.
    """

    listed: str
    labels: list[dict[str, Any]]
    hops: int = 0
    direction: str | None = None
    path: list[dict[str, Any]] = field(default_factory=list)
    legs: list[dict[str, Any]] = field(default_factory=list)
    in_order: bool | None = None


@dataclass
class Screened:
    """An asked address: `status` is listed, near or clean; `is_seen` when a transfer has it."""

    address: str
    is_seen: bool
    hits: list[Hit] = field(default_factory=list)

    @property
    def status(self) -> str:
        """`listed`, `near` or `clean`."""
        if not self.hits:
            return "clean"
        return "listed" if any(hit.hops == 0 for hit in self.hits) else "near"


@dataclass(frozen=True)
class _Path:
    root: int
    direction: str
    ids: tuple[int, ...]

    @property
    def in_money_order(self) -> tuple[int, ...]:
        """From payer to payee."""
        return self.ids if self.direction == "out" else self.ids[::-1]


def screen(
    connection: Connection, asked: Sequence[str], hops: int, chain: str | None, rules: ScreenSettings
) -> tuple[list[Screened], list[dict[str, Any]]]:
    """Each asked address with the listed ones it is or is near to, the nearest first; and the lists in force.

    Args:
        connection: The published file.
        asked: Addresses, in any spelling.
        hops: Transfers between an asked and a listed address, at most.
        chain: Only transfers of this chain; None for all.
        rules: Which labels make a hit, what is shown.

    Raises:
        UsageError: a text is no address, or the warehouse has no transfers of the chain.
    """
    tokens = _tokens_of(connection, chain)
    now = datetime.now(UTC).replace(tzinfo=None)
    listed = records(connection, sql("screen_listed"), {"categories": list(rules.categories), "now": now})
    texts = _spelled(asked, {label["address"] for label in listed}, connection)
    ids = dict(connection.execute(sql("screen_asked"), {"addresses": list(texts.values())}).fetchall())
    by_text = {address: number for number, address in ids.items()}
    labels: dict[str, list[dict[str, Any]]] = {}
    for label in listed:
        labels.setdefault(label["address"], []).append(label)
    targets = {label["address_id"] for label in listed if label["address_id"] is not None}
    paths = _paths(connection, sorted(ids), targets, hops, tokens) if ids and targets else []
    hits = _hits(connection, paths, labels, tokens, rules)
    found = []
    for text in dict.fromkeys(texts.values()):
        own = [Hit(text, _said(labels[text]))] if text in labels else []
        number = by_text.get(text)
        near = hits.get(number, []) if number is not None else []
        found.append(Screened(text, number is not None, own + near))
    return found, _lists(listed)


def as_rows(found: Iterable[Screened]) -> Rows:
    """A row per address and hit, and one for each address without a hit."""
    kinds = {
        "address": "VARCHAR",
        "status": "VARCHAR",
        "is_seen": "BOOLEAN",
        "hops": "BIGINT",
        "direction": "VARCHAR",
        "listed_address": "VARCHAR",
        "entities": "VARCHAR[]",
        "in_order": "BOOLEAN",
        "path": "VARCHAR[]",
    }
    rows: list[tuple[Any, ...]] = []
    for one in found:
        about = (one.address, one.status, one.is_seen)
        for hit in one.hits:
            entities = list(dict.fromkeys(label["entity"] for label in hit.labels))
            path = [step["address"] for step in hit.path]
            rows.append((*about, hit.hops, hit.direction, hit.listed, entities, hit.in_order, path))
        if not one.hits:
            rows.append((*about, *[None] * (len(kinds) - len(about))))
    return Rows(list(kinds), rows, list(kinds.values()))


def _tokens_of(connection: Connection, chain: str | None) -> list[int]:
    """The ids of a chain's tokens; none for all chains."""
    if chain is None:
        return []
    name = canonical_chain(chain)
    statement = "select token_id from store.tokens where chain = $chain"
    found = [row[0] for row in connection.execute(statement, {"chain": name}).fetchall()]
    if not found:
        rows = connection.execute("select distinct chain from store.tokens order by chain").fetchall()
        known = ", ".join(row[0] for row in rows)
        raise UsageError(f"--chain {chain}: there is no transfer of this chain", f"choose from {known}")
    return found


def _spelled(asked: Iterable[str], listed: set[str], connection: Connection) -> dict[str, str]:
    """What was asked, to the spelling that transfers have.

    Raises:
        UsageError: some are no addresses: of no form that is known, in no transfer and on no list.
    """
    given = list(dict.fromkeys(text.strip() for text in asked))
    stored = {
        address for _, address in connection.execute(sql("screen_asked"), {"addresses": given}).fetchall()
    } | listed
    spelled, bad = {}, []
    for text in given:
        try:
            spelled[text] = text if text in stored else spelling(text)
        except BadLabel as error:
            bad.append(error.message)
            continue
        if text not in stored and chain_of_form(text) is None:
            bad.append(f"'{text[:80]}' is no address of a known chain, and stands in no transfer and on no list")
    if bad:
        more = f"; and {len(bad) - 3:,} more" if len(bad) > 3 else ""
        raise UsageError(
            "; ".join(bad[:3]) + more, "check the address, or the path of the file; EVM addresses have 0x and 40 digits"
        )
    return spelled


def _lists(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lists in force: their sources, how many addresses, the last day on which one became known."""
    found: dict[str, dict[str, Any]] = {}
    for label in listed:
        row = found.setdefault(
            label["label_set"], {"list": label["label_set"], "sources": set(), "seen": set(), "known": None}
        )
        row["sources"].add(label["source"])
        row["seen"].add(label["address"])
        row["known"] = max(filter(None, (row["known"], label["known_from"])), default=None)
    return [
        {
            "list": row["list"],
            "source": "; ".join(sorted(row["sources"])[:3]),
            "addresses": len(row["seen"]),
            "last_known_from": row["known"],
        }
        for row in found.values()
    ]


def _said(labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ("label_set", "source", "entity", "category", "chain", "known_from", "valid_from")
    return [{"list" if name == "label_set" else name: label[name] for name in names} for label in labels]


def _paths(connection: Connection, roots: list[int], targets: set[int], hops: int, tokens: list[int]) -> list[_Path]:
    """The shortest path from each asked address to each listed one, in both directions."""
    stops = pa.array(
        [row[0] for row in connection.execute(sql("screen_stops"), {"services": list(SERVICES)}).fetchall()], pa.int32()
    )
    listed = pa.array(sorted(targets), pa.int32())
    near = _nearness(connection, listed, stops, hops, tokens)
    both = [(root, direction) for root in roots for direction in ("out", "in")]
    frontier = pa.table(
        {
            "root_id": pa.array([root for root, _ in both], pa.int32()),
            "direction": pa.array([direction for _, direction in both]),
            "address_id": pa.array([root for root, _ in both], pa.int32()),
        },
        schema=_WALKED,
    )
    parents: dict[tuple[int, str, int], int] = {}
    paths: list[_Path] = []
    seen = frontier
    connection.register("near", near)
    for hop in range(1, hops + 1):
        connection.register("frontier", frontier)
        connection.register("seen", seen)
        step = connection.execute(sql("screen_walk"), {"tokens": tokens, "hops_left": hops - hop}).to_arrow_table()
        for root, direction, reached, parent in zip(*(column.to_pylist() for column in step.columns), strict=True):
            parents[root, direction, reached] = parent
            if reached in targets:
                paths.append(_Path(root, direction, _back(parents, root, direction, reached)))
        walked = step.select(_WALKED.names).cast(_WALKED)
        seen = pa.concat_tables([seen, walked])
        ends = pc.or_(pc.is_in(walked["address_id"], value_set=stops), pc.is_in(walked["address_id"], value_set=listed))
        frontier = walked.filter(pc.invert(ends))
    for name in ("near", "frontier", "seen"):
        connection.unregister(name)
    return paths


def _nearness(connection: Connection, listed: pa.Array, stops: pa.Array, hops: int, tokens: list[int]) -> pa.Table:
    """direction, address and how many hops it is from the nearest listed address, up to one hop less than asked for."""
    count = len(listed)
    frontier = pa.table(
        {
            "direction": pa.array(["out"] * count + ["in"] * count),
            "address_id": pa.concat_arrays([listed, listed]),
        },
        schema=_PLACE,
    )
    reached = frontier
    distances = [frontier.append_column("hops", pa.array([0] * frontier.num_rows, pa.int32()))]
    for hop in range(1, hops):
        connection.register("frontier", frontier)
        connection.register("reached", reached)
        step = connection.execute(sql("screen_reach"), {"tokens": tokens}).to_arrow_table().cast(_PLACE)
        reached = pa.concat_tables([reached, step])
        frontier = step.filter(pc.invert(pc.is_in(step["address_id"], value_set=stops)))
        distances.append(frontier.append_column("hops", pa.array([hop] * frontier.num_rows, pa.int32())))
    for name in ("frontier", "reached") if hops > 1 else ():
        connection.unregister(name)
    return pa.concat_tables(distances)


def _back(parents: dict[tuple[int, str, int], int], root: int, direction: str, end: int) -> tuple[int, ...]:
    """From the asked address to the listed one."""
    ids = [end]
    while ids[-1] != root:
        ids.append(parents[root, direction, ids[-1]])
    return tuple(reversed(ids))


def _hits(
    connection: Connection,
    paths: list[_Path],
    labels: dict[str, list[dict[str, Any]]],
    tokens: list[int],
    rules: ScreenSettings,
) -> dict[int, list[Hit]]:
    """The paths of each asked address with names, amounts and hashes, the nearest first."""
    if not paths:
        return {}
    names = _names(connection, {number for path in paths for number in path.ids})
    legs = _legs(connection, paths, names, tokens, rules.shown_hashes)
    order = _order(connection, paths, tokens)
    found: dict[int, list[Hit]] = {}
    for place, path in enumerate(paths):
        ids, listed = path.in_money_order, names[path.ids[-1]]["address"]
        own = [dict(legs[pair]) for pair in pairwise(ids)]
        for leg, tx_hash in zip(own, order.get(place, ()), strict=False):
            leg["tx_hash"] = tx_hash
        hit = Hit(
            listed,
            _said(labels[listed]),
            len(ids) - 1,
            path.direction,
            [names[number] for number in ids],
            own,
            len(order.get(place, ())) == len(own),
        )
        found.setdefault(path.root, []).append(hit)
    for hits in found.values():
        hits.sort(key=lambda hit: (hit.hops, not hit.in_order, hit.listed, hit.direction))
    return found


def _names(connection: Connection, ids: set[int]) -> dict[int, dict[str, Any]]:
    """Address and entity by id."""
    connection.register("wanted", pa.table({"address_id": pa.array(sorted(ids), pa.int32())}))
    rows = records(connection, sql("screen_names"))
    connection.unregister("wanted")
    return {row["address_id"]: {"address": row["address"], "entity": row["entity"]} for row in rows}


def _legs(
    connection: Connection, paths: list[_Path], names: dict[int, dict[str, Any]], tokens: list[int], shown: int
) -> dict[tuple[int, int], dict[str, Any]]:
    """What went from one address to the next, by the pair of ids."""
    pairs = sorted({pair for path in paths for pair in pairwise(path.in_money_order)})
    wanted = {
        "from_id": pa.array([pair[0] for pair in pairs], pa.int32()),
        "to_id": pa.array([pair[1] for pair in pairs], pa.int32()),
    }
    connection.register("legs", pa.table(wanted))
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for row in records(connection, sql("screen_legs"), {"tokens": tokens, "shown": shown}):
        pair = (row["from_id"], row["to_id"])
        ends = {"from": names[pair[0]]["address"], "to": names[pair[1]]["address"]}
        leg = found.setdefault(pair, {**ends, "transfers": 0, "amounts": [], "first_at": None, "last_at": None})
        leg["transfers"] += row["transfers"]
        leg["first_at"] = min(filter(None, (leg["first_at"], row["first_at"])))
        leg["last_at"] = max(filter(None, (leg["last_at"], row["last_at"])))
        token = {name: row[name] for name in ("chain", "token_symbol", "token_address")}
        amount = {"amount": _sum(row["whole"], row["rest"])}
        leg["amounts"].append(token | amount | {"transfers": row["transfers"], "tx_hashes": row["tx_hashes"]})
    connection.unregister("legs")
    return found


def _sum(whole: str | None, rest: str | None) -> Decimal | None:
    if whole is None or rest is None:
        return None
    with localcontext(prec=60):
        return Decimal(whole) + Decimal(rest)


def _order(connection: Connection, paths: list[_Path], tokens: list[int]) -> dict[int, list[str | None]]:
    """Per path the transactions by which money can have gone it in the order of time, as far as there are any."""
    passed: dict[int, list[str | None]] = {}
    since = dict.fromkeys(range(len(paths)), datetime(1, 1, 1))
    for leg in range(max(len(path.ids) for path in paths) - 1):
        rows = [
            (place, *paths[place].in_money_order[leg : leg + 2], moment)
            for place, moment in since.items()
            if leg + 2 <= len(paths[place].ids)
        ]
        kinds = (pa.int64(), pa.int32(), pa.int32(), pa.timestamp("us"))
        columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
        connection.register("arrived", pa.table(columns, names=["path", "from_id", "to_id", "since"]))
        step = connection.execute(sql("screen_order"), {"tokens": tokens}).fetchall()
        since = {place: moment for place, moment, _ in step}
        for place, _, tx_hash in step:
            passed.setdefault(place, []).append(tx_hash)
        connection.unregister("arrived")
        if not since:
            break
    return passed
