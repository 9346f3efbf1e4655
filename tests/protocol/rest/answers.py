"""Transcriptions to test with: recorded ones, and ones made by hypothesis."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st

from deepgram_anyio.protocol.rest.transcription import Transcription
from tests.shared import shared

__all__ = ["RECORDED", "SPOKEN", "answer", "decoded", "recorded", "word"]

RECORDED = [
    pytest.param("listen_rest/bueller_url_summarize.json", id="bueller"),
    pytest.param("listen_rest/preamble_file.json", id="preamble"),
]


def recorded(name: str) -> Any:
    """A recorded answer as plain data; the test is skipped where it does not lie."""
    return msgspec.json.decode(shared(f"fixtures/{name}").read_bytes())


def decoded(data: Any) -> Transcription:
    """What the client makes of an answer."""
    return msgspec.json.decode(msgspec.json.encode(data), type=Transcription)


def word(text: str, start: float, **more: Any) -> dict[str, Any]:
    return {"word": text.lower(), "start": start, "end": start + 0.5, "confidence": 0.9, **more}


def answer(*channels: list[dict[str, Any]], **results: Any) -> dict[str, Any]:
    """An answer with these words, channel by channel."""
    found = [
        {"alternatives": [{"transcript": " ".join(w["word"] for w in words), "confidence": 0.9, "words": words}]}
        for words in channels
    ]
    metadata = {
        "request_id": "request-1",
        "created": "2024-08-02T09:02:27.158Z",
        "duration": 17.5,
        "channels": len(channels),
    }
    return {"metadata": metadata, "results": {"channels": found, **results}}


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=6)


@st.composite
def _spoken_words(draw: st.DrawFn, speakers: int | None, min_size: int = 0) -> list[dict[str, Any]]:
    words: list[dict[str, Any]] = []
    start = 0.0
    for text in draw(st.lists(_TEXTS, min_size=min_size, max_size=20)):
        start += draw(st.sampled_from([0.25, 0.5, 7.125, 100.0]))
        more: dict[str, Any] = {} if draw(st.booleans()) else {"punctuated_word": f"{text}."}
        if speakers is not None:
            more["speaker"] = draw(st.integers(0, speakers)) if words else 0
        words.append(word(text, start, **more))
    return words


@st.composite
def _spoken(draw: st.DrawFn) -> dict[str, Any]:
    speakers = draw(st.sampled_from([None, 1, 3]))
    channels = [draw(_spoken_words(speakers, min_size=1)), *draw(st.lists(_spoken_words(speakers), max_size=2))]
    if draw(st.booleans()):
        return answer(*channels)
    utterances = [
        {
            "start": words[0]["start"],
            "end": words[-1]["end"],
            "confidence": 0.9,
            "channel": channel,
            "transcript": " ".join(w["word"] for w in words),
            "words": words,
        }
        for channel, words in enumerate(channels)
        if words
    ]
    return answer(*channels, utterances=utterances)


SPOKEN = _spoken()
"""Answers in which something was said: on several channels, by several speakers, with and without utterances."""
