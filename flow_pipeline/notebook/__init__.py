"""The warehouse in a notebook: the questions of the command line, answered by frames.

What lives here: one method per question, and how answers become frames. What must not: SQL, rules; both stand in
`questions`. Read more: docs/notebook.ipynb.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from flow_pipeline.domain.windows import Window
from flow_pipeline.notebook.frames import Frame, Frames, checked, frame, page
from flow_pipeline.questions.rows import Rows
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.store import Connection, open_published

if TYPE_CHECKING:
    import pyarrow as pa

    from flow_pipeline.questions.rows import Answer

Day = str | date
"""A day as YYYY-MM-DD, or a date."""

_ONE_AT_A_TIME = Lock()
"""The engine takes no settings for a file that another thread of the process has open and locked."""


def open_warehouse(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    config: str | os.PathLike[str] | None = None,
    frames: Frames = "pandas",
) -> Warehouse:
    """The published warehouse of a data directory.

    Args:
        data_dir: Where `netraflow analyze` or `demo` has put it; else NETRAFLOW_DATA_DIR, else data/.
        config: Settings file; else netraflow.toml of the working directory.
        frames: What answers are: pandas, arrow or polars. Each question takes another by `as_`.

    Raises:
        UsageError: nothing is published there, or polars is asked for and not installed.
    """
    settings = load_settings(Path(data_dir) if data_dir else None, Path(config) if config else None)
    warehouse = Warehouse(settings, checked(frames))
    warehouse._answer(lambda connection: None)
    return warehouse


class _Asked:
    """Opens the published file for one question and closes it: read-only, no files, no network.

    That costs some milliseconds. In return nothing has to be closed, and what a run publishes meanwhile is what the
    next question sees.
    """

    def __init__(self, settings: Settings, frames: str) -> None:
        self._settings = settings
        self._frames = frames

    def _answer(self, ask: Callable[[Connection], Any]) -> Any:
        with _ONE_AT_A_TIME, open_published(self._settings) as connection:
            return ask(connection)

    def _kind(self, as_: Frames | None) -> str:
        return checked(as_ or self._frames)

    def _frame(self, ask: Callable[[Connection], Rows | pa.Table], as_: Frames | None) -> Frame:
        kind = self._kind(as_)
        return frame(self._answer(ask), kind)

    def _page(self, ask: Callable[[Connection], dict[str, Any]], as_: Frames | None) -> dict[str, Any]:
        kind = self._kind(as_)
        found: dict[str, Any] = page(self._answer(ask), kind)
        return found


class Warehouse(_Asked):
    """The published warehouse, asked as by the command line; errors are its errors.

    Days are UTC and both ends of a window belong to it. Amounts are exact token units, `*_usd` US dollars and NULL
    where no price is known. `token` is a symbol or a contract. `as_` makes one answer "pandas", "arrow" or "polars".
    """

    def __repr__(self) -> str:
        return f"Warehouse({str(self._settings.published_link.resolve())!r}, frames={self._frames!r})"

    @property
    def flows(self) -> Flows:
        """Money followed from group to group."""
        return Flows(self._settings, self._frames)

    def netflow(
        self,
        *,
        exchange: str | None = None,
        by: str = "exchange",
        token: str | None = None,
        first: Day | None = None,
        last: Day | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """Daily inflow, outflow and netflow = inflow - outflow; positive = coins moving onto the exchange.

        Args:
            exchange: Only this one.
            by: `exchange`; `wallet` for hot wallets, moves inside an exchange counted; `total` for all together.
            token: Only this token.
            first: First day.
            last: Last day.
            as_: Kind of frame.

        Returns:
            A row per day, chain, token and exchange, wallet or none, latest day first: `block_date, chain,
            token_symbol, token_address`, the amounts `inflow, outflow, netflow` and others in token units, their
            counts of transfers, and `inflow_usd, outflow_usd, netflow_usd`.
        """
        from flow_pipeline.domain.errors import UsageError, one_of
        from flow_pipeline.questions.netflow import SCOPES, daily_netflow

        one_of("netflow by", by, SCOPES)
        if by == "total" and exchange:
            raise UsageError("by='total' and exchange exclude each other", "give one of them")
        return self._frame(lambda c: daily_netflow(c, by, _window(first, last), token, exchange), as_)

    def destinations(
        self,
        *,
        top: int = 10,
        by: str = "amount",
        token: str | None = None,
        first: Day | None = None,
        last: Day | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """Top receivers per token over a window.

        Args:
            top: Receivers per token.
            by: Ranked by `amount` or by `count`.
            token: Only this token.
            first: First day.
            last: Last day.
            as_: Kind of frame.

        Returns:
            A row per token and receiver: `rank, chain, token_symbol, token_address, to_address, entity, category,
            regions`, `amount` in token units, `transfer_count`, `amount_share` of the token in [0, 1].
        """
        from flow_pipeline.questions.netflow import top_destinations

        return self._frame(lambda c: top_destinations(c, _window(first, last), token, top, by), as_)

    def anomalies(
        self,
        *,
        method: str | None = None,
        threshold: float | None = None,
        by_wallet: bool = False,
        token: str | None = None,
        first: Day | None = None,
        last: Day | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """Anomalous netflow days of exchanges and of the total; high = onto the exchange.

        Args:
            method: rank, trailing, robust or inclusive; else the setting.
            threshold: Of rank E, in days a year; else |z|; else the setting.
            by_wallet: Days of single wallets instead, internal moves counted.
            token: Only this token.
            first: First day.
            last: Last day.
            as_: Kind of frame.

        Returns:
            A row per day and series, as detection.netflow_anomalies: `block_date, chain, token_symbol, token_address,
            scope_type, scope`, `netflow` in token units, `e_value` in days a year, baseline in token units, z-scores,
            `method, threshold, direction, severity`.
        """
        from flow_pipeline.questions.netflow import anomalous_days, judged_by

        rules, chosen = judged_by(self._settings, method, threshold)
        return self._frame(lambda c: anomalous_days(c, rules, chosen, _window(first, last), token, by_wallet), as_)

    def top_days(
        self,
        top: int | None = None,
        *,
        method: str | None = None,
        by: str = "total",
        token: str | None = None,
        first: Day | None = None,
        last: Day | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """The most extreme days of each series, flagged or not.

        Args:
            top: Days per series; else the setting.
            method: rank for the smallest E, trailing, robust or inclusive for the largest |z|; else the setting.
            by: `total`, `exchange` or `wallet`.
            token: Only this token.
            first: First day.
            last: Last day.
            as_: Kind of frame.

        Returns:
            A row per series and day: `block_date, scope, chain, token_symbol, token_address, inflow, outflow, netflow`
            in token units, and by rank `rank_median, rank_deviation` in token units, `rank_days, e_value` in days a
            year, else `roll_mean, roll_std` in token units and `zscore`.
        """
        from flow_pipeline.domain.errors import one_of
        from flow_pipeline.questions.netflow import SCOPES, judged_by, top_days

        one_of("days by", by, SCOPES)
        rules, chosen = judged_by(self._settings, method)
        return self._frame(lambda c: top_days(c, chosen, top or rules.top_k, by, _window(first, last), token), as_)

    def surges(
        self,
        *,
        token: str | None = None,
        first: Day | None = None,
        last: Day | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """Outflow surges, latest day first.

        Args:
            token: Only this token.
            first: First day.
            last: Last day.
            as_: Kind of frame.

        Returns:
            A row per day and scope, as detection.outflow_surges: `outflow, baseline_mean, excess, surge_amount` in
            token units, `e_value` in days a year, `rule, threshold, severity`.
        """
        from flow_pipeline.questions.netflow import outflow_surges

        return self._frame(lambda c: outflow_surges(c, _window(first, last), token), as_)

    def daily_findings(
        self,
        detector: str,
        *,
        token: str | None = None,
        first: Day | None = None,
        last: Day | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """Days that a daily detector flagged, whichever it is, latest first.

        Args:
            detector: Its name, such as netflow_anomaly.
            token: Only this token.
            first: First day.
            last: Last day.
            as_: Kind of frame.

        Returns:
            A row per day, series and measure, as detection.daily_findings: `value` and its baseline in the measure's
            unit, `e_value` in days a year, `threshold, direction, severity, reason`.
        """
        from flow_pipeline.questions.netflow import daily_findings

        return self._frame(lambda c: daily_findings(c, detector, _window(first, last), token), as_)

    def findings(
        self,
        *,
        typology: str | None = None,
        address: str | None = None,
        every: bool = False,
        token: str | None = None,
        first: Day | None = None,
        last: Day | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """Suspicious findings, the most severe first, then those with most at stake.

        Args:
            typology: Only this one, such as rapid_chain.
            address: Only findings that list this address.
            every: Also findings that fit a definition and are not suspicious.
            token: Only this token.
            first: First day.
            last: Last day.
            as_: Kind of frame.

        Returns:
            A row per finding: `finding_id, typology, severity, e_value, block_date, token_symbol`, `moved_amount` in
            token units, `transfer_count, address_count`, and `reason` and `verdict` in sentences.
        """
        from flow_pipeline.questions.findings import findings

        return self._frame(lambda c: findings(c, typology, _window(first, last), token, address, every), as_)

    def finding(self, finding_id: str, *, as_: Frames | None = None) -> dict[str, Any]:
        """One finding with everything that belongs to it.

        Args:
            finding_id: As `findings` lists it.
            as_: Kind of frame.

        Returns:
            The columns of detection.findings by name, and two frames: `transfers` in order, with their part, sender,
            receiver and `amount` in token units; `addresses` with role, labels and risk.
        """
        from flow_pipeline.questions.findings import one_finding

        return self._page(lambda c: one_finding(c, finding_id), as_)

    def risk(self, address: str, *, as_: Frames | None = None) -> dict[str, Any]:
        """How risky an address is, and what of.

        Args:
            address: The address.
            as_: Kind of frame.

        Returns:
            `risk`: per chain the columns of detection.address_risk by name (`score` and `confidence` in [0, 1],
            `category`, `without`: the score with a component dropped) and its `components`, a frame; empty when the
            address has none. `labels`: a frame of chain, entity, category, confidence, source.
        """
        from flow_pipeline.questions.addresses import about_address

        return self._page(lambda c: about_address(c, address), as_)

    def screen(
        self,
        addresses: str | Sequence[str],
        *,
        hops: int | None = None,
        chain: str | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """Which addresses stand on a list of sanctions, or near somebody who does.

        Args:
            addresses: One, or several.
            hops: How far a listed address may be; else the setting.
            chain: Only transfers of this chain.
            as_: Kind of frame.

        Returns:
            A row per address and listed address that it is or is near to, the nearest first, one row for a clean one:
            `address`, `status` (listed, near, clean), `is_seen` in a transfer, `hops`, `direction` (`in`: money came
            from the listed one), `listed_address, entities`, `in_order` when money can have gone the path in time,
            `path` in the order of the money.
        """
        from flow_pipeline.questions.screening import as_rows, screen

        asked = [addresses] if isinstance(addresses, str) else list(addresses)
        rules = self._settings.screen
        return self._frame(lambda c: as_rows(screen(c, asked, hops or rules.hops, chain, rules)[0]), as_)

    def verify(self, finding_ids: Sequence[str] = (), *, every: bool = False, as_: Frames | None = None) -> Frame:
        """Each finding proved again by its own SQL on the published file.

        Args:
            finding_ids: Which; none for all suspicious ones.
            every: Without ids, also those that are not suspicious.
            as_: Kind of frame.

        Returns:
            A row per finding: `finding_id, typology`, `transfers` that its SQL gives, and `differences`, in sentences,
            to what is stored; empty when it is proved.
        """
        from flow_pipeline.questions.verify import as_rows, verify

        return self._frame(lambda c: as_rows(verify(c, finding_ids, every)), as_)

    def smart_money(
        self, top: int = 20, *, category: str | None = None, every: bool = False, as_: Frames | None = None
    ) -> Frame:
        """Wallets listed as smart money, by rank; none where nothing has a price.

        Args:
            top: Wallets, best first.
            category: Only this one, such as mev_bot.
            every: Also wallets that are not listed.
            as_: Kind of frame.

        Returns:
            A row per wallet: `rank, wallet, chain, entity, category`, `score, score_low, score_high, confidence,
            win_rate` in [0, 1], `volume_usd, realised_usd`, counts, `first_seen, last_active`.
        """
        from flow_pipeline.questions.rows import Part
        from flow_pipeline.questions.wallets import smart_wallets

        return self._frame(lambda c: smart_wallets(c, Part(top), category, every), as_)

    def wallet(self, address: str, *, as_: Frames | None = None) -> dict[str, Any]:
        """What a wallet is, what it traded and made.

        Args:
            address: The wallet.
            as_: Kind of frame.

        Returns:
            `address`, `labels`, and frames, the latest first: `totals` per chain, `positions` still held at average
            cost, `trades`, `smart_money` (its score), `features` over 7, 30 and 90 days, `past` (30 days up to each
            active day), `mev`. Amounts are in token units, `*_usd` in US dollars.
        """
        from flow_pipeline.questions.wallets import one_wallet

        return self._page(lambda c: one_wallet(c, address), as_)

    def alerts(
        self,
        *,
        severity: str | None = None,
        rule: str | None = None,
        status: str | None = None,
        first: Day | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """Alerts as the ledger has them now, the severest and rarest first.

        Args:
            severity: CRITICAL, HIGH or MEDIUM.
            rule: Only this kind, such as finding.
            status: waiting, acknowledged, snoozed, withdrawn or all; else open.
            first: First day.
            as_: Kind of frame.

        Returns:
            A row per alert: `alert_id, severity, status, change, revision, rule, block_date`, `rarity` (how many as
            strong are expected, over the budget of the rule), `title`, `changed_at`.
        """
        from flow_pipeline.alerts.ledger import listed

        kind, since = self._kind(as_), _window(first, None).first
        return frame(listed(self._settings, severity, rule, status, since), kind)

    def alert(self, alert_id: str, *, as_: Frames | None = None) -> dict[str, Any]:
        """One alert: what, against what baseline, by which rule and labels; what changed and was decided and sent.

        Args:
            alert_id: Its id, or the first letters.
            as_: Kind of frame.

        Returns:
            The columns of ops.alerts by name, and the frames `events`, `actions` and `messages`.
        """
        from flow_pipeline.alerts.ledger import shown

        kind = self._kind(as_)
        found: dict[str, Any] = page(shown(self._settings, alert_id), kind)
        return found

    def verdicts(self, *, as_: Frames | None = None) -> Frame:
        """How right each kind of alert was, as people judged it.

        Args:
            as_: Kind of frame.

        Returns:
            A row per rule and typology: `judged`, `true`, `known`, `noise`, and `precision` in [0, 1] with the bounds
            of its 95 % interval.
        """
        from flow_pipeline.alerts.ledger import reviewed

        kind = self._kind(as_)
        return frame(reviewed(self._settings), kind)

    def sql(self, query: str, *, as_: Frames | None = None, **values: Any) -> Frame:
        """One SELECT, SHOW, DESCRIBE or EXPLAIN: no writes, no files, no ATTACH, no extensions.

        Args:
            query: The statement; `$name` stands for a value. Tables of raw, marts, detection and ops go by their names
                alone, too.
            as_: Kind of frame.
            **values: The values by name; they are bound.

        Returns:
            The answer with the types of the engine.
        """
        from flow_pipeline.questions.asked import ask

        return self._frame(lambda c: ask(c, query, values, _table), as_)

    def saved(self, name: str | None = None, *, as_: Frames | None = None, **values: Any) -> Frame:
        """A saved question, or all there are.

        Args:
            name: As the list has it; None for the list.
            as_: Kind of frame.
            **values: Its parameters.

        Returns:
            The answer; of the list a row per question: `name`, `parameters` (those in brackets optional), `gives`.
        """
        from flow_pipeline.questions.asked import ask
        from flow_pipeline.questions.saved import listing, saved

        if name is None:
            return frame(listing(), self._kind(as_))
        question = saved(name)
        bound = question.bound({key: str(value) for key, value in values.items() if value is not None})
        return self._frame(lambda c: ask(c, question.statement, bound, _table), as_)


class Flows(_Asked):
    """Money followed from one group of addresses to another, over addresses that nobody watches.

    Amounts are token units, `confidence` and `risk_score` in [0, 1], times UTC. A group goes by its id or name.
    """

    def groups(self, *, as_: Frames | None = None) -> Frame:
        """Every group: `group_id, name, type, risk_level, is_source, is_destination, origin, address_count`."""
        return self._flows(lambda q, c: q.groups(c), as_)

    def group(self, name: str, *, as_: Frames | None = None) -> Frame:
        """The addresses of a group: `group_id, chain, address, valid_from, valid_to`."""
        return self._flows(lambda q, c: q.group(c, name), as_)

    def of(self, address: str, *, as_: Frames | None = None) -> Frame:
        """The groups of an address: `address, chain, valid_from, valid_to` and the group's columns."""
        return self._flows(lambda q, c: q.groups_of_address(c, address), as_)

    def active(self, group: str | None = None, *, as_: Frames | None = None) -> Frame:
        """Flows on their way at the end of the last day: source, token, `address` where they are, `amount`, times."""
        return self._flows(lambda q, c: q.active_flows(c, group), as_)

    def pair(self, source: str, destination: str, *, as_: Frames | None = None) -> Frame:
        """What went from one group to another, a row per token, with the columns of `summaries`."""
        return self._flows(lambda q, c: q.summary_of_pair(c, source, destination), as_)

    def summaries(self, *, as_: Frames | None = None) -> Frame:
        """Every pair of groups and token: `total_amount, flow_count`, average hops and confidence, `risk_score`."""
        return self._flows(lambda q, c: q.summaries(c), as_)

    def top_risk(self, *, as_: Frames | None = None) -> Frame:
        """Pairs by risk, with the columns of `summaries`."""
        return self._flows(lambda q, c: q.top_risk(c), as_)

    def outgoing(self, group: str, *, as_: Frames | None = None) -> Frame:
        """What left a group, and where it arrived, with the columns of `summaries`."""
        return self._flows(lambda q, c: q.outgoing(c, group), as_)

    def incoming(self, group: str, *, as_: Frames | None = None) -> Frame:
        """What arrived in a group, and from where, with the columns of `summaries`."""
        return self._flows(lambda q, c: q.incoming(c, group), as_)

    def path(self, flow_id: str, *, as_: Frames | None = None) -> Frame:
        """The transfers of a flow in order; `amount` is the whole transfer, of which the flow is a part."""
        return self._flows(lambda q, c: q.path_of_flow(c, flow_id), as_)

    def by_amount(
        self,
        *,
        token: str | None = None,
        least: float | None = None,
        most: float | None = None,
        first: Day | None = None,
        last: Day | None = None,
        as_: Frames | None = None,
    ) -> Frame:
        """Completed flows, the largest first, of one token, between two amounts in token units, within days."""
        return self._flows(lambda q, c: q.by_amount(c, token, least, most, _window(first, last)), as_)

    def statistics(self, *, first: Day | None = None, last: Day | None = None, as_: Frames | None = None) -> Frame:
        """What became of flows in a period, one row of counts: started, moved, completed, and how the others ended."""
        return self._flows(lambda q, c: q.statistics(c, _window(first, last)), as_)

    def risk(self, *, as_: Frames | None = None) -> Frame:
        """Flows by the risk levels of their ends: pairs, flows, average confidence and hops, the highest score."""
        return self._flows(lambda q, c: q.risk_analysis(c), as_)

    def storage(self, *, as_: Frames | None = None) -> Frame:
        """What the tracker holds, one row of counts."""
        return self._flows(lambda q, c: q.storage(c), as_)

    def _flows(self, ask: Callable[[Any, Connection], Rows], as_: Frames | None) -> Frame:
        from flow_pipeline.questions import flows

        return self._frame(lambda connection: ask(flows, connection), as_)


def _window(first: Day | None, last: Day | None) -> Window:
    """Days as the command line takes them; of a time its day."""
    return Window.parse(*(day.isoformat()[:10] if isinstance(day, date) else day for day in (first, last)))


def _table(answer: Answer) -> pa.Table:
    return answer.to_arrow_table()
