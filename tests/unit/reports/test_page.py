"""Values of a report in words."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from flow_pipeline.reports.page import in_words, is_number


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (-1_234_567, "-1,234,567"),
        (0.0, "0"),
        (1_234_567.8, "1,234,568"),
        (100_000.0, "100,000"),
        (99_999.9, "99,999.90"),
        (-1_234.567, "-1,234.57"),
        (99.98, "99.98"),
        (3.14159, "3.142"),
        (0.0001, "0.0001"),
        (-0.00001234, "-1.23e-05"),
        (Decimal("1234.5000"), "1,234.50"),
        (Decimal("123456789012345678.9"), "123,456,789,012,345,680"),
        (date(2025, 5, 1), "2025-05-01"),
        (datetime(2025, 5, 1, 12, 30, 1, 999), "2025-05-01 12:30:01"),
        (["a", 1_000, None], "a, 1,000, –"),
        ([], "–"),
        ({"a": 1.5}, '{"a": 1.5}'),
        ("as it is, 1000", "as it is, 1000"),
    ],
)
def test_values_in_words(value: object, words: str) -> None:
    assert in_words(value) == words


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, True), (1.5, True), (Decimal(1), True), (True, False), ("1", False), (None, False), (date(2025, 5, 1), False)],
)
def test_numbers_stand_on_the_right(value: object, expected: bool) -> None:
    assert is_number(value) == expected
