"""What typologies share: their parameters, what they hand back, how strength is measured."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Protocol, cast

import numpy as np
from pydantic import Field, ValidationError, model_validator

from flow_pipeline.detectors import files_with
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import Groups
from flow_pipeline.graph.funnels import HOP, PEEL
from flow_pipeline.graph.paths import Walks
from flow_pipeline.settings import Section, TypologySettings

SEARCH_ROOM = 10
"""Walks a search keeps per finding that may be stored: large ones are not lost behind small ones that come first."""
Amounts = dict[str, Annotated[float, Field(ge=0, lt=1e18)]]
"""Token units per symbol, within what an amount can hold."""
Moved = Literal["least", "sum", "lesser_side", "per_middle", "arrived"]


class Parameters(Section):
    """Parameters of a typology: every field with its default and reason.

    Unknown keys are refused; amounts per token add to the defaults.
    """

    @model_validator(mode="before")
    @classmethod
    def _add_to_defaults(cls, given: dict[str, Any]) -> dict[str, Any]:
        found = dict(given)
        for name, item in cls.model_fields.items():
            if name in found and isinstance(item.default, dict):
                own = json.loads(found[name]) if isinstance(found[name], str) else found[name]
                found[name] = {**item.default, **own}
        return found


class WithLimit(Parameters):
    """Parameters of a typology; whoever wants one sets an amount above which its findings are always suspicious."""

    amount_by_token: Amounts = Field(
        {},
        description="findings of more token units than this are suspicious however rare they are, per symbol; none by "
        "default, because a fixed amount is ordinary on one chain and unheard of on another",
    )
    amount_usd: float | None = Field(
        None, ge=0, description="the same in US dollars for tokens without an amount of their own; none by default"
    )


@dataclass(frozen=True)
class Card:
    """What the card in the docs says: definition, strength, worked example, and what the detector can not see."""

    definition: str
    strength: str
    example: str
    blind_to: str


@dataclass(frozen=True)
class Hits:
    """What a detector found.

    Attributes:
        start: edges[start[i]:start[i + 1]] belong to finding i, in their order.
        edges: Edge numbers of the graph.
        part: IN, OUT, HOP or PEEL per edge.
        focus: Vertex each finding is about, -1 for none.
        hop_count: Transfers on its longest way.
        facts: More numbers per finding, shown in the evidence.
        found: Findings counted, kept or not.
        is_capped: True when a search was stopped, so that there may be more than `found`.
    """

    start: np.ndarray
    edges: np.ndarray
    part: np.ndarray
    focus: np.ndarray
    hop_count: np.ndarray
    facts: dict[str, np.ndarray] = field(default_factory=dict)
    found: int = 0
    is_capped: bool = False

    def __len__(self) -> int:
        """Number of findings kept."""
        return len(self.start) - 1

    def chosen(self, which: np.ndarray) -> Hits:
        """The findings of a mask; those left out are no longer counted."""
        lengths = np.diff(self.start)
        edges = np.repeat(which, lengths)
        return Hits(
            np.concatenate(([0], np.cumsum(lengths[which]))),
            self.edges[edges],
            self.part[edges],
            self.focus[which],
            self.hop_count[which],
            {name: column[which] for name, column in self.facts.items()},
            self.found - int(len(which) - which.sum()),
            self.is_capped,
        )


@dataclass(frozen=True)
class Sums:
    """Amounts per finding and vertex: the finding's number, ascending, the vertex, token units."""

    of: np.ndarray
    vertex: np.ndarray
    amount: np.ndarray


@dataclass(frozen=True)
class Closure:
    """The transfers from which, hop by hop, the last ones may have come.

    Attributes:
        target_role: Begin with transfers to addresses of this role; None begins with every transfer.
        steps: Hops back.
        gap: Longest rest between two hops, microseconds.
        low: Each hop carries at least this share of the hop before.
        high: And at most this share.
        with_payments: The other payments of the addresses on the way matter too.
    """

    target_role: int | None
    steps: int
    gap: int
    low: float
    high: float
    with_payments: bool = False


