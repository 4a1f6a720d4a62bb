"""Windows of days: both ends belong to them, either may be open."""

from __future__ import annotations

from datetime import date

import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window

MAY_1, MAY_3 = date(2025, 5, 1), date(2025, 5, 3)


def test_days_from_the_first_to_the_last() -> None:
    assert list(Window(MAY_1, MAY_3).days()) == [MAY_1, date(2025, 5, 2), MAY_3]
    assert list(Window.day(MAY_1).days()) == [MAY_1]
    assert len(list(Window.parse("2024-02-28", "2024-03-01").days())) == 3, "2024 has a 29 February"


@pytest.mark.parametrize("window", [Window(), Window(MAY_1), Window(None, MAY_1)])
def test_an_open_window_has_no_list_of_days(window: Window) -> None:
    with pytest.raises(UsageError, match="both ends"):
        list(window.days())


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UsageError, match="--from 2025-05-03 --to 2025-05-01"):
        Window(MAY_3, MAY_1)


@pytest.mark.parametrize(
    ("first", "last", "named"),
    [("1 May", None, "--from: '1 May' is not a date"), (None, "2025-02-30", "--to: '2025-02-30' is not a date")],
)
def test_what_is_no_date_is_refused_by_its_option(first: str | None, last: str | None, named: str) -> None:
    with pytest.raises(UsageError) as refusal:
        Window.parse(first, last)
    assert refusal.value.message == named


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        (Window(), Window(), True),
        (Window(), Window(MAY_1, MAY_3), True),
        (Window(MAY_1, MAY_3), Window(MAY_1, MAY_3), True),
        (Window(MAY_1, MAY_3), Window.day(MAY_3), True),
        (Window(MAY_1), Window(MAY_1, MAY_3), True),
        (Window(None, MAY_1), Window.day(MAY_3), False),
        (Window(MAY_1, MAY_3), Window(MAY_1), False),
        (Window(MAY_1, MAY_3), Window(None, MAY_3), False),
        (Window.day(MAY_3), Window(MAY_1, MAY_3), False),
    ],
)
def test_covering(wide: Window, narrow: Window, covers: bool) -> None:
    assert wide.covers(narrow) == covers


def test_in_words() -> None:
    assert [str(window) for window in (Window(), Window(MAY_1), Window(None, MAY_3), Window(MAY_1, MAY_3))] == [
        "all days", "2025-05-01 to …", "… to 2025-05-03", "2025-05-01 to 2025-05-03",
    ]  # fmt: skip
