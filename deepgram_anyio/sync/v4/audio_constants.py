"""What a `Microphone` and a `Speaker` assume unless told otherwise, under the names of v4."""

from __future__ import annotations

from . import verboselogs

__all__ = [
    "CHANNELS",
    "CHUNK",
    "INPUT_CHANNELS",
    "INPUT_CHUNK",
    "INPUT_LOGGING",
    "INPUT_RATE",
    "LOGGING",
    "OUTPUT_CHANNELS",
    "OUTPUT_CHUNK",
    "OUTPUT_LOGGING",
    "OUTPUT_PLAYBACK_DELTA",
    "OUTPUT_RATE",
    "PLAYBACK_DELTA",
    "RATE",
    "TIMEOUT",
]

LOGGING: int = verboselogs.WARNING
"""Level below which a device logs nothing."""
CHANNELS = 1
RATE = 16000
"""Sample rate, in Hz."""
CHUNK = 8194
"""Frames in a block of audio; a frame is one sample of each channel."""
PLAYBACK_DELTA = 2000
"""Silence, in milliseconds, after which a speaker has said everything."""
TIMEOUT = 0.050
"""Pause, in seconds, before a speaker asks again for a message when there was none."""

INPUT_LOGGING = OUTPUT_LOGGING = LOGGING
INPUT_CHANNELS = OUTPUT_CHANNELS = CHANNELS
INPUT_RATE = OUTPUT_RATE = RATE
INPUT_CHUNK = OUTPUT_CHUNK = CHUNK
OUTPUT_PLAYBACK_DELTA = PLAYBACK_DELTA
