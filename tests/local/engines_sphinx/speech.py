"""Speech for the tests: the same on every machine, as the packaged voice makes it."""

from __future__ import annotations

import random
import struct
from functools import cache

from deepgram_anyio.local.engines.base import RECOGNIZER_RATE
from deepgram_anyio.local.engines.espeak import EspeakVoice
from deepgram_anyio.local.engines.pcm import PcmEncoder, encode_pcm

__all__ = ["noise", "silence", "speech"]


@cache
def speech(text: str) -> bytes:
    """Return samples at `RECOGNIZER_RATE`, with silence before and after."""
    voice = EspeakVoice()
    encoder = PcmEncoder("linear16", source_rate=voice.sample_rate, sample_rate=RECOGNIZER_RATE)
    spoken = b"".join(encoder.feed(chunk) for chunk in voice.synthesize(text)) + encoder.flush()
    return silence(0.3) + spoken + silence(0.3)


def silence(length_s: float) -> bytes:
    return bytes(2 * round(RECOGNIZER_RATE * length_s))


def noise(length_s: float, *, level: int = 3000) -> bytes:
    chance = random.Random(1)
    count = round(RECOGNIZER_RATE * length_s)
    return encode_pcm(struct.pack(f"{count}h", *(chance.randint(-level, level) for _ in range(count))), "linear16")
