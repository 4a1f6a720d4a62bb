"""What always holds, whatever the world: accounting, conservation, order, idempotence, exact amounts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.detectors.rolling import baseline, positions_in_series
from flow_pipeline.loading.ingest import make_words
from flow_pipeline.settings import load_settings
from flow_pipeline.warehouse.store import open_build
from tests.conftest import ask, build, load_only, transfer, write_csv

PEOPLE = ["0x" + digit * 40 for digit in "123456"]
WALLETS = [
    "0x28c6c06298d514db089934071355e5743bf21d60",
    "0x21a31ee1afc51d94c2efccaa2092ad1028285549",
    "0xa9d1e08c7793af67e9d92fe308d5697fb81d3e43",
]
ROW = st.tuples(
    st.integers(1, 30), st.sampled_from(PEOPLE + WALLETS), st.sampled_from(PEOPLE + WALLETS),
    st.sampled_from(["0", "1", "2.5", "-1", "x", "0.000000000000000001"]),
    st.integers(1, 9), st.sampled_from(["", 0, 1]),
)  # fmt: skip


@budget(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=40), cut=st.integers(0, 40))
def test_accounting_and_conservation_hold_for_any_rows(
    rows: list[tuple[int, str, str, str, int, object]], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("world")
    made = [transfer(n, a, b, amount, at=f"2025-05-0{day}", index=index) for n, a, b, amount, day, index in rows]
    for name, part in (("a.csv", made[:cut]), ("b.csv", made[cut:])):
        if part:
            write_csv(folder / "in" / name, part)
    settings = load_settings(folder / "data")
    result = build(settings, folder / "in")
    assert all(v.is_success for v in result.verdicts if v.expectation.severity == "blocking")
    ledger = ask(
        settings,
        "SELECT sum(rows_read), sum(rows_loaded) + sum(rows_duplicate) + sum(rows_rejected), sum(transfers_loaded) "
        "FROM raw.loads WHERE format <> 'labels'",
    )[0]
    assert ledger[0] == ledger[1] == len(made)
    assert ledger[2] == ask(settings, "SELECT count(*) FROM raw.transfers")[0][0]
    moved, counted = ask(
        settings,
        "SELECT (SELECT coalesce(sum(amount), 0) FROM marts.fct_transfers WHERE flow_type <> 'self'), "
        "(SELECT coalesce(sum(amount), 0) FROM marts.fct_daily_region_flow)",
    )[0]
    assert moved == counted
    by_type = ask(
        settings,
        "SELECT coalesce(sum(CASE flow_type WHEN 'inflow' THEN amount WHEN 'outflow' THEN -amount ELSE 0 END), 0), "
        "(SELECT coalesce(sum(netflow), 0) FROM marts.fct_daily_netflow), "
        "(SELECT coalesce(sum(netflow), 0) FROM marts.fct_daily_exchange_netflow), "
        "(SELECT coalesce(sum(netflow), 0) FROM marts.fct_daily_wallet_netflow) FROM marts.fct_transfers",
    )[0]
    assert len(set(by_type)) == 1
    again = build(settings, folder / "in")
    assert not again.is_new


@budget(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=2, max_size=25), order=st.randoms())
def test_what_is_loaded_does_not_depend_on_order_or_files(
    rows: list[tuple[int, str, str, str, int, object]], order: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = [transfer(n, a, b, amount, at=f"2025-05-0{day}", index=index) for n, a, b, amount, day, index in rows]
    shuffled = list(made)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    found = []
    for parts in ([made], [shuffled[: len(shuffled) // 2], shuffled[len(shuffled) // 2 :]]):
        folder = tmp_path_factory.mktemp("order")
        for number, part in enumerate(parts):
            write_csv(folder / "in" / f"{number}.csv", part)
        settings = load_settings(folder / "data")
        load_only(settings, folder / "in")
        found.append(
            ask(
                settings,
                "SELECT * EXCLUDE (load_id, source_file, source_row) FROM raw.transfers ORDER BY ALL",
                is_build=True,
            )
        )
    assert found[0] == found[1]


@budget(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.tuples(st.integers(0, 10**40), st.integers(0, 40)), min_size=1, max_size=50))
def test_base_units_agree_with_python_decimals(
    values: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    import decimal

    decimal.getcontext().prec = 90
    with open_build(load_settings(tmp_path_factory.mktemp("macros"))) as connection:
        make_words(connection)
        for value, decimals in values:
            row = connection.execute(
                "SELECT flow_base_reason(t, d), flow_base(flow_base_digits(t), d) "
                "FROM (SELECT ?::VARCHAR AS t, ?::BIGINT AS d)",
                [str(value), decimals],
            ).fetchone()
            exact = Decimal(value).scaleb(-decimals)
            if exact >= Decimal(10) ** 18:
                expected: tuple[object, object] = ("amount_out_of_range", None)
            elif exact != exact.quantize(Decimal(1).scaleb(-18)):
                expected = ("amount_too_precise", None)
            else:
                expected = (None, exact)
            assert row is not None
            assert row[0] == expected[0], (value, decimals)
            if expected[0] is None:
                assert row[1] == expected[1], (value, decimals)


@budget(max_examples=100, deadline=None)
@given(
    units=st.lists(
        st.from_regex(r"[+]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?", fullmatch=True),
        min_size=1,
        max_size=200,
    ),
    base=st.lists(
        st.tuples(st.from_regex(r"[+]?[0-9]{1,40}(\.0{0,3})?", fullmatch=True), st.integers(0, 40)),
        min_size=1,
        max_size=50,
    ),
)
def test_an_amount_is_exact_or_has_a_reason(units: list[str], base: list[tuple[str, int]]) -> None:
    import decimal

    decimal.getcontext().prec = 250
    with duckdb.connect() as connection:
        make_words(connection)
        found = connection.execute(
            "SELECT flow_units_reason(t), flow_units(t) FROM (SELECT unnest(?::VARCHAR[]) AS t)", [units]
        ).fetchall()
        for text, (reason, value) in zip(units, found, strict=True):
            exact = Decimal(text)
            is_whole = exact == exact.quantize(Decimal(1).scaleb(-18))
            assert (
                value == exact if reason is None else exact >= Decimal(10) ** 18 * Decimal("0.999999") or not is_whole
            ), text
        for text, decimals in base:
            row = connection.execute(
                "SELECT flow_base_reason(t, d), flow_base_units(t, d) FROM (SELECT ?::VARCHAR AS t, ?::BIGINT AS d)",
                [text, decimals],
            ).fetchone()
            assert row is not None
            assert row[0] is not None or row[1] == Decimal(text).scaleb(-decimals), (text, decimals)


@budget(max_examples=60, deadline=None)
@given(
    series=st.lists(
        st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=1, max_size=15), min_size=1, max_size=4
    ),
    window=st.integers(2, 9), include_self=st.booleans(),
)  # fmt: skip
def test_windows_agree_with_a_plain_loop(series: list[list[float]], window: int, include_self: bool) -> None:
    values = np.array([value for one in series for value in one])
    starts = np.concatenate([[True] + [False] * (len(one) - 1) for one in series])
    found = baseline(values, positions_in_series(starts), window, include_self)
    at = 0
    for one in series:
        for i in range(len(one)):
            part = np.array(one[max(0, i + 1 - window) : i + 1] if include_self else one[max(0, i - window) : i])
            assert found.count[at] == len(part)
            if len(part):
                assert found.mean[at] == pytest.approx(part.mean(), rel=1e-9, abs=1e-6)
                assert found.std[at] == pytest.approx(part.std(), rel=1e-9, abs=1e-6)
                assert found.median[at] == np.median(part)
                assert found.mad[at] == pytest.approx(np.median(np.abs(part - np.median(part))), abs=1e-9)
            at += 1


def test_paths_with_quotes_are_only_paths(tmp_path: Path) -> None:
    folder = tmp_path / "o'clock; DROP TABLE x"
    write_csv(folder / "it's.csv", [transfer(1, PEOPLE[0], PEOPLE[1], 1)])
    settings = load_settings(tmp_path / "da'ta")
    assert load_only(settings, folder).total("rows_loaded") == 1
