"""Dates as people say them become first and last days."""

from __future__ import annotations

import datetime

import pytest

from qa import InvalidInput
from qa.periods import first_day, last_day

FRIDAY = datetime.date(2026, 11, 27)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("2021", "2021", "2021"),
        ("2021-03", "2021-03", "2021-03"),
        ("2023-02-17", "2023-02-17", "2023-02-17"),
        ("last week", "2026-11-16", "2026-11-22"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("this year", "2026-01-01", "2026-12-31"),
        ("yesterday", "2026-11-26", "2026-11-26"),
        ("2 weeks ago", "2026-11-09", "2026-11-15"),
        ("3 years ago", "2023-01-01", "2023-12-31"),
        ("the last 30 days", "2026-10-28", "2026-11-27"),
        ("last March", "2026-03-01", "2026-03-31"),
        ("March 2022", "2022-03-01", "2022-03-31"),
        ("  17  Feb 2023 ", "2023-02-17", "2023-02-17"),
        ("17/02/2023", "2023-02-17", "2023-02-17"),
        ("hace 2 semanas", "2026-11-09", "2026-11-15"),
        ("el mes pasado", "2026-10-01", "2026-10-31"),
        ("il y a 3 jours", "2026-11-24", "2026-11-24"),
        ("l'année dernière", "2025-01-01", "2025-12-31"),
        ("17 février 2023", "2023-02-17", "2023-02-17"),
        ("الشهر الماضي", "2026-10-01", "2026-10-31"),
        ("أمس", "2026-11-26", "2026-11-26"),
    ],
)
def test_first_and_last_day(said: str, first: str, last: str) -> None:
    assert first_day(said, "From", today=FRIDAY) == first
    assert last_day(said, "Until", today=FRIDAY) == last


@pytest.mark.parametrize("said", ["", "soon", "2023-02-31", "2023-13", "10", "since 2020", "99999999 years ago", "\0"])
def test_what_is_no_date_is_refused_with_its_name_and_value(said: str) -> None:
    with pytest.raises(InvalidInput, match=r"From is .*give a date that exists, as 2023-02-17"):
        first_day(said, "From", today=FRIDAY)
