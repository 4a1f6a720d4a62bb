"""Messages: the published schema, what is read exactly, and what is refused with which reason."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flow_pipeline.cli import main
from flow_pipeline.live.messages import EXAMPLE, Message, Misfit, Reader, schema_text
from flow_pipeline.live.rows import rules_of
from flow_pipeline.nodes import TRANSFERS, Block
from flow_pipeline.settings import Settings, load_settings
from tests.conftest import U, V

SCHEMA = json.loads(schema_text())
ROW = {"from_address": U, "to_address": V, "amount": "1.5"}
TIME = 1746057600
LOOSE = {"timestamp": TIME, "transfers": [ROW]}
BLOCK = {"block": 7, "hash": "0xAA", "parent": "0xbb", "timestamp": TIME, "transfers": [ROW]}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with rules_of("ethereum", load_settings(tmp_path_factory.mktemp("messages"))) as rules:
        yield Reader(rules)


def read(reader: Reader, said: Any) -> Message | Misfit:
    (found,) = reader.read([said if isinstance(said, bytes) else json.dumps(said).encode()])
    return found


def fits(reader: Reader, said: Any) -> Message:
    found = read(reader, said)
    assert isinstance(found, Message), found
    return found


def row(**more: object) -> dict[str, object]:
    return {"timestamp": TIME, "transfers": [ROW, ROW | more]}


GOOD: list[dict[str, Any]] = [
    EXAMPLE,
    LOOSE,
    BLOCK,
    BLOCK | {"parent": None, "transfers": [], "final": 3, "safe": 5},
    {"transfers": []},
    {"fall": -1},
    {"fall": 8, "transfers": []},
    {"chain": "eth-mainnet", "safe": 3, "final": 2},
    LOOSE | {"chain": "1"},
    {"transfers": [ROW | {"block_timestamp": "2025-05-01T02:00:00+02:00", "block_number": 5}]},
    row(amount=None, amount_usd="3.25", token_address="0xdac17f958d2ee523a2206206994597c13d831ec7", token_symbol=None),
    row(amount=7, tx_hash="0xab", transfer_index=3, transaction_index=None),
]
UNLIKE_THE_SCHEMA: list[tuple[Any, str]] = [
    ([], "no JSON object"),
    ({}, "it says nothing"),
    ({"chain": "ethereum"}, "it says nothing"),
    (LOOSE | {"memo": 1}, "unknown key memo"),
    (row(memo="x"), "unknown key memo in a transfer"),
    ({"timestamp": TIME, "transfers": [{"from_address": U, "amount": "1"}]}, "a transfer has no to_address"),
    ({"timestamp": TIME, "transfers": [ROW, {}]}, "a transfer has no amount"),
    ({"timestamp": TIME, "transfers": {"a": 1}}, "transfers is no list of objects"),
    ({"timestamp": TIME, "transfers": [[]]}, "transfers is no list of objects"),
    (row(transfer_index="1"), "transfer_index is not of its type"),
    (row(transfer_index=True), "transfer_index is not of its type"),
    (row(tx_hash=5), "tx_hash is not of its type"),
    (row(amount=True), "amount is not of its type"),
    (row(amount=["1"]), "amount is not of its type"),
    (BLOCK | {"hash": None}, "it has a block and no hash"),
    (BLOCK | {"timestamp": None}, "it has a block and no timestamp"),
    ({"block": 7, "hash": "0xaa", "timestamp": TIME}, "it has a block and no transfers"),
    (BLOCK | {"block": -1}, "block is no whole number from 0 on"),
    (BLOCK | {"block": 1.5}, "block is no whole number from 0 on"),
    (BLOCK | {"block": "7"}, "block is no whole number from 0 on"),
    (BLOCK | {"block": 2**63}, "block is no whole number from 0 on"),
    (BLOCK | {"fall": 3}, "a message is of a block or says that blocks fell"),
    (BLOCK | {"hash": 7}, "hash is no text"),
    (BLOCK | {"transfers": [ROW | {"block_number": 7}]}, "a transfer has block_number, which the message's block says"),
    (LOOSE | {"hash": "0xaa"}, "it has a hash and no block"),
    (LOOSE | {"fall": 3}, "a message has transfers or says that blocks fell"),
    ({"fall": -2}, "fall is no whole number from -1 on"),
    (LOOSE | {"timestamp": [1]}, "timestamp is no time"),
]
BEYOND_THE_SCHEMA: list[tuple[Any, str]] = [
    (b"", "it is empty"),
    (b"{", "neither JSON nor Arrow"),
    (b'{"transfers": [], "chain": "\xff"}', "neither JSON nor Arrow"),
    (b"\xff\xff\xff\xffnothing", ""),
    (LOOSE | {"chain": "bitcoin"}, "it is of chain bitcoin, and ethereum is followed"),
    (row(amount="1e"), "transfer 2: bad_amount"),
    (row(amount="-1"), "transfer 2: negative_amount"),
    (row(amount="1234567890123456789"), "transfer 2: amount_out_of_range"),
    (row(amount="0.1234567890123456789"), "transfer 2: amount_too_precise"),
    (row(amount_usd="much"), "transfer 2: bad_amount"),
    (row(amount_usd="-1"), "transfer 2: bad_amount"),
    (row(from_address="0x12"), "transfer 2: bad_address"),
    (row(to_address=""), "transfer 2: missing_column_value"),
    (row(block_timestamp="yesterday"), "transfer 2: bad_timestamp"),
    ({"transfers": [ROW]}, "transfer 1: missing_column_value"),
    (LOOSE | {"timestamp": "2001-01-01"}, "transfer 1: bad_timestamp"),
    (BLOCK | {"timestamp": "soon", "transfers": []}, "timestamp is no time"),
]


@pytest.mark.parametrize("said", GOOD, ids=str)
def test_what_the_schema_allows_is_read(said: dict[str, Any], reader: Reader) -> None:
    jsonschema.validate(said, SCHEMA)
    found = fits(reader, said)
    assert found.transfers.schema == TRANSFERS
    assert found.transfers.num_rows == len(said.get("transfers", []))


@pytest.mark.parametrize(("said", "reason"), UNLIKE_THE_SCHEMA, ids=str)
def test_what_the_schema_refuses_is_refused_with_the_reason(said: Any, reason: str, reader: Reader) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(said, SCHEMA)
    assert reason in str(read(reader, said))


@pytest.mark.parametrize(("said", "reason"), BEYOND_THE_SCHEMA, ids=str)
def test_what_is_no_transfer_is_refused_with_the_reason(said: Any, reason: str, reader: Reader) -> None:
    found = read(reader, said)
    assert isinstance(found, Misfit)
    assert reason in str(found)


def test_a_bad_message_leaves_its_neighbours_alone(reader: Reader) -> None:
    bodies = [json.dumps(said).encode() for said in (LOOSE, row(amount="x"), {"a": 1}, BLOCK)]
    first, second, third, fourth = reader.read(bodies)
    assert isinstance(first, Message)
    assert (str(second), str(third)) == ("transfer 2: bad_amount", "unknown key a")
    assert isinstance(fourth, Message)
    assert fourth.block == Block(7, "0xaa", "0xbb", TIME * 1_000_000)
    assert fourth.transfers.column("block_number").to_pylist() == [7]


def test_the_page_shows_the_example_and_the_schema_is_well_formed() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    page = (Path(__file__).parents[3] / "docs" / "live.md").read_text()
    shown = page.split("### Messages\n")[1].split("```json\n")[1].split("```")[0]
    assert json.loads(shown) == EXAMPLE


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.5", "1.5"),
        ("100000000000000000.000000000000000001", "100000000000000000.000000000000000001"),
        ("123456789012345678", "123456789012345678"),
        ("0.1", "0.1"),
        ("1e3", "1000"),
        ("12345678901234567.123456789012345678", "12345678901234567.123456789012345678"),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, amount: str, reader: Reader) -> None:
    body = f'{{"timestamp": {TIME}, "transfers": [{{"from_address": "{U}", "to_address": "{V}", "amount": {text}}}]}}'
    assert fits(reader, body.encode()).transfers.column("amount").to_pylist() == [Decimal(amount)]


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1)), min_size=1, max_size=5))
def test_amounts_survive_json_and_arrow(parts: list[tuple[int, int]]) -> None:
    texts = [f"{whole}.{part:018d}" for whole, part in parts]
    exact = [Decimal(text) for text in texts]
    as_json = LOOSE | {"transfers": [ROW | {"amount": text} for text in texts]}
    arrow = pa.table(
        {
            "from_address": [U] * len(texts),
            "to_address": [V] * len(texts),
            "amount": pa.array(exact, pa.decimal128(38, 18)),
        }
    )
    reader = _SHARED[0]
    assert fits(reader, as_json).transfers.column("amount").to_pylist() == exact
    assert fits(reader, stream(arrow, timestamp=str(TIME))).transfers.column("amount").to_pylist() == exact


_SHARED: list[Reader] = []


@pytest.fixture(autouse=True)
def _share(reader: Reader) -> None:
    _SHARED[:] = [reader]


def stream(table: pa.Table, **words: str) -> bytes:
    table = table.replace_schema_metadata(words)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def test_arrow_says_what_json_says(reader: Reader) -> None:
    names = list(EXAMPLE["transfers"][0])
    table = pa.table({name: [EXAMPLE["transfers"][0][name]] for name in names})
    words = {name: str(value) for name, value in EXAMPLE.items() if name != "transfers"}
    by_arrow, by_json = fits(reader, stream(table, **words)), fits(reader, EXAMPLE)
    assert by_arrow.block == by_json.block
    assert by_arrow.transfers.equals(by_json.transfers)
    empty = fits(reader, stream(table.slice(0, 0), **words))
    assert (empty.block, empty.transfers.num_rows) == (by_json.block, 0)
    assert fits(reader, stream(pa.table({}), fall="3")).fall == 3


def arrow(**columns: list[object]) -> pa.Table:
    return pa.table({"from_address": [U], "to_address": [V], "amount": ["1"]} | columns)


TWICE = pa.Table.from_arrays([pa.array(["1"])] * 4, ["from_address", "to_address", "amount", "amount"])


@pytest.mark.parametrize(
    ("table", "words", "reason"),
    [
        (arrow(amount=[1.5]), {}, "column amount is of type double"),
        (arrow().drop_columns(["amount"]), {}, "a transfer has no amount"),
        (arrow(x=[1]), {}, "unknown key x"),
        (arrow(from_address=[1]), {}, "column from_address is of type int64"),
        (arrow(), {"block": "x"}, "block is no whole number"),
        (TWICE, {}, "a column stands twice"),
    ],
)
def test_arrow_of_another_shape_is_refused(table: pa.Table, words: dict[str, str], reason: str, reader: Reader) -> None:
    assert reason in str(read(reader, stream(table, **words)))


AFTER = {
    "id": 1, "block_time": "2025-05-01T00:00:00Z", "tx_hash": "0xab", "log_index": 3, "sender": U, "receiver": V,
    "amount": "1.5", "status": "ok", "chain": "eth", "token_symbol": "LPT",
}  # fmt: skip


def change(op: str = "c", schema: object = None, **more: object) -> dict[str, object]:
    payload = {"before": None, "after": AFTER | more, "source": {"table": "transfers"}, "op": op, "ts_ms": 1}
    return {"schema": schema, "payload": payload} if schema is not None else payload


@pytest.mark.parametrize("said", [change(), change("r"), change(schema={"type": "struct", "fields": []})])
def test_a_change_as_debezium_writes_it_is_a_row(said: dict[str, object], reader: Reader) -> None:
    (found,) = fits(reader, said).transfers.to_pylist()
    assert (found["from_address"], found["to_address"], found["transfer_index"]) == (U, V, 3)
    assert (found["amount"], found["token_symbol"], str(found["block_timestamp"])) == (
        Decimal("1.5"), "LPT", "2025-05-01 00:00:00",
    )  # fmt: skip


def test_amounts_in_bytes_are_read_where_the_schema_says_so(reader: Reader) -> None:
    field = {"field": "amount", "type": "bytes", "parameters": {"scale": "18"}}
    schema = {"fields": [{"field": "after", "fields": [field]}]}
    whole = 123_456_789_012_345_678_000_000_000_000_000_001
    text = base64.b64encode(whole.to_bytes(16, "big", signed=True)).decode()
    found = fits(reader, change(schema=schema, amount=text)).transfers.column("amount").to_pylist()
    assert found == [Decimal("123456789012345678.000000000000000001")]
    exact = json.dumps(change(amount=0)).replace('"amount": 0', '"amount": 12345678901234567.000000000000000001')
    found = fits(reader, exact.encode()).transfers.column("amount").to_pylist()
    assert found == [Decimal("12345678901234567.000000000000000001")]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (change("u"), "it is an update: transfers are added and never changed"),
        (change("d"), "it is a delete"),
        (change("t"), "it is a truncation"),
        (change("m"), "it is no row"),
        ({"op": "c", "after": None}, "after is no object"),
        ({"op": "c", "after": {"a": 1}}, "no column for sender, receiver, time, amount among a"),
        (change(status="reverted"), "column status: its transaction is said to be `reverted`"),
        (change(chain="bitcoin"), "it is of chain bitcoin"),
        (change(amount="F3A="), "transfer 1: bad_amount"),
        (change(log_index="x"), "its transfer_index is no whole number"),
    ],
    ids=str,
)
def test_a_change_that_is_no_new_transfer_is_refused(said: dict[str, object], reason: str, reader: Reader) -> None:
    assert reason in str(read(reader, said))


def test_base_units_need_decimals_or_a_token_that_is_known(settings: Settings) -> None:
    after = {"block_time": TIME, "from": U, "to": V, "token_address": "0xdAC17F958D2ee523a2206206994597C13D831ec7"}
    with rules_of("ethereum", settings) as rules:
        reader = Reader(rules)
        said = {"op": "c", "after": after | {"raw_amount": "2500000"}}
        assert fits(reader, said).transfers.column("amount").to_pylist() == [Decimal("2.5")]
        said = {"op": "c", "after": after | {"value": "2500000"}}
        assert "column value may count coins or base units" in str(read(reader, said))
        said = {"op": "c", "after": after | {"value": "2500000", "decimals": 3}}
        assert fits(reader, said).transfers.column("amount").to_pylist() == [Decimal("2500")]
    told = settings.with_changes(sources={"value_unit": "token"})
    with rules_of("ethereum", told) as rules:
        said = {"op": "c", "after": after | {"value": "2500000"}}
        assert fits(Reader(rules), said).transfers.column("amount").to_pylist() == [Decimal(2500000)]


def test_the_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["watch", "--schema"])
    assert json.loads(capsys.readouterr().out) == SCHEMA
