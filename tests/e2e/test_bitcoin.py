"""Bitcoin transactions as transfers: exact to the satoshi, with fees and coinbase, without change, in both formats."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.labels.checksums import script_address
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.sources import bitcoin
from tests.conftest import ask, load_only
from tests.worlds import A, B, BitcoinTx, C, D, etl

BTC = Decimal(10) ** 8


def core(txs: list[BitcoinTx], height: int = 800_000) -> dict[str, object]:
    """A block as `getblock` with verbosity 3 gives it."""

    def paid(address: str, sat: int) -> dict[str, object]:
        return {"value": float(Decimal(sat) / BTC), "scriptPubKey": {"address": address, "type": "pubkeyhash"}}

    return {
        "hash": "00aa",
        "height": height,
        "time": 1_690_168_629,
        "tx": [
            {
                "txid": f"{height}{n:04x}",
                "vin": [{"prevout": paid(*put)} for put in ins] or [{"coinbase": "00"}],
                "vout": [{"n": i, **paid(*got)} for i, got in enumerate(outs)],
            }
            for n, (ins, outs) in enumerate(txs)
        ],
    }


def rows(settings: Settings) -> list[tuple[object, ...]]:
    found = ask(
        settings,
        "SELECT tx_hash, transfer_index, from_address, to_address, amount FROM raw.transfers ORDER BY ALL",
        is_build=True,
    )
    return [(*row[:4], int(Decimal(str(row[4])) * BTC)) for row in found]


def loaded(folder: Path, name: str, text: str) -> Settings:
    (folder / name).mkdir(parents=True)
    (folder / name / "t.json").write_text(text)
    settings = load_settings(folder / f"{name}-data")
    assert [file.format for file in load_only(settings, folder / name).files] == ["bitcoin"]
    return settings


WORKED: list[BitcoinTx] = [([], [(A, 625_000_100)]), ([(A, 300), (B, 100)], [(C, 333), (A, 50)])]


def test_outputs_are_shared_in_proportion_and_fees_are_booked(tmp_path: Path) -> None:
    found = rows(loaded(tmp_path, "core", json.dumps(core(WORKED), indent=1)))
    assert [row[2:] for row in found] == [
        ("coinbase", A, 625_000_100),
        (A, C, 238),
        (A, "fees", 12),
        (B, C, 95),
        (B, "fees", 5),
    ]
    assert rows(loaded(tmp_path, "etl", "\n".join(map(json.dumps, etl(WORKED))))) == found
    assert rows(loaded(tmp_path, "answer", json.dumps({"result": core(WORKED), "error": None, "id": 1}))) == found


def test_an_input_without_its_value_is_refused_and_nothing_is_invented(tmp_path: Path) -> None:
    block = core(WORKED[1:])
    del block["tx"][0]["vin"][0]["prevout"]  # type: ignore[index]
    settings = loaded(tmp_path, "core", json.dumps(block))
    assert rows(settings) == []
    assert {row[0] for row in ask(settings, "SELECT reason FROM raw.rejects", is_build=True)} == {
        "inputs_without_values"
    }


def test_a_transaction_without_outputs_is_refused_and_its_inputs_are_not_taken_for_fees(tmp_path: Path) -> None:
    txs: list[BitcoinTx] = [([(A, 1)], []), ([], []), *WORKED[1:]]
    for form, text in (("core", json.dumps(core(txs))), ("etl", "\n".join(map(json.dumps, etl(txs))))):
        settings = loaded(tmp_path, form, text)
        assert {row[0] for row in rows(settings)} == {"8000000002"}
        assert ask(settings, "SELECT reason, count(*) FROM raw.rejects GROUP BY ALL", is_build=True) == [
            ("missing_column_value", 2)
        ]


def test_scripts_have_the_addresses_that_wallets_show() -> None:
    genesis = (
        "4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61de"
        "b649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac"
    )
    assert script_address(genesis) == "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    assert script_address("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac") == "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    assert (
        script_address("0014751e76e8199196d454941c45d1b3a323f1433bd6") == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    )
    assert (
        script_address("512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
        == "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"
    )
    assert script_address("6a0548656c6c6f") is script_address("zz") is script_address(None) is None


AMOUNTS = st.lists(st.tuples(st.sampled_from([A, B, C, D]), st.integers(1, 10**14)), min_size=1, max_size=5)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=8))
@budget(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_goes_in_comes_out_to_the_satoshi(tmp_path_factory: object, drawn: list[BitcoinTx]) -> None:
    txs = []
    for ins, outs in drawn:
        total = sum(sat for _, sat in ins)
        shares = sum(sat for _, sat in outs)
        scaled = [(a, sat * total // shares) for a, sat in outs if sat * total // shares]
        txs.append((ins, scaled or [(outs[0][0], total)]))
    folder = tmp_path_factory.mktemp("btc")  # type: ignore[attr-defined]
    found = rows(loaded(folder, "etl", "\n".join(map(json.dumps, etl(txs)))))
    assert found == rows(loaded(folder, "core", json.dumps(core(txs)))) or any(
        sat > 10**13 for ins, _ in txs for _, sat in ins
    )
    for n, tx in enumerate(txs):
        own = [(*row[2:4], int(str(row[4]))) for row in found if row[0] == f"800000{n:04x}"]
        assert nets_of(own) == nets(tx)
        assert {a for a, _, _ in own} & {b for _, b, _ in own} == set()
        assert all(sat > 0 for *_, sat in own)
        assert len({(a, b) for a, b, _ in own}) == len(own)
        payers = -sum(sat for sat in nets(tx).values() if sat < 0)
        for payer, receiver, sat in own:
            fair = Fraction(-nets(tx)[str(payer)] * nets(tx)[str(receiver)], payers or 1)
            assert abs(sat - fair) <= len(nets(tx)), "in proportion, but for what rounding left"
    assert len({row[:2] for row in found}) == len(found)


def nets(tx: BitcoinTx) -> dict[str, int]:
    """Outputs less inputs of each address that are not nothing, the fee among them."""
    ins, outs = tx
    net = Counter({"fees": sum(sat for _, sat in ins) - sum(sat for _, sat in outs)})
    for signed, side in ((1, outs), (-1, ins)):
        for a, sat in side:
            net[a] += signed * sat
    return {a: sat for a, sat in net.items() if sat}


def nets_of(transfers: Iterable[tuple[object, object, int]]) -> dict[str, int]:
    """What each address got less what it gave."""
    net: Counter[str] = Counter()
    for payer, receiver, sat in transfers:
        net[str(payer)] -= sat
        net[str(receiver)] += sat
    return {a: sat for a, sat in net.items() if sat}


def test_of_several_signers_only_net_payers_pay(tmp_path: Path) -> None:
    """A puts in more than comes back; B gets back more than it put in, as in a payment from B's own wallet to B."""
    txs: list[BitcoinTx] = [
        ([(A, 100), (B, 50)], [(B, 80), (A, 10), (C, 50), (C, 5)]),
        ([(A, 7), (B, 7), (D, 7)], [(C, 20)]),
        ([(A, 9)], [(A, 9)]),
    ]
    found = rows(loaded(tmp_path, "etl", "\n".join(map(json.dumps, etl(txs)))))
    assert [row[2:] for row in found if row[0] == "8000000000"] == [
        (A, B, 30), (A, C, 55), (A, "fees", 5),
    ]  # fmt: skip
    assert [row[2:] for row in found if row[0] == "8000000001"] == [
        (A, C, 7), (B, C, 7), (D, C, 6), (D, "fees", 1),
    ]  # fmt: skip
    assert {row[0] for row in found} == {"8000000000", "8000000001"}, "nothing moves in the third"


def test_a_transaction_that_pays_out_more_than_it_takes_in_is_refused_whole(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "etl", "\n".join(map(json.dumps, etl([([(A, 5)], [(B, 6)]), *WORKED]))))
    assert {row[0] for row in rows(settings)} == {"8000000001", "8000000002"}
    assert ask(settings, "SELECT reason, count(*) FROM raw.rejects GROUP BY ALL", is_build=True) == [
        ("negative_amount", 1)
    ]


def test_files_of_an_earlier_reading_are_read_again_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bitcoin, "VERSION", "1")
    settings = loaded(tmp_path, "etl", "\n".join(map(json.dumps, etl(WORKED))))
    monkeypatch.undo()
    again = [load_only(settings, tmp_path / "etl").files[0].status for _ in range(2)]
    assert again == ["loaded", "known"]
