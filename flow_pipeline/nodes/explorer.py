"""Explorers: the account API of Etherscan, which Blockscout speaks too, page by page.

What lives here: pages and their caps, and rows of answers as transfers. What must not: nodes, files. An explorer gives
no proof of its blocks, and no place of a transfer in its transaction. Read more: docs/live.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from flow_pipeline.domain.chains import CHAINS, canonical_chain, native_of
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.nodes import LOGS, Block, Part
from flow_pipeline.nodes.evm import DOES_NOT_FIT, UNKNOWN_DECIMALS, Token, WrongAnswer, amounts_of, path_number
from flow_pipeline.nodes.rpc import Address, Http, RpcError, is_rate
from flow_pipeline.settings import NodeSettings, credential

ETHERSCAN = "https://api.etherscan.io/v2/api"
KEYS = {"etherscan": "NETRAFLOW_ETHERSCAN_KEY", "blockscout": "NETRAFLOW_BLOCKSCOUT_KEY"}
CAPS = (1_000, 5_000, 10_000)
"""Rows at which explorers cut a page, whatever was asked for."""
_HEADS = {
    "etherscan": {"module": "proxy", "action": "eth_blockNumber"},
    "blockscout": {"module": "block", "action": "eth_block_number"},
}
_FAILED, _NO_TRANSFER = "failed", "of calls that move nothing"
_MOVES = {"", "call", "create", "create2", "suicide", "selfdestruct", "reward"}


class ExplorerSource:
    """Transfers of tokens or addresses, as an explorer lists them.

    Args:
        kind: etherscan or blockscout.
        address: Of its API.
        settings: Rates, tries and the size of a page.
        chain: Canonical name.
        tokens: Contracts, lower case.
        addresses: Senders or receivers, lower case.
        with_coin: The chain's own coin too, of the addresses.
        known: What is known of tokens.
        final_blocks: How far behind the head a block counts as final.

    Raises:
        UsageError: no token and no address, or a chain without number or coin.
    """

    def __init__(
        self,
        kind: str,
        address: Address,
        settings: NodeSettings,
        chain: str,
        tokens: Sequence[str],
        addresses: Sequence[str],
        with_coin: bool,
        known: Mapping[str, Token],
        final_blocks: int,
    ) -> None:
        self.kind, self.chain, self.settings = kind, chain, settings
        self.tokens, self.addresses, self.known = sorted(tokens), sorted(addresses), known
        if not tokens and not addresses:
            raise UsageError(f"{kind} lists transfers of a token or of an address", "give --token or --address")
        if with_coin and not addresses:
            raise UsageError(f"{kind} lists the chain's own coin by address alone", "give --address with --native")
        native = native_of(chain)
        self._chain_id = next((one.chain_id for one in CHAINS if one.name == canonical_chain(chain)), None)
        if kind == "etherscan" and self._chain_id is None:
            raise UsageError(f"chain {chain} has no number that etherscan knows it by", "name a chain with --chain")
        if with_coin and native is None:
            raise UsageError(f"nothing is known of the own coin of chain {chain}", "leave --native out")
        self.coin = native.native_symbol if with_coin and native else None
        self._key = credential(KEYS[kind])
        self.http = Http(address, settings, settings.explorer_requests_per_second, secrets=(self._key,))
        self.question: Mapping[str, Any] = {
            "source": kind,
            "chain": chain,
            "tokens": self.tokens,
            "addresses": self.addresses,
            "coin": self.coin,
            "explorer": address.shown,
        }
        self.origin: Mapping[str, Any] = {"chain_id": self._chain_id}
        # Its pages are the bound, whatever the range.
        self.most_blocks = settings.blocks_per_file
        self._final_blocks = final_blocks
        self._counts: Counter[str] = Counter()

    async def close(self) -> None:
        """Ends its connections."""
        await self.http.close()

    async def last_block(self, only_final: bool) -> int:
        """The head, less what may still fall."""
        head = _number(await self._ask(_HEADS[self.kind], "the head"), self.http.shown, "the head")
        return head - self._final_blocks if only_final else head

    async def first_block_at(self, moment: int) -> int:
        """As the explorer says it."""
        head = _number(await self._ask(_HEADS[self.kind], "the head"), self.http.shown, "the head")
        question = {
            "module": "block",
            "action": "getblocknobytime",
            "timestamp": str(-(-moment // 1_000_000)),
            "closest": "after",
        }
        try:
            answer = await self._ask(question, "the block of a day")
        except RpcError as error:
            # A day that is not over has no block after it.
            if "no closest block" in error.text.lower() or "not found" in error.text.lower():
                return head + 1
            raise
        if isinstance(answer, dict):
            answer = answer.get("blockNumber")
        return _number(answer, self.http.shown, "the block of a day")

    async def part(self, first: int, last: int) -> Part:
        """Every list in the range, each transfer once."""
        tables = []
        whose: list[str | None] = [*self.addresses] or [None]
        which: list[str | None] = [*self.tokens] or [None]
        for token in which:
            for place, address in enumerate(whose):
                rows = await self._pages("tokentx", first, last, token, address)
                tables.append(self._tokens(self._unseen(rows, place)))
        for place, address in enumerate(self.addresses if self.coin else ()):
            for action in ("txlist", "txlistinternal"):
                rows = await self._pages(action, first, last, None, address)
                tables.append(self._coins(self._unseen(rows, place), action == "txlistinternal"))
        order = [(name, "ascending") for name in ("block_number", "transaction_index", "tx_hash", "transfer_index")]
        order += [(name, "ascending") for name in ("token_address", "from_address", "to_address", "amount")]
        table = pa.concat_tables(tables).sort_by(order).combine_chunks()
        return Part(table, (Block(first, "", None, 0), Block(last, "", None, 0)))

    def notes(self) -> list[str]:
        """Counts of what became no transfer."""
        said = [f"{count:,} {words}" for words, count in sorted(self._counts.items()) if count]
        return [
            f"{self.http.shown} proves nothing of its blocks: ranges join by their numbers alone",
            "equal transfers of one transaction can not be told apart: they count once",
            *said,
        ]

    def _unseen(self, rows: list[dict[str, Any]], place: int) -> list[dict[str, Any]]:
        """Rows that no list of an address before had."""
        before = set(self.addresses[:place])
        if not before:
            return rows
        return [row for row in rows if row["from"].lower() not in before and row["to"].lower() not in before]

    async def _pages(
        self, action: str, first: int, last: int, token: str | None, address: str | None
    ) -> list[dict[str, Any]]:
        """Rows of a list: the last block of a full page is asked for again, whole.

        Raises:
            FlowError: one block has more rows than a page.
            WrongAnswer: rows lie outside of the blocks asked for, or are not in their order.
        """
        found: list[dict[str, Any]] = []
        at, most = first, self.settings.explorer_rows_per_page
        subject = {"contractaddress": token, "address": address}
        while True:
            question = {
                "module": "account",
                "action": action,
                "startblock": str(at),
                "endblock": str(last),
                "page": "1",
                "offset": str(most),
                "sort": "asc",
                **{name: value for name, value in subject.items() if value},
            }
            rows = await self._ask(question, action)
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise WrongAnswer(f"{self.http.shown}: {action} gave no list of rows", "ask again, or another explorer")
            numbers = [_number(row.get("blockNumber"), self.http.shown, "the block of a row") for row in rows]
            self._check(rows, numbers, action, at, last, token, address)
            if len(rows) < most and len(rows) not in CAPS:
                return found + rows
            if numbers[-1] == at:
                raise FlowError(
                    f"{self.http.shown}: {action} of block {at:,} fills a page of {len(rows):,} rows: what is "
                    "beyond it can not be had",
                    "ask a node (`netraflow fetch evm`), or for fewer tokens and addresses",
                )
            found += [row for row, number in zip(rows, numbers, strict=True) if number < numbers[-1]]
            at = numbers[-1]

    def _check(
        self,
        rows: list[dict[str, Any]],
        numbers: list[int],
        action: str,
        first: int,
        last: int,
        token: str | None,
        address: str | None,
    ) -> None:
        wrong = None
        if numbers and (min(numbers) < first or max(numbers) > last):
            wrong = f"{action} of blocks {first:,} to {last:,} gave rows of others"
        elif any(one > other for one, other in pairwise(numbers)):
            wrong = f"{action} gave rows out of the order of blocks"
        elif token and any(str(row.get("contractAddress", "")).lower() != token for row in rows):
            wrong = f"{action} of token {token} gave rows of others"
        elif address and any(
            address not in (str(row.get("from", "")).lower(), str(row.get("to", "")).lower())
            and address != str(row.get("contractAddress", "")).lower()
            for row in rows
        ):
            wrong = f"{action} of address {address} gave rows of others"
        if wrong:
            raise WrongAnswer(f"{self.http.shown}: {wrong}", "nothing of it was taken; ask again, or another explorer")

    def _tokens(self, rows: list[dict[str, Any]]) -> pa.Table:
        contracts = [str(row["contractAddress"]).lower() for row in rows]
        facts = [self.known.get(contract) for contract in contracts]
        decimals = [
            token.decimals if token else _decimals(row.get("tokenDecimal"))
            for token, row in zip(facts, rows, strict=True)
        ]
        symbols = [
            token.symbol if token else str(row.get("tokenSymbol") or "") or None
            for token, row in zip(facts, rows, strict=True)
        ]
        return self._table(rows, contracts, symbols, decimals, [None] * len(rows))

    def _coins(self, rows: list[dict[str, Any]], is_internal: bool) -> pa.Table:
        worked = [row for row in rows if row.get("isError") != "1" and row.get("txreceipt_status") != "0"]
        moving = [row for row in worked if str(row.get("type") or "").lower() in _MOVES or not is_internal]
        self._counts[_FAILED] += len(rows) - len(worked)
        self._counts[_NO_TRANSFER] += len(worked) - len(moving)
        paid = [row for row in moving if str(row.get("value", "")).strip("0")]
        count = len(paid)
        places = [_path(row) if is_internal else None for row in paid]
        return self._table(paid, [None] * count, [self.coin] * count, [18] * count, places)

    def _table(
        self,
        rows: list[dict[str, Any]],
        contracts: Sequence[str | None],
        symbols: Sequence[str | None],
        decimals: Sequence[int | None],
        places: Sequence[int | None],
    ) -> pa.Table:
        where = self.http.shown
        try:
            count = len(rows)
            values = b"".join(_whole(row["value"]).to_bytes(32, "big") for row in rows)
            kinds = sorted({-1 if number is None else number for number in decimals})
            codes = np.array([kinds.index(-1 if number is None else number) for number in decimals], np.int64)
            amount = amounts_of(
                np.frombuffer(values, np.uint8).reshape(count, 32), codes, [None if k < 0 else k for k in kinds]
            )
            unknown = sum(number is None for number in decimals)
            self._counts[UNKNOWN_DECIMALS] += unknown
            self._counts[DOES_NOT_FIT] += amount.null_count - unknown
            times = [_whole(row["timeStamp"]) * 1_000_000 for row in rows]
            receivers = [str(row["to"] or row["contractAddress"]).lower() for row in rows]
            return pa.table(
                [
                    pa.array([_whole(row["blockNumber"]) for row in rows], pa.int64()),
                    pa.array(times, pa.timestamp("us")),
                    pa.array([_whole_or_none(row.get("transactionIndex")) for row in rows], pa.int64()),
                    pa.array([str(row.get("hash") or row["transactionHash"]).lower() for row in rows], pa.string()),
                    pa.array(places, pa.int64()),
                    pa.array(contracts, pa.string()),
                    pa.array(symbols, pa.string()),
                    pa.array([str(row["from"]).lower() for row in rows], pa.string()),
                    pa.array(receivers, pa.string()),
                    amount,
                    pa.nulls(count, pa.decimal128(38, 6)),
                    pa.array([str(row.get("blockHash") or "").lower() or None for row in rows], pa.string()),
                ],
                schema=LOGS,
            )
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise WrongAnswer(
                f"{where}: a row without value, time, sender or receiver ({type(error).__name__})",
                "nothing of it was taken; ask again, or another explorer",
            ) from None

    async def _ask(self, question: Mapping[str, str], what: str) -> Any:
        """The result of one question.

        Raises:
            RpcError: the explorer refuses it.
        """
        params = dict(question)
        if self.kind == "etherscan":
            params["chainid"] = str(self._chain_id)
        if self._key:
            params["apikey"] = self._key

        def read(status: int, body: bytes) -> Any:
            try:
                answer = orjson.loads(body)
            except orjson.JSONDecodeError:
                raise Http.again(f"the answer of {len(body):,} bytes is cut short or no JSON (HTTP {status})") from None
            if not isinstance(answer, dict):
                raise Http.again("the answer is no JSON object")
            result, message = answer.get("result"), str(answer.get("message") or "")
            if message.lower().startswith("no ") and "found" in message.lower():
                return []
            # Status 2 is Blockscout's for an answer in part.
            if "error" in answer or str(answer.get("status", "1")) != "1":
                words = self.http.said(
                    answer["error"].get("message")
                    if isinstance(answer.get("error"), dict)
                    else result
                    if isinstance(result, str) and result
                    else message
                )
                if is_rate(words):
                    raise Http.again(f"the server says: {words}")
                hint = f"the key is read from {KEYS[self.kind]}" if "key" in words.lower() else ""
                raise RpcError(self.http.shown, what, 0, words, hint)
            if "result" not in answer:
                raise Http.again("the answer has no result")
            return result

        return await self.http.ask(what, read, method="GET", params=params)


def _whole(text: Any) -> int:
    if isinstance(text, str) and text.isascii() and text.isdigit():
        return int(text)
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return text
    raise ValueError("no whole number")


def _whole_or_none(text: Any) -> int | None:
    return None if text in (None, "") else _whole(text)


def _decimals(text: Any) -> int | None:
    try:
        return _whole(text)
    except ValueError:
        return None


def _path(row: Mapping[str, Any]) -> int | None:
    """The place of an internal transaction: `0_1_1`, or a number."""
    told = str(row.get("traceId") or row.get("index") or "")
    steps = told.split("_")
    return path_number([int(step) for step in steps]) if told and all(step.isdigit() for step in steps) else None


def _number(answer: Any, where: str, what: str) -> int:
    try:
        return int(answer, 16) if isinstance(answer, str) and answer.startswith("0x") else _whole(answer)
    except ValueError:
        raise WrongAnswer(f"{where}: it gave no number as {what}", "ask again, or another explorer") from None
