"""What pages and the API ask of an entity, a transaction and an address, on a small world and on the sample's words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.addresses import clears_risk, profile
from flow_pipeline.questions.entities import entities, entity, entity_addresses, entity_days
from flow_pipeline.questions.findings import clears, findings, one_finding
from flow_pipeline.questions.history import history
from flow_pipeline.questions.places import place_of
from flow_pipeline.questions.transactions import transaction
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.store import open_published
from tests.conftest import build, label_file, transfer, write_csv
from tests.worlds import address

HOT, COLD, RIVAL, ANNA, BERT, MIXER = map(address, ("hot", "cold", "rival", "anna", "bert", "mixer"))
ROWS = [
    transfer(1, ANNA, HOT, "3.5", at="2025-05-01T10:00:00Z"),
    transfer(2, HOT, COLD, 1, at="2025-05-01T11:00:00Z"),
    transfer(3, HOT, RIVAL, 2, at="2025-05-02T11:00:00Z"),
    transfer(4, MIXER, ANNA, 10, at="2025-04-30T23:00:00Z"),
    transfer(4, ANNA, BERT, 4, at="2025-04-30T23:00:00Z", index=7),
    transfer(4, ANNA, BERT, 7, at="2025-04-30T23:00:00Z", index=3, symbol="XYZ"),
    transfer(5, BERT, ANNA, 1, at="2025-05-02T09:00:00Z"),
    transfer(6, BERT, ANNA, 0, at="2025-05-03T09:00:00Z"),
    transfer(7, ANNA, ANNA, 9, at="2025-05-03T09:00:00Z"),
    transfer(8, BERT, ANNA, 5, at="2025-05-04T09:00:00Z", chain="polygon"),
]
LABELS = [
    ["ethereum", HOT, "Desk", "exchange", "hot 1", 0.9, "a test", "2020-01-01", "ID"],
    ["ethereum", COLD, "Desk", "exchange", "cold", 0.8, "another", "2020-01-01", "SG"],
    ["ethereum", RIVAL, "Rival", "exchange", "hot", 0.9, "a test", "2020-01-01", ""],
    ["ethereum", MIXER, "Blender", "mixer", "pool", 0.9, "a test", "2020-01-01", ""],
    ["*", BERT, "Bert", "whale", "x", 0.5, "a test", "2020-01-01", ""],
    ["ethereum", BERT, "Bertha", "fund", "y", 0.4, "another", "2020-01-01", ""],
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("profiles")
    write_csv(folder / "in" / "t.csv", ROWS)
    prices = folder / "prices.csv"
    prices.write_text("date,token,usd\n" + "".join(f"2025-0{day},ETH,100\n" for day in ("4-30", "5-01", "5-02")))
    settings = load_settings(folder / "data").with_changes(
        labels={"files": (label_file(folder / "l.csv", LABELS),)}, sources={"prices": prices}
    )
    build(settings, folder / "in")
    return settings


def about(world: Settings, one: str, chain: str = "ethereum") -> dict[str, Any]:
    with open_published(world) as connection:
        return profile(connection, chain, place_of(connection, chain, one))


def test_entities_come_by_traffic_a_page_at_a_time(world: Settings) -> None:
    with open_published(world) as connection:
        every = entities(connection, 100)
        assert [row["rank"] for row in every] == list(range(1, len(every) + 1))
        pages = [row for after in range(0, len(every), 2) for row in entities(connection, 2, after)]
        assert pages == list(every)
        desk = next(row for row in every if row["entity"] == "Desk")
        assert (desk["addresses"], desk["transfers_in"], desk["transfers_out"]) == (2, 1, 1), "internal moves are none"
        assert (desk["usd_in"], desk["usd_out"]) == (Decimal(350), Decimal(200))
        assert {row["chain"] for row in every if row["entity"] == "Bert"} == {"ethereum", "polygon"}
        assert {row["entity"] for row in entities(connection, 9, category="mixer")} == {"Blender"}
        assert {row["entity"] for row in entities(connection, 9, chain="matic")} == {"Bert"}
        with pytest.raises(UsageError, match="no category"):
            entities(connection, 9, category="bank")
        with pytest.raises(UsageError, match="no transfer of the chain"):
            entities(connection, 9, chain="tron")


def test_an_entity_with_its_labels_tokens_counterparts_and_addresses(world: Settings) -> None:
    with open_published(world) as connection:
        desk = entity(connection, "eth", "dEsK")
        assert (desk["chain"], desk["entity"]) == ("ethereum", "Desk")
        (category,) = desk["categories"]
        assert (category["category"], category["addresses"], category["regions"], category["sources"]) == (
            "exchange", 2, ["ID", "SG"], ["a test", "another"],
        )  # fmt: skip
        assert {row["token_symbol"]: row["netflow"] for row in desk["tokens"]} == {"ETH": Decimal("1.5")}
        others = {row["entity"]: (row["transfers_in"], row["transfers_out"]) for row in desk["counterparts"]}
        assert others == {None: (1, 0), "Rival": (0, 1)}
        days = entity_days(connection, "ethereum", "Desk", Window.parse("2025-05-02", None))
        assert [(str(row["block_date"]), row["outflow"]) for row in days] == [("2025-05-02", Decimal(2))]
        found = entity_addresses(connection, "ethereum", "Desk", 10)
        assert [(row["address"], row["label"], row["transfers"]) for row in found] == sorted(
            [(HOT, "hot 1", 3), (COLD, "cold", 1)]
        )
        assert list(found[1:]) == list(entity_addresses(connection, "ethereum", "Desk", 10, after=1))
        with pytest.raises(UsageError, match="no label names") as refused:
            entity(connection, "ethereum", "Dusk")
        assert "did you mean Desk?" in refused.value.hint


def test_a_transaction_has_its_transfers_in_order_with_names(world: Settings) -> None:
    with open_published(world) as connection:
        found = transaction(connection, "1", f"0X{4:064X}")
        assert [(row["transfer_index"], row["from_entity"], row["token_symbol"]) for row in found["transfers"]] == [
            (0, "Blender", "ETH"), (3, None, "XYZ"), (7, None, "ETH"),
        ]  # fmt: skip
        assert [row["amount_usd"] for row in found["transfers"]] == [Decimal(1000), None, Decimal(400)]
        assert found["transfers"][2]["to_entity"] == "Bert"
        known = connection.execute(
            "select finding_id from detection.finding_transfers where tx_hash = ? order by 1", [found["tx_hash"]]
        ).fetchall()
        assert {row["finding_id"] for row in found["findings"]} == {row[0] for row in known}
        assert found["findings"]
        with pytest.raises(UsageError, match="no transfer on polygon"):
            transaction(connection, "polygon", found["tx_hash"])


def test_the_history_is_a_change_since_the_window_began(world: Settings) -> None:
    with open_published(world) as connection:
        anna = place_of(connection, "ethereum", ANNA)
        rows = [row for row in history(connection, "eth", anna) if row["token_symbol"] == "ETH"]
        shown = [(str(row["block_date"]), row["inflow"], row["outflow"], row["change"]) for row in rows]
        assert shown == [
            ("2025-04-30", Decimal(10), Decimal(4), Decimal(6)),
            ("2025-05-01", Decimal(0), Decimal("3.5"), Decimal("2.5")),
            ("2025-05-02", Decimal(1), Decimal(0), Decimal("3.5")),
        ]
        later = history(connection, "eth", anna, Window.parse("2025-05-02", None))
        assert [row["change"] for row in later] == [Decimal(1)]
        assert [row["usd_out"] for row in rows] == [Decimal(400), Decimal(350), None]
        with pytest.raises(UsageError, match="no day of that is built"):
            history(connection, "eth", anna, Window.parse("2026-05-02", None))


def test_a_profile_says_what_an_address_did(world: Settings) -> None:
    anna = about(world, ANNA)
    activity = anna["activity"]
    assert (str(activity["first_seen_at"]), str(activity["last_seen_at"])) == (
        "2025-04-30 23:00:00", "2025-05-03 09:00:00",
    )  # fmt: skip
    assert (activity["transfers_in"], activity["transfers_out"], activity["counterparties"]) == (2, 3, 3)
    assert (activity["transfers_to_itself"], activity["transfers_of_nothing"], activity["active_days"]) == (1, 1, 4)
    assert {row["token_symbol"]: (row["amount_in"], row["amount_out"]) for row in anna["tokens"]} == {
        "ETH": (Decimal(11), Decimal("7.5")), "XYZ": (None, Decimal(7)),
    }  # fmt: skip
    assert len(anna["hours"]) == 168
    busy = {(row["weekday"], row["hour"]): row["transfers_out"] for row in anna["hours"] if row["transfers_out"]}
    assert busy == {(3, 23): 2, (4, 10): 1}, "a Wednesday and a Thursday"
    assert about(world, ANNA, "polygon")["activity"]["transfers_in"] == 1


def test_a_profile_says_who_it_is_and_where_labels_differ(world: Settings) -> None:
    bert = about(world, BERT)
    assert [(row["entity"], row["source"], row["confidence"]) for row in bert["labels"]] == [
        ("Bert", "a test", 0.5), ("Bertha", "another", 0.4),
    ]  # fmt: skip
    assert bert["conflicts"] == ["Bert", "Bertha"]
    assert about(world, BERT, "polygon")["conflicts"] == []
    assert about(world, HOT)["conflicts"] == []
    assert [(row["role"], row["name"]) for row in about(world, HOT)["roles"]] == [("group", "Desk")]


def test_a_risk_says_what_would_clear_it(world: Settings) -> None:
    risk = about(world, ANNA)["risk"]
    assert risk["clears"] == clears_risk(risk)
    active = [part for part in risk["components"] if part["is_active"]]
    assert len(risk["clears"]) == len(active) > 0
    assert any(way.startswith("without mixer_interaction the score is ") for way in risk["clears"])
    assert about(world, RIVAL)["risk"] is None


def test_a_finding_says_what_would_clear_it_without_the_command(world: Settings) -> None:
    with open_published(world) as connection:
        columns, rows = findings(connection, None, Window(), None, None, True)
        for row in rows:
            ways = clears(one_finding(connection, row[columns.index("finding_id")]))
            assert any("one owner" in way for way in ways)


def test_an_id_of_no_address_and_a_strange_chain_are_refused(world: Settings) -> None:
    with open_published(world) as connection:
        with pytest.raises(UsageError, match="no address of the id"):
            profile(connection, "ethereum", 10**6)
        with pytest.raises(UsageError, match="no transfer of the chain"):
            profile(connection, "x" * 500, 1)
