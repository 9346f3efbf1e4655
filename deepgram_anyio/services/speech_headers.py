"""What the headers of a speech answer say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

__all__ = ["read_speech_headers"]

_MAX_DIGITS = 18


def read_speech_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a `SpeechInfo` from headers with lower-case names; what cannot be read is left out.

    The server's names have been bare, with ``dg-`` and with ``x-dg-`` before them; all are understood.
    """

    def text(name: str) -> str | None:
        return next((headers[key] for key in (f"dg-{name}", f"x-dg-{name}", name) if key in headers), None)

    def number(name: str) -> int | None:
        value = text(name)
        usable = value is not None and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
        return int(value) if value is not None and usable else None

    found: dict[str, Any] = {
        "content_type": headers.get("content-type"),
        "request_id": text("request-id"),
        "model_name": text("model-name"),
        "model_uuid": text("model-uuid"),
        "char_count": number("char-count"),
        "date": _date(headers.get("date")),
        "pronunciations_applied": number("pronunciations-applied"),
        "pronunciation_warnings": text("pronunciation-warnings"),
        "breaks_applied": number("breaks-applied"),
        "warnings": text("warnings"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _date(value: str | None) -> datetime | None:
    try:
        return None if value is None else parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None  # a header that nobody needs must not cost the audio
