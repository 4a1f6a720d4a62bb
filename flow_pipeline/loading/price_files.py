"""Price files: a table of tokens and days, or the history of one token as exchanges and price sites give it.

Whatever the form, a price is what one token unit cost at a moment, in US dollars. Hourly and finer prices become one
per UTC day by `sources.daily_price`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.tokens import contract_form
from flow_pipeline.loading.tables import is_json, json_of, rows_of_csv, rows_of_parquet, text_of_file

_WHAT = "price file"
_HOW = (
    "give a CSV with the columns token, date, usd; or the history of one token (CoinGecko, CoinMarketCap, Yahoo, "
    "klines) as SYMBOL=FILE or CHAIN:CONTRACT=FILE"
)
_TOKENS = ("token", "token_address", "token_symbol", "symbol")
_TIMES = ("date", "day", "snapped_at", "timeopen", "open_time", "timestamp", "time", "datetime", "unix")
_VALUES = ("usd", "price_usd", "price", "close")
_LAYOUTS = {(1, 2, 3, 4): 4, (3, 2, 1, 4): 4, (1, 3, 4, 2): 2}
"""Where open, high, low and close stand after the time in rows of klines, and which of them is the close."""
_ROUND = 1e-9
"""Highs and lows of exchanges are rounded like the others; floats of them may differ in the last digit."""


@dataclass(frozen=True)
class DayPrice:
    """The price of a token on a UTC day.

    `token` is what a price is found by: a contract or a symbol in lower case, with `chain:` before it where the file
    says for which chain it is.
    """

    token: str
    day: date
    usd: float


@dataclass(frozen=True)
class _Price:
    token: str
    at: datetime
    is_moment: bool
    usd: float
    place: str


def read_price_files(entries: Sequence[str], rule: str) -> list[DayPrice]:
    """The prices of all files, one per token and day.

    Args:
        entries: FILE, SYMBOL=FILE, CHAIN:SYMBOL=FILE or CHAIN:CONTRACT=FILE each.
        rule: How several prices of a day become one: last, first or mean.

    Raises:
        UsageError: a file is missing, is of no known form, names its token not at all or twice, or has two prices for
            one moment.
    """
    found: dict[tuple[str, date], tuple[float, str]] = {}
    for entry in entries:
        path, name = _path_and_name(entry)
        for price in _of_days(path, list(_prices(path, name)), rule):
            key = price.token, price.day
            usd, before = found.setdefault(key, (price.usd, str(path)))
            if usd != price.usd:
                raise UsageError(
                    f"{_WHAT}s {before} and {path} give {price.token} {price.day} {usd:g} and {price.usd:g}",
                    "keep one of them; `--forget prices/FILE` drops one that the data directory remembers",
                )
    return [DayPrice(token, day, usd) for (token, day), (usd, _) in found.items()]


def price_name(chain: str, token: str) -> str:
    """What the price of a token is found by; the chain may be empty."""
    if not chain:
        return token.strip().lower()
    name = canonical_chain(chain)
    return f"{name}:{contract_form(name, token)}".lower()


def files_of(entries: Sequence[str]) -> list[Path]:
    """The files of the entries."""
    return [_path_and_name(entry)[0] for entry in entries]


def _path_and_name(entry: str) -> tuple[Path, str | None]:
    """The file of an entry, and the name of its token where it stands before the file."""
    name, equals, file = entry.partition("=")
    if not equals or "/" in name or Path(entry).exists():
        return Path(entry), None
    if not name.strip() or not file.strip():
        raise UsageError(f"--prices {entry} names no {'token' if file.strip() else 'file'}", _HOW)
    return Path(file).expanduser(), _told_name(name)


def _told_name(text: str) -> str:
    chain, colon, token = text.partition(":")
    return price_name(chain, token) if colon else price_name("", text)


# ------------------------------------------------------------------------------------------------ one price a day


def _of_days(path: Path, prices: list[_Price], rule: str) -> Iterator[DayPrice]:
    at_once: dict[tuple[str, datetime], _Price] = {}
    for price in prices:
        before = at_once.setdefault((price.token, price.at), price)
        if before.usd != price.usd:
            moment = price.at if price.is_moment else price.at.date()
            raise UsageError(
                f"{_WHAT} {path} has 2 rows for {price.token} {moment} that differ ({before.place}, {price.place})",
                "keep one of them",
            )
    by_day: dict[tuple[str, date], list[_Price]] = {}
    for price in sorted(at_once.values(), key=lambda one: one.at):
        by_day.setdefault((price.token, price.at.date()), []).append(price)
    for (token, day), several in by_day.items():
        yield DayPrice(token, day, _one([price.usd for price in several], rule))


def _one(values: list[float], rule: str) -> float:
    if rule == "mean":
        return fmean(values)
    return values[0 if rule == "first" else -1]


# ------------------------------------------------------------------------------------------------ forms of files


def _prices(path: Path, name: str | None) -> Iterator[_Price]:
    if path.suffix == ".parquet" and path.is_file():
        return _of_table(path, list(rows_of_parquet(path, _WHAT)), name)
    text = text_of_file(path, _WHAT, _HOW)
    if is_json(text):
        return _of_json(path, json_of(text, path, _WHAT), name)
    rows = list(rows_of_csv(text))
    if rows and re.fullmatch(r"\d{9,19}", rows[0][1][0]):
        return _of_klines(path, [row for _, row in rows], name)
    return _of_table(path, rows, name)


def _of_json(path: Path, value: Any, name: str | None) -> Iterator[_Price]:
    """CoinGecko's market chart, or klines as exchanges answer with them."""
    if isinstance(value, dict) and isinstance(value.get("prices"), list):
        return _of_points(path, value["prices"], name)
    if isinstance(value, dict):
        lists = [one for one in _inner(value) if one and isinstance(one, list) and isinstance(one[0], list)]
        value = lists[0] if len(lists) == 1 else None
    if isinstance(value, list) and value and all(isinstance(row, list) and len(row) >= 5 for row in value):
        return _of_klines(path, value, name)
    raise UsageError(f"{_WHAT} {path} has no prices: neither a market chart nor klines", _HOW)


