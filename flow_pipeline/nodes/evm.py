"""Nodes of EVM chains: blocks, Transfer logs as columns with exact amounts, coins that moved by themselves, tokens.

What lives here: questions to a node, and the checks of what it answers. What must not: files, other chains, which
blocks somebody wants. Read more: docs/live.md.
"""

from __future__ import annotations

from binascii import unhexlify
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise, repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.text import harmless
from flow_pipeline.nodes import LOGS, TRANSFERS, Block, Part
from flow_pipeline.nodes.rpc import Rpc, RpcError

TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak256 of Transfer(address,address,uint256)."""
NOT_TOKENS, OTHER_FORM, WITHDRAWN = "of NFTs", "in another form than ERC-20's", "withdrawn"
UNKNOWN_DECIMALS, DOES_NOT_FIT = (
    "without an amount, as the decimals are unknown",
    "without an amount, as it is too large",
)
_DECIMALS, _SYMBOL = "0x313ce567", "0x95d89b41"
_MOST_DECIMALS = 38
_MOST_SYMBOL = 64
_Bytes = np.ndarray[Any, np.dtype[np.uint8]]
_Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Token:
    """What is known of a contract; None is unknown."""

    decimals: int | None
    symbol: str | None


@dataclass(frozen=True)
class Decoded:
    """Transfers of logs.

    Attributes:
        transfers: Columns of `LOGS`, in the order of blocks and logs.
        counts: What became no transfer, or one without an amount, by the words for it.
    """

    transfers: pa.Table
    counts: Counter[str] = field(default_factory=Counter)


class WrongAnswer(FlowError):
    """What the node says can not be: no row of it is taken."""


def _wrong(where: str, reason: str) -> WrongAnswer:
    return WrongAnswer(
        f"{where}: {reason}", "nothing of this answer was taken; ask again, or another node, if it stays so"
    )


def decode_logs(
    logs: Sequence[Mapping[str, Any]],
    tokens: Mapping[str, Token] | None = None,
    times: Mapping[str, int] | None = None,
    where: str = "the node",
) -> Decoded:
    """Transfer logs as columns.

    Args:
        logs: As nodes give them, parsed.
        tokens: What is known of each contract, lower case.
        times: Microseconds since 1970 per block hash; else the logs' own `blockTimestamp`, else NULL.
        where: The node, for errors.

    Raises:
        WrongAnswer: a log has no place, two logs have one, or one block number has two hashes.
    """
    counts: Counter[str] = Counter()
    try:
        columns = _columns_of(logs, counts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong(where, f"a log that is none ({type(error).__name__}: {harmless(str(error), 80)})") from None
    if not columns.number.size:
        return Decoded(LOGS.empty_table(), counts)
    columns.check_places(where)
    codes = columns.token.dictionary_encode()
    contracts = codes.dictionary.to_pylist()
    known = [(tokens or {}).get(contract) for contract in contracts]
    amount = amounts_of(columns.data, codes.indices.to_numpy(), [token.decimals if token else None for token in known])
    symbols = pa.array([token.symbol if token else None for token in known], pa.string())
    is_unknown = np.array([token is None or token.decimals is None for token in known])
    without = int(is_unknown[codes.indices.to_numpy()].sum())
    counts[UNKNOWN_DECIMALS] += without
    counts[DOES_NOT_FIT] += amount.null_count - without
    table = pa.table(
        [
            pa.array(columns.number),
            _times(columns, times),
            pa.array(columns.transaction),
            columns.tx_hash,
            pa.array(columns.index),
            columns.token,
            symbols.take(codes.indices),
            columns.sender,
            columns.receiver,
            amount,
            pa.nulls(columns.number.size, pa.decimal128(38, 6)),
            columns.block_hash,
        ],
        schema=LOGS,
    )
    return Decoded(table, +counts)


_FIELDS = ("blockNumber", "logIndex", "transactionIndex", "blockHash", "transactionHash", "address", "topics", "data")


def _fields_of(logs: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """The values of each field."""
    return [[log[name] for log in logs] for name in _FIELDS]


@dataclass(frozen=True)
class _Columns:
    number: _Ints
    index: _Ints
    transaction: _Ints
    block_hash: pa.Array
    tx_hash: pa.Array
    token: pa.Array
    sender: pa.Array
    receiver: pa.Array
    data: _Bytes
    logs: Sequence[Mapping[str, Any]]

    def check_places(self, where: str) -> None:
        """Each log stands once, and a block has one hash."""
        step, inner = np.diff(self.number), np.diff(self.index)
        if ((step == 0) & (inner == 0)).any():
            at = int(np.flatnonzero((step == 0) & (inner == 0))[0])
            raise _wrong(where, f"log {self.index[at]} of block {self.number[at]:,} comes twice")
        changes = pc.not_equal(self.block_hash[1:], self.block_hash[:-1]).to_numpy(zero_copy_only=False)
        if (changes != (step > 0)).any():
            at = int(np.flatnonzero(changes != (step > 0))[0])
            raise _wrong(where, f"logs of blocks {self.number[at]:,} and {self.number[at + 1]:,} disagree on the hash")


def _columns_of(logs: Sequence[Mapping[str, Any]], counts: Counter[str]) -> _Columns:
    """Columns of the logs that are ERC-20 transfers and stand, by block and index; the others are counted.

    Some nodes search in parallel and answer in any order.
    """
    fields = _fields_of(logs)
    if not _are_all_tokens(logs, fields[6], fields[7]):
        logs = _of_tokens(logs, counts)
        fields = _fields_of(logs)
    number, index = _integers(fields[0]), _integers(fields[1])
    step = np.diff(number)
    if ((step < 0) | ((step == 0) & (np.diff(index) < 0))).any():
        order = np.lexsort((index, number))
        number, index = number[order], index[order]
        logs = [logs[place] for place in order.tolist()]
        fields = _fields_of(logs)
    _, _, transaction, block_hash, tx_hash, token, topics, data = fields
    return _Columns(
        number,
        index,
        _integers(transaction),
        _strings(_text(block_hash, 64)),
        _strings(_text(tx_hash, 64)),
        _strings(_text(token, 40)),
        _strings(_address([topic[1] for topic in topics])),
        _strings(_address([topic[2] for topic in topics])),
        np.frombuffer(unhexlify(_text(data, 64)[:, 2:].tobytes()), np.uint8).reshape(len(logs), 32),
        logs,
    )


def _are_all_tokens(logs: Sequence[Mapping[str, Any]], topics: Sequence[list[str]], data: Sequence[str]) -> bool:
    """True where all are ERC-20 transfers that stand, which is seen without a look at each."""
    removed = [log.get("removed") for log in logs]
    return (
        not any(removed)
        and set(map(len, topics)) <= {3}
        and set(map(len, data)) <= {66}
        and "".join([topic[0] for topic in topics]) == TRANSFER_TOPIC * len(logs)
    )


def _of_tokens(logs: Sequence[Mapping[str, Any]], counts: Counter[str]) -> Sequence[Mapping[str, Any]]:
    """Logs of ERC-20 transfers that stand; the others are counted."""
    standing = [log for log in logs if not log.get("removed")]
    counts[WITHDRAWN] += len(logs) - len(standing)
    wanted = []
    for log in standing:
        is_transfer = log["topics"][:1] and log["topics"][0].lower() == TRANSFER_TOPIC
        if is_transfer and len(log["topics"]) == 3 and len(log["data"]) == 66:
            wanted.append(log)
        else:
            counts[NOT_TOKENS if is_transfer and len(log["topics"]) == 4 else OTHER_FORM] += 1
    return wanted


def _integers(texts: Sequence[str]) -> _Ints:
    return np.fromiter(map(int, texts, repeat(16)), np.int64, len(texts))


def _text(texts: Sequence[str], digits: int) -> _Bytes:
    """Texts of `0x` and so many hexadecimal digits, as bytes, one row each.

    Raises:
        ValueError: one of them is another text.
    """
    joined = "".join(texts).encode("ascii").lower()
    if len(joined) != len(texts) * (digits + 2):
        raise ValueError(f"a value of other than {digits} hexadecimal digits")
    found = np.frombuffer(joined, np.uint8).reshape(len(texts), digits + 2)
    if (found[:, 0] != ord("0")).any() or (found[:, 1] != ord("x")).any():
        raise ValueError("a value without 0x")
    if joined.translate(None, b"0123456789abcdef").strip(b"x"):
        raise ValueError("a digit that is not hexadecimal")
    return found


def _address(topics: Sequence[str]) -> _Bytes:
    """The address in the last twenty bytes of a topic."""
    found = _text(topics, 64)
    if (found[:, 2:26] != ord("0")).any():
        raise ValueError("an address of more than 20 bytes")
    return np.concatenate([found[:, :2], found[:, 26:]], axis=1)


def _strings(rows: _Bytes) -> pa.Array:
    """Rows of ASCII bytes as an Arrow array of text."""
    count, width = rows.shape
    if count * width >= 2**31:
        raise ValueError("more text in one answer than a column holds")
    offsets = pa.py_buffer(np.arange(0, (count + 1) * width, width, dtype=np.int32))
    return pa.StringArray.from_buffers(count, offsets, pa.py_buffer(np.ascontiguousarray(rows)))


def _times(columns: _Columns, times: Mapping[str, int] | None) -> pa.Array:
    """The time of each log's block, looked up once a block."""
    starts = np.flatnonzero(np.diff(columns.number, prepend=columns.number[0] - 1))
    lengths = np.diff(np.append(starts, columns.number.size))
    found: list[int | None] = []
    for start, block in zip(starts.tolist(), columns.block_hash.take(pa.array(starts)).to_pylist(), strict=True):
        own = columns.logs[start].get("blockTimestamp")
        found.append(times.get(block) if times else int(own, 16) * 1_000_000 if isinstance(own, str) else None)
    return pa.array(found, pa.timestamp("us")).take(pa.array(np.repeat(np.arange(len(found)), lengths)))


