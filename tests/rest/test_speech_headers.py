"""What the headers of a speech answer say, in every spelling that was seen."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest

from deepgram_anyio.protocol.rest.speech import SpeechInfo
from deepgram_anyio.services.speech_headers import read_speech_headers

from ..shared import shared

PREFIXES = pytest.mark.parametrize("prefix", ["", "dg-", "x-dg-"])


@PREFIXES
def test_a_recorded_answer(prefix: str) -> None:
    recorded: dict[str, Any] = msgspec.json.decode(shared("fixtures/speak_rest_headers.json").read_bytes())
    headers = {
        "content-type": recorded["content_type"],
        "date": recorded["date"],
        "transfer-encoding": recorded["transfer_encoding"],
        f"{prefix}request-id": recorded["request_id"],
        f"{prefix}model-uuid": recorded["model_uuid"],
        f"{prefix}model-name": recorded["model_name"],
        f"{prefix}char-count": str(recorded["characters"]),
    }
    assert SpeechInfo(**read_speech_headers(headers)) == SpeechInfo(
        content_type="audio/wav",
        request_id="807aa4a7-8068-4d09-b6db-c99de6f436ee",
        model_uuid="ecb76e9d-f2db-4127-8060-79b05590d22f",
        model_name="aura-2-thalia-en",
        char_count=13,
        date=datetime(2025, 2, 7, 1, 53, 41, tzinfo=timezone.utc),
    )


@PREFIXES
def test_what_newer_servers_add(prefix: str) -> None:
    headers = {
        f"{prefix}pronunciations-applied": "2",
        f"{prefix}pronunciation-warnings": "one, two",
        f"{prefix}breaks-applied": "0",
        f"{prefix}warnings": "mind the gap",
    }
    assert read_speech_headers(headers) == {
        "pronunciations_applied": 2,
        "pronunciation_warnings": "one, two",
        "breaks_applied": 0,
        "warnings": "mind the gap",
    }


@pytest.mark.parametrize("number", ["", "-1", "1.5", "many", "²", "9" * 5000])
def test_a_number_that_is_none_is_left_out(number: str) -> None:
    assert read_speech_headers({"dg-char-count": number}) == {}


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Fri, 07 Feb 99999 01:53:41 GMT", "Fri, 99 Feb 2025 01:53:41 GMT", "1 Jan 9" + "9" * 30]
)
def test_a_date_that_is_none_is_left_out(date: str) -> None:
    assert read_speech_headers({"date": date}) == {}


def test_the_usual_spelling_wins() -> None:
    assert read_speech_headers({"request-id": "a", "x-dg-request-id": "b", "dg-request-id": "c"}) == {"request_id": "c"}
