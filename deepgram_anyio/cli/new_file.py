"""Files that commands make: whole or not at all, and never in place of another one unless that was asked for."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from .failures import CommandError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["WavRecording", "check_new", "tell_written", "write_new"]

_IN_MEMORY_BYTES = 8 * 1024 * 1024
_COPY_BYTES = 256 * 1024


def check_new(path: Path, *, overwrite: bool) -> None:
    """See that a file can be made, before there is anything to put into it.

    Raises:
        CommandError: it is there already, or has no folder to be in.
    """
    if path.is_dir():
        raise CommandError(f"{path} is a folder: name a file", kind="file")
    if not overwrite and path.exists():
        raise CommandError(f"{path} exists: --overwrite replaces it", kind="file")
    if not path.parent.is_dir():
        raise CommandError(f"{path}: there is no folder {path.parent}", kind="file")


def tell_written(what: str, path: Path) -> None:
    """Say on standard error what was written where; a path is not wrapped, so that it can be copied."""
    print(f"{what} {path}", file=sys.stderr)


async def write_new(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file, as `check_new` allows.

    Raises:
        CommandError: somebody else made it meanwhile.
        ConfigError, OSError: it cannot be written.
    """
    from ..transport.files import replacing

    async with replacing(path) as file:
        await file.write(data)
        check_new(path, overwrite=overwrite)


class WavRecording:
    """Raw samples that become a WAV file, whose header has to know how many there were.

    Attributes:
        bytes_written: of samples.
    """

    def __init__(self, path: Path, *, sample_rate: int, overwrite: bool, encoding: str = "linear16") -> None:
        """
        Args:
            path: of the file.
            sample_rate: in Hz; one channel.
            overwrite: replace a file that is there.
            encoding: ``linear16``, ``mulaw`` or ``alaw``.
        """
        check_new(path, overwrite=overwrite)
        self.bytes_written: int = 0
        self._path = path
        self._sample_rate = sample_rate
        self._overwrite = overwrite
        self._encoding = encoding
        self._samples = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed at the block's end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._samples.close()

    async def write(self, samples: bytes | memoryview) -> None:
        """Append samples."""
        await anyio.to_thread.run_sync(self._samples.write, samples)
        self.bytes_written += len(samples)

    async def save(self) -> None:
        """Make the file of everything written.

        Raises:
            CommandError, ConfigError, OSError: as for `write_new`.
        """
        from ..protocol.wav import wav_header
        from ..transport.files import replacing

        header = wav_header(sample_rate=self._sample_rate, data_bytes=self.bytes_written, encoding=self._encoding)
        self._samples.seek(0)
        async with replacing(self._path) as file:
            await file.write(header)
            while piece := await anyio.to_thread.run_sync(self._samples.read, _COPY_BYTES):
                await file.write(piece)
            check_new(self._path, overwrite=self._overwrite)
