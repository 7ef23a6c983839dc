"""Dates as people say them, for filters: "2021-03", "last month", "3 weeks ago", "17 février 2023", "ayer".

dateparser reads the languages of the page; the forms of qa/mentions.py are asked first for what it does not know
("the last 30 days").
"""

from __future__ import annotations

import datetime
import functools
import re
from typing import TYPE_CHECKING

from qa.checked import shown, whole_characters, wrong_type
from qa.errors import InvalidInput
from qa.mentions import period
from qa.types import iso_date

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

LANGUAGES = ("en", "es", "fr", "ar")
_LONGEST = 100  # characters; the parser tries a longer text in ever more ways


def first_day(said: str, name: str, *, today: datetime.date | None = None) -> str:
    """ISO 8601, the day that the period `said` begins with; what is ISO 8601 already stays as it is.

    Raises InvalidInput, which calls the value by its `name`, where `said` is no date that exists.
    """
    return _day(said, name, today, last=False)


def last_day(said: str, name: str, *, today: datetime.date | None = None) -> str:
    """The day that it ends with; else as `first_day`."""
    return _day(said, name, today, last=True)


def _day(said: str, name: str, today: datetime.date | None, *, last: bool) -> str:
    if not isinstance(said, str):
        raise wrong_type(said, name, "a date, as a str")
    said = " ".join(whole_characters(said).split())
    try:
        return iso_date(said, name)
    except InvalidInput:
        days = _days(said, today or datetime.date.today()) if len(said) <= _LONGEST else None
    if days is None:
        raise InvalidInput(
            f"{name} is {shown(said)}; give a date that exists, as 2023-02-17, 2023-02 or 2023, or in words, as "
            "“last month”, “3 weeks ago” or “17 February 2023”"
        )
    return days[last].isoformat()


def _days(said: str, today: datetime.date) -> tuple[datetime.date, datetime.date] | None:
    """First and last day; None where it says none."""
    named = period(said, today) or period(f"in {said}", today)
    if named and named.end - named.start >= len(said) and named.since and named.until:
        return datetime.date.fromisoformat(named.since), datetime.date.fromisoformat(named.until)
    if re.fullmatch(r"[\d -]+", said):
        return None  # a number, or a day that does not exist: the parser would find some day in it
    read = _parser(today).get_date_data(said)
    if read.date_obj is None:
        return None
    day = read.date_obj.date()
    one_day = datetime.timedelta(days=1)
    if read.period == "week":
        monday = day - day.weekday() * one_day
        return monday, monday + 6 * one_day
    if read.period == "month":
        first = day.replace(day=1)
        return first, (first + 31 * one_day).replace(day=1) - one_day
    if read.period == "year":
        return day.replace(month=1, day=1), day.replace(month=12, day=31)
    return day, day


@functools.lru_cache(maxsize=2)
def _parser(today: datetime.date) -> DateDataParser:
    from dateparser.date import DateDataParser

    base = datetime.datetime.combine(today, datetime.time(12))
    settings = {"RELATIVE_BASE": base, "PREFER_DATES_FROM": "past", "DATE_ORDER": "DMY"}
    return DateDataParser(languages=list(LANGUAGES), settings=settings)
