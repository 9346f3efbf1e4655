"""What a client's end measures, for whoever keeps statistics."""

from __future__ import annotations

import enum

__all__ = ["Measure"]


class Measure(enum.Enum):
    """A time that a client's end has just measured, in seconds."""

    FIRST_RESULT = "from the first audio of a transcription to its first result, final or not"
    FINAL = "from handing over the last audio that a final result covers to its arrival"
    FIRST_AUDIO = "from the flush of a text, or its beginning if the server did not wait for that, to its first audio"
