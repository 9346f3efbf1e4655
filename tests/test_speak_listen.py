"""Spoken and heard again: the packaged voice through the text-to-speech sockets, into the packaged recogniser."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol import listen

pytestmark = [pytest.mark.anyio, pytest.mark.speech]

TEXT = "The weather in the city will be cold and windy tomorrow."
CONTENT = {"weather", "city", "cold", "windy", "tomorrow"}
# The good voice says it a little differently in each process, and no ear tells these two apart.
SOUNDS_LIKE = {"whether": "weather"}
# The small voice is harder to understand than the good one.
AT_LEAST = len(CONTENT) if find_spec("piper") else 3


@pytest.mark.parametrize(("version", "sample_rate"), [("v1", 16000), ("v2", 44100)])
async def test_a_spoken_sentence_is_understood(version: str, sample_rate: int) -> None:
    heard: set[str] = set()
    raw: Any = {"encoding": "linear16", "sample_rate": sample_rate}
    async with (
        DeepgramClient.local() as dg,
        getattr(dg.speak, version).connect(**raw) as speech,
        dg.listen.v1.stream(speech.synthesize(TEXT), **raw) as results,
    ):
        async for event in results:
            if isinstance(event, listen.Results) and event.is_final:
                heard |= {SOUNDS_LIKE.get(word.word, word.word) for word in event.words}
    assert len(CONTENT & heard) >= AT_LEAST, heard
