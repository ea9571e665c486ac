"""Dates as people write them, made comparable."""

import datetime
import re

from dateutil.parser import parse

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)\d{4}")
_LONGEST = 60
_FILLED_IN = (datetime.datetime(2001, 1, 1), datetime.datetime(2002, 2, 2))
"""Where a part of a date is missing the parser takes it from one of these."""


def iso_day(text: str) -> str:
    """The day of a date or time as YYYY-MM-DD; "" where it is none, lacks a part, or may be read as two days, as 01/02/2025 may."""
    text = text.strip()
    if match := _ISO.match(text):
        try:
            return datetime.date(*map(int, match.groups())).isoformat()
        except ValueError:
            return ""
    if len(text) > _LONGEST or not _YEAR.search(text):
        return ""
    try:
        days = {parse(text, dayfirst=first, default=day, ignoretz=True).date() for first in (False, True) for day in _FILLED_IN}
    except (ValueError, OverflowError):
        return ""
    return days.pop().isoformat() if len(days) == 1 else ""
