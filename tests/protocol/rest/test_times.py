"""Times in wire spelling: nothing lost, and always the same spelling of the same moment."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.protocol.times import time_text

ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# Nearer to either end of the calendar, UTC has no name for some times of a zone.
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 12, 30), "2026-01-31T12:30:00"),  # noqa: DTZ001
        (datetime(2026, 1, 31, 12, 30, tzinfo=timezone.utc), "2026-01-31T12:30:00Z"),
        (datetime(2026, 1, 31, 12, 30, 0, 5000, tzinfo=timezone.utc), "2026-01-31T12:30:00.005Z"),
        (datetime(2026, 1, 31, 12, 30, 0, 5, tzinfo=timezone.utc), "2026-01-31T12:30:00.000005Z"),
        (datetime(2026, 1, 31, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-01-30T23:00:00Z"),
    ],
)
def test_spellings(moment: date, text: str) -> None:
    assert time_text(moment) == text


@given(MOMENTS)
def test_what_is_written_can_be_read(moment: datetime) -> None:
    text = time_text(moment)
    assert text.endswith("Z")
    assert msgspec.convert(text, datetime) == moment


@given(MOMENTS, ZONES)
def test_one_moment_has_one_spelling(moment: datetime, zone: timezone) -> None:
    assert time_text(moment) == time_text(moment.astimezone(zone))


@given(st.dates())
def test_dates(day: date) -> None:
    assert msgspec.convert(time_text(day), date) == day
