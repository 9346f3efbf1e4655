"""A file that is there whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

import anyio
import anyio.to_thread

from ..errors import ConfigError

__all__ = ["FileWriter", "replacing"]

T = TypeVar("T")


class FileWriter:
    """A new file under a name of its own, which takes its place at the end.

    Threads do the work, and one that outlives its caller's cancellation must find nothing left to do: hence the lock.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._temporary = self._path
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._over = False

    async def write(self, data: bytes) -> None:
        """Append to the file.

        Raises:
            OSError: the disk is full, or the like.
        """
        await self._in_thread(lambda: self._opened().write(data))

    async def open(self) -> None:
        """Make the file.

        Raises:
            ConfigError: it cannot be made there.
        """

        def make() -> None:
            # A symbolic link stays one: what it leads to is replaced.
            self._path = Path(os.path.realpath(self._path))
            self._temporary = self._path.with_name(f".{secrets.token_hex(8)}.part")
            if self._path.is_dir():
                raise ConfigError(f"cannot write {self._path}: it is a directory")
            try:
                self._file = open(self._temporary, "xb")  # noqa: SIM115 - closed by commit or discard
                with suppress(FileNotFoundError):
                    os.chmod(self._temporary, stat.S_IMODE(os.stat(self._path).st_mode))
            except OSError as error:
                raise ConfigError(f"cannot write {self._path}: {error.strerror or error}") from error

        await self._in_thread(make)

    async def commit(self) -> None:
        """Put the file in its place, where it replaces another one."""

        def move() -> None:
            self._opened().close()
            os.replace(self._temporary, self._path)

        await self._in_thread(move)

    async def discard(self) -> None:
        """Leave nothing behind; a committed file stays."""

        def remove() -> None:
            self._over = True
            if self._file is not None:
                with suppress(OSError):  # what could not be written before cannot be now
                    self._file.close()
                self._temporary.unlink(missing_ok=True)

        with anyio.CancelScope(shield=True):
            await self._in_thread(remove)

    def _opened(self) -> IO[bytes]:
        assert self._file is not None
        return self._file

    async def _in_thread(self, work: Callable[[], T]) -> T | None:
        def alone() -> T | None:
            with self._lock:
                return None if self._over else work()

        return await anyio.to_thread.run_sync(alone)


@asynccontextmanager
async def replacing(path: str | os.PathLike[str]) -> AsyncIterator[FileWriter]:
    """Write a file that appears, or replaces another one, when the block ends normally.

    It is written beside its place, under a name that begins with a dot. When the block ends by an exception or by
    cancellation, nothing of it is left, and a file that was there stays as it was. A file that is replaced passes its
    permissions on.

    Args:
        path: its place.

    Raises:
        ConfigError: no file can be made there.
        OSError: it could not be put in its place.
    """
    writer = FileWriter(path)
    try:
        await writer.open()
        yield writer
        await writer.commit()
    finally:
        await writer.discard()
