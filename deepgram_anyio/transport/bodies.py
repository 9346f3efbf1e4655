"""Request bodies: of any source, streamed piece by piece, and sent again where the source allows it."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any, TypeAlias

import anyio.to_thread

from ..errors import ConfigError
from .sources import AudioInput, open_pieces

__all__ = ["Body", "Progress"]

Progress: TypeAlias = Callable[[int, "int | None"], object]
"""Is told how many bytes were sent, and how many there are in all, or None when nobody knows."""

_PIECE_BYTES = 64 * 1024


class Body:
    """A request's body.

    Attributes:
        content_type: its media type.
        size_bytes: its length, once `prepare` has run; None when nobody knows.
        replayable: whether it can be sent again whole, once `prepare` has run.
        touched: whether something was taken of it.
    """

    def __init__(
        self, source: AudioInput, *, content_type: str = "application/octet-stream", on_progress: Progress | None = None
    ) -> None:
        """
        Args:
            source: a path, a binary file, bytes, or an iterable or async iterable of bytes. Paths, bytes, lists,
                tuples and files that can seek are replayable.
            content_type: its media type.
            on_progress: called from the event loop as pieces are handed to the network; begins anew with a retry.
        """
        self.content_type = content_type
        self.size_bytes: int | None = None
        self.replayable: bool = False
        self.touched: bool = False
        self._source: Any = source
        self._on_progress = on_progress
        self._begins_at = 0

    async def prepare(self) -> None:
        """Look at the source: is it one, how long is it, can it be read twice? Nothing is read.

        Raises:
            ConfigError: it cannot be read, or there is nothing in it.
        """
        source = self._source
        if isinstance(source, (bytes, bytearray, memoryview)):
            self._source = memoryview(source).cast("B")
            self.size_bytes, self.replayable = len(self._source), True
        elif isinstance(source, (str, os.PathLike)):
            self.size_bytes, self.replayable = await anyio.to_thread.run_sync(_look_at_path, source)
        elif hasattr(source, "read"):
            await anyio.to_thread.run_sync(self._look_at_file)
        elif isinstance(source, (list, tuple)):
            self.size_bytes, self.replayable = _sum(source), True
        if self.size_bytes == 0:
            raise ConfigError("there is nothing to send: the source is empty")

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the source from its beginning, for one request, and close what was opened in the end.

        Raises:
            ConfigError: it cannot be read; as the pieces come: one is no bytes, or the length changed meanwhile.
        """
        async with AsyncExitStack() as stack:
            source = self._source
            if self.replayable and hasattr(source, "seek"):
                await anyio.to_thread.run_sync(source.seek, self._begins_at)
            read = await open_pieces(_cut(source) if isinstance(source, memoryview) else source, stack)
            yield await stack.enter_async_context(aclosing(self._pieces(read)))

    async def _pieces(self, read: Callable[[], Awaitable[bytes | None]]) -> AsyncGenerator[bytes, None]:
        sent = 0
        self.touched = True
        while (piece := await read()) is not None:
            if self.size_bytes is not None and sent + len(piece) > self.size_bytes:
                raise ConfigError("the source grew while it was sent")
            yield piece
            # The network asks for the next piece when it has taken this one.
            sent += len(piece)
            if self._on_progress is not None:
                self._on_progress(sent, self.size_bytes)
        if self.size_bytes is not None and sent < self.size_bytes:
            raise ConfigError("the source shrank while it was sent")

    def _look_at_file(self) -> None:
        file = self._source
        if getattr(file, "closed", False) is True:
            raise ConfigError("cannot read the file: it is closed")
        try:
            if not file.seekable():
                return
            self._begins_at = file.tell()
            self.size_bytes = file.seek(0, io.SEEK_END) - self._begins_at
            file.seek(self._begins_at)
        except (AttributeError, OSError, ValueError):
            return  # a reader of one's own, or a pipe
        self.replayable = True


def _look_at_path(path: str | os.PathLike[str]) -> tuple[int | None, bool]:
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {os.fspath(path)}: {getattr(error, 'strerror', None) or error}") from error
    regular = os.path.isfile(path)
    if os.path.isdir(path):
        raise ConfigError(f"cannot read {os.fspath(path)}: it is a directory")
    return (found.st_size if regular else None), regular


def _sum(pieces: Any) -> int | None:
    if not all(isinstance(piece, (bytes, bytearray, memoryview)) for piece in pieces):
        raise ConfigError("an audio source must give bytes")
    return sum(memoryview(piece).nbytes for piece in pieces)


def _cut(data: memoryview) -> list[Any]:
    return [data[start : start + _PIECE_BYTES] for start in range(0, len(data), _PIECE_BYTES)]