def amounts_of(data: _Bytes, codes: np.ndarray[Any, Any], decimals: Sequence[int | None]) -> pa.Array:
    """Numbers of 32 bytes as token units, exact; NULL where the decimals are unknown or the amount has no room.

    Args:
        data: The numbers, most significant byte first.
        codes: Place in `decimals` of each.
        decimals: Of each contract.
    """
    words = data.view(">u8").astype(np.uint64)
    kind = pa.decimal128(38, 18)
    known = np.array([-1 if number is None or number > _MOST_DECIMALS else number for number in decimals], np.int64)
    of_row = known[codes]
    amount = pa.nulls(len(data), kind)
    for number in np.unique(of_row[of_row >= 0]).tolist():
        # DECIMAL(38, 18) has twenty digits before its point, and thirty-eight in all.
        most = min(10 ** (20 + number), 10**38) - 1
        high, low = np.uint64(most >> 64), np.uint64(most & (2**64 - 1))
        fits = (words[:, 2] < high) | ((words[:, 2] == high) & (words[:, 3] <= low))
        mine = (of_row == number) & fits & (words[:, 0] == 0) & (words[:, 1] == 0)
        pairs = np.where(mine[:, None], words[:, [3, 2]], np.uint64(0))
        exact = pa.Array.from_buffers(
            pa.decimal128(38, number), len(data), [None, pa.py_buffer(np.ascontiguousarray(pairs))]
        )
        scaled = exact.cast(kind, safe=False)
        same = pc.equal(scaled.cast(pa.decimal128(38, number), safe=False), exact) if number > 18 else True
        amount = pc.if_else(pc.and_(pa.array(mine), same), scaled, amount)
    return amount


