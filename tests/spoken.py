"""Real speech for tests, by the packaged voice."""

from __future__ import annotations

from contextlib import closing

from deepgram_anyio.local.engines import default_voice
from deepgram_anyio.protocol.wav import wav_header

__all__ = ["WEATHER", "spoken"]

WEATHER = "The weather in the city will be cold and windy tomorrow."


def spoken(text: str = WEATHER, *, silence_s: float = 0.0) -> bytes:
    """Return a WAV file in which the packaged voice says a text.

    Args:
        text: English.
        silence_s: seconds of silence behind it.
    """
    with closing(default_voice()) as voice:
        samples = b"".join(voice.synthesize(text)) + bytes(2 * round(silence_s * voice.sample_rate))
    return wav_header(data_bytes=len(samples), sample_rate=voice.sample_rate) + samples
