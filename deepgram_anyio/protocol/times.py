"""Dates and times in wire spelling."""

from __future__ import annotations

from datetime import date, datetime, timezone

__all__ = ["time_text"]


def time_text(moment: datetime | date) -> str:
    """Return a time as the API writes it: RFC 3339, in UTC with a Z, with milliseconds where those say it all.

    A date stays a date, and a time without a zone stays without one.
    """
    if not isinstance(moment, datetime):
        return moment.isoformat()
    precision = "seconds" if not moment.microsecond else "microseconds" if moment.microsecond % 1000 else "milliseconds"
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc)
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