def _inner(value: dict[str, Any]) -> Iterator[Any]:
    for one in value.values():
        yield from _inner(one) if isinstance(one, dict) else [one]


def _of_points(path: Path, points: list[Any], name: str | None) -> Iterator[_Price]:
    token = _named(path, name)
    for number, point in enumerate(points, 1):
        if not isinstance(point, list) or len(point) != 2:
            raise UsageError(f"{_WHAT} {path}, point {number}: {point} is no pair of time and price", "fetch it again")
        at, _ = _moment(path, f"point {number}", str(point[0]))
        yield _Price(token, at, True, _usd(path, f"{token} {at:%Y-%m-%d}", str(point[1])), f"point {number}")


def _of_klines(path: Path, rows: list[Any], name: str | None) -> Iterator[_Price]:
    token, close = _named(path, name), _close_of(path, rows)
    for number, row in enumerate(rows, 1):
        at, _ = _moment(path, f"row {number}", str(row[0]))
        yield _Price(token, at, True, _usd(path, f"{token} {at:%Y-%m-%d}", str(row[close])), f"row {number}")


def _close_of(path: Path, rows: list[Any]) -> int:
    """Where the close stands: exchanges order open, high, low and close in three ways, and the values tell which."""
    try:
        numbers = [[float(cell) for cell in row[:5]] for row in rows]
    except (ValueError, TypeError, IndexError):
        raise UsageError(f"{_WHAT} {path}: its rows are no klines (time, open, high, low, close)", _HOW) from None
    fitting = {
        close
        for (opened, high, low, closed), close in _LAYOUTS.items()
        if all(_holds(row[opened], row[high], row[low], row[closed]) for row in numbers)
    }
    fitting = fitting if len(fitting) < 2 or any(row[2] != row[4] for row in numbers) else {4}
    if len(fitting) != 1:
        why = "two columns may be the close" if fitting else "no column is above and none below the others in every row"
        raise UsageError(f"{_WHAT} {path}: {why}", "give a CSV with the columns token, date, usd")
    return fitting.pop()


