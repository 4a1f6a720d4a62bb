"""Tables of one row per transfer: the columns of `vocabulary`, or of a known layout, read as the values decide.

One engine for every exporter whose files differ in names only. `canonical` is the layout that nobody wrote: sender,
receiver, time and amount under any of their usual names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from flow_pipeline.domain.chains import CHAINS, canonical_chain, family_of, native_of
from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.domain.tokens import MAX_DECIMALS
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources import vocabulary as words
from flow_pipeline.sources.evidence import (
    TOO_WIDE,
    NumberForm,
    Quantities,
    Reading,
    by_chain,
    of_address_forms,
    of_base_units,
    of_chains,
    of_integers,
    of_kinds,
    of_names,
    of_numbers,
    of_places,
    of_statuses,
    of_times,
    quantities,
    refuse_lost_digits,
    refuse_several_tables,
    texts_of,
)
from flow_pipeline.sources.fields import (
    Amount,
    Plan,
    Shape,
    TransferFields,
    base_units,
    form_of,
    hash_of,
    integer_of,
    known_decimals,
    literal,
    quoted,
    text_of,
    token_units,
)
from flow_pipeline.sources.files import InputFile, plain
from flow_pipeline.sources.layouts import LAYOUTS, Layout

CANONICAL = Layout(
    "canonical",
    "transfers",
    "The warehouse's own columns, or any table with sender, receiver, time and amount under one of their usual names.",
    (),
    example=(
        "canonical.csv",
        b"chain,block_number,block_timestamp,tx_hash,transfer_index,token_address,token_symbol,from_address,to_address,"
        b"amount\n"
        b"ethereum,1,2025-05-01T00:00:00Z,0xaa,0,,LPT,0x1111111111111111111111111111111111111111,"
        b"0x2222222222222222222222222222222222222222,1.5\n",
    ),
)
_NEEDED = {
    "sender": ("from",),
    "receiver": ("to",),
    "time": ("time", "block_number"),
    "amount": ("coins", "base", "value"),
}
_NEEDED_ONCE = {"from", "to", "time", "coins", "base", "value"}
_TEXTS = {"from", "to", "tx_hash", "token_address"}
_BASE_FROM = 1e15
"""Whole numbers above this are base units: no token moves a million billions of coins in every row."""
_DOUBT_FROM = 1e8
"""A column of whole numbers whose middle one is over this may be base units, or coins of a token worth nothing."""


class Tabular:
    """The source of one exporter's tables."""

    def __init__(self, name: str, layouts: tuple[Layout, ...]) -> None:
        self.NAME, self.layouts = name, layouts
        self.SHAPE = "; ".join(dict.fromkeys(layout.table for layout in layouts))
        self.EXAMPLE = next((layout.example for layout in layouts if layout.example), ("", b""))

    def layout_of(self, file: InputFile) -> Layout | None:
        """The table of this exporter that the file is; the one with most columns of its own where several fit."""
        fitting = [layout for layout in self.layouts if layout.columns and layout.fits(file)]
        if fitting:
            return max(fitting, key=lambda layout: len(layout.columns))
        is_any = any(not layout.columns for layout in self.layouts)
        return self.layouts[0] if is_any and not missing(file, self.layouts[0]) else None

    def recognise(self, file: InputFile) -> int:
        """By the columns of its tables; the more of them a table names, the surer."""
        layout = self.layout_of(file)
        return 0 if layout is None else 10 * len(layout.columns) + 1

    def shape(self, file: InputFile) -> Shape:
        """New columns that the layout computes of the file's own."""
        layout = self.layout_of(file)
        if layout is None:
            return Shape()
        return Shape(computed={**_computed(file, layout), **_in_and_out(file, layout), **_date_and_time(file)})

    def plan(self, reading: Reading) -> Plan:
        """Columns by the layout and the words, read as their values decide."""
        layout = self.layout_of(reading.file)
        assert layout is not None
        if layout.rows == "nothing":
            why, hint = layout.refusal
            raise reading.refuse(why, hint)
        table = _Table(reading, layout)
        return table.block_times() if layout.rows == "blocks" else table.plan()


def missing(file: InputFile, layout: Layout = CANONICAL) -> list[str]:
    """What a transfer needs and the file's columns do not give: of sender, receiver, time, amount."""
    return [what for what, fields in _NEEDED.items() if not any(_column(file, layout, one) for one in fields)]


