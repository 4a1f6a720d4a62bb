"""Docs = code = schema: every plug, every table, every verb."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from flow_pipeline.alerts.kinds import alert_kinds
from flow_pipeline.cli.settings import explained
from flow_pipeline.detectors import discover as detectors
from flow_pipeline.detectors.typology import Parameters, Past, Typology, typologies
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.plugs import check_plug
from flow_pipeline.domain.tables import ALL_TABLES, STORE_TABLES, USER_TABLES
from flow_pipeline.domain.vocabulary import DESTINATION_CLASSES, FLOW_TYPES, LABEL_CATEGORIES, REJECT_REASONS
from flow_pipeline.labels import PACKS, read_label_set
from flow_pipeline.quality import STAGES, suite
from flow_pipeline.questions.saved import saved
from flow_pipeline.reports.cards import typology_cards
from flow_pipeline.reports.dictionary import data_dictionary
from flow_pipeline.reports.readable import readable
from flow_pipeline.scoring.risk import WEIGHTS
from flow_pipeline.settings import AnomalySettings, LabelSettings, Settings, load_settings
from flow_pipeline.sources import discover as sources
from flow_pipeline.warehouse import dbt
from flow_pipeline.warehouse.store import build_trouble, open_build
from tests.conftest import ROOT, U, V, ask, build, load_only, transfer, write_csv


@pytest.mark.parametrize("name", sorted(sources()))
def test_every_source_recognises_and_loads_its_own_example(name: str, settings: Settings, tmp_path: Path) -> None:
    file, content = sources()[name].EXAMPLE
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / file).write_bytes(content)
    given = settings.with_changes(sources={"time_unit": "day", "epoch": "2025-01-01"})
    report = load_only(given, tmp_path / "in").files[0]
    assert (report.status, report.format) == ("loaded", name)
    assert report.rows_read == report.rows_loaded >= 1


@pytest.mark.parametrize("path", sorted(PACKS.glob("*.csv")), ids=lambda path: path.stem)
def test_every_label_pack_loads_whole_and_names_its_sources(path: Path) -> None:
    found = read_label_set(path, LabelSettings())
    assert (found.rejects, found.duplicates) == ([], 0)
    assert found.read == len(found.rows) > 0
    assert all(row[9] and row[9] != path.name for row in found.rows)
    assert {row[4] for row in found.rows} <= set(LABEL_CATEGORIES)


def test_the_packs_hold_the_wallets_of_the_lpt_study_and_the_indonesian_exchanges() -> None:
    rows = [row for path in PACKS.glob("*.csv") for row in read_label_set(path, LabelSettings()).rows]
    study = {
        "binance20",
        "binance14",
        "binance15",
        "binance16",
        "binance93",
        "kraken_cold1",
        "kraken_cold2",
        "coinbase10",
        "gate1",
        "bitvavo_hot3",
        "htx_safe60",
        "mexC16",
        "revolut3",
    }
    assert study <= {row[5] for row in rows}
    assert {"Indodax", "Pintu", "Tokocrypto", "Rekeningku"} <= {row[2] for row in rows if row[6] == ["ID"]}


def test_every_table_of_the_contract_exists_as_described(settings: Settings) -> None:
    with open_build(settings) as connection:
        for table in ALL_TABLES:
            columns = connection.execute(f"DESCRIBE {table.relation}").fetchall()
            assert [(row[0], re.sub(r",\s*", ", ", row[1])) for row in columns] == [
                (column.name, column.type) for column in table.columns
            ], table.relation


def test_a_build_file_with_other_columns_is_refused_by_name(settings: Settings) -> None:
    with open_build(settings) as connection:
        # one that a view reads
        connection.execute("ALTER TABLE store.transfers DROP COLUMN tx_hash")
        connection.execute("DELETE FROM store.state WHERE key = 'tables'")
    with (
        pytest.raises(FlowError, match=r"store\.transfers of the build file has other columns .*: load_id, "),
        open_build(settings),
    ):
        pass
    trouble = build_trouble(settings)
    assert trouble
    assert "store.transfers of the build file has other columns" in trouble.message


def test_every_description_says_more_than_its_name() -> None:
    described = [
        (f"{table.relation}.{column.name}", column.name, column.meaning)
        for table in USER_TABLES + STORE_TABLES
        for column in table.columns
    ]
    for model in dbt.described_models():
        assert model["description"].startswith("One row per "), model["name"]
        described += [
            (f"{model['name']}.{column['name']}", column["name"], column["description"]) for column in model["columns"]
        ]
    for table in USER_TABLES + STORE_TABLES:
        assert table.description.startswith("One row per "), table.relation
    for where, name, meaning in described:
        assert len(meaning) > 3, where
        assert re.sub(r"[^a-z]", "", meaning.lower()) != re.sub(r"[^a-z]", "", name), where


def test_amounts_are_not_compressed(settings: Settings) -> None:
    with open_build(settings) as connection:
        amounts = "select block_timestamp: timestamp '2025-05-01', amount: (n % 9)::decimal(38, 18)"
        connection.execute(f"insert into store.address_transfers by name {amounts} from range(200_000) as r (n)")
        connection.execute("force checkpoint")
        found = connection.execute(
            "select distinct compression from pragma_storage_info('store.address_transfers') "
            "where segment_type <> 'VALIDITY' and column_name = 'amount'"
        ).fetchall()
    assert found == [("Uncompressed",)]


def test_sources_of_dbt_are_tables_of_the_contract() -> None:
    declared = yaml.safe_load((dbt.PROJECT / "models" / "staging" / "_sources.yml").read_text())["sources"]
    assert {f"{s['schema']}.{t['name']}": t["description"] for s in declared for t in s["tables"]} == {
        table.relation: table.description for table in ALL_TABLES if table.schema in ("store", "raw")
    }


def test_the_data_dictionary_is_up_to_date() -> None:
    assert (ROOT / "docs" / "data-dictionary.md").read_text() == data_dictionary(), "run `make docs`"


def test_the_cards_are_up_to_date() -> None:
    measured = json.loads((ROOT / "docs" / "measured-typologies.json").read_text())
    assert (ROOT / "docs" / "typologies.md").read_text() == typology_cards(measured), "run `make docs`"


def test_the_kinds_of_alert_are_up_to_date() -> None:
    assert (ROOT / "docs" / "alerts.md").read_text() == alert_kinds(), "run `make docs`"


def test_the_page_of_formats_is_up_to_date() -> None:
    assert (ROOT / "docs" / "reading.md").read_text() == readable(), "run `make docs`"


def test_the_closed_lists_are_complete(settings: Settings, tmp_path: Path) -> None:
    macro = (dbt.PROJECT / "macros" / "words.sql").read_text()
    words = set(re.findall(r"'([a-z_]+)'", macro))
    assert set(FLOW_TYPES) - {"exchange"} <= words
    assert set(DESTINATION_CLASSES) <= words
    files = [path for pattern in ("*.py", "sql/*.sql") for path in (ROOT / "flow_pipeline").rglob(pattern)]
    code = "".join(path.read_text() for path in files if path.name != "vocabulary.py")
    assert [reason for reason in REJECT_REASONS if reason not in code] == []


def test_every_setting_has_a_reason() -> None:
    for key, _, _, _, reason in explained(load_settings()):
        assert len(reason or "") > 20, key


def test_every_detector_writes_tables_of_the_contract() -> None:
    names = {table.name for table in USER_TABLES if table.schema == "detection"}
    on_the_graph = {
        "findings",
        "finding_transfers",
        "finding_addresses",
        "risk_components",
        "address_risk",
        "cluster_analysis",
    }
    on_the_graph |= {
        "groups",
        "group_members",
        "group_flows",
        "group_flow_transfers",
        "group_flow_summaries",
        "active_flows",
        "address_clusters",
    }
    on_the_graph |= {"mev_events", "smart_money_wallets", "smart_money_history", "smart_money_drift"}
    own = {name for detector in detectors().values() for name in detector.WRITES}
    assert own | on_the_graph | {"daily_findings"} == names


def test_every_daily_detector_is_whole() -> None:
    for name, detector in detectors().items():
        assert name == detector.NAME == detector.__name__.rpartition(".")[2]
        assert name not in AnomalySettings.model_fields, "its section would hide a setting"
        assert detector.VERSION
        assert len(detector.SAYS.split()) > 4, name
        assert detector.SAYS.endswith("."), name


def test_every_typology_is_whole() -> None:
    for name, detector in typologies().items():
        file = f"flow_pipeline/detectors/{name}.py"
        check_plug(detector, "typology", Typology)
        assert detector.VERSION, f"{file}: VERSION is empty"
        assert detector.COMPONENT in WEIGHTS, f"{file}: COMPONENT is not one of {', '.join(WEIGHTS)} (scoring/risk.py)"
        for part in fields(detector.CARD):
            assert len(getattr(detector.CARD, part.name)) > 5, f"{file}: CARD.{part.name} says nothing"
        assert issubclass(detector.Parameters, Parameters), f"{file}: Parameters is not one of detectors/typology.py"
        for key, field in detector.Parameters.model_fields.items():
            assert len(field.description or "") > 10, f"{file}: Parameters.{key} has no reason"
        past = detector.past(detector.Parameters(), load_settings().typologies)
        assert isinstance(past, Past), f"{file}: past gives no Past"


def test_every_expectation_has_a_name_of_its_own_and_says_something() -> None:
    names = [(stage, item.name) for stage in STAGES for item in suite(stage, load_settings().quality)]
    assert len(names) == len(set(names))
    assert all(len(item.says) > 10 for stage in STAGES for item in suite(stage, load_settings().quality))


def test_readme_commands_and_help_examples_are_real(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])
    build(settings, tmp_path / "in")
    verbs = {path.stem.replace("_", "-") for path in (ROOT / "flow_pipeline" / "cli").glob("*.py")} - {
        "__init__",
        "common",
    }
    readme = (ROOT / "README.md").read_text()
    named = set(re.findall(r"netraflow (?:--data-dir \S+ )?([a-z][a-z-]*)", readme)) - {"warehouse"}
    assert named <= verbs, named - verbs
    for query in re.findall(r'netraflow sql "([^"]+)"', readme):
        assert ask(settings, query) is not None
    names = re.findall(r"--saved (\w+)", readme)
    assert {saved(name).name for name in names} == set(names)
    assert len(names) > 10


def test_imports_point_down_the_house() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
