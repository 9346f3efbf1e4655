"""Audio from wherever the caller has it: paths, files, bytes, iterables; whole or in pieces, paced or not."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import IO, Any, TypeAlias

import anyio
import anyio.to_thread

from ..errors import ConfigError
from ..protocol.ledger import AudioFormat
from ..protocol.wav import WavError, WavReader

__all__ = ["AudioInput", "AudioSource", "open_source"]

AudioInput: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Iterable[bytes] | AsyncIterable[bytes]
)
"""A path, audio in memory, a binary file, or an iterable of bytes, sync or async."""

_READ_BYTES = 64 * 1024
_SNIFF_BYTES = 12
_PACED_S = 0.02
_UNPACED_S = 0.1
_CONTAINER_BYTES = 8 * 1024


class AudioSource:
    """An opened source.

    Attributes:
        format: of the chunks, as found in a WAV header or as announced; its `encoding` is None for other containers.
    """

    def __init__(self, pieces: AsyncIterator[bytes], audio: AudioFormat) -> None:
        self.format = audio
        self._pieces = pieces

    def check_pace(self, pace: float | None) -> None:
        """Raise `ConfigError` when the source cannot be sent at this pace."""
        if pace is None:
            return
        if not (pace > 0 and math.isfinite(pace)):
            raise ConfigError(f"pace must be a positive number, not {pace!r}")
        if self.format.byte_rate is None:
            raise ConfigError("pace needs raw audio: pass encoding= and sample_rate=, or a WAV source")

    async def chunks(self, pace: float | None = None) -> AsyncIterator[bytes]:
        """Yield the audio in chunks of 20 ms when paced and of 100 ms otherwise, none of them empty.

        Args:
            pace: how much faster than real time; None does not wait.
        """
        self.check_pace(pace)
        size = self._chunk_bytes(pace)
        rate = self.format.byte_rate or 1
        began, sent = anyio.current_time(), 0
        async for piece in self._pieces:
            for start in range(0, len(piece), size):
                if pace is not None:
                    # Against the start, not the last chunk: late wake-ups do not add up.
                    await anyio.sleep_until(began + sent / rate / pace)
                chunk = piece[start : start + size]
                sent += len(chunk)
                yield chunk

    def _chunk_bytes(self, pace: float | None) -> int:
        rate, frame = self.format.byte_rate, self.format.frame_bytes
        if rate is None or frame is None:
            return _CONTAINER_BYTES
        wanted = int(rate * (_UNPACED_S if pace is None else _PACED_S))
        return max(frame, wanted - wanted % frame)


@asynccontextmanager
async def open_source(source: AudioInput, *, expected: AudioFormat | None) -> AsyncIterator[AudioSource]:
    """Open a source, look for a WAV header, and close what was opened in the end.

    Args:
        source: what to read.
        expected: the format that was announced; a WAV source must then be in it. None means whatever the source is in.

    Raises:
        ConfigError: it cannot be read, is no audio source, or is in another format than announced.
    """
    async with AsyncExitStack() as stack:
        pieces = _nonempty(await _pieces(source, stack))
        head = await _head(pieces)
        wav = WavReader() if head[:4] == b"RIFF" and head[8:12] == b"WAVE" else None
        if wav is None:
            yield AudioSource(_chained(head, pieces), expected or AudioFormat())
            return
        consumed = [head]
        samples = _read_wav(wav, head)
        while wav.format is None:
            piece = await anext(pieces, None)
            if piece is None:
                raise ConfigError("the WAV source ends before its audio begins")
            consumed.append(piece)
            samples += _read_wav(wav, piece)
        found = AudioFormat(
            encoding=wav.format.encoding, sample_rate=wav.format.sample_rate, channels=wav.format.channels
        )
        if found.encoding is None and expected is None:
            yield AudioSource(_chained(b"".join(consumed), pieces), AudioFormat())
            return
        if expected is not None and found != expected:
            raise ConfigError(f"the WAV source is {_describe(found)}, but {_describe(expected)} was announced")
        yield AudioSource(_samples(wav, samples, pieces), found)


def _describe(audio: AudioFormat) -> str:
    return f"{audio.encoding or 'of another codec'}, {audio.sample_rate} Hz, {audio.channels} channel(s)"


def _read_wav(wav: WavReader, data: bytes) -> bytes:
    try:
        return wav.feed(data)
    except WavError as error:
        raise ConfigError(f"the WAV source cannot be read: {error}") from error


async def _samples(wav: WavReader, first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in pieces:
        samples = _read_wav(wav, piece)
        if samples:
            yield samples


async def _chained(head: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if head:
        yield head
    async for piece in pieces:
        yield piece


async def _head(pieces: AsyncIterator[bytes]) -> bytes:
    head = b""
    while len(head) < _SNIFF_BYTES:
        piece = await anext(pieces, None)
        if piece is None:
            break
        head += piece
    return head


async def _nonempty(pieces: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise ConfigError(f"an audio source must give bytes, not {type(piece).__name__}")
        if len(piece):
            yield bytes(piece)


async def _pieces(source: Any, stack: AsyncExitStack) -> AsyncIterator[Any]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_list([source])
    if isinstance(source, (str, os.PathLike)):
        return _from_file(await _open(source, stack))
    if hasattr(source, "read"):
        return _from_file(source)
    if isinstance(source, (list, tuple)):
        return _from_list(source)
    if isinstance(source, AsyncIterable):
        return aiter(source)
    if isinstance(source, Iterable):
        return _from_blocking(iter(source))
    raise ConfigError(f"not an audio source: {type(source).__name__}")


async def _open(path: str | os.PathLike[str], stack: AsyncExitStack) -> IO[bytes]:
    def opened() -> IO[bytes]:
        return open(path, "rb")  # noqa: SIM115 - closed by the stack

    try:
        file = await anyio.to_thread.run_sync(opened)
    except OSError as error:
        raise ConfigError(f"cannot read {os.fspath(path)}: {error.strerror or error}") from error
    stack.callback(file.close)
    return file


async def _from_list(pieces: Iterable[Any]) -> AsyncIterator[Any]:
    for piece in pieces:
        yield piece


async def _from_file(file: Any) -> AsyncIterator[Any]:
    read: Callable[[int], Any] = getattr(file, "read1", file.read)
    # A pipe may have nothing to read for ever: cancellation leaves the thread to itself.
    while piece := await anyio.to_thread.run_sync(read, _READ_BYTES, abandon_on_cancel=True):
        yield piece


async def _from_blocking(iterator: Iterator[Any]) -> AsyncIterator[Any]:
    end = object()
    # A generator may block (a microphone, a download), so each step runs in a worker thread.
    while (piece := await anyio.to_thread.run_sync(next, iterator, end, abandon_on_cancel=True)) is not end:
        yield piece