def _holds(opened: float, high: float, low: float, closed: float) -> bool:
    slack = _ROUND * abs(high)
    return low - slack <= min(opened, closed) and max(opened, closed) <= high + slack


def _of_table(path: Path, rows: list[tuple[int, list[str]]], name: str | None) -> Iterator[_Price]:
    if not rows:
        raise UsageError(f"{_WHAT} {path} is empty", _HOW)
    names = [column.lower() for column in rows[0][1]]
    time, value = _column(path, names, _TIMES, "date", True), _column(path, names, _VALUES, "usd", False)
    own = [column for column in _TOKENS if column in names]
    if not own:
        name = _named(path, name)
    elif name is not None:
        raise UsageError(f"{_WHAT} {path} names its tokens itself ({own[0]}), and {name} is given", "give FILE alone")
    for number, (line, row) in enumerate(rows[1:], 1):
        of = dict(zip(names, row, strict=False))
        place = f"row {number}"
        if time not in of or value not in of:
            raise UsageError(f"{_WHAT} {path}, {place} (line {line}): too few values", "mend the row, or take it out")
        if not own and of[value].lower() in ("", "null"):
            continue
        token = name if name is not None else _own_name(path, place, of, own)
        at, is_moment = _moment(path, place, of[time])
        day = f"{token} {at:%Y-%m-%d}"
        yield _Price(token, at, is_moment, _usd(path, day, of[value]), place)


def _column(path: Path, names: list[str], known: tuple[str, ...], what: str, is_first_best: bool) -> str:
    found = [column for column in known if column in names]
    if not found:
        raise UsageError(f"{_WHAT} {path} has no column {what}", _HOW)
    if len(found) > 1 and not is_first_best and found[0] != known[0]:
        raise UsageError(
            f"{_WHAT} {path}: {' and '.join(found)} may both be the price", f"call the one that counts {what}"
        )
    return found[0]


def _own_name(path: Path, place: str, of: dict[str, str], own: list[str]) -> str:
    """A row's token: its contract before its symbol, with its chain where it has one."""
    token = next((of[column] for column in ("token_address", *own) if of.get(column)), "")
    if not token:
        raise UsageError(f"{_WHAT} {path}, {place}: it names no token", "mend the row, or take it out")
    chain = of.get("chain", "")
    if not chain and ":" in token:
        return _told_name(token)
    return price_name(chain, token)


def _named(path: Path, name: str | None) -> str:
    if name is None:
        raise UsageError(
            f"{_WHAT} {path} does not say of which token its prices are",
            f"give --prices SYMBOL={path} or --prices CHAIN:CONTRACT={path}",
        )
    return name


# ------------------------------------------------------------------------------------------------ values


def _usd(path: Path, what: str, text: str) -> float:
    try:
        usd = float(text)
    except ValueError:
        usd = math.nan
    if not math.isfinite(usd) or usd <= 0:
        raise UsageError(f"{_WHAT} {path}: usd of {what} is {text or 'empty'}", "mend the value it names")
    return usd


def _moment(path: Path, place: str, text: str) -> tuple[datetime, bool]:
    """A time as UTC, and whether it is more than a day: ISO 8601, or seconds, milli- or microseconds since 1970."""
    if re.fullmatch(r"\d{9,19}(\.\d+)?", text):
        number = float(text)
        unit = next(unit for unit in (1, 1e3, 1e6, 1e9) if number / unit < 1e11)
        return datetime.fromtimestamp(number / unit, UTC), True
    written = re.sub(r" ?(UTC|GMT)$", "+00:00", text)
    if re.match(r"\d{4}-\d{2}-\d{2}", written):
        try:
            at = datetime.fromisoformat(written)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
            return at, len(text) > len("2025-05-01")
        except ValueError:
            pass
    raise UsageError(
        f"{_WHAT} {path}, {place}: '{text}' is no date that can be read one way only", "write it as YYYY-MM-DD"
    )