def discover_tables() -> dict[str, Tabular]:
    """The sources of all layouts, by name."""
    names = dict.fromkeys(layout.format for layout in (CANONICAL, *LAYOUTS))
    return {
        name: Tabular(name, tuple(layout for layout in (CANONICAL, *LAYOUTS) if layout.format == name))
        for name in names
    }


def _column(file: InputFile, layout: Layout, field: str) -> str | None:
    spellings = layout.spellings(field)
    return file.find(*spellings) if spellings else None


def _computed(file: InputFile, layout: Layout) -> dict[str, str]:
    def own(found: re.Match[str]) -> str:
        column = file.find(found.group(1))
        return quoted(column) if column else "null::varchar"

    return {name: re.sub(r"\{([^}]+)\}", own, expression) for name, expression in layout.computed.items()}


def _in_and_out(file: InputFile, layout: Layout) -> dict[str, str]:
    """What an account's export writes in two columns, one for what came in and one for what went out, as one."""
    came, went = _starting(file, "valuein"), _starting(file, "valueout")
    if not any(spec.startswith("Value_IN") for spec in layout.columns) or not came or not went:
        return {}
    return {
        "value_in_or_out": f"case when regexp_matches({quoted(came)}, '[1-9]') then {quoted(came)} "
        f"else {quoted(went)} end"
    }


def _date_and_time(file: InputFile) -> dict[str, str]:
    """A day and a time of day in two columns as one."""
    date, time = file.find("date", "block_date", "date_utc"), file.find("time", "time_utc")
    is_clock = time and re.fullmatch(
        r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AP]M)?", str(file.record.get(time, "")).strip()
    )
    if not date or not time or not is_clock:
        return {}
    return {"date_and_time": f"concat_ws(' ', trim({quoted(date)}), trim({quoted(time)}))"}


def _starting(file: InputFile, start: str) -> str | None:
    return next((column for column in file.columns if plain(column).startswith(start)), None)


