"""Bodies of any size, on their way to something that must be able to seek."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import AsyncIterable
from typing import IO, Final

import anyio
import anyio.to_thread

__all__ = ["Spool", "SpoolFullError"]

_IN_MEMORY_BYTES: Final = 4 * 1024 * 1024
_BLOCK_BYTES: Final = 512 * 1024


class SpoolFullError(Exception):
    """More came than may come."""


class Spool:
    """Bytes that came in, kept in memory while they are few, else in a temporary file that goes with this object.

    Attributes:
        file: the bytes, to be read in a worker thread.
        size: how many there are.
    """

    def __init__(self, *, max_bytes: int, in_memory_bytes: int = _IN_MEMORY_BYTES) -> None:
        """
        Args:
            max_bytes: the most that may come.
            in_memory_bytes: the most that is kept in memory.
        """
        self.size: int = 0
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=in_memory_bytes)  # noqa: SIM115 - see `close`
        self._max_bytes = max_bytes
        self._pending = bytearray()
        self._sha256 = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Digest of everything, in hexadecimal; complete after `fill`."""
        return self._sha256.hexdigest()

    async def fill(self, chunks: AsyncIterable[bytes]) -> None:
        """Take everything in.

        Raises:
            SpoolFullError: it is too much; what came stays.

        Cancellation leaves what came so far; `close` all the same.
        """
        async for chunk in chunks:
            self.size += len(chunk)
            if self.size > self._max_bytes:
                raise SpoolFullError
            self._pending += chunk
            if len(self._pending) >= _BLOCK_BYTES:
                await self._write()
        await self._write()

    def close(self) -> None:
        """Forget the bytes; harmless when repeated."""
        self.file.close()

    async def _write(self) -> None:
        data, self._pending = self._pending, bytearray()

        def write() -> None:
            self._sha256.update(data)
            self.file.write(data)

        await anyio.to_thread.run_sync(write)
