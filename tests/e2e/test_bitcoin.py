"""Bitcoin transactions as transfers: exact to the satoshi, with fees and coinbase, without change, in both formats."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.labels.checksums import script_address
from flow_pipeline.settings import Settings, load_settings
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
        (A, C, 250),
        (A, "fees", 13),
        (B, C, 83),
        (B, "fees", 4),
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
    for n, (ins, outs) in enumerate(txs):
        own = [row for row in found if row[0] == f"800000{n:04x}"]
        put = {a for a, _ in ins}
        moved = sum(int(str(row[4])) for row in own)
        change = sum(sat for a, sat in outs if a in put)
        assert moved + change == sum(sat for _, sat in ins)
        for address in {a for a, _ in outs} - put:
            assert sum(int(str(row[4])) for row in own if row[3] == address) == sum(
                sat for a, sat in outs if a == address
            )
        assert all(int(str(row[4])) > 0 for row in own)
        assert len({row[1] for row in own}) == len(own)
