"""What is said in the soak: texts, spoken once by the packaged voice, in several forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from deepgram_anyio.local.engines import default_voice
from deepgram_anyio.local.engines.base import Voice
from deepgram_anyio.local.engines.pcm import PcmEncoder
from deepgram_anyio.protocol.ledger import AudioFormat

from .soak_checks import Log

__all__ = ["Speech", "speeches"]

_TEXTS = (
    "Good morning. The train to the north leaves at nine. Please take your seats. The weather will be cold today. "
    "There is rain over the city. Bring a warm coat. We stop in four towns. Lunch is served at noon. "
    "The doors close in one minute. Do not leave your bags alone. Thank you for travelling with us.",
    "This is the news of the day. A small boat was lost at sea. All seven people are safe. The storm is over now. "
    "A new school will open in the spring. The old bridge is closed. People walk to work. "
    "The river is high but falling. More rain is expected on Sunday. That is all for tonight.",
    "Welcome to the museum. This room is very old. The king lived here for ten years. He loved music and books. "
    "Look at the painting on the wall. It shows his youngest daughter. She became a doctor. "
    "The garden is behind the house. You may sit down and rest. The tour ends at the gate.",
    "To make good bread you need flour and water. Add some salt. Wait for one hour. Then heat the oven. "
    "Put the bread in and close the door. Do not open it too early. After forty minutes it is brown. "
    "Let it cool down. Cut it with a long knife. Serve it with butter. Enjoy your meal.",
)
_PAIR = (
    "Hello, who is speaking? I can hear you now. What time will you arrive? That is too late. Let us meet tomorrow.",
    "My name is Peter. The line is very bad. I will be there at eight. The bus is slow. Yes, that is better for me.",
)


@dataclass(frozen=True, kw_only=True)
class Speech:
    """Raw audio.

    Attributes:
        name: for tables.
        data: the audio.
        format: of it.
        multichannel: each channel is a speaker of their own.
    """

    name: str
    data: bytes
    format: AudioFormat
    multichannel: bool = False

    @property
    def byte_rate(self) -> int:
        """Bytes of one second."""
        assert self.format.byte_rate is not None
        return self.format.byte_rate

    @property
    def params(self) -> dict[str, Any]:
        """What a request has to say about it."""
        return {
            "encoding": self.format.encoding,
            "sample_rate": self.format.sample_rate,
            "channels": self.format.channels,
            "multichannel": self.multichannel,
        }

    def first(self, length_s: float) -> Speech:
        """Return its beginning."""
        assert self.format.frame_bytes is not None
        length = int(length_s * self.byte_rate)
        return replace(self, data=self.data[: length - length % self.format.frame_bytes])

    def log(self) -> Log:
        """Make an empty log for a stream of it."""
        assert self.format.frame_bytes is not None
        return Log(
            duration_s=len(self.data) / self.byte_rate,
            byte_rate=self.byte_rate,
            frame_bytes=self.format.frame_bytes,
            channels=self.format.channels if self.multichannel else 1,
        )


def speeches() -> list[Speech]:
    """Let the voice speak; takes some seconds."""
    voice = default_voice()
    try:
        found = [
            _speech("linear16, 16 kHz", voice, _TEXTS[0], "linear16", 16_000),
            _speech("linear16, 16 kHz", voice, _TEXTS[1], "linear16", 16_000),
            _speech("linear16, 24 kHz", voice, _TEXTS[2], "linear16", 24_000),
            _speech("mulaw, 8 kHz", voice, _TEXTS[3], "mulaw", 8_000),
        ]
        sides = [_spoken(voice, text, "linear16", 16_000) for text in _PAIR]
    finally:
        voice.close()
    both = AudioFormat(encoding="linear16", sample_rate=16_000, channels=2)
    found.append(Speech(name="linear16, 2 channels", data=_interleaved(sides), format=both, multichannel=True))
    return found


def _speech(name: str, voice: Voice, text: str, encoding: str, sample_rate: int) -> Speech:
    audio = AudioFormat(encoding=encoding, sample_rate=sample_rate)
    return Speech(name=name, data=_spoken(voice, text, encoding, sample_rate), format=audio)


def _spoken(voice: Voice, text: str, encoding: str, sample_rate: int) -> bytes:
    encoder = PcmEncoder(encoding, source_rate=voice.sample_rate, sample_rate=sample_rate)
    return b"".join([*map(encoder.feed, voice.synthesize(text)), encoder.flush()])


def _interleaved(sides: Sequence[bytes]) -> bytes:
    """Put two 16-bit channels into one stream; the second speaker begins later, so that their pauses differ."""
    late = [sides[0], bytes(32_000) + sides[1]]
    length = max(map(len, late))
    samples = [memoryview(side.ljust(length, b"\0")).cast("h") for side in late]
    both = memoryview(bytearray(2 * length)).cast("h")
    both[::2], both[1::2] = samples
    return bytes(both)
