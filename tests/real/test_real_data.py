"""Real files: the LPT study, the Polygon bridge, two exploits, early Ethereum, open labels."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from flow_pipeline.domain.windows import Window
from flow_pipeline.labels import read_label_set
from flow_pipeline.questions.verify import verify
from flow_pipeline.reports.report import write_report
from flow_pipeline.settings import LabelSettings, Settings, load_settings
from flow_pipeline.warehouse.store import open_published
from tests.benchmark.amlsim import measure
from tests.conftest import ask, build, load_only

pytestmark = pytest.mark.real


def copy_into(folder: Path, *files: Path) -> Path:
    folder.mkdir()
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_lpt_has_198_transfers_with_and_without_the_overlapping_file(
    settings: Settings, real: Path, tmp_path: Path
) -> None:
    main = real / "lpt_study" / "raw" / "lpt_transfers_binance_hotwallet20.csv"
    load_only(settings, copy_into(tmp_path / "one", main))
    assert ask(settings, "SELECT count(*) FROM raw.transfers", is_build=True) == [(198,)]
    load_only(settings, real / "lpt_study" / "raw")
    assert ask(settings, "SELECT count(*) FROM raw.transfers", is_build=True) == [(198,)]


def test_lpt_window_reproduces_the_studys_wallet_scores(settings: Settings, real: Path) -> None:
    build(settings, real / "lpt_study" / "raw", Window.parse("2025-05-01", "2025-06-05"))
    assert ask(settings, "SELECT min(block_date) >= DATE '2025-05-01' FROM raw.transfers") == [(True,)]
    found = {
        str(row[0]): row[1:]
        for row in ask(
            settings,
            """
            SELECT block_date, inflow::DOUBLE, outflow::DOUBLE, netflow::DOUBLE, inclusive_mean, inclusive_std,
                   z_inclusive FROM detection.netflow_scores
            WHERE scope_type = 'wallet' AND scope = '0xf977814e90da44bfa03b6295a0616a897441acec'""",
        )
    }
    with (real / "lpt_study" / "published" / "topk_netflow_by_exchange.csv").open() as handle:
        published = [row for row in csv.DictReader(handle) if row["exchange"] == "binance20"]
    assert len(published) == 7
    for row in published:
        for name, value in zip(
            ("inflow", "outflow", "netflow", "roll_mean", "roll_std", "zscore"), found[row["date"]], strict=True
        ):
            if row[name]:
                assert value == pytest.approx(float(row[name]), rel=1e-9, abs=1e-9), (row["date"], name)
            else:
                assert value is None


def test_the_report_has_the_studys_days_by_wallet(settings: Settings, real: Path) -> None:
    build(settings, real / "lpt_study" / "raw", Window.parse("2025-05-01", "2025-06-05"))
    folder = write_report(settings, "weekly")[-1]
    with (folder / "topk_netflow_by_wallet.csv").open() as handle:
        found = {
            row["date"]: row
            for row in csv.DictReader(handle)
            if row["wallet"] == "0xf977814e90da44bfa03b6295a0616a897441acec"
        }
    with (real / "lpt_study" / "published" / "topk_netflow_by_exchange.csv").open() as handle:
        published = [row for row in csv.DictReader(handle) if row["exchange"] == "binance20" and row["zscore"]]
    assert len(published) >= 5
    for row in published:
        for name in ("inflow", "outflow", "netflow", "roll_mean", "roll_std", "zscore"):
            assert float(found[row["date"]][name]) == pytest.approx(float(row[name]), rel=1e-9, abs=1e-9), (
                row["date"],
                name,
            )


def test_the_studys_wallet_has_eight_rare_days_and_few_are_told(settings: Settings, real: Path) -> None:
    build(settings, real / "lpt_study" / "raw")
    rare = ask(
        settings,
        "SELECT count(*) FROM detection.netflow_anomalies WHERE scope = '0xf977814e90da44bfa03b6295a0616a897441acec'",
    )
    assert rare == [(8,)], "77 by the z-scores of a week"
    told = ask(settings, "SELECT rule, block_date::VARCHAR FROM ops.alerts WHERE change <> 'withdrawn' ORDER BY ALL")
    assert len(told) <= 10
    assert [row for row in told if row[0] in ("netflow_anomaly", "outflow_surge")] == [
        ("netflow_anomaly", "2022-07-29"),
        ("netflow_anomaly", "2024-09-19"),
        ("outflow_surge", "2022-07-29"),
        ("outflow_surge", "2024-09-19"),
        ("outflow_surge", "2024-12-29"),
    ]


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    from tests.conftest import REAL

    if not REAL.is_dir():
        pytest.skip(f"no real data at {REAL}")
    settings = load_settings(tmp_path_factory.mktemp("bridge"))
    load_only(settings, REAL / "bridge_polygon")
    return settings


def counts(settings: Settings, name: str) -> tuple[object, ...]:
    return ask(
        settings,
        "SELECT rows_read, rows_loaded, rows_duplicate, rows_rejected, is_truncation_suspected FROM raw.loads "
        f"WHERE source_file LIKE '%/{name}'",
        is_build=True,
    )[0]


def test_bridge_is_exact_to_the_base_unit(bridge: Settings) -> None:
    bridge_address = "0x40ec5b33f54e0e8a33a975908c5ba1c14e5bbbdf"
    rows = ask(
        bridge,
        "SELECT count(*), count(DISTINCT token_address) FROM raw.transfers "
        f"WHERE '{bridge_address}' IN (from_address, to_address)",
        is_build=True,
    )
    assert rows == [(10_000, 231)]
    usdc = ask(
        bridge,
        f"SELECT sum(amount) FROM raw.transfers WHERE to_address = '{bridge_address}' AND token_symbol = 'USDC'",
        is_build=True,
    )
    assert usdc == [(Decimal("182628133.106067"),)]


def test_bridge_exports_overlap_without_adding(bridge: Settings) -> None:
    export = "export-address-token-0x40ec5b33f54e0e8a33a975908c5ba1c14e5bbbdf.csv"
    assert counts(bridge, export) == (1_418, 0, 1_418, 0, False)
    assert counts(bridge, "posbridge.csv.gz")[0::4] == (10_000, True)
    loaded = ask(
        bridge,
        "SELECT sum(rows_loaded) FROM raw.loads "
        "WHERE source_file LIKE '%/posbridge%' OR source_file LIKE '%/maticbridge%'",
        is_build=True,
    )
    assert loaded == [(10_000,)]


def test_bridge_without_decimals_is_rejected_row_by_row(bridge: Settings) -> None:
    assert counts(bridge, "evoDeFiPolygon.csv.gz") == (9_168, 0, 0, 9_168, False)
    assert ask(bridge, "SELECT DISTINCT reason FROM raw.rejects", is_build=True) == [("unknown_decimals",)]


def test_exploits_have_their_transactions_and_only_moving_ones_as_transfers(settings: Settings, real: Path) -> None:
    build(settings, real / "exploits")
    assert ask(settings, "SELECT count(*), count(*) FILTER (WHERE value > 0) FROM raw.transactions") == [(654, 288)]
    assert ask(
        settings,
        "SELECT count(*) FROM raw.transfers "
        "WHERE tx_hash IN (SELECT tx_hash FROM raw.transactions WHERE NOT is_success)",
    ) == [(0,)]
    assert ask(settings, "SELECT count(*), min(token_symbol), max(token_symbol) FROM raw.transfers") == [
        (288, "ETH", "ETH")
    ]
    assert ask(
        settings, "SELECT count(*) > 0 FROM marts.fct_transfers WHERE from_category IN ('exploit', 'sanctioned')"
    ) == [(True,)]


def test_early_ethereum_keeps_wei_and_marks_missing_status(settings: Settings, real: Path) -> None:
    build(settings, real / "eth_raphtory")
    assert ask(settings, "SELECT count(*), count(is_success) FROM raw.transactions") == [(20_198, 0)]
    largest = ask(settings, "SELECT max(amount) FROM raw.transfers WHERE token_symbol = 'ETH'")[0][0]
    assert isinstance(largest, Decimal)
    rows = ask(settings, "SELECT count(*) FROM raw.transfers WHERE tx_hash IS NULL")
    assert rows == [(99,)]


def test_open_labels_load_and_bad_ones_are_refused_by_line(settings: Settings, real: Path, tmp_path: Path) -> None:
    path = real / "labels" / "labels_open.csv.gz"
    plain = tmp_path / "labels_open.csv"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    found = read_label_set(plain, LabelSettings())
    assert (found.read, len(found.rows) + found.duplicates + len(found.rejects)) == (31_576, 31_576)
    assert {reject[1] for reject in found.rejects} == {"bad_checksum", "bad_label"}
    assert all(row[4] == "burn" for row in found.rows if row[1] == "0x" + "0" * 40)
    build(settings.with_changes(labels={"files": (path,)}), real / "lpt_study" / "raw")
    assert ask(settings, "SELECT count(*) > 20000 FROM marts.dim_address_labels") == [(True,)]
    conflict = (
        "SELECT count(DISTINCT entity) > 1 FROM marts.dim_address_labels "
        "WHERE address = '0x72a53cdbbcc1b9efa39c834a540550e23463aacb'"
    )
    assert ask(settings, conflict) == [(True,)]


RONIN = "0x098b716b8aaf21512996dc57eb0615e2383e2f96"


def test_the_exploits_yield_findings_that_the_files_themselves_confirm(settings: Settings, real: Path) -> None:
    build(settings, real / "exploits")
    with open_published(settings) as connection:
        assert all(not proof.differences for proof in verify(connection, (), True))
    with (real / "exploits" / "ronin_bridge_hack.csv").open() as handle:
        raw = [
            (int(row["timeStamp"]), row["from"], row["to"], Decimal(row["value"]) / 10**18, row["hash"])
            for row in csv.DictReader(handle)
            if row["isError"] == "0" and int(row["value"])
        ]
    # 1 ETH for gas and 3,364 back is no circle of one money.
    assert ask(settings, "SELECT count(*) FROM detection.findings WHERE typology = 'circular'") == [(0,)]
    (largest,) = ask(
        settings,
        "SELECT tx_hash, amount, judged_by FROM detection.findings JOIN detection.finding_transfers USING (finding_id) "
        f"WHERE typology = 'large_transfer' AND focus_address = '{RONIN}' ORDER BY amount DESC LIMIT 1",
    )
    assert (largest[0], largest[1]) == max(((row[4], row[3]) for row in raw if row[1] == RONIN), key=lambda row: row[1])
    assert largest[2] == "profile", "rare beside the reference traffic, whoever it touches"
    (fan,) = ask(
        settings,
        "SELECT judged_by, gross_amount, epoch(first_timestamp), epoch(last_timestamp) FROM detection.findings "
        "WHERE typology = 'fan_out'",
    )
    paid = [row for row in raw if row[1] == RONIN and fan[2] <= row[0] <= fan[3]]  # type: ignore[operator]
    assert (fan[0], fan[1], len(paid), len({row[2] for row in paid})) == ("label", sum(row[3] for row in paid), 5, 5)


@pytest.mark.parametrize(("world", "alerts"), [("eth_raphtory", 30), ("bridge_polygon", 30), ("lpt_study/raw", 10)])
def test_few_ordinary_transfers_are_suspicious(settings: Settings, real: Path, world: str, alerts: int) -> None:
    build(settings, real / world)
    ((suspicious,),) = ask(settings, "SELECT count(*) FROM detection.findings WHERE is_suspicious")
    ((transfers,),) = ask(settings, "SELECT count(*) FROM raw.transfers")
    ((told,),) = ask(settings, "SELECT count(*) FROM ops.alerts WHERE rule <> 'data_quality'")
    assert 1_000 * int(str(suspicious)) <= int(str(transfers))
    assert int(str(told)) <= alerts


def test_amlsim_cycles_without_amounts(real: Path, tmp_path: Path) -> None:
    found = measure(real / "amlsim_ibm" / "20K_cycle200.tgz", "circular", "day", {}, tmp_path)
    assert found["rows"] == found["lines"] == 117_805
    # Circles of which each hop carries on what came are few among amounts drawn at random.
    assert found["all"].precision > 2 * found["degree"].precision  # type: ignore[union-attr]
    assert found["all"].found > 0  # type: ignore[union-attr]


def test_early_bitcoin_blocks_balance_and_show_the_first_spends(settings: Settings, real: Path) -> None:
    build(settings, real / "btc_blocks_btcd")
    assert ask(settings, "SELECT format, rows_read, rows_loaded FROM raw.loads WHERE format NOT IN ('labels')") == [
        ("bitcoin", 262, 262)
    ]
    with (real / "btc_blocks_btcd" / "blocks_1_256_io.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    nets: Counter[tuple[str, str]] = Counter()
    for row in rows:
        nets[row["txid"], row["address"]] += int(row["value_sat"]) * (1 if row["side"] == "out" else -1)
        if row["side"] == "out" and row["coinbase"] == "1":
            nets[row["txid"], "coinbase"] -= int(row["value_sat"])
    moved: Counter[tuple[str, str]] = Counter()
    for tx_hash, payer, receiver, amount in ask(
        settings, "SELECT tx_hash, from_address, to_address, (amount * 100000000)::BIGINT FROM raw.transfers"
    ):
        moved[str(tx_hash), str(payer)] -= int(str(amount))
        moved[str(tx_hash), str(receiver)] += int(str(amount))
    assert moved == {key: sat for key, sat in nets.items() if sat}
    assert ask(settings, "SELECT count(*) FROM raw.transfers WHERE to_address = 'fees'") == [(0,)], (
        "nobody paid a fee then"
    )
    spends = ask(
        settings,
        "SELECT block_number, from_address[:5], to_address[:5], amount::INTEGER FROM raw.transfers "
        "WHERE from_address <> 'coinbase' ORDER BY 1 LIMIT 3",
    )
    assert spends == [(170, "12cbQ", "1Q2TW", 10), (181, "12cbQ", "1DUDs", 10), (182, "12cbQ", "1LzBz", 1)]


def test_the_first_spends_are_flows_between_groups(settings: Settings, real: Path, tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text(
        "satoshi: {type: MINER, addresses: [12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S]}\n"
        "last: {type: OTHER, addresses: [15NUwyBYrZcnUgTagsm1A7M2yL2GntpuaZ]}\n"
    )
    build(settings.with_changes(tracing={"groups": tmp_path / "g.yaml"}), real / "btc_blocks_btcd")
    ((amount, hops, confidence, path),) = ask(
        settings, "SELECT amount, hop_count, confidence, path FROM detection.group_flows"
    )
    assert (amount, hops, confidence) == (1, 2, 0.85)
    assert [str(address)[:5] for address in path] == ["12cbQ", "13Hts", "15NUw"]  # type: ignore[attr-defined]


def test_the_predefined_groups_load_and_their_invalid_addresses_are_refused_by_name(
    settings: Settings, real: Path
) -> None:
    build(
        settings.with_changes(tracing={"groups": real / "address_groups_easylayer" / "predefined_groups.json"}),
        real / "btc_blocks_btcd",
    )
    refused = " ".join(str(row[0]) for row in ask(settings, "SELECT message FROM raw.rejects"))
    for bad in (
        "1MixerAddr1ExampleOnly123456789ABC",
        "1MixerAddr2ExampleOnly987654321DEF",
        "1SilkRoadExampleAddr123456789XYZ",
    ):
        assert bad in refused
    assert ask(
        settings,
        "SELECT group_id, type, risk_level, is_destination FROM detection.groups WHERE origin = 'file' ORDER BY 1",
    ) == [
        ("binance-hot-wallets", "EXCHANGE", "LOW", True),
        ("silk-road-wallets", "BLACKLIST", "CRITICAL", False),
        ("suspicious-mixers", "MIXER", "HIGH", True),
    ]
    assert "suspicious-mixers has no usable address" in str(
        ask(settings, "SELECT note FROM raw.loads WHERE format = 'groups'")
    )


def all_features_are_finite(settings: Settings) -> int:
    """Rows of marts.fct_wallet_features, every number of which is finite."""
    names = [row[0] for row in ask(settings, "DESCRIBE marts.fct_wallet_features") if row[1] in ("DOUBLE", "FLOAT")]
    bad = " OR ".join(f"NOT isfinite({name})" for name in names)
    rows = ask(settings, f"SELECT count(*), count(*) FILTER (WHERE {bad}) FROM marts.fct_wallet_features")
    assert rows[0][1] == 0
    return int(rows[0][0])


def test_success_of_the_exploit_wallets_as_counted_by_hand(settings: Settings, real: Path) -> None:
    build(settings, real / "exploits")
    assert all_features_are_finite(settings) > 100
    sent: dict[str, dict[str, bool]] = {}
    for name in ("ronin_bridge_hack.csv", "wormhole_bridge_hack.csv"):
        with (real / "exploits" / name).open() as handle:
            for row in csv.DictReader(handle):
                sent.setdefault(row["from"].lower(), {})[row["hash"].lower()] = (
                    row["isError"] == "0" and row["txreceipt_status"] != "0"
                )
    told = {
        wallet: (rate, count)
        for wallet, rate, count in ask(
            settings,
            "SELECT a.address, sum(d.success_count) / sum(d.status_count), sum(d.tx_count) FROM store.wallet_days d "
            "JOIN store.wallets USING (wallet_id) JOIN store.addresses a USING (address_id) GROUP BY 1",
        )
    }
    assert {wallet: (sum(ok.values()) / len(ok), len(ok)) for wallet, ok in sent.items()} == {
        wallet: (float(rate), int(count)) for wallet, (rate, count) in told.items()
    }
    thief = "0x098b716b8aaf21512996dc57eb0615e2383e2f96"
    assert told[thief] == (1.0, 38)


def test_early_ethereum_wallets_are_described_without_status_or_prices(settings: Settings, real: Path) -> None:
    build(settings, real / "eth_raphtory")
    assert all_features_are_finite(settings) > 3_000
    senders = ask(settings, "SELECT count(DISTINCT from_address) FROM raw.transactions")
    assert senders == ask(settings, "SELECT count(DISTINCT wallet) FROM marts.fct_wallet_features") == [(6_130,)]
    assert ask(
        settings,
        "SELECT count(success_rate), count(volume_usd), count(gas_efficiency) > 0 FROM marts.fct_wallet_features",
    ) == [(0, 0, True)]
    busiest = ask(
        settings,
        "SELECT wallet, tx_count FROM marts.fct_wallet_features WHERE window_days = 7 ORDER BY tx_count DESC LIMIT 1",
    )[0]
    by_hand = ask(
        settings, f"SELECT from_address, count(*) FROM raw.transactions WHERE from_address = '{busiest[0]}' GROUP BY 1"
    )
    assert busiest == by_hand[0]
    assert ask(
        settings, "SELECT count(*) FROM detection.smart_money_wallets WHERE is_smart OR category = 'mev_bot'"
    ) == [(0,)]
