"""Audio from wherever the caller has it: paths, files, bytes, iterables; whole or in pieces, paced or not."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from inspect import isasyncgen
from typing import IO, Any, TypeAlias

import anyio
import anyio.to_thread

from ..errors import ConfigError
from ..protocol.ledger import AudioFormat
from ..protocol.wav import WavError, WavReader
from .clock import loop_clock

__all__ = ["AudioInput", "AudioSource", "open_pieces", "open_source"]

AudioInput: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Iterable[bytes] | AsyncIterable[bytes]
)
"""A path, audio in memory, a binary file, or an iterable of bytes, sync or async."""

# Readers are plain functions and iterators plain objects: an async generator left early must be closed by somebody.
_Read: TypeAlias = Callable[[], Awaitable[bytes | None]]
"""Gives the next piece, never an empty one, and None after the last."""

_READ_BYTES = 64 * 1024
_SNIFF_BYTES = 12
_PACED_S = 0.02
_TICK_S = 0.005
_UNPACED_S = 0.1
_CONTAINER_BYTES = 8 * 1024


class AudioSource:
    """An opened source.

    Attributes:
        format: of the audio, as found in a WAV header or as announced; its `encoding` is None for other containers.
    """

    def __init__(self, read: _Read, audio: AudioFormat) -> None:
        self.format = audio
        self._read = read

    def check_pace(self, pace: float | None) -> None:
        """Raise `ConfigError` when the source cannot be sent at this pace."""
        if pace is None:
            return
        if not (pace > 0 and math.isfinite(pace)):
            raise ConfigError(f"pace must be a positive number, not {pace!r}")
        if self.format.byte_rate is None:
            raise ConfigError("pace needs raw audio: pass encoding= and sample_rate=, or a WAV source")

    def chunks(self, pace: float | None = None) -> AsyncIterator[bytes]:
        """Iterate over the audio in chunks of 20 ms when paced and of 100 ms otherwise, none of them empty.

        Args:
            pace: how much faster than real time; None does not wait.

        Raises:
            ConfigError: see `check_pace`.
        """
        self.check_pace(pace)
        return _Chunks(self._read, self._chunk_bytes(pace), pace, self.format.byte_rate or 1)

    def _chunk_bytes(self, pace: float | None) -> int:
        rate, frame = self.format.byte_rate, self.format.frame_bytes
        if rate is None or frame is None:
            return _CONTAINER_BYTES
        wanted = int(rate * (_UNPACED_S if pace is None else _PACED_S))
        return max(frame, wanted - wanted % frame)


class _Chunks:
    def __init__(self, read: _Read, size: int, pace: float | None, byte_rate: int) -> None:
        self._read = read
        self._size = size
        self._pace = pace
        self._byte_rate = byte_rate
        self._clock = loop_clock()
        self._began: float | None = None
        self._sent = 0
        self._piece = b""
        self._offset = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._offset >= len(self._piece):
            piece = await self._read()
            if piece is None:
                raise StopAsyncIteration
            self._piece, self._offset = piece, 0
        if self._pace is not None:
            # Against the start, not the last chunk: late wake-ups do not add up.
            if self._began is None:
                self._began = self._clock()
            due = self._began + self._sent / self._byte_rate / self._pace
            # Those of many sources that are due within one tick are woken together: one turn of the event loop for all.
            await anyio.sleep(max(0.0, math.ceil(due / _TICK_S) * _TICK_S - self._clock()))
        chunk = self._piece[self._offset : self._offset + self._size]
        self._offset += len(chunk)
        self._sent += len(chunk)
        return chunk


@asynccontextmanager
async def open_source(source: AudioInput, *, expected: AudioFormat | None) -> AsyncIterator[AudioSource]:
    """Open a source, look for a WAV header, and close what was opened in the end.

    Args:
        source: what to read. An async generator is closed, too: what it has left is of use to nobody.
        expected: the format that was announced; a WAV source must then be in it. None means whatever the source is in.

    Raises:
        ConfigError: it cannot be read, is no audio source, or is in another format than announced.
    """
    async with AsyncExitStack() as stack:
        read = await open_pieces(source, stack)
        head = await _head(read)
        if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
            yield await _open_wav(head, read, expected)
        else:
            yield AudioSource(_after(head, read), expected or AudioFormat())


async def _head(read: _Read) -> bytes:
    head = b""
    while len(head) < _SNIFF_BYTES and (piece := await read()) is not None:
        head += piece
    return head


async def _open_wav(head: bytes, read: _Read, expected: AudioFormat | None) -> AudioSource:
    wav = WavReader()
    consumed = head
    samples = _samples(wav, head)
    while wav.format is None:
        piece = await read()
        if piece is None:
            raise ConfigError("the WAV source ends before its audio begins")
        consumed += piece
        samples += _samples(wav, piece)
    found = AudioFormat(encoding=wav.format.encoding, sample_rate=wav.format.sample_rate, channels=wav.format.channels)
    if found.encoding is None and expected is None:
        return AudioSource(_after(consumed, read), AudioFormat())
    if expected is not None and found != expected:
        raise ConfigError(f"the WAV source is {_describe(found)}, but {_describe(expected)} was announced")

    async def read_samples() -> bytes | None:
        while (piece := await read()) is not None:
            if found_samples := _samples(wav, piece):
                return found_samples
        return None

    return AudioSource(_after(samples, read_samples), found)


def _describe(audio: AudioFormat) -> str:
    return f"{audio.encoding or 'of another codec'}, {audio.sample_rate} Hz, {audio.channels} channel(s)"


def _samples(wav: WavReader, data: bytes) -> bytes:
    try:
        return wav.feed(data)
    except WavError as error:
        raise ConfigError(f"the WAV source cannot be read: {error}") from error


def _after(head: bytes, read: _Read) -> _Read:
    """Put back what was read to look at it."""
    heads = [head] if head else []

    async def read_on() -> bytes | None:
        return heads.pop() if heads else await read()

    return read_on


async def open_pieces(source: AudioInput, stack: AsyncExitStack) -> Callable[[], Awaitable[bytes | None]]:
    """Open a source as it is.

    Args:
        source: what to read.
        stack: closes what was opened.

    Returns:
        A function that gives the next piece, never an empty one, and None after the last.

    Raises:
        ConfigError: it cannot be read, or is no source; the function raises it, too, for a piece that is no bytes.
    """
    return _nonempty(await _reader(source, stack))


def _nonempty(read: Callable[[], Awaitable[Any]]) -> _Read:
    async def read_on() -> bytes | None:
        while (piece := await read()) is not None:
            if not isinstance(piece, (bytes, bytearray, memoryview)):
                raise ConfigError(f"an audio source must give bytes, not {type(piece).__name__}")
            if len(piece):
                return bytes(piece)
        return None

    return read_on


async def _reader(source: Any, stack: AsyncExitStack) -> Callable[[], Awaitable[Any]]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_list([source])
    if isinstance(source, (str, os.PathLike)):
        return _from_file(await _open(source, stack))
    if hasattr(source, "read"):
        return _from_file(source)
    if isinstance(source, (list, tuple)):
        return _from_list(source)
    if isinstance(source, AsyncIterable):
        if isasyncgen(source):
            stack.push_async_callback(source.aclose)
        return _from_async(source)
    if isinstance(source, Iterable):
        return _from_blocking(source)
    raise ConfigError(f"not an audio source: {type(source).__name__}")


async def _open(path: str | os.PathLike[str], stack: AsyncExitStack) -> IO[bytes]:
    def opened() -> IO[bytes]:
        return open(path, "rb")

    try:
        file = await anyio.to_thread.run_sync(opened)
    except OSError as error:
        raise ConfigError(f"cannot read {os.fspath(path)}: {error.strerror or error}") from error
    stack.callback(file.close)
    return file


def _from_list(pieces: Iterable[Any]) -> Callable[[], Awaitable[Any]]:
    iterator = iter(pieces)

    async def read() -> Any:
        return next(iterator, None)

    return read


def _from_async(pieces: AsyncIterable[Any]) -> Callable[[], Awaitable[Any]]:
    iterator = aiter(pieces)

    async def read() -> Any:
        return await anext(iterator, None)

    return read


def _from_file(file: Any) -> Callable[[], Awaitable[Any]]:
    read_some: Callable[[int], Any] = getattr(file, "read1", file.read)

    async def read() -> Any:
        # A pipe may have nothing to read for ever: cancellation leaves the thread to itself.
        return await anyio.to_thread.run_sync(read_some, _READ_BYTES, abandon_on_cancel=True) or None

    return read


def _from_blocking(pieces: Iterable[Any]) -> Callable[[], Awaitable[Any]]:
    iterator = iter(pieces)

    async def read() -> Any:
        # A generator may block (a microphone, a download), so each step runs in a worker thread.
        return await anyio.to_thread.run_sync(next, iterator, None, abandon_on_cancel=True)

    return read
