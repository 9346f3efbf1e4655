"""Audio as a client sends it, raw or in a WAV container, to samples for a recogniser. Blocking, without I/O."""

from __future__ import annotations

from ..protocol.ledger import AudioFormat
from ..protocol.listen_options import RAW_ENCODINGS
from ..protocol.wav import WavError, WavReader
from .engines.conversion import Decoder, pcm_decoder

__all__ = ["UndecodableAudioError", "WireAudio"]


class UndecodableAudioError(ValueError):
    """The audio is not what was announced, or in a container that is not supported."""


class WireAudio:
    """One stream's audio.

    Attributes:
        format: of the samples; None until a container's header told.
    """

    def __init__(self, announced: AudioFormat, *, mix: bool) -> None:
        """
        Args:
            announced: the format of the request; without an encoding, a WAV container is expected.
            mix: make one channel of all.
        """
        self.format: AudioFormat | None = None
        self._mix = mix
        self._wav: WavReader | None = None
        self._decoder: Decoder | None = None
        self._audio_bytes = 0
        self._received = False
        if announced.encoding is not None:
            self._begin(announced)
        else:
            self._wav = WavReader()

    @property
    def duration_s(self) -> float:
        """Length of the audio so far, in seconds."""
        rate = self.format.byte_rate if self.format is not None else None
        return self._audio_bytes / rate if rate else 0.0

    def feed(self, data: bytes | memoryview) -> list[bytes]:
        """Take bytes off the wire; return the samples that are ready, one entry per channel, or one when mixing.

        Raises:
            UndecodableAudioError: they are not audio of the announced, or of any supported, form.
        """
        self._received = True
        samples = self._unwrap(bytes(data))
        if not samples:
            return []
        assert self._decoder is not None
        self._audio_bytes += len(samples)
        return self._decoder.feed(samples)

    def finish(self) -> list[bytes]:
        """Return the samples that were held back.

        Raises:
            UndecodableAudioError: the stream ended within a container's header.
        """
        if self._decoder is not None:
            return self._decoder.flush()
        if self._received:
            raise UndecodableAudioError("the stream ended before its WAV header did")
        return []

    def _unwrap(self, data: bytes) -> bytes:
        if self._wav is None:
            return data
        try:
            samples = self._wav.feed(data)
        except WavError as error:
            raise UndecodableAudioError(str(error)) from error
        found = self._wav.format
        if found is not None and self._decoder is None:
            if found.encoding not in RAW_ENCODINGS:
                raise UndecodableAudioError(f"WAV audio of this form is not supported: {found}")
            self._begin(AudioFormat(encoding=found.encoding, sample_rate=found.sample_rate, channels=found.channels))
        return samples

    def _begin(self, audio: AudioFormat) -> None:
        assert audio.encoding is not None
        assert audio.sample_rate is not None
        self.format = audio
        self._decoder = pcm_decoder(audio.encoding, audio.sample_rate, audio.channels, mix=self._mix)
