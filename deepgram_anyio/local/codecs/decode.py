"""Recordings into samples for a recogniser, a piece at a time. Blocking.

Nothing that a recording says of its own length is believed: what counts is what comes out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any, Final, NamedTuple

from ...errors import ConfigError
from ...protocol.wav import WavError, WavReader, is_wav
from ..engines.conversion import Decoder, pcm_decoder
from ..engines.failures import missing_extra
from ..engines.raw_forms import ENCODINGS, SAMPLE_BYTES
from ..wire_audio import UndecodableAudioError
from .formats import CONTAINERS, DEMUXERS

__all__ = ["MAX_AUDIO_S", "RecordingDecoder", "TooMuchAudioError"]

MAX_AUDIO_S: Final = 24 * 3600.0
"""The longest recording that is taken, in seconds: a file of a few bytes can hold years of silence."""

_PIECE_BYTES: Final = 64 * 1024


class TooMuchAudioError(ValueError):
    """The recording is longer than `MAX_AUDIO_S`."""


class _Chunk(NamedTuple):
    """Raw audio as it is in a recording."""

    encoding: str
    sample_rate: int
    channels: int
    data: bytes


class RecordingDecoder:
    """Decodes one recording. Used by one thread at a time.

    Attributes:
        duration_s: length of the audio so far, in seconds.
        channels: how many come out; 0 before the first piece.
    """

    def __init__(
        self,
        file: IO[bytes],
        *,
        encoding: str | None = None,
        sample_rate: int | None = None,
        channels: int = 1,
        mix: bool = True,
        max_audio_s: float = MAX_AUDIO_S,
        check: Callable[[], object] = lambda: None,
    ) -> None:
        """
        Args:
            file: the recording, which can seek; it is not closed.
            encoding: one of `ENCODINGS`, for bare samples, or of `formats.DEMUXERS`; None for a recording that says
                what it is. A WAV file is always taken for one.
            sample_rate: of bare samples, in Hz.
            channels: of bare samples.
            mix: average all channels into one.
            max_audio_s: the most audio that is decoded, in seconds.
            check: called every now and then; what it raises ends the work.
        """
        self._file = file
        self._encoding = encoding
        self._sample_rate = sample_rate
        self._raw_channels = channels
        self._mix = mix
        self._max_audio_s = max_audio_s
        self._check = check
        self.duration_s: float = 0.0
        self.channels: int = 0

    def pieces(self) -> Iterator[list[bytes]]:
        """Yield 16-bit samples at `RECOGNIZER_RATE`, in the machine's byte order: one entry per channel.

        A recording that breaks off, or that is damaged within, gives what can be decoded of it.

        Raises:
            ConfigError: the extra ``local`` is not installed.
            TooMuchAudioError: it is too long.
            UndecodableAudioError: there is not a single sample in it that can be decoded.
        """
        decoder: Decoder | None = None
        frames = 0
        for chunk in self._chunks():
            if decoder is None:
                decoder = self._begin(chunk)
            frame_bytes = _frame_bytes(chunk)
            frames += len(chunk.data) // frame_bytes
            self.duration_s = frames / chunk.sample_rate
            if self.duration_s > self._max_audio_s:
                raise TooMuchAudioError(f"the recording is longer than {self._max_audio_s:g} s")
            yield decoder.feed(chunk.data)
            self._check()
        if decoder is None or frames == 0:
            raise UndecodableAudioError("there is no audio in the recording")
        yield decoder.flush()

    def _begin(self, chunk: _Chunk) -> Decoder:
        try:
            decoder = pcm_decoder(chunk.encoding, chunk.sample_rate, chunk.channels, mix=self._mix)
        except ConfigError as error:
            raise UndecodableAudioError(str(error)) from error
        self.channels = 1 if self._mix else chunk.channels
        return decoder

    def _chunks(self) -> Iterator[_Chunk]:
        self._file.seek(0)
        head = self._file.read(12)
        if self._encoding in ENCODINGS and not is_wav(head):
            return self._raw_chunks(self._encoding)
        if is_wav(head) and not _has_codecs():
            return self._wav_chunks()
        demuxers: tuple[str, ...] = (CONTAINERS,)
        if self._encoding in DEMUXERS:
            demuxers = (*DEMUXERS[self._encoding], CONTAINERS)
        return self._codec_chunks(demuxers)

    def _raw_chunks(self, encoding: str) -> Iterator[_Chunk]:
        assert self._sample_rate is not None
        sample_bytes = _frame_bytes(_Chunk(encoding, self._sample_rate, self._raw_channels, b""))
        piece_bytes = max(1, _PIECE_BYTES // sample_bytes) * sample_bytes
        self._file.seek(0)
        while data := self._file.read(piece_bytes):
            yield _Chunk(encoding, self._sample_rate, self._raw_channels, data)

    def _wav_chunks(self) -> Iterator[_Chunk]:
        """Do without a codec what can be done without one."""
        self._file.seek(0)
        reader = WavReader()
        rest = b""
        try:
            while data := self._file.read(_PIECE_BYTES):
                rest += reader.feed(data)
                form = reader.format
                if form is None or form.encoding is None:
                    continue
                whole = len(rest) - len(rest) % form.block_align
                yield _Chunk(form.encoding, form.sample_rate, form.channels, rest[:whole])
                rest = rest[whole:]
        except WavError as error:
            raise UndecodableAudioError(str(error)) from error

    def _codec_chunks(self, demuxers: tuple[str, ...]) -> Iterator[_Chunk]:
        try:
            import av
            from av.error import FFmpegError
        except ImportError as error:
            raise missing_extra("local", error) from error
        source = _CheckedFile(self._file, self._check)
        # Titles in other encodings than UTF-8 are no reason to refuse the sound; since 19, PyAV thinks so, too.
        lenient: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
        for demuxer in demuxers:
            self._file.seek(0)
            known = demuxer if "," not in demuxer else None
            # Nothing may be opened but the file itself, whatever stands in it.
            options = {"protocol_whitelist": "none"}
            if known is None:
                options["format_whitelist"] = demuxer
            try:
                container = av.open(source, format=known, container_options=options, **lenient)
            except (FFmpegError, OSError, ValueError):
                source.raise_failure()
                continue
            with container:
                found = False
                for chunk in _samples(container):
                    found = True
                    yield chunk
                source.raise_failure()
                if found:
                    return


def _has_codecs() -> bool:
    try:
        import av  # noqa: F401
    except ImportError:
        return False
    return True


def _frame_bytes(chunk: _Chunk) -> int:
    return SAMPLE_BYTES[chunk.encoding] * chunk.channels


class _CheckedFile:
    """What FFmpeg reads from; a search through gigabytes without a frame can be ended, too."""

    def __init__(self, file: IO[bytes], check: Callable[[], object]) -> None:
        self._file = file
        self._check = check
        self._failure: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            self._check()
            return self._file.read(size)
        except BaseException as error:
            # FFmpeg's callbacks hand on ordinary exceptions only, and cancellation is none.
            self._failure = error
            raise OSError("reading was ended") from error

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def raise_failure(self) -> None:
        """Raise what went wrong in `read`, if anything did."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


def _samples(container: Any) -> Iterator[_Chunk]:
    """Yield the first audio stream's samples, all in the form of its first frame."""
    import av

    if not container.streams.audio:
        return
    stream = container.streams.audio[0]
    form: tuple[int, str, int] | None = None
    resampler: Any = None
    last: Any = None
    for frame in _frames(container, stream):
        seen = (frame.sample_rate, frame.layout.name, frame.format.name)
        if form is None:
            form = (frame.sample_rate, frame.layout.name, frame.layout.nb_channels)
        if seen != last:
            # A stream may change its mind: joined Ogg files, or AAC whose extension shows up later.
            resampler = av.AudioResampler(format="s16", layout=form[1], rate=form[0])
            last = seen
        frame.pts = None
        for converted in resampler.resample(frame):
            data = bytes(converted.planes[0])[: converted.samples * form[2] * 2]
            yield _Chunk("linear16", form[0], form[2], data)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    from av.error import FFmpegError

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (FFmpegError, OSError):
            packet = None  # it breaks off here
        if packet is None:
            return
        try:
            frames = packet.decode()
        except FFmpegError:
            continue  # one damaged packet
        yield from frames