@dataclass(frozen=True)
class Past:
    """How far back the findings of a day reach, so that one more day need not search all others again.

    Durations are microseconds.

    Attributes:
        span: A finding's transfers lie within this before its last one, but for what follows.
        merges: A finding that ended within this before the day may be lengthened by it, however long it is already:
            windows that overlap are one.
        open: A finding that ended within this before the day may turn out to be none, or another one.
        closure: Transfers of any age that belong to the day's paths.
        history: Roles of the addresses in such a finding whose own transfers since its first one are read again.
        alone: Parameters under which the day alone tells whose whole history is needed; the findings are then searched
            in those histories.
        replaces: Which finding of before a new one stands for: one about the same address whose transfers it holds all
            ("contained"), one about any address ("contained_anywhere"), or one about the same address with which it
            shares a transfer ("shared").
    """

    span: int = 0
    merges: int = 0
    open: int = 0
    closure: Closure | None = None
    history: tuple[str, ...] = ("focus",)
    alone: Any = None
    replaces: Literal["contained", "contained_anywhere", "shared"] = "contained"


@dataclass(frozen=True)
class Measured:
    """Exact numbers of each finding, measured on the stored transfers: lists with an entry per finding."""

    token_symbol: list[str | None]
    duration_seconds: np.ndarray
    hop_count: np.ndarray
    transfer_count: np.ndarray
    address_count: np.ndarray
    moved_amount: list[Any]
    gross_amount: list[Any]
    focus: list[str | None]


class Typology(Protocol):
    """One typology: one file of this room.

    `NAME` names it in detection.findings; `VERSION` is frozen into every finding; `COMPONENT` is the risk component its
    addresses get; `MOVED` says how the moved amount is counted; `LIMITED_BY` which amount a limit that the user sets is
    for; `IDENTITY` whether all transfers or the first one make the finding what it is; `IS_PATH` whether findings of
    one day may not share a transfer; `IS_PROOF` whether it rests on a label that makes it suspicious by itself. One
    about a single side of an address may have `OWN_RATE`, from_id or to_id: the address's own rate there is looked at.

    It may have `advance(parameters, common)`, which says how its findings come as transfers arrive (detectors.advance);
    one that has none is found by the daily build alone.
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[str]
    COMPONENT: ClassVar[str]
    MOVED: ClassVar[Moved]
    LIMITED_BY: ClassVar[Literal["gross_amount", "moved_amount"]]
    IDENTITY: ClassVar[Literal["all", "first"]]
    IS_PATH: ClassVar[bool]
    IS_PROOF: ClassVar[bool]
    CARD: ClassVar[Card]
    Parameters: ClassVar[type[Parameters]]

    def past(self, parameters: Any, common: TypologySettings) -> Past:
        """How far back a day's findings reach."""

    def find(self, graph: TransferGraph, parameters: Any, common: TypologySettings) -> Hits:
        """Everything that fits the definition."""

    def strength(self, graph: TransferGraph, hits: Hits, parameters: Any) -> np.ndarray:
        """How large each finding is, token units: what its rarity is told by."""

    def describe(self, measured: Measured, hits: Hits, parameters: Any) -> list[str]:
        """What happened, in a sentence per finding."""


@cache
def typologies() -> dict[str, Typology]:
    """Every typology of the room by name; a new file is found without any other edit.

    Raises:
        FlowError: a file lacks what a typology must have.
    """
    return {module.NAME: cast(Typology, module) for module in files_with("find", "typology", Typology)}