class EvmNode:
    """A node of an EVM chain.

    Attributes:
        rpc: Its JSON-RPC.
        tokens: What is known of contracts, lower case; what the caller knows comes first, the contract is asked else.
        counts: What became no transfer since the node was opened, by the words for it.
    """

    def __init__(self, rpc: Rpc, tokens: Mapping[str, Token] | None = None) -> None:
        self.rpc = rpc
        self.tokens: dict[str, Token] = dict(tokens or {})
        self.counts: Counter[str] = Counter()
        self._has_receipts = True
        self._tracer: str | None = "debug_traceBlockByNumber"

    @property
    def lacks_traces(self) -> bool:
        """True once the node was asked to trace and can not."""
        return self._tracer is None

    async def chain_id(self) -> int:
        """The chain's EIP-155 number."""
        return self._integer(await self.rpc.call("eth_chainId"), "the number of its chain")

    async def block(self, which: int | str) -> Block | None:
        """The head of a block by number, tag or hash; None where the node has none."""
        if isinstance(which, str) and len(which) == 66:
            found = await self.rpc.call("eth_getBlockByHash", which, False)
        else:
            found = await self.rpc.call("eth_getBlockByNumber", hex(which) if isinstance(which, int) else which, False)
        if found is None:
            return None
        block = self._block(found)
        is_place = isinstance(which, int) or len(which) == 66
        if is_place and which not in (block.number, block.hash):
            raise _wrong(self.rpc.shown, f"asked for block {which}, it answered with block {block.number:,}")
        return block

    async def blocks(self, numbers: Iterable[int]) -> list[Block]:
        """Heads of blocks in the order asked for, each of a following number the child of the one before.

        Raises:
            WrongAnswer: the node lacks one of them, answers with another, or they are of no one chain.
        """
        asked = list(numbers)
        answers = await self.rpc.batch([("eth_getBlockByNumber", (hex(number), False)) for number in asked])
        found = []
        for number, answer in zip(asked, answers, strict=True):
            if answer is None:
                raise _wrong(self.rpc.shown, f"it has no block {number:,}, though it has later ones")
            found.append(self._block(answer))
            if found[-1].number != number:
                raise _wrong(self.rpc.shown, f"asked for block {number:,}, it answered with {found[-1].number:,}")
        for one, next_one in pairwise(found):
            if next_one.number == one.number + 1 and next_one.parent != one.hash:
                raise _wrong(self.rpc.shown, f"block {next_one.number:,} is no child of block {one.number:,}")
        return found

    async def final_number(self) -> int | None:
        """Height up to which no block can fall; None where the node does not say."""
        return await self._tagged("finalized")

    async def safe_number(self) -> int | None:
        """Height up to which a block is unlikely to fall; None where the node does not say."""
        return await self._tagged("safe")

    async def _tagged(self, tag: str) -> int | None:
        try:
            block = await self.block(tag)
        except RpcError:
            return None
        return block.number if block else None

    async def logs_of_block(self, block_hash: str, tokens: Sequence[str] = ()) -> pa.Table:
        """Transfers of tokens in one block, by its hash: a block that fell has none, and says so.

        Args:
            block_hash: Of the block.
            tokens: Contracts, lower case; none is all.

        Returns:
            Columns of `nodes.TRANSFERS`.

        Raises:
            RpcError: the node does not know the block any more.
            WrongAnswer: a log is not of this block.
        """
        question = {"blockHash": block_hash, "topics": [TRANSFER_TOPIC], **_of_contracts(tokens)}
        logs = await self._logs(question, False)
        if not logs:
            return TRANSFERS.empty_table()
        times = None
        if not all(isinstance(log.get("blockTimestamp"), str) for log in (logs[0], logs[-1])):
            block = await self.block(block_hash)
            times = {block.hash: block.time} if block else None
        table = await self._decoded(logs, times)
        self._check_asked(table, tokens)
        if set(pc.unique(table["block_hash"]).to_pylist()) - {block_hash}:
            raise _wrong(self.rpc.shown, f"asked for the logs of block {block_hash}, it answered with another block's")
        return table.select(TRANSFERS.names)

    async def logs_of_range(
        self, first: int, last: int, tokens: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> pa.Table:
        """Transfers of tokens in blocks from `first` to `last`, both inclusive.

        Args:
            first: First block.
            last: Last block.
            tokens: Contracts, lower case; none is all.
            addresses: Senders or receivers, lower case; none is all.

        Returns:
            Columns of `LOGS`.

        Raises:
            RpcError, TooLarge, Unanswered: the node does not answer so large a question, or not at all.
            WrongAnswer: a log lies outside, has a place twice, or is of a block that the node itself does not have.
        """
        return (await self.part(first, last, tokens, addresses)).transfers

    async def part(
        self,
        first: int,
        last: int,
        tokens: Sequence[str] = (),
        addresses: Sequence[str] = (),
        coin: str | None = None,
    ) -> Part:
        """What moved in blocks from `first` to `last`, and the heads of the blocks at both ends and of those in use.

        Args:
            first: First block.
            last: Last block.
            tokens: Contracts, lower case; none is all.
            addresses: Senders or receivers, lower case; none is all.
            coin: Symbol of the chain's own coin, where its transfers are wanted too.

        Raises:
            As `logs_of_range`.
        """
        logs = await self._logs_of_range(first, last, tokens, addresses)
        used = np.unique(logs["block_number"].to_numpy()).tolist()
        if used and (used[0] < first or used[-1] > last):
            raise _wrong(self.rpc.shown, f"asked for the logs of blocks {first:,} to {last:,}, it answered with others")
        blocks = await self.blocks(range(first, last + 1) if coin else sorted({first, *used, last}))
        table = self._in_blocks(logs, blocks) if logs.num_rows else logs
        if coin:
            table = pa.concat_tables([table, *await self.native_of_blocks(blocks, coin, addresses)]).sort_by(
                [("block_number", "ascending"), ("transaction_index", "ascending"), ("transfer_index", "ascending")]
            )
        return Part(table.combine_chunks(), tuple(blocks))

    async def _logs_of_range(self, first: int, last: int, tokens: Sequence[str], addresses: Sequence[str]) -> pa.Table:
        span = {"fromBlock": hex(first), "toBlock": hex(last), **_of_contracts(tokens)}
        if not addresses:
            logs = await self._logs({**span, "topics": [TRANSFER_TOPIC]}, first < last)
        else:
            who = [_as_topic(address) for address in addresses]
            sent = await self._logs({**span, "topics": [TRANSFER_TOPIC, who]}, first < last)
            received = await self._logs({**span, "topics": [TRANSFER_TOPIC, None, who]}, first < last)
            logs = self._merged(sent, received)
        table = await self._decoded(logs, {})
        self._check_asked(table, tokens, addresses)
        return table

    def _in_blocks(self, table: pa.Table, blocks: Sequence[Block]) -> pa.Table:
        """Transfers with the times of their blocks.

        Raises:
            WrongAnswer: a hash is not that of the block.
        """
        numbers = np.array([block.number for block in blocks], np.int64)
        place = pa.array(np.searchsorted(numbers, table["block_number"].to_numpy()))
        hashes = pa.array([block.hash for block in blocks], pa.string()).take(place)
        same = pc.equal(hashes, table["block_hash"].combine_chunks())
        if not pc.all(same).as_py():
            at = table["block_number"][pc.index(same, False).as_py()].as_py()
            raise _wrong(self.rpc.shown, f"a log of block {at:,} has another hash than the block: the chain changed")
        times = pa.array([block.time for block in blocks], pa.timestamp("us")).take(place)
        column = table.schema.get_field_index("block_timestamp")
        return table.set_column(column, LOGS.field("block_timestamp"), times)

    def _merged(self, *answers: list[Any]) -> list[Any]:
        """Logs of several questions; one that answers more than one of them stands once."""
        found: dict[tuple[Any, ...], Any] = {}
        for logs in answers:
            try:
                own = {(log["blockHash"], log["logIndex"], log["transactionHash"]): log for log in logs}
            except (KeyError, TypeError):
                raise _wrong(self.rpc.shown, "a log that is none") from None
            if len(own) != len(logs):
                raise _wrong(self.rpc.shown, "a log comes twice in one answer")
            found |= own
        return list(found.values())

    def _check_asked(self, table: pa.Table, tokens: Sequence[str], addresses: Sequence[str] = ()) -> None:
        """Every transfer is one that was asked for."""
        if tokens and not set(pc.unique(table["token_address"]).to_pylist()) <= set(tokens):
            raise _wrong(self.rpc.shown, "asked for the logs of some tokens, it answered with others")
        if addresses:
            ends = pa.array(addresses, pa.string())
            is_asked = pc.or_(pc.is_in(table["from_address"], ends), pc.is_in(table["to_address"], ends))
            if not pc.all(is_asked, min_count=0).as_py():
                raise _wrong(self.rpc.shown, "asked for the logs of some addresses, it answered with others")

    async def _logs(self, question: Mapping[str, Any], can_be_less: bool) -> list[Any]:
        logs = await self.rpc.call("eth_getLogs", question, can_be_less=can_be_less)
        if not isinstance(logs, list) or not all(isinstance(log, dict) for log in logs):
            raise _wrong(self.rpc.shown, "eth_getLogs gave no list of logs")
        return logs

    async def _decoded(self, logs: list[Any], times: Mapping[str, int] | None) -> pa.Table:
        contracts = {log["address"].lower() for log in logs if isinstance(log.get("address"), str)}
        await self.know(contracts)
        decoded = decode_logs(logs, self.tokens, times, self.rpc.shown)
        self.counts += decoded.counts
        return decoded.transfers

    async def native_of_blocks(
        self, blocks: Sequence[Block], symbol: str, addresses: Sequence[str] = ()
    ) -> list[pa.Table]:
        """Transfers of the chain's own coin in blocks: payments of transactions, and those inside contracts.

        Args:
            blocks: The blocks, which are asked for by their hashes.
            symbol: Of the coin.
            addresses: Senders or receivers, lower case; none is all.

        Returns:
            Columns of `LOGS` per block. What is inside contracts is missing where `lacks_traces`.

        Raises:
            WrongAnswer: the node lacks a block, or its transactions, receipts and traces do not go together.
        """
        answers = await self.rpc.batch([("eth_getBlockByHash", (block.hash, True)) for block in blocks])
        for block, answer in zip(blocks, answers, strict=True):
            if answer is None:
                raise _wrong(self.rpc.shown, f"it has block {block.number:,} no more")
            if self._block(answer) != block:
                raise _wrong(self.rpc.shown, f"asked for block {block.number:,}, it answered with another")
        found = []
        at = blocks[0].number if blocks else 0
        try:
            receipts = await self._receipts([answer for answer in answers if _pays(answer)])
            traces = await self._traces([block for block, one in zip(blocks, answers, strict=True) if _is_used(one)])
            for block, answer in zip(blocks, answers, strict=True):
                at = block.number
                hashes = [_hash(tx["hash"]) for tx in answer["transactions"]]
                moves = self._payments(answer, receipts[block.hash]) if block.hash in receipts else []
                if block.number in traces:
                    moves += self._inside(block, hashes, traces[block.number])
                if addresses:
                    wanted = set(addresses)
                    moves = [move for move in moves if move.sender in wanted or move.receiver in wanted]
                found.append(_coins(block, moves, hashes, symbol))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise _wrong(
                self.rpc.shown, f"transactions of block {at:,} that are none ({type(error).__name__})"
            ) from None
        self.counts[DOES_NOT_FIT] += sum(coins["amount"].null_count for coins in found)
        return found

    def _payments(self, block: dict[str, Any], receipts: list[Any]) -> list[_Move]:
        """Values that transactions of a block carry; those of failed ones went back."""
        transactions = block["transactions"]
        by_hash = {receipt["transactionHash"]: receipt for receipt in receipts}
        if len(by_hash) != len(transactions) or set(by_hash) != {tx["hash"] for tx in transactions}:
            raise _wrong(self.rpc.shown, f"the receipts of block {int(block['number'], 16):,} are those of another")
        if not all(receipt.get("status") for receipt in receipts):
            raise FlowError(
                f"{self.rpc.shown}: receipts of block {int(block['number'], 16):,} do not say which payments failed",
                "Ethereum's receipts say it since October 2017: begin later, or leave out the chain's own coin",
            )
        return [
            _Move(
                place,
                None,
                tx["from"].lower(),
                (tx["to"] or by_hash[tx["hash"]]["contractAddress"]).lower(),
                int(tx["value"], 16),
            )
            for place, tx in enumerate(transactions)
            if int(tx["value"], 16) and by_hash[tx["hash"]]["status"] == "0x1"
        ]

    async def _receipts(self, blocks: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
        """Receipts per block hash, of blocks as the node gave them."""
        found: dict[str, list[Any]] = {}
        if self._has_receipts:
            calls = [("eth_getBlockReceipts", (block["number"],)) for block in blocks]
            answers = await self.rpc.batch(calls, keeps_errors=True)
            for block, answer in zip(blocks, answers, strict=True):
                if isinstance(answer, RpcError):
                    if answer.is_too_much:
                        raise answer
                    self._has_receipts = self._has_receipts and not answer.is_unknown_method
                elif answer is not None:
                    found[_hash(block["hash"])] = answer
        for block in blocks:
            if _hash(block["hash"]) not in found:
                asked = [("eth_getTransactionReceipt", (tx["hash"],)) for tx in block["transactions"]]
                found[_hash(block["hash"])] = await self.rpc.batch(asked)
        return found

    async def _traces(self, blocks: Sequence[Block]) -> dict[int, list[Any]]:
        """What happened inside transactions, per block; nothing where the node can not trace."""
        while self._tracer is not None and blocks:
            options = ({"tracer": "callTracer"},) if self._tracer.startswith("debug") else ()
            try:
                answers = await self.rpc.batch([(self._tracer, (hex(block.number), *options)) for block in blocks])
                return {block.number: answer for block, answer in zip(blocks, answers, strict=True)}
            except RpcError as error:
                if error.is_too_much:
                    raise
                self._tracer = "trace_block" if options else None
        return {}

    def _inside(self, block: Block, hashes: list[str], traces: list[Any]) -> list[_Move]:
        """Values that contracts sent on."""
        is_of_another = _wrong(self.rpc.shown, f"the traces of block {block.number:,} are those of another")
        if self._tracer == "trace_block":
            if any(trace["blockHash"] != block.hash for trace in traces):
                raise is_of_another
            return _of_traces(traces)
        if len(traces) != len(hashes):
            raise is_of_another
        if any(trace.get("txHash", tx) != tx for trace, tx in zip(traces, hashes, strict=True)):
            raise is_of_another
        return [move for place, trace in enumerate(traces) for move in _of_calls(place, trace["result"])]

    async def know(self, contracts: Iterable[str]) -> None:
        """Ask contracts that nothing is known of for their decimals and symbols, many at once."""
        asked = sorted(contract for contract in set(contracts) if contract not in self.tokens)
        calls = [
            ("eth_call", ({"to": contract, "data": data}, "latest"))
            for contract in asked
            for data in (_DECIMALS, _SYMBOL)
        ]
        answers = await self._each(calls)
        for place, contract in enumerate(asked):
            self.tokens[contract] = Token(_number_in(answers[2 * place]), _symbol_in(answers[2 * place + 1]))

    async def _each(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Results of calls, None for one that the node refuses: a contract may revert."""
        found: list[Any] = await self.rpc.batch(calls, keeps_errors=True)
        return [None if isinstance(one, RpcError) else one for one in found]

    def _block(self, answer: Any) -> Block:
        try:
            parent = answer["parentHash"]
            return Block(
                int(answer["number"], 16),
                _hash(answer["hash"]),
                _hash(parent) if parent is not None else None,
                int(answer["timestamp"], 16) * 1_000_000,
            )
        except (KeyError, TypeError, ValueError):
            raise _wrong(self.rpc.shown, "it gave a block without number, hash, parent or time") from None

    def _integer(self, answer: Any, what: str) -> int:
        try:
            return int(answer, 16)
        except (TypeError, ValueError):
            raise _wrong(self.rpc.shown, f"it gave no number as {what}") from None


@dataclass(frozen=True)
class _Move:
    """Some of the chain's own coin: `path` leads to the call inside the transaction, None is the transaction itself."""

    transaction: int
    path: tuple[int, ...] | None
    sender: str
    receiver: str
    value: int


_CARRIERS = {"CALL", "CREATE", "CREATE2", "SELFDESTRUCT", "SUICIDE"}
"""Calls that move coins; the others only lend their code."""


def _of_calls(transaction: int, top: dict[str, Any]) -> list[_Move]:
    """Moves in a tree of calls; what is below a failed call went back."""
    moves: list[_Move] = []
    waiting: list[tuple[tuple[int, ...], dict[str, Any]]] = [((), top)]
    while waiting:
        path, call = waiting.pop()
        if call.get("error"):
            continue
        if path and call["type"] in _CARRIERS and (value := int(call.get("value") or "0x0", 16)):
            moves.append(_Move(transaction, path, call["from"].lower(), call["to"].lower(), value))
        waiting += [((*path, place), inner) for place, inner in enumerate(call.get("calls") or ())]
    return sorted(moves, key=lambda move: move.path or ())


def _of_traces(traces: list[dict[str, Any]]) -> list[_Move]:
    """Moves in a list of calls with their places in the tree."""
    failed = {(trace["transactionPosition"], *trace["traceAddress"]) for trace in traces if trace.get("error")}
    moves = []
    for trace in traces:
        path = tuple(trace["traceAddress"])
        place = trace.get("transactionPosition")
        if not path or place is None or any((place, *path[:depth]) in failed for depth in range(len(path) + 1)):
            continue
        action, kind = trace["action"], trace["type"]
        if kind == "call" and action["callType"] == "call":
            ends = action["from"], action["to"], action["value"]
        elif kind == "create":
            ends = action["from"], trace["result"]["address"], action["value"]
        elif kind == "suicide":
            ends = action["address"], action["refundAddress"], action["balance"]
        else:
            continue
        if value := int(ends[2], 16):
            moves.append(_Move(place, path, ends[0].lower(), ends[1].lower(), value))
    return moves


def _is_used(block: dict[str, Any]) -> bool:
    return bool(block["transactions"])


def _pays(block: dict[str, Any]) -> bool:
    """True where a transaction of the block carries coins."""
    return any(int(tx["value"], 16) for tx in block["transactions"])


def path_number(path: Sequence[int]) -> int:
    """The place of a call as one number, the same as files of traces have (`flow_path` of sources/sql/macros.sql).

    A path that is too deep or too broad for that has a number of its own, in no order.
    """
    if len(path) == 1:
        return path[0]
    if len(path) <= 5 and max(path) < 4095:
        number = 0
        for place in range(5):
            number = number * 4096 + (path[place] + 1 if place < len(path) else 0)
        return number
    return int.from_bytes(sha256(",".join(map(str, path)).encode()).digest()[:8], "big") % 4611686018427387847


def _coins(block: Block, moves: Sequence[_Move], hashes: Sequence[str], symbol: str) -> pa.Table:
    count = len(moves)
    data = np.frombuffer(b"".join(move.value.to_bytes(32, "big") for move in moves), np.uint8).reshape(count, 32)
    return pa.table(
        [
            pa.array([block.number] * count, pa.int64()),
            pa.array([block.time] * count, pa.timestamp("us")),
            pa.array([move.transaction for move in moves], pa.int64()),
            pa.array([hashes[move.transaction] for move in moves], pa.string()),
            pa.array([None if move.path is None else path_number(move.path) for move in moves], pa.int64()),
            pa.nulls(count, pa.string()),
            pa.array([symbol] * count, pa.string()),
            pa.array([move.sender for move in moves], pa.string()),
            pa.array([move.receiver for move in moves], pa.string()),
            amounts_of(data, np.zeros(count, np.int64), [18]),
            pa.nulls(count, pa.decimal128(38, 6)),
            pa.array([block.hash] * count, pa.string()),
        ],
        schema=LOGS,
    )


def _hash(text: str) -> str:
    if len(text) != 66 or not text.startswith("0x"):
        raise ValueError("no hash")
    bytes.fromhex(text[2:])
    return text.lower()


def _of_contracts(tokens: Sequence[str]) -> dict[str, Any]:
    return {"address": list(tokens)} if tokens else {}


def _as_topic(address: str) -> str:
    return "0x" + address.removeprefix("0x").rjust(64, "0")


def _bytes_of(answer: Any) -> bytes | None:
    try:
        return bytes.fromhex(answer.removeprefix("0x"))
    except (AttributeError, ValueError):
        return None


def _number_in(answer: Any) -> int | None:
    """Decimals in an answer; what is no uint8 is no number of decimals."""
    found = _bytes_of(answer)
    if found is None or len(found) < 32:
        return None
    number = int.from_bytes(found[:32], "big")
    return number if number <= 255 else None


def _symbol_in(answer: Any) -> str | None:
    """The symbol in an answer: a string, or 32 bytes of text as contracts of old gave it."""
    found = _bytes_of(answer)
    if not found or len(found) < 32:
        return None
    if len(found) == 32:
        text = found.rstrip(b"\0")
    else:
        start = int.from_bytes(found[:32], "big")
        if start + 32 > len(found):
            return None
        length = int.from_bytes(found[start : start + 32], "big")
        text = found[start + 32 : start + 32 + length]
        if len(text) != length:
            return None
    try:
        symbol = text.decode("utf-8").strip("\0 \t\r\n")
    except UnicodeDecodeError:
        return None
    return harmless(symbol) if 0 < len(symbol) <= _MOST_SYMBOL else None
