"""A voice's samples into any form of speech that the API offers, piece by piece. Blocking."""

from __future__ import annotations

import io
from typing import Any, Final, Protocol

from ...protocol.wav import wav_header
from ..engines.conversion import pcm_encoder
from ..engines.failures import missing_extra
from ..engines.raw_forms import ENCODINGS
from .formats import SpeechFormat

__all__ = ["SpeechEncoder", "speech_encoder"]

# Encoder, muxer and the muxer's options. Pages and clusters are kept short, so that audio leaves as it is spoken.
_CODECS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "mp3": ("libmp3lame", "mp3", {"write_xing": "0", "id3v2_version": "0"}),
    "flac": ("flac", "flac", {}),
    "opus": ("libopus", "ogg", {"page_duration": "200000"}),
    "aac": ("aac", "adts", {}),
}
_MAX_OPUS_BIT_RATE: Final = 256_000
"""The most that Opus takes for one channel (RFC 6716 allows 510 kbit/s for two); more would be padding."""


class SpeechEncoder(Protocol):
    """Encodes one stream of samples. Used by one thread at a time."""

    def feed(self, samples: bytes) -> bytes:
        """Take mono 16-bit samples, in the machine's byte order; return the audio that is ready, perhaps none."""
        ...

    def finish(self) -> bytes:
        """Return the rest of the audio."""
        ...

    def close(self) -> None:
        """Let go of everything; harmless when repeated."""


def speech_encoder(form: SpeechFormat, *, source_rate: int) -> SpeechEncoder:
    """Make an encoder.

    Args:
        form: of the audio.
        source_rate: of the samples, in Hz.

    Raises:
        ConfigError: the extra ``local`` is not installed.
    """
    if form.encoding in ENCODINGS:
        return _RawEncoder(form, source_rate)
    return _CodecEncoder(form, source_rate)


class _RawEncoder:
    """Bare samples, or a WAV file whose header says that its length is not known: it is sent before there is a rest."""

    def __init__(self, form: SpeechFormat, source_rate: int) -> None:
        self._pcm = pcm_encoder(form.encoding, source_rate=source_rate, sample_rate=form.sample_rate)
        wav = form.container == "wav"
        self._header = wav_header(sample_rate=form.sample_rate, encoding=form.encoding) if wav else b""

    def feed(self, samples: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + self._pcm.feed(samples)

    def finish(self) -> bytes:
        header, self._header = self._header, b""
        return header + self._pcm.flush()

    def close(self) -> None:
        """Nothing to let go of."""


class _Sink:
    """Where a muxer writes. It cannot seek, so that the muxer does not try to mend its header in the end."""

    def __init__(self) -> None:
        self._written = io.BytesIO()

    def write(self, data: bytes) -> int:
        return self._written.write(data)

    def take(self) -> bytes:
        taken = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return taken


class _CodecEncoder:
    def __init__(self, form: SpeechFormat, source_rate: int) -> None:
        try:
            import av
        except ImportError as error:
            raise missing_extra("local", error) from error
        self._pcm = pcm_encoder("linear16", source_rate=source_rate, sample_rate=form.sample_rate)
        codec, muxer, options = _CODECS[form.encoding]
        self._sink = _Sink()
        self._rate = form.sample_rate
        self._sent = 0
        self._container = av.open(self._sink, "w", format=muxer, container_options=options)
        stream: Any = self._container.add_stream(codec, rate=form.sample_rate)
        stream.layout = "mono"
        if form.bit_rate is not None:
            limit = _MAX_OPUS_BIT_RATE if form.encoding == "opus" else form.bit_rate
            stream.bit_rate = min(form.bit_rate, limit)
        self._stream: Any = stream
        # Encoders want frames of their own length, and most of them samples of their own kind.
        stream.codec_context.open()
        self._resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout="mono",
            rate=form.sample_rate,
            frame_size=stream.codec_context.frame_size or None,
        )

    def feed(self, samples: bytes) -> bytes:
        self._encode(self._pcm.feed(samples))
        return self._sink.take()

    def finish(self) -> bytes:
        self._encode(self._pcm.flush())
        if self._sent == 0:
            # Without a sample there would be no header, and a file of no bytes is no file.
            self._encode(bytes(2))
        for rest in (*self._resampler.resample(None), None):
            self._mux(rest)
        self.close()
        return self._sink.take()

    def close(self) -> None:
        self._container.close()

    def _encode(self, wire: bytes) -> None:
        if not wire:
            return
        import av

        frame = av.AudioFrame(format="s16", layout="mono", samples=len(wire) // 2)
        frame.planes[0].update(wire)
        frame.sample_rate = self._rate
        frame.pts = self._sent
        self._sent += frame.samples
        for converted in self._resampler.resample(frame):
            self._mux(converted)

    def _mux(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