class _Table:
    """One file while its columns are turned into expressions."""

    def __init__(self, reading: Reading, layout: Layout) -> None:
        told = {name: layout.constants[name] for name in _SETTINGS if name in layout.constants}
        reading.settings = reading.settings.model_copy(update=told)
        self.reading, self.layout, self.file = reading, layout, reading.file
        self.settings: SourceSettings = reading.settings

    def column(self, field: str) -> str | None:
        """The file's column for a field, by the layout, else by the words."""
        column = _column(self.file, self.layout, field)
        if field == "time" and "date_and_time" in self.file.columns:
            column = "date_and_time"
        if column and self.reading.used.get(field) != column:
            self._refuse_what_can_not_be_read(field, column)
            self.reading.used[field] = column
        return column

    def _refuse_what_can_not_be_read(self, field: str, column: str) -> None:
        """Refuse numbers that are wider than the engine's, and a name that two columns have.

        Raises:
            Unreadable: names the column.
        """
        if self.file.type_of(column) == TOO_WIDE:
            raise self.reading.refuse(
                f"column {column} is a {TOO_WIDE}, which can not be read exactly",
                "export it as text (BigQuery: cast(… as string))",
            )
        if field in _TEXTS:
            refuse_lost_digits(self.reading, column)
        twin = f"{column}.1"
        if field in _NEEDED_ONCE and twin in self.file.columns and not self.layout.columns:
            differ = self.reading.one(f"count_if({quoted(column)} is distinct from {quoted(twin)})")[0]
            if differ:
                raise self.reading.refuse(
                    f"two columns are called {column}, and {differ:,} of their values differ",
                    "rename one of them, or say which is meant in a map file (--map)",
                )

    def text(self, field: str) -> str:
        """SQL of a field's text, `null::varchar` where the file has none."""
        return text_of(self.file, self.column(field))

    @cached_property
    def chain(self) -> str:
        """SQL of the chain of a row."""
        column = self.column("chain")
        told = self.layout.constants.get("chain")
        if column:
            return of_chains(self.reading, column)
        for outer, value in self.file.constants.items():
            if plain(outer) in {plain(one) for one in words.COLUMNS["chain"]}:
                name = canonical_chain(value)
                self.reading.decide("chain", outer, name, f"{value} in the answer or the folder")
                return literal(name)
        name = told or self._chain_of_coin() or self._chain_of_addresses() or canonical_chain(self.reading.chain)
        if told is None:
            self.reading.notes.append(f"the file does not name its chain: taken as {name}")
        return literal(name)

    def _chain_of_coin(self) -> str | None:
        """The chain whose coin stands in the names of an export's columns: `Value_IN(BNB)`."""
        column = _starting(self.file, "valuein") or ""
        found = re.search(r"\(([A-Za-z]+)\)", column)
        if not found or "value_in_or_out" not in self.file.columns:
            return None
        symbol, given = found.group(1).upper(), native_of(self.reading.chain)
        if given and symbol in (given.native_symbol, *given.former_symbols):
            return given.name
        names = [one.name for one in CHAINS if symbol in (one.native_symbol, *one.former_symbols)]
        if self.reading.is_chain_given or not names:
            raise self.reading.refuse(
                f"column {column} counts {symbol}, which is not the coin of {self.reading.chain}",
                f"give the chain of the file with --chain ({', '.join(names) or 'one whose coin it is'})",
            )
        self.reading.decide("chain", column, names[0], f"{symbol} is its coin")
        return names[0]

    def block_times(self) -> Plan:
        """The plan of a file of blocks: it moves nothing and gives times to files that have none."""
        time, number = self.column("time") or "", self.file.find("number", *words.COLUMNS["block_number"])
        at = of_times(self.reading, time)
        nothing = TransferFields(self.chain, at, "null", "null", "null", Amount("null", "null", None))
        return Plan(nothing, block_times=(self.chain, integer_of(self.file, number), at))

    def _time(self) -> tuple[str, str, bool]:
        """SQL of a row's time and of its text, and whether the time is that of its block in another file."""
        column = self.column("time")
        if column:
            text = text_of(self.file, column) if self.file.type_of(column) == "VARCHAR" else quoted(column)
            return of_times(self.reading, column), text, False
        block = integer_of(self.file, self.column("block_number"))
        known = (
            "(select max(of_time) from (select chain as of_chain, block_number as of_block, block_timestamp as of_time "
            f"from store.block_times) where of_chain = {self.chain} and of_block = {block})"
        )
        if not self.reading.one(f"count({known})")[0]:
            raise self.reading.refuse(
                "its rows have block numbers and no times, and no file of blocks gives them",
                "put the exporter's file of blocks (number, timestamp) into the same folder",
            )
        self.reading.decide("time", self.reading.used.get("block_number", ""), "time of the block", "a file of blocks")
        return known, known, True

    def _chain_of_addresses(self) -> str | None:
        """The chain whose form all senders have, where the user named none."""
        column = self.column("from")
        if self.reading.is_chain_given or column is None or self.file.type_of(column) != "VARCHAR":
            return None
        found = of_address_forms(self.reading, column)
        if found is None:
            return None
        self.reading.decide("chain", column, found[0], f"{found[1]:,} addresses of its form")
        return found[0]

    def plan(self) -> Plan:
        """The expressions of all columns."""
        is_list = self.layout.rows == "transactions"
        if self.layout.columns:
            refuse_several_tables(self.reading)
        time, time_text, looks_up_times = self._time()
        failed, succeeded = self._statuses()
        token, symbol = (one if one[:1] in "'n\"" else self.reading.name(one) for one in self._token())
        amount = self._amount(token, symbol)
        sender, receiver = self.text("from"), of_names(self.reading, self.column("to"))
        created = self.column("created_contract")
        to = f"coalesce({receiver}, {of_names(self.reading, created)})" if created else receiver
        hash_column = self.column("tx_hash")
        if hash_column is None:
            self.reading.notes.append("no transaction hash: rows that stand in two files count twice")
        is_moving = f"not coalesce({failed}, false) and {amount.value} is distinct from 0 and {to} is not null"
        usd = self.column("amount_usd")
        fields = TransferFields(
            chain=self.chain,
            timestamp=time,
            time_text=time_text,
            from_address=sender,
            to_address=to,
            amount=amount,
            block_number=of_integers(self.reading, self.column("block_number")),
            transaction_index=of_integers(self.reading, self.column("transaction_index")),
            tx_hash=self._hash(hash_column),
            transfer_index="null::bigint" if is_list else self._index(),
            token_address=token,
            token_symbol=symbol,
            amount_usd=self._usd(usd) if usd and not is_list else "null",
            reason=self._reason("null::boolean" if is_list else failed),
            is_transfer=is_moving if is_list else "true",
        )
        transactions = self._transactions(fields, receiver, created, failed, succeeded) if is_list else None
        return Plan(
            fields,
            transactions,
            looks_up_decimals=amount.looks_up_decimals,
            looks_up_times=looks_up_times,
        )

    def _hash(self, column: str | None) -> str:
        if column is None:
            return "null::varchar"
        text, seen = of_names(self.reading, column), texts_of(self.reading, column)
        zero = f"regexp_full_match({text}, '0x0+')"
        may_be_zero = seen.least < "0x00000001"
        if may_be_zero and self.reading.one(f"count_if(starts_with({text}, '0x00000000') and {zero})")[0]:
            text = f"case when not {zero} then {text} end"
        if family_of(self.chain.strip("'")) == "evm" and self.file.type_of(column) == "VARCHAR":
            inside = f"regexp_extract({text}, '0x[0-9a-fA-F]{{64}}')"
            is_long = seen.longest > 66
            if is_long and (count := self.reading.one(f"count_if(length({text}) > 66 and {inside} <> '')")[0]):
                self.reading.decide("tx_hash", column, "the hash inside the text", f"{count:,} values like a link")
                text = f"case when length({text}) > 66 then coalesce(nullif({inside}, ''), {text}) else {text} end"
        return hash_of(text, self.chain)

    def _index(self) -> str:
        columns = [column for field in ("log_index", "trace_index") if (column := self.column(field))]
        places = [of_places(self.reading, column) for column in columns]
        return f"coalesce({', '.join(places)})" if len(places) > 1 else places[0] if places else "null::bigint"

    def _usd(self, column: str) -> str:
        if self.file.type_of(column) != "VARCHAR":
            return f"try_cast({quoted(column)} as decimal(38, 6))"
        text = f"regexp_replace({text_of(self.file, column)}, '^[$≈~\\s]+', '')"
        try:
            form = of_numbers(self.reading, column, "amount_usd")
        except Unreadable as doubt:
            self.reading.notes.append(f"{doubt.message.removeprefix(f'{self.file.path}: ')}: no US dollars are read")
            return "null"
        return f"try_cast({form.plain(text)} as decimal(38, 6))"

    # -------------------------------------------------------------------------------------------- statuses

    def _statuses(self) -> tuple[str, str]:
        """SQL of whether a row's transaction failed, and of whether it is said to have worked."""
        checks, worked = [], []
        for tells in _STATUSES:
            for column in self._all_columns(tells):
                check = of_statuses(self.reading, column, tells, self.layout.statuses)
                if check != "null::boolean":
                    checks.append(check)
                    worked += [f"({check}) is false"] if tells != "error" else []
        self._refuse_unknown_failures()
        if not checks:
            return "null::boolean", "null::boolean"
        failed = checks[0] if len(checks) == 1 else f"({' or '.join(f'coalesce({one}, false)' for one in checks)})"
        return failed, f"case when {failed} then false when {' or '.join(worked) or 'false'} then true end"

    def _refuse_unknown_failures(self) -> None:
        """Refuse a file in which a column that nobody knows says that transactions failed.

        Raises:
            Unreadable: names the column and the word.
        """
        known = {plain(one) for field in words.COLUMNS for one in words.COLUMNS[field]}
        named = {plain(one) for columns in self.layout.fields.values() for one in columns}
        for column in self.file.columns:
            is_named = re.search(r"stat|succe|fail|err|revert|outcome|result|confirm|valid", plain(column))
            if self.file.type_of(column) != "VARCHAR" or plain(column) in known | named or not is_named:
                continue
            found = self.reading.distinct(f"lower(trim({quoted(column)}::varchar))", most=50)
            if bad := [one for one in found if one in words.FAILED_FOR_SURE]:
                raise self.reading.refuse(
                    f"column {column} says `{bad[0]}`, and it is not known what of",
                    'if it tells of transactions, name it in a map file (--map): `success = "COLUMN"`',
                )

    def _all_columns(self, field: str) -> list[str]:
        spellings = {plain(one) for one in self.layout.spellings(field)}
        return [column for column in self.file.columns if plain(column) in spellings]

    def _reason(self, failed: str) -> str:
        """SQL of why a row is no transfer of coins, by its kind, its removal, or its failure."""
        cases = []
        kinds = [of_kinds(self.reading, column) for column in self._all_columns("kind")]
        told = [one for one in kinds if one]
        for column in self._all_columns("removed"):
            cases.append(f"when flow_is_yes({quoted(column)}) then 'removed_log'")
        if failed not in ("null::boolean", "false"):
            cases.append(f"when {failed} then 'failed_transaction'")
        if self.layout.computed.get("contract_kind"):
            cases.append(f"when {quoted('contract_kind')} is not null then 'not_a_transfer'")
        for column in self._all_columns("nft"):
            text = of_names(self.reading, column)
            if self.reading.one(f"count({text})")[0]:
                self.reading.decide("kind", column, "an NFT where it has a value", "a column of token ids")
                told.append(f"case when {text} is not null then 'nft' end")
        kind = f"coalesce({', '.join(told)})" if len(told) > 1 else "".join(told)
        by_failure = f"case {' '.join(cases)} end" if cases else ""
        both = [one for one in (kind, by_failure) if one]
        return f"coalesce({', '.join(both)})" if len(both) > 1 else both[0] if both else "null"

    # -------------------------------------------------------------------------------------------- tokens

    def _token(self) -> tuple[str, str]:
        """SQL of a row's token: contract and symbol; the chain's own coin has no contract and its own symbol."""
        coins = {chain.name: literal(chain.native_symbol) for chain in CHAINS if chain.native_symbol}
        native = by_chain(self.chain, coins)
        address, symbol = self.column("token_address"), self.column("token_symbol")
        constants = self.layout.constants
        if self.layout.is_native:
            return "null::varchar", native
        if "token_address" in constants or "token_symbol" in constants:
            return self._constant_token(constants)
        if address is None and symbol is None:
            return self._unnamed_token(native)
        text, sql_symbol = of_names(self.reading, address), of_names(self.reading, symbol)
        if address is None and symbol == self.file.find("token"):
            # A column called token holds contracts in some files, symbols in others.
            is_contract = f"regexp_full_match({sql_symbol}, '0[xX][0-9a-fA-F]{{40}}|T[1-9A-HJ-NP-Za-km-z]{{33}}')"
            text = f"case when {is_contract} then {sql_symbol} end"
            sql_symbol = f"case when not {is_contract} then {sql_symbol} end"
        if text == "null::varchar":
            return text, self._former(sql_symbol)
        natives = ", ".join(map(literal, words.NATIVE_ADDRESSES))
        is_native = f"lower({text}) in ({natives})"
        may_be = f"length({text}) < 42 or starts_with({text}, '0x00000000') or starts_with(lower({text}), '0xeeee')"
        if not (self.reading.one(f"count_if({may_be})")[0] and self.reading.one(f"count_if({is_native})")[0]):
            return form_of(text, self.chain), self._former(sql_symbol, text)
        self.reading.decide("token", address or "", "the chain's own coin", "contracts like 0x000…0")
        return (
            form_of(f"case when not {is_native} then {text} end", self.chain),
            f"case when {is_native} then coalesce({native}, {sql_symbol}) else {sql_symbol} end",
        )

    def _former(self, symbol: str, address: str = "null") -> str:
        """A symbol where the chain's own coin is spelled in another case, or as it was called before."""
        chain = native_of(self.chain.strip("'")) if self.chain.startswith("'") else None
        if chain is None or symbol == "null::varchar":
            return symbol
        names = [one.upper() for one in (chain.native_symbol, *chain.former_symbols)]
        is_coin = f"{address} is null and upper({symbol}) in ({', '.join(map(literal, names))})"
        if not self.reading.one(f"count_if({is_coin} and {symbol} <> {literal(chain.native_symbol)})")[0]:
            return symbol
        self.reading.decide("token", "", chain.native_symbol, f"written {', '.join(names)} in any case")
        return f"case when {is_coin} then {literal(chain.native_symbol)} else {symbol} end"

    def _constant_token(self, constants: Mapping[str, str]) -> tuple[str, str]:
        address, symbol = constants.get("token_address"), constants.get("token_symbol")
        return (
            form_of(literal(address), self.chain) if address else "null::varchar",
            literal(symbol) if symbol else "null::varchar",
        )

    def _unnamed_token(self, native: str) -> tuple[str, str]:
        """Where no column names a token: the chain's own coin where the amounts are its base units, else nobody's."""
        column = self.column("base") or self.column("value")
        if self.column("coins") is None and column and self._is_base(column, "value"):
            self.reading.decide("token", column, "the chain's own coin", "whole numbers over 10^15, no token named")
            self._refuse_logs_of_no_token()
            self.reading.notes.append(
                "no column names a token: taken as the chain's own coin; another is named in a map file (--map), "
                "`[constants]` with `token_address`"
            )
            return "null::varchar", native
        counted = self.column("coins") or column
        if counted and (unit := self._form(counted).unit):
            symbol = native if unit in words.BASE_UNITS else literal(unit.upper())
            self.reading.decide("token", counted, unit, "stands beside each number")
            return "null::varchar", self._former(symbol)
        self.reading.notes.append(
            "the file names no token: name it in a map file (--map), `[constants]` with `token_symbol`"
        )
        return "null::varchar", "null::varchar"

    def _refuse_logs_of_no_token(self) -> None:
        """Refuse base units of a token that nobody names: logs are of tokens, never of the chain's own coin.

        Raises:
            Unreadable: the file counts logs.
        """
        column = self.column("log_index")
        if column and plain(column) in ("logindex", "evtindex", "eventindex", "logposition"):
            raise self.reading.refuse(
                f"its rows are logs of a token (column {column}), and no column names it",
                "name it in a map file (--map), `[constants]` with `token_address`",
            )

    # -------------------------------------------------------------------------------------------- amounts

    def _amount(self, token: str, symbol: str) -> Amount:
        coins, base, value = (self.column(field) for field in ("coins", "base", "value"))
        if "value_in_or_out" in self.file.columns:
            coins, base, value = "value_in_or_out", None, None
        self.column("decimals")  # whoever inspects the file is told of them, also where coins need none
        if base and coins and base != coins:
            decimals = self._decimals(token, symbol)
            # exact where the decimals are known; a column of coins is often a float
            exact = self._base(base, decimals)
            rounded = token_units(self.file, coins, self._plain(coins))
            has = f"{decimals} is not null and {exact.text} is not null"
            return Amount(
                f"case when {has} then {exact.value} else {rounded.value} end",
                f"case when {has} or {rounded.text} is null then {exact.reason} else {rounded.reason} end",
                f"coalesce({exact.text}, {rounded.text}::varchar)",
                looks_up_decimals=True,
            )
        column = base or coins or value or ""
        kind = "base" if base else "coins" if coins else "value"
        if self._is_base(column, kind):
            return self._base(column, self._decimals(token, symbol))
        return token_units(self.file, column, self._plain(column))

    def _base(self, column: str, decimals: str) -> Amount:
        text = self.reading.name(of_base_units(self.reading, column, self._form(column)))
        return base_units(text, decimals, looks_up=True)

    def _plain(self, column: str) -> str | None:
        """SQL of a text column's number in plain form; None where the column is no text."""
        if self.file.type_of(column) not in ("VARCHAR", "BLOB"):
            return None
        names: dict[str, str] = self.__dict__.setdefault("_plain_names", {})
        if column not in names:
            names[column] = self.reading.name(self._form(column).plain(text_of(self.file, column)))
        return names[column]

    def _form(self, column: str) -> NumberForm:
        if self.file.type_of(column) != "VARCHAR":
            return NumberForm()
        forms: dict[str, NumberForm] = self.__dict__.setdefault("_forms", {})
        if column not in forms:
            forms[column] = of_numbers(self.reading, column)
        return forms[column]

    def _decimals(self, token: str, symbol: str) -> str:
        """SQL of a token's decimals: of the row, else of the token that is known, else of the chain's own coin."""
        column = self.column("decimals")
        own = f"{of_integers(self.reading, column)}, " if column else ""
        if told := self.layout.constants.get("decimals"):
            own = f"{int(told)}, "
        coins = {chain.name: str(chain.native_decimals) for chain in CHAINS if chain.native_symbol}
        symbols = {chain.name: literal(chain.native_symbol) for chain in CHAINS if chain.native_symbol}
        if token == "null::varchar":
            is_native = f"{symbol} is not distinct from {by_chain(self.chain, symbols)}"
            if symbol == by_chain(self.chain, symbols):
                return self.reading.name(f"coalesce({own}{by_chain(self.chain, coins)})")
        else:
            is_native = f"{token} is null and {symbol} = {by_chain(self.chain, symbols)}"
        native = f"case when {is_native} then {by_chain(self.chain, coins)} end"
        return self.reading.name(f"coalesce({own}{known_decimals(self.chain, token, symbol)}, {native})")

    def _is_base(self, column: str, kind: str) -> bool:
        """True where a column counts base units: by its values first, then by its name and its neighbours.

        Raises:
            Unreadable: the values leave it open, and no setting says it.
        """
        answers: dict[str, bool] = self.__dict__.setdefault("_units", {})
        if column not in answers:
            answers[column] = self._decide_unit(column, kind)
        return answers[column]

    def _decide_unit(self, column: str, kind: str) -> bool:
        reading, settings = self.reading, self.settings
        told = settings.value_unit
        if told != "auto" and not self.layout.unit:
            reading.decide("amount", column, _UNITS[told], f"sources.value_unit = {told}")
            return told == "base"
        form = self._form(column)
        found = quantities(reading, column, form)
        largest = f"{found.count:,} values, the largest {found.largest:,.15g}"
        if found.fractions and (self.layout.unit != "base" or self._is_divided(column, found, told)):
            reading.decide("amount", column, _UNITS["token"], f"{found.fractions:,} of {found.count:,} have fractions")
            return False
        if self.layout.unit:
            reading.decide("amount", column, _UNITS[self.layout.unit], f"{self.layout.format} {self.layout.table}")
            if self.layout.unit == "base":
                self._note_dust(column, found)
            return self.layout.unit == "base"
        if form.unit:
            is_base = form.unit in words.BASE_UNITS
            reading.decide(
                "amount", column, _UNITS["base" if is_base else "token"], f"`{form.unit}` beside the numbers"
            )
            return is_base
        if found.is_hex or kind == "base":
            reading.decide("amount", column, _UNITS["base"], "its name" if kind == "base" else "hexadecimal numbers")
            return True
        decimals = self.column("decimals")
        if decimals or "decimals" in self.layout.constants:
            return self._unit_beside_decimals(column, decimals, found.largest, largest)
        if found.largest > _BASE_FROM:
            reading.decide("amount", column, _UNITS["base"], f"whole numbers only, {largest}")
            return True
        if kind == "value" and self.column("token_address") and found.count:
            return self._unit_of_value(column, largest)
        if found.count and found.median >= self._doubt_from():
            raise self._doubt(column, f"whole numbers only, {largest}, the middle one {found.median:,.15g}")
        reading.decide("amount", column, _UNITS["token"], f"whole numbers only, {largest}")
        return False

    def _most_decimals(self, column: str) -> int:
        """The largest number of decimals of a column that a token can have."""
        number = integer_of(self.file, column)
        return int(self.reading.one(f"max({number}) filter (where {number} between 0 and {MAX_DECIMALS})")[0] or 0)

    def _note_dust(self, column: str, found: Quantities) -> None:
        """Say where every amount of a known table is dust: somebody may have divided whole coins already."""
        decimals = self.column("decimals")
        if not decimals or not found.largest or found.is_hex:
            return
        if found.largest * 100 < 10 ** self._most_decimals(decimals):
            self.reading.notes.append(
                f"column {column}: base units as {self.layout.table} has them, all less than a hundredth of a coin; if "
                "they are coins, give --format canonical and NETRAFLOW_SOURCES__VALUE_UNIT=token"
            )

    def _is_divided(self, column: str, found: Quantities, told: str) -> bool:
        """True where somebody has divided the base units of a known table into coins: half of its values say so.

        Raises:
            Unreadable: fewer do, and no setting says it.
        """
        if told != "auto":
            return told == "token"
        if found.largest < _BASE_FROM and 2 * found.fractions >= found.count - found.zeros:
            return True
        raise self.reading.refuse(
            f"column {column} of {self.layout.format} {self.layout.table} should count base units, and "
            f"{found.fractions:,} of {found.count:,} values have fractions",
            "say which with NETRAFLOW_SOURCES__VALUE_UNIT=token (coins) or base",
        )

    def _unit_beside_decimals(self, column: str, decimals: str | None, largest: float, words_of: str) -> bool:
        most = self._most_decimals(decimals) if decimals else int(self.layout.constants.get("decimals", 0))
        if most and largest and largest < 10**most:
            raise self._doubt(column, f"{words_of}, {most} decimals: less than one coin each, or coins?")
        self.reading.decide("amount", column, _UNITS["base"], f"whole numbers only, decimals beside them, {words_of}")
        return True

    def _unit_of_value(self, column: str, words_of: str) -> bool:
        """The unit of whole numbers below 10^15 beside a contract: those of tokens with known decimals may tell."""
        address = text_of(self.file, self.column("token_address"))
        known = known_decimals(self.chain, form_of(address, self.chain), "null")
        number = f"try_cast({self._plain(column) or quoted(column)} as double)"
        most, coins = self.reading.one(f"max({known})", f"max({number} / 10.0 ** ({known}))")
        if most is None:
            self.reading.notes.append(
                f"column {column} has whole numbers beside a contract: taken as base units, whose decimals a token "
                "file gives; coins with NETRAFLOW_SOURCES__VALUE_UNIT=token"
            )
        if most is None or coins is None or coins * 100 >= 1:
            known_by = f"up to {most} decimals" if most is not None else "no decimals known"
            self.reading.decide("amount", column, _UNITS["base"], f"whole numbers only, {words_of}, {known_by}")
            return True
        raise self._doubt(column, f"{words_of}, {most} decimals: less than a hundredth of a coin, or coins?")

    def _doubt_from(self) -> float:
        """The middle value from which whole numbers may be base units: a hundredth of the chain's own coin.

        Coins of a token that the file names are not the chain's own: whole ones are common up to a hundred million.
        """
        coin = native_of(self.chain.strip("'")) if self.chain.startswith("'") else None
        symbol = self.column("token_symbol")
        if coin is None or coin.native_decimals > 12:
            return _DOUBT_FROM
        if symbol:
            text = f"upper({text_of(self.file, symbol)})"
            if not self.reading.one(f"count_if({text} = {literal(coin.native_symbol)})")[0]:
                return _DOUBT_FROM
        return min(_DOUBT_FROM, 10.0 ** (coin.native_decimals - 2))

    def _doubt(self, column: str, evidence: str) -> Exception:
        return self.reading.refuse(
            f"column {column} may count coins or base units ({evidence})",
            "say which with NETRAFLOW_SOURCES__VALUE_UNIT=token (coins) or base",
        )

    # -------------------------------------------------------------------------------------------- transactions

    def _transactions(
        self, fields: TransferFields, receiver: str, created: str | None, failed: str, succeeded: str
    ) -> dict[str, str]:
        """SQL of what raw.transactions holds beside the transfer."""
        method = self.file.find("methodId", "method_id")
        data = self.file.find("input", "data")
        method_id = text_of(self.file, method)
        if not method and data:
            method_id = f"nullif(left({text_of(self.file, data)}, 10), '0x')"
        if not any(self._all_columns(tells) for tells in _STATUSES):
            self.reading.notes.append(
                "no status column: transactions with a value are taken as successful, is_success stays NULL"
            )
        price = self.file.find("gas_price", "receipt_effective_gas_price", "effective_gas_price")
        return {
            "transaction_index": fields.transaction_index,
            "to_address": form_of(receiver, self.chain),
            "value": fields.amount.value,
            "gas_price": f"try_cast(flow_whole({text_of(self.file, price)}::varchar) as decimal(38, 0))",
            "gas_used": of_integers(self.reading, self.file.find("receipt_gas_used", "gas_used")),
            "is_success": succeeded,
            "method_id": method_id,
            "created_contract": form_of(text_of(self.file, created), self.chain) if created else "null",
        }


_SETTINGS = ("time_zone", "decimal_mark", "date_order")
"""Settings that a map may give for its own files."""
_STATUSES: tuple[Literal["success", "failure", "error"], ...] = ("success", "failure", "error")
_UNITS = {"token": "token units (coins)", "base": "base units"}
