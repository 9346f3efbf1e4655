"""The manifest: what became of each item, line by line, in a file that outlives every crash."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Literal

import anyio
import anyio.to_thread
import msgspec

from ..errors import DeepgramError
from .locking import lock_file

__all__ = ["Known", "Manifest", "ManifestError", "Record", "RecordedError", "open_manifest", "read_manifest"]

_HEADER = b'{"manifest":"deepgram-anyio","version":1}\n'


class ManifestError(DeepgramError):
    """A manifest that cannot be used: another process writes it, it is something else, or the disk is full."""


class RecordedError(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Why an item failed.

    Attributes:
        type: name of the exception's class.
        message: what it says.
        status: HTTP status, if there was one.
        code: the server's short code, if it sent one.
    """

    type: str
    message: str
    status: int | None = None
    code: str | None = None


class Record(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One line: what became of an item. The last line of an item counts.

    Attributes:
        key: the item: its path, relative to the manifest's folder and with slashes, or its URL without query.
        state: ``sent`` when the server may have it, ``done`` when its result is saved, ``failed`` when it has none.
        at: when, in UTC.
        size_bytes: size of the file; None for what is no file.
        mtime_ns: its time of modification, in nanoseconds since 1970.
        sha256: of its content, where that was asked for.
        options: fingerprint of the options.
        output: where the result is, as `key`; None when nothing is written.
        request_id: the answer's identifier.
        duration_s: seconds of audio.
        error: why it failed.
    """

    key: str
    state: Literal["sent", "done", "failed"]
    at: datetime
    size_bytes: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
    options: str = ""
    output: str | None = None
    request_id: str | None = None
    duration_s: float | None = None
    error: RecordedError | None = None


class Known(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of an item: its last `Record`, less what is of no use for what to do with it.

    Attributes:
        key: the item's.
        state: what became of it.
        size_bytes: of the file then.
        mtime_ns: of the file then.
        sha256: of the file then, if it was asked for.
        options: a digest of the options.
        output: the result's path.
    """

    key: str
    state: Literal["sent", "done", "failed"]
    size_bytes: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
    options: str = ""
    output: str | None = None


class _Run(msgspec.Struct):
    """The line that a process writes when it opens the manifest."""

    pid: int
    host: str
    at: datetime


class _RunLine(msgspec.Struct):
    run: _Run


_RUN = b'{"run":'
_decode_known = msgspec.json.Decoder(Known).decode
_decode_record = msgspec.json.Decoder(Record).decode
_decode_run = msgspec.json.Decoder(_RunLine).decode
_encode = msgspec.json.Encoder().encode


class Manifest:
    """An open manifest; see `open_manifest`.

    Attributes:
        path: the file.
        unanswered: keys of the items that an earlier process had sent and not heard of when it ended. The server may
            have done, and billed, them.
    """

    def __init__(self, path: Path, file: IO[bytes], known: dict[str, Known]) -> None:
        self.path: Path = path
        self.unanswered: frozenset[str] = frozenset(key for key, item in known.items() if item.state == "sent")
        self._file = file
        self._known = known
        self._end = file.seek(0, os.SEEK_END)
        self._lock = anyio.Lock()
        self._waiting: deque[bytes] = deque()
        self._queued = 0
        self._written = 0
        self._failure: ManifestError | None = None

    def __len__(self) -> int:
        return len(self._known)

    def known(self, key: str) -> Known | None:
        """Return what became of an item; None when there is nothing about it.

        Args:
            key: the item's.
        """
        return self._known.get(key)

    async def append(self, record: Record) -> None:
        """Write a line, and return when it is on the disk. All that wait are written with one ``fsync``.

        Cancelled, it leaves the line to whoever writes next, or to the end.

        Args:
            record: what the line says.

        Raises:
            ManifestError: the disk is full, or the like; nothing can be written any more.
        """
        if self._failure is not None:
            raise ManifestError(str(self._failure)) from self._failure.__cause__
        self._waiting.append(_encode(record) + b"\n")
        self._queued += 1
        ticket = self._queued
        self._known[record.key] = Known(
            record.key,
            record.state,
            record.size_bytes,
            record.mtime_ns,
            record.sha256,
            sys.intern(record.options),
            record.output,
        )
        async with self._lock:
            if self._written < ticket:
                await anyio.to_thread.run_sync(self._write)

    async def flush(self) -> None:
        """Write what cancelled calls of `append` left."""
        async with self._lock:
            await anyio.to_thread.run_sync(self._write)

    def _write(self) -> None:
        lines = []
        while self._waiting:
            lines.append(self._waiting.popleft())
        if not lines:
            return
        if self._failure is not None:
            raise ManifestError(str(self._failure)) from self._failure.__cause__
        try:
            _write_all(self._file, b"".join(lines))
            os.fsync(self._file.fileno())
        except OSError as error:
            # Half a line in the middle would spoil the file for whoever goes on.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file.fileno(), self._end)
            self._failure = ManifestError(f"cannot write {self.path}: {error.strerror or error}")
            raise self._failure from error
        self._end += sum(map(len, lines))
        self._written += len(lines)


@contextlib.asynccontextmanager
async def open_manifest(path: str | os.PathLike[str]) -> AsyncIterator[Manifest]:
    """Open a manifest, or begin one, for this process alone.

    The last line, when a crash tore it, is taken away.

    Args:
        path: the file; its folder is made.

    Yields:
        the manifest.

    Raises:
        ManifestError: another process writes it, which is named; it is no manifest; or it cannot be read or written.
    """
    manifest = await anyio.to_thread.run_sync(_open, Path(path))
    try:
        yield manifest
    finally:
        with anyio.CancelScope(shield=True):
            try:
                await manifest.flush()
            finally:
                await anyio.to_thread.run_sync(manifest._file.close)


def read_manifest(path: str | os.PathLike[str]) -> Iterator[Record]:
    """Read all lines of a manifest, in order, also while somebody writes it.

    Args:
        path: the file.

    Returns:
        the lines.

    Raises:
        ManifestError: it is no manifest, or cannot be read.
    """
    try:
        with open(path, "rb") as file:
            _check_header(path, file)
            for number, line in enumerate(file, 2):
                if line.endswith(b"\n") and not line.startswith(_RUN):
                    yield _decoded(path, number, line)
    except OSError as error:
        raise ManifestError(f"cannot read {os.fspath(path)}: {error.strerror or error}") from error


def _open(path: Path) -> Manifest:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what was written must not come a second time out of a buffer after a failure.
        file = open(path, "a+b", buffering=0)  # noqa: SIM115 - the manifest closes it
    except OSError as error:
        raise ManifestError(f"cannot open {path}: {error.strerror or error}") from error
    try:
        _lock(path, file)
        known = _load(path, file)
        now = datetime.now(timezone.utc)
        _write_all(file, _encode(_RunLine(_Run(os.getpid(), socket.gethostname(), now))) + b"\n")
        return Manifest(path, file, known)
    except OSError as error:
        file.close()
        raise ManifestError(f"cannot use {path}: {error.strerror or error}") from error
    except BaseException:
        file.close()
        raise


def _load(path: Path, file: IO[bytes]) -> dict[str, Known]:
    """Read the lines, mend the end, and leave the file there; a new one gets its header."""
    known: dict[str, Known] = {}
    end = _begin(path, file)
    with open(path, "rb") as lines:
        lines.seek(end)
        for number, line in enumerate(lines, 2):
            if not line.endswith(b"\n"):
                break
            end += len(line)
            if line.startswith(_RUN):
                continue
            try:
                item = _decode_known(line)
            except msgspec.DecodeError as error:
                raise ManifestError(f"{path}, line {number}, is no record: {error}") from error
            known[item.key] = item
    if end < os.fstat(file.fileno()).st_size:
        os.ftruncate(file.fileno(), end)
    return known


def _begin(path: Path, file: IO[bytes]) -> int:
    """Check the header, or write it, and return where it ends."""
    file.seek(0)
    start = file.read(len(_HEADER))
    if start != _HEADER:
        # A header that a crash tore is begun anew; anything else is not ours to touch.
        if not _HEADER.startswith(start):
            raise ManifestError(f"{path} is not a manifest: choose another name")
        os.ftruncate(file.fileno(), 0)
        _write_all(file, _HEADER)
    return len(_HEADER)


def _check_header(path: str | os.PathLike[str], file: IO[bytes]) -> None:
    if file.readline(len(_HEADER)) != _HEADER:
        raise ManifestError(f"{os.fspath(path)} is not a manifest")


def _decoded(path: str | os.PathLike[str], number: int, line: bytes) -> Record:
    try:
        return _decode_record(line)
    except msgspec.DecodeError as error:
        raise ManifestError(f"{os.fspath(path)}, line {number}, is no record: {error}") from error


def _lock(path: Path, file: IO[bytes]) -> None:
    if not lock_file(file.fileno()):
        raise ManifestError(f"{path} is in use by {_owner(path)}: wait until that has ended")


def _write_all(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _owner(path: Path) -> str:
    """Name the process that opened the manifest last."""
    run: _Run | None = None
    with open(path, "rb") as lines:
        for line in lines:
            if line.startswith(_RUN) and line.endswith(b"\n"):
                run = _decode_run(line).run
    if run is None:
        return "another process"
    who = "this process" if (run.pid, run.host) == (os.getpid(), socket.gethostname()) else f"process {run.pid}"
    return f"{who} on {run.host}, since {run.at:%Y-%m-%d %H:%M:%S} UTC"
