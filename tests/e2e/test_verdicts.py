"""Verdicts through the whole pipeline: rarity, what is suspicious by itself, not assessed, budgets, learning."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from flow_pipeline.alerts import ledger
from flow_pipeline.detection.findings import run_typologies
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.pipeline.shadow import run_shadow
from flow_pipeline.questions.profile import profile_of
from flow_pipeline.scoring.profile import as_json
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.store import open_build, open_published
from tests.conftest import ask, build, label_file, transfer, write_csv
from tests.worlds import address, command

DAYS = 36
CIRCLES = 40


def moment(minute: float) -> str:
    return (datetime(2025, 5, 1, tzinfo=UTC) + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Ledger:
    """Rows of transfers, each with a hash of its own."""

    def __init__(self) -> None:
        self.rows: list[list[object]] = []

    def pay(self, minute: float, sender: str, receiver: str, amount: object, symbol: str = "ETH") -> None:
        number = len(self.rows) + 1
        self.rows.append(transfer(number, address(sender), address(receiver), amount, at=moment(minute), symbol=symbol))

    def circle(self, minute: float, name: str, amount: object) -> None:
        for n in range(3):
            self.pay(minute + 10 * n, f"{name}{n}", f"{name}{(n + 1) % 3}", amount)


def ordinary(count: int, seed: int = 1) -> Ledger:
    """Payments between many, and small circles on most days."""
    rng, made = np.random.default_rng(seed), Ledger()
    minutes = np.sort(rng.uniform(0, DAYS * 1_440, count))
    ends = rng.integers(0, 4_000, (count, 2))
    for minute, (a, b), size in zip(minutes, ends, rng.lognormal(0, 1.5, count), strict=True):
        if a != b:
            made.pay(float(minute), f"p{a}", f"p{b}", f"{size:.6f}")
    for n in range(CIRCLES):
        made.circle(n * DAYS * 1_440 / CIRCLES, f"c{n:02d}", f"{0.2 + rng.lognormal(0, 1):.6f}")
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """6,000 ordinary payments with 40 circles, one of 900 ETH, one that touches a hack, and a fan out of nowhere."""
    folder = tmp_path_factory.mktemp("verdicts")
    made = ordinary(6_000)
    made.circle(33 * 1_440, "big", 900)
    made.circle(34 * 1_440, "hack", "0.01")
    for n in range(12):
        made.pay(35 * 1_440 + n, "quiet", f"q{n}", "0.02")
    write_csv(folder / "in" / "t.csv", made.rows)
    rows = [["ethereum", address("hack1"), "Some Heist", "exploit", "x", 0.9, "test", "2020-01-01", ""]]
    settings = load_settings(folder / "data").with_changes(
        labels={"files": (label_file(folder / "l.csv", rows),)}, reports={"each_run": False}
    )
    build(settings, folder / "in")
    return settings


COLUMNS = (
    "judged_by, is_suspicious, e_value < 1, pool_place, pool_size, severity, verdict, strength < strength_needed, score"
)


def of(settings: Settings, typology: str, centre: str, columns: str = COLUMNS) -> list[tuple[object, ...]]:
    return ask(
        settings,
        f"SELECT {columns} FROM detection.findings WHERE typology = '{typology}' AND centre_address = '{centre}'",
    )


def test_what_is_rare_in_its_traffic_is_suspicious(world: Settings) -> None:
    ((by, bad, is_rare, place, size, severity, verdict, is_below, score),) = of(world, "circular", address("big0"))
    assert (by, bad, is_rare, place, is_below) == ("pool", True, True, 1, False)
    assert CIRCLES * 0.7 <= int(str(size)) <= CIRCLES + 2, "the circles of thirty days"
    assert str(verdict).startswith("Suspicious: ")
    assert f"number 1 of {int(str(size)) + 1}; the budget is 1." in str(verdict)
    assert severity in ("HIGH", "CRITICAL")
    assert float(str(score)) > 0.5


def test_ordinary_circles_are_told_as_such(world: Settings) -> None:
    rows = ask(
        world,
        "SELECT count(*), count(*) FILTER (WHERE is_suspicious), "
        "count(*) FILTER (WHERE verdict LIKE 'Not suspicious%') "
        "FROM detection.findings WHERE typology = 'circular' AND moved_amount NOT IN (900, 0.01) "
        "AND block_date > DATE '2025-05-31'",
    )
    count, bad, told = (int(str(value)) for value in rows[0])
    assert count >= 3
    assert bad <= 1
    assert bad + told == count


def test_a_touch_of_a_hack_is_suspicious_however_small(world: Settings) -> None:
    ((by, bad, verdict, severity, score),) = of(
        world, "circular", address("hack0"), "judged_by, is_suspicious, verdict, severity, score"
    )
    assert (by, bad, score) == ("label", True, 0.9)
    assert "exploit Some Heist" in str(verdict)
    assert severity == "MEDIUM"


def test_a_fan_beyond_its_own_rate_is_suspicious(world: Settings) -> None:
    ((by, bad, log10),) = of(world, "fan_out", address("quiet"), "judged_by, is_suspicious, own_rate_log10")
    # no payment in the 30 days before: (0 + 1) / (30 + 1 day) a day, twelve of them within one
    mean = 1 / 31
    expected = (12 * np.log(mean) - mean - sum(np.log(k) for k in range(1, 13))) / np.log(10)
    assert (by, bad) == ("own_rate", True)
    assert float(str(log10)) == pytest.approx(expected)


def test_the_reference_judges_the_first_days(world: Settings) -> None:
    rows = ask(
        world,
        "SELECT DISTINCT judged_by, is_suspicious, contains(verdict, 'of the reference traffic (Ethereum, ') "
        "FROM detection.findings WHERE block_date < DATE '2025-05-10' AND typology = 'circular'",
    )
    assert rows == [("profile", False, True)]


def test_a_larger_budget_tells_the_same_and_more(world: Settings) -> None:
    told: dict[float, set[object]] = {}
    for budget in (0.1, 1.0, 10.0):
        other = world.with_changes(verdicts={"alarms_per_10000": budget})
        with open_build(world) as connection:
            connection.execute("DELETE FROM store.state WHERE key = 'typologies_through'")
            run_typologies(connection, other)
            rows = connection.execute("SELECT finding_id FROM detection.findings WHERE is_suspicious").fetchall()
            told[budget] = {row[0] for row in rows}
    assert told[0.1] < told[1.0] < told[10.0]


def test_paths_that_share_a_transfer_are_one_story(settings: Settings, tmp_path: Path) -> None:
    made = Ledger()
    for minute, ends, amount in ((0, "AB", 10), (10, "BC", 10), (20, "CD", 10), (25, "CE", 9), (60, "XY", 1)):
        made.pay(minute, *ends, amount)
    write_csv(tmp_path / "in" / "t.csv", made.rows)
    build(settings, tmp_path / "in")
    rows = ask(
        settings,
        "SELECT strength, instance_of IS NULL, instance_count, is_suspicious, verdict FROM detection.findings "
        "WHERE typology = 'rapid_chain' ORDER BY strength DESC",
    )
    ids = ask(settings, "SELECT finding_id FROM detection.findings WHERE typology = 'rapid_chain' AND strength = 30")
    assert [row[:4] for row in rows] == [(30, True, 1, False), (27, False, 0, False)]
    assert rows[1][4] == f"Told by the stronger finding {ids[0][0]} of that day."


def test_one_address_own_list_says_nothing_about_what_is_ordinary(settings: Settings, tmp_path: Path) -> None:
    made = Ledger()
    for n in range(5_200):
        made.pay(n, "me" if n % 2 else f"p{n}", f"p{n}" if n % 2 else "me", 1, "LPT")
    made.circle(100, "big", 900)
    write_csv(tmp_path / "in" / "t.csv", [[*row[:5], "0x" + "ab" * 20, *row[6:]] for row in made.rows])
    build(settings, tmp_path / "in")
    rows = ask(
        settings, "SELECT is_assessed, is_suspicious, verdict FROM detection.findings WHERE typology = 'circular'"
    )
    assert [row[:2] for row in rows] == [(False, False)]
    assert "they are its own list" in str(rows[0][2])
    assert ledger.listed(settings, None, "finding", "all", None)[1] == []


def test_an_amount_limit_of_the_user_is_always_told(settings: Settings, tmp_path: Path) -> None:
    made = Ledger()
    made.circle(0, "a", "0.3")
    write_csv(tmp_path / "in" / "t.csv", made.rows)
    build(settings.with_changes(typologies={"circular": {"amount_by_token": {"ETH": 0.89}}}), tmp_path / "in")
    assert ask(settings, "SELECT judged_by, score FROM detection.findings WHERE typology = 'circular'") == [
        ("limit", 0.9)
    ]
    build(settings.with_changes(typologies={"circular": {"amount_by_token": {"ETH": 0.9}}}), tmp_path / "in")
    assert ask(settings, "SELECT is_suspicious FROM detection.findings WHERE typology = 'circular'") == [(False,)]


def test_a_profile_of_one_traffic_judges_another(world: Settings, settings: Settings, tmp_path: Path) -> None:
    with open_published(world) as connection:
        made = profile_of(connection, "our own", {"ethereum:ETH": 2_500.0})
    (tmp_path / "ours.json").write_text(as_json(made))
    assert made.transfers > 6_000
    assert len(made.typologies["circular"][0]) == 11
    small = Ledger()
    small.circle(0, "a", 800)
    small.circle(500, "b", "0.5")
    write_csv(tmp_path / "in" / "t.csv", small.rows)
    build(settings.with_changes(verdicts={"reference": tmp_path / "ours.json"}), tmp_path / "in")
    rows = ask(
        settings,
        "SELECT judged_by, is_suspicious, contains(verdict, 'our own, 2025-05-01 to') FROM detection.findings "
        "WHERE typology = 'circular' ORDER BY moved_amount",
    )
    assert rows == [("profile", False, True), ("profile", True, True)]


def test_a_profile_is_written_by_a_verb_and_a_broken_one_is_refused(
    world: Settings, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--data-dir", world.data_dir, "profile", "--out", tmp_path / "p.json") == 1
    assert "no token of this warehouse has a price" in capsys.readouterr().err
    words = ("profile", world.data_dir, "--price", "ethereum:ETH=2500", "--out", tmp_path / "p.json")
    assert command("--data-dir", tmp_path / "elsewhere", *words) == 0
    assert json.loads((tmp_path / "p.json").read_text())["token_usd"] == {"ethereum:ETH": 2_500.0}
    assert command("--data-dir", world.data_dir, "profile", "--price", "ETH") == 2
    (tmp_path / "broken.json").write_text("{}")
    write_csv(tmp_path / "in" / "t.csv", ordinary(20).rows)
    with pytest.raises(UsageError, match=r"verdicts\.reference: .*broken\.json is no profile"):
        build(settings.with_changes(verdicts={"reference": tmp_path / "broken.json"}), tmp_path / "in")


def test_the_page_of_a_finding_says_how_rare_it_is_and_what_would_clear_it(
    world: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    ((finding_id,),) = of(world, "circular", address("big0"), "finding_id")
    assert command("--data-dir", world.data_dir, "finding", finding_id, "--json") == 0
    page = json.loads(capsys.readouterr().out)
    assert page["pool_place"] == 1
    assert any("E is" in way and "would be ordinary" in way for way in page["clears"])


def test_a_set_of_rules_runs_beside_the_one_in_force(world: Settings, tmp_path: Path) -> None:
    before = ask(world, "SELECT count(*), sum(hash(finding_id, verdict)) FROM detection.findings")
    (tmp_path / "wide.toml").write_text('[rules]\nname = "wide"\n[verdicts]\nalarms_per_10000 = 20\n')
    found = run_shadow(world, tmp_path / "wide.toml", 2)
    counts = {row[0]: dict(zip(found.counts[0], row, strict=True)) for row in found.counts[1]}
    assert found.name == "wide"
    assert counts["circular"]["new"] > 0
    assert counts["circular"]["gone"] == 0
    per_change = Counter((row[1], row[0]) for row in found.examples[1])
    assert max(per_change.values()) == 2
    assert ask(world, "SELECT count(*), sum(hash(finding_id, verdict)) FROM detection.findings") == before
    (tmp_path / "other.toml").write_text("[alerts]\nper_week = 3\n")
    with pytest.raises(UsageError, match="section alerts is no part of a set of rules"):
        run_shadow(world, tmp_path / "other.toml", 2)
    (tmp_path / "never.toml").write_text("[verdicts]\nalarms_per_10000 = 10000\n")
    with pytest.raises(UsageError, match="less than 10000"):
        run_shadow(world, tmp_path / "never.toml", 2)


def test_a_week_has_so_many_alerts_and_the_rest_waits(world: Settings, tmp_path: Path) -> None:
    settings = world.with_changes(alerts={"per_week": 2}).model_copy(update={"data_dir": tmp_path / "data"})
    write_csv(tmp_path / "in" / "t.csv", ask_rows(world))
    settings = settings.with_changes(verdicts={"alarms_per_10000": 5.0})
    build(settings, tmp_path / "in")
    columns, rows = ledger.listed(settings, None, None, "all", None)
    by_status = Counter(row[columns.index("status")] for row in rows)
    rarity = columns.index("rarity")
    told = [row[rarity] for row in rows if row[columns.index("status")] == "open"]
    waiting = [row[rarity] for row in rows if row[columns.index("status")] == "waiting"]
    assert by_status["waiting"] > 0
    assert sum(value is not None for value in told) == 2
    assert None in told, "a touch of a hack is always told"
    assert max(value for value in told if value is not None) <= min(waiting)
    assert ask(settings, "SELECT count(*) FROM ops.alerts WHERE told_at IS NULL AND part_of IS NULL") == [
        (by_status["waiting"],)
    ]


def ask_rows(world: Settings) -> list[list[object]]:
    """The transfers of the world as rows of a file."""
    rows = ask(
        world,
        "SELECT row_number() OVER (ORDER BY block_timestamp, tx_hash), from_address, to_address, amount, "
        "strftime(block_timestamp, '%Y-%m-%dT%H:%M:%SZ') FROM raw.transfers",
    )
    return [transfer(int(str(n)), str(a), str(b), amount, at=str(at)) for n, a, b, amount, at in rows]


def test_what_people_said_of_alerts_is_learned_from(
    world: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--data-dir", world.data_dir, "verdicts", "review", "--json") == 0
    assert json.loads(capsys.readouterr().out)["rules"] == []
    columns, rows = ledger.listed(world, None, "finding", "open", None)
    ids = [str(row[columns.index("alert_id")]) for row in rows][:3]
    for alert_id, verdict in zip(ids, ("true", "noise", "known"), strict=True):
        assert (
            command("--data-dir", world.data_dir, "alerts", "ack", alert_id, "--as", verdict, "--reason", "seen") == 0
        )
    assert command("--data-dir", world.data_dir, "alerts", "ack", ids[0], "--as", "maybe", "--reason", "x") == 2
    capsys.readouterr()
    assert command("--data-dir", world.data_dir, "verdicts", "review", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert sum(row["judged"] for row in found["rules"]) == 3
    assert all(0 <= row["low"] <= row["precision"] <= row["high"] <= 1 for row in found["rules"])
    whole = found["budgets"][-1]
    assert (whole["share_of_budget"], whole["told"], whole["true"], whole["known"], whole["noise"]) == (1.0, 3, 1, 1, 1)


def test_days_of_the_pool_end_on_the_day(world: Settings) -> None:
    """E by hand from the published findings: the pool, its transfers and the median amount of its days."""
    last = date(2025, 6, 3)
    rows = ask(
        world,
        "SELECT finding_id, block_date, strength, centre_address, e_value FROM detection.findings "
        "WHERE typology = 'circular' AND instance_of IS NULL",
    )
    ((transfers,),) = ask(
        world,
        f"SELECT count(*) FROM raw.transfers WHERE block_date BETWEEN DATE '{last}' - 30 AND DATE '{last}'",
    )
    for finding_id, day, strength, centre, e_value in rows:
        if day != last or e_value is None:
            continue
        pool = sorted(
            (
                float(str(size))
                for _, other_day, size, other, _ in rows
                if last - timedelta(days=30) <= other_day <= last and other != centre  # type: ignore[operator]
            ),
            reverse=True,
        )
        u, size = pool[10], float(str(strength))
        if size > u:
            expected = 10 * (size / u) ** -min(1.5, 9 / sum(np.log(x / u) for x in pool[:10]))
        else:
            expected = sum(x >= size for x in pool)
        assert float(str(e_value)) == pytest.approx(expected * 10_000 / int(str(transfers))), finding_id