def parameters_of(name: str, common: TypologySettings) -> Any:
    """The parameters of a typology under the settings in force.

    Raises:
        UsageError: an unknown key, an impossible value, or a threshold that can never fire.
    """
    given = (common.model_extra or {}).get(name, {})
    try:
        parameters: Any = typologies()[name].Parameters(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(["typologies", name, *map(str, first["loc"])])
        raise UsageError(
            f"{key}: {first['msg'].removeprefix('Value error, ')}", "see `netraflow settings --explain`"
        ) from None
    for key in ("min_counterparties", "min_middles"):
        if getattr(parameters, key, 0) >= common.hub_degree:
            raise UsageError(
                f"typologies.{name}.{key} {getattr(parameters, key)} can never be reached under typologies.hub_degree "
                f"{common.hub_degree}: such an address is a hub",
                "lower one or raise the other",
            )
    if getattr(parameters, "min_hops", 0) > common.max_hops:
        raise UsageError(
            f"typologies.{name}.min_hops {parameters.min_hops} can never be reached under typologies.max_hops "
            f"{common.max_hops}",
            "lower one or raise the other",
        )
    return parameters


def check_parameters(common: TypologySettings) -> None:
    """Refuse settings of typologies that do not exist, and impossible ones of those that do.

    Raises:
        UsageError: names the key.
    """
    for name, given in (common.model_extra or {}).items():
        if name not in typologies() or not isinstance(given, dict):
            raise UsageError(f"typologies.{name} is not a setting", f"typologies are {', '.join(sorted(typologies()))}")
    for name in typologies():
        parameters_of(name, common)


def hits_of_walks(graph: TransferGraph, walks: Walks, facts: dict[str, np.ndarray] | None = None) -> Hits:
    """Every walk is a finding about nobody in particular."""
    lengths = np.diff(walks.start)
    return Hits(
        walks.start,
        walks.edges,
        np.full(len(walks.edges), HOP, np.int8),
        np.full(len(walks), -1, np.int32),
        lengths,
        {"truncated": walks.is_cut, **(facts or {})},
        walks.found,
        walks.is_capped,
    )


def hits_of_groups(groups: Groups, hop_count: int | np.ndarray, facts: dict[str, np.ndarray] | None = None) -> Hits:
    """Every group is a finding about its vertex."""
    hops = np.broadcast_to(hop_count, len(groups)).copy()
    return Hits(groups.start, groups.edges, groups.part, groups.vertex, hops, facts or {}, len(groups))


def sums_by(graph: TransferGraph, hits: Hits | Groups, other: np.ndarray, which: Any = slice(None)) -> Sums:
    """The amounts of each finding's edges summed by the vertex at one end.

    Args:
        graph: The graph.
        hits: Findings, or groups that become some.
        other: Sender or receiver of the graph.
        which: A mask of the edges that count.
    """
    of = np.repeat(np.arange(len(hits)), np.diff(hits.start))[which]
    edges = hits.edges[which]
    keys, place = np.unique(of.astype(np.int64) * graph.vertex_count + other[edges], return_inverse=True)
    vertices = max(graph.vertex_count, 1)
    return Sums(keys // vertices, keys % vertices, np.bincount(place, graph.amount[edges], len(keys)))


def consistency(sums: Sums, count: int) -> np.ndarray:
    """1 - std/mean of the sums, population std, per finding."""
    size = np.maximum(np.bincount(sums.of, minlength=count), 1)
    mean = np.bincount(sums.of, sums.amount, count) / size
    variance = np.bincount(sums.of, (sums.amount - mean[sums.of]) ** 2, count) / size
    return 1 - np.sqrt(variance) / np.where(mean > 0, mean, 1)


def many_at_least(of: np.ndarray, amount: np.ndarray, count: int, least: int) -> np.ndarray:
    """max over k >= `least` of k times the k-th largest amount, per finding; 0 for one that has fewer.

    So many of at least that size: one large payment among small ones does not make a fan large.
    """
    order = np.lexsort((-amount, of))
    of, amount = of[order], amount[order]
    start = np.searchsorted(of, np.arange(count))
    place = np.arange(1, len(of) + 1) - start[of]
    found = np.zeros(count)
    np.maximum.at(found, of, np.where(place >= least, place * amount, 0.0))
    return found


def least_hop(graph: TransferGraph, hits: Hits) -> np.ndarray:
    """The smallest hop of each path; slices cut off on the way are none."""
    amount = np.where(hits.part == PEEL, np.inf, graph.amount[hits.edges])
    return np.minimum.reduceat(amount, hits.start[:-1]) if len(hits) else np.empty(0)


def joined(*groups: Groups) -> Groups:
    """Groups of several kernels as one."""
    offsets = np.cumsum([0, *(len(group.edges) for group in groups)])
    starts = [
        np.zeros(1, np.int64),
        *(group.start[1:] + offset for group, offset in zip(groups, offsets, strict=False)),
    ]
    return Groups(
        np.concatenate(starts),
        *(np.concatenate([getattr(group, name) for group in groups]) for name in ("edges", "part", "vertex")),
    )


def microseconds(seconds: float) -> int:
    """Microseconds of seconds."""
    return round(seconds * 1_000_000)


def units(amount: Any, symbol: str | None) -> str:
    """An amount with its token for a sentence, to about six digits and without idle zeros; columns have it exactly."""
    size = abs(amount)
    places = 0 if size >= 100_000 else 2 if size >= 100 else 4 if size >= 1 else 6
    text = f"{amount:,.{places}f}" if size >= 1e-6 else f"{amount:.3g}"
    text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return f"{text} {symbol or 'units'}"


def lasting(seconds: float) -> str:
    """A duration for people."""
    for length, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f}".rstrip("0").rstrip(".") + f" {name}"
    return f"{seconds:.0f} s"
