"""Real speech through the real recogniser: recordings where there are some, and the packaged voices."""

from __future__ import annotations

import re
from pathlib import Path

import anyio.to_thread
import jiwer
import pytest

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol import listen

from .shared import shared
from .spoken import spoken

pytestmark = [pytest.mark.anyio, pytest.mark.speech]

PREAMBLE = (
    "we the people of the united states in order to form a more perfect union establish justice insure domestic "
    "tranquility provide for the common defense promote the general welfare and secure the blessings of liberty to "
    "ourselves and our posterity do ordain and establish this constitution for the united states of america"
)


async def transcript(source: Path | bytes) -> tuple[str, float]:
    """Return what is heard, in lower case without punctuation, and for how many seconds."""
    words: list[str] = []
    seconds = 0.0
    async with DeepgramClient.local() as dg, dg.listen.v1.stream(source, smart_format=True) as stream:
        async for event in stream:
            match event:
                case listen.Results(is_final=True):
                    words += re.sub(r"[^a-z' ]", "", event.transcript.lower()).split()
                case listen.Metadata():
                    seconds = event.duration
    return " ".join(words), seconds


@pytest.mark.parametrize(
    ("recording", "most"), [("preamble_44100_linear16.wav", 0.35), ("preamble_8000_mulaw.wav", 0.8)]
)
async def test_word_error_rate_of_a_recording(
    recording: str, most: float, capsys: pytest.CaptureFixture[str], anyio_backend_name: str
) -> None:
    heard, seconds = await transcript(shared(f"fixtures/audio/{recording}"))
    rate = jiwer.wer(PREAMBLE, heard)
    with capsys.disabled():
        print(f"\n{recording} on {anyio_backend_name}: word error rate {rate:.3f}")
    assert seconds == pytest.approx(19.098, abs=0.001)
    assert rate <= most


async def test_a_packaged_voice_is_understood() -> None:
    heard, _ = await transcript(await anyio.to_thread.run_sync(spoken))
    understood = {"weather", "city", "cold", "windy", "tomorrow"} & set(heard.split())
    assert len(understood) >= 3, heard
