"""Audio for tests: as long as a script needs, without a recording."""

from __future__ import annotations

from array import array

from ..errors import ConfigError
from ..local.engines.scripted import ToneVoice
from ..protocol.wav import wav_header
from .scripts import PAUSE_S, Transcript, lay_out

__all__ = ["audio_for", "little_endian", "silence", "wav_of"]


def silence(seconds: float, *, sample_rate: int = 16_000, channels: int = 1) -> bytes:
    """Return silence as ``linear16``.

    Args:
        seconds: how long.
        sample_rate: frames per second.
        channels: samples per frame.
    """
    return bytes(2 * channels * round(seconds * sample_rate))


def audio_for(transcript: Transcript, *, sample_rate: int = 16_000, tail_s: float = PAUSE_S) -> bytes:
    """Return ``linear16`` mono audio that is long enough for a script: a hum where something is said, else silence.

    Args:
        transcript: the script.
        sample_rate: samples per second.
        tail_s: silence behind the last word, in seconds; the default ends the utterance in every kind of stream.

    Raises:
        ConfigError: the script is none, or a function.
    """
    audio = bytearray()
    for utterance in lay_out(transcript):
        for word in utterance.words:
            audio += silence(max(0.0, word.start_s - len(audio) / 2 / sample_rate), sample_rate=sample_rate)
            voice = ToneVoice(sample_rate=sample_rate, word_s=word.end_s - word.start_s, pause_s=0.0)
            audio += b"".join(voice.synthesize(word.word))
    return little_endian(bytes(audio)) + silence(tail_s, sample_rate=sample_rate)


def wav_of(samples: bytes, *, sample_rate: int = 16_000, channels: int = 1) -> bytes:
    """Return a WAV file of ``linear16`` samples.

    Args:
        samples: little-endian, as `silence` and `audio_for` give them.
        sample_rate: frames per second.
        channels: samples per frame.

    Raises:
        ConfigError: the samples do not make whole frames.
    """
    if len(samples) % (2 * channels):
        raise ConfigError("the samples of a WAV file must make whole frames")
    return wav_header(data_bytes=len(samples), sample_rate=sample_rate, channels=channels) + samples


def little_endian(samples: bytes) -> bytes:
    """Return 16-bit samples of the machine's byte order in the wire's."""
    return _swapped(samples) if array("h", [1]).tobytes()[0] == 0 else samples


def _swapped(samples: bytes) -> bytes:
    values = array("h", samples)
    values.byteswap()
    return values.tobytes()
