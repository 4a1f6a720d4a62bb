"""Calendars are filled for series that ever mattered: spam has only its days, whichever way the days came."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.detection.daily import run_all
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import audit, load, transform
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.days import mark_built
from flow_pipeline.warehouse.store import open_build
from tests.conftest import U, ask, label_file, write_csv

SHOP, KIOSK = "0x" + "5" * 40, "0x" + "6" * 40
NETFLOW = ("fct_daily_exchange_netflow", "fct_daily_wallet_netflow", "fct_daily_netflow", "fct_weekly_token_movement")
ROW = "SELECT block_date, exchange, netflow, has_every_day FROM marts.fct_daily_exchange_netflow WHERE token_symbol = "


def day_file(folder: Path, day: int, moves: list[tuple[str, str]]) -> None:
    """A file of one day in which U pays one unit of each token to an exchange; tokens but ETH are contracts."""
    rows = [
        ["ethereum", day, f"2025-05-{day:02}T12:00:00Z", f"0x{day:032x}{n:032x}", 0,
         "" if token == "ETH" else "0x" + token.encode().hex().ljust(40, "0"), token, U, receiver, 1]
        for n, (token, receiver) in enumerate(moves)
    ]  # fmt: skip
    write_csv(folder / f"{day:02}.csv", rows)


def build_marts(settings: Settings, folder: Path) -> None:
    """Load, models, their audit and the daily detectors: one more day where that is all that is new."""
    with open_build(settings):
        result = load(settings, folder, Window(), LoadOptions(), lambda _: None)
    transform(settings, Window())
    with open_build(settings) as connection:
        run_all(connection, settings)
        mark_built(connection, settings.quality)
    audit(settings, result, ("marts",))


def tables(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    found = {f"marts.{name}" for name in NETFLOW} | {"detection.netflow_scores"}
    return {name: ask(settings, f"FROM {name} ORDER BY ALL", is_build=True) for name in sorted(found)}


def test_spam_has_only_its_days_and_days_one_by_one_give_what_all_at_once_gives(
    settings: Settings, tmp_path: Path
) -> None:
    labels = label_file(
        tmp_path / "labels.csv",
        [
            ["ethereum", SHOP, "Shop", "exchange", "Shop 1", 1.0, "made", "", ""],
            ["ethereum", KIOSK, "Kiosk", "exchange", "Kiosk 1", 1.0, "made", "", ""],
        ],
    )
    settings = settings.with_changes(labels={"files": (labels,)})
    days = {day: [("ETH", SHOP), (f"SPAM{day}", SHOP)] for day in range(1, 11)}
    for day in (2, 4, 9):
        days[day].append(("LATE", SHOP))
    for day, receiver in ((1, SHOP), (3, SHOP), (6, KIOSK), (8, SHOP)):
        days[day].append(("FADES", receiver))
    inbox = tmp_path / "inbox"
    for day, moves in days.items():
        day_file(inbox, day, moves)
        build_marts(settings, inbox)
        if day == 8:
            late = ask(settings, ROW + "'LATE' ORDER BY 1", is_build=True)
            fades = ask(settings, ROW + "'FADES' AND exchange = 'Shop' ORDER BY 1", is_build=True)
    assert [(str(at), float(str(net)), every) for at, _, net, every in late] == [
        ("2025-05-02", 1, False),
        ("2025-05-04", 1, False),
    ]
    assert [every for *_, every in fades] == [True] * 8
    # The third day of LATE gave it every day since its first; FADES loses a day by a corrected file, SPAM never had it.
    day_file(inbox, 8, days[8][:-1])
    build_marts(settings, inbox)
    assert [every for *_, every in ask(settings, ROW + "'LATE'", is_build=True)] == [True] * 9
    assert [every for *_, every in ask(settings, ROW + "'FADES' AND exchange = 'Shop'", is_build=True)] == [False] * 2
    assert ask(settings, ROW + "'SPAM1'", is_build=True)[0][3] is False
    kept = "SELECT DISTINCT token_symbol FROM intermediate.int_exchange_series ORDER BY 1"
    assert ask(settings, kept, is_build=True) == [("ETH",), ("FADES",), ("LATE",)], "a series of spam is not kept"
    one_by_one = tables(settings)
    other = Settings(data_dir=tmp_path / "other", labels=settings.labels)
    build_marts(other, inbox)
    assert tables(other) == one_by_one
    unjudged = (
        "SELECT DISTINCT token_symbol FROM detection.netflow_scores WHERE history_days > 0 AND scope_type = 'exchange'"
    )
    assert ask(settings, unjudged + " ORDER BY 1", is_build=True) == [("ETH",), ("LATE",)]


def test_names_of_tokens_are_made_once_a_build(settings: Settings, tmp_path: Path) -> None:
    for day in (1, 2):
        day_file(tmp_path / "inbox", day, [("ETH", SHOP), (f"SPAM{day}", SHOP)])
        build_marts(settings, tmp_path / "inbox")
    names = "SELECT token_symbol, transfer_count FROM intermediate.{} ORDER BY ALL"
    made, kept = (ask(settings, names.format(f"int_tokens__{one}"), is_build=True) for one in ("named", "canonical"))
    assert kept == made == [("ETH", 2), ("SPAM1", 1), ("SPAM2", 1)]
    tables = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'int_tokens__canonical'"
    assert ask(settings, tables, is_build=True) == [(1,)]
