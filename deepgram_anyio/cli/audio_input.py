"""Where ``listen`` takes its audio from: a file, an address, standard input, or a microphone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio

from .devices import sound_failures
from .failures import EXIT_FAILED, CommandError
from .standard_input import input_is_terminal, read_input

if TYPE_CHECKING:
    from ..audio import Microphone

__all__ = ["AudioFeed", "is_address", "open_address", "open_file", "open_input", "open_microphone"]

_READ_BYTES = 64 * 1024
_PIECE_BYTES = 4 * 1024
_CONNECT_S = 10.0
_SILENT_S = 30.0
_NO_AUDIO = {"text/html": "a web page", "application/json": "JSON"}
_PLAYLISTS = ("mpegurl", "x-scpls", "dash+xml", "xspf")


class AudioFeed:
    """Audio that ends when it is told to: what was read before still goes out, and nothing waits for more.

    Attributes:
        name: what it is, for a person.
        format: the parameters that announce it; empty when the audio says so itself, or the caller does.
        microphone: what it comes from, if it is one.
    """

    def __init__(self, name: str, pieces: AsyncIterator[bytes], *, microphone: Microphone | None = None) -> None:
        self.name = name
        self.microphone = microphone
        self.format: dict[str, Any] = dict(microphone.format) if microphone is not None else {}
        self._pieces = pieces
        self._rest = memoryview(b"")
        self._reading: anyio.CancelScope | None = None
        self._stopped = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        # In small pieces, so that a paced feed stops soon.
        if not self._rest and not self._stopped:
            self._rest = memoryview(await self._read())
        if self._stopped or not self._rest:
            raise StopAsyncIteration
        piece, self._rest = self._rest[:_PIECE_BYTES], self._rest[_PIECE_BYTES:]
        return bytes(piece)

    async def _read(self) -> bytes:
        piece = b""
        with anyio.CancelScope() as self._reading:
            while not piece:
                piece = await anext(self._pieces)
        return piece

    def stop(self) -> None:
        """End the feed; harmless when repeated."""
        if self.microphone is not None:
            self.microphone.stop()  # what it has recorded belongs to the feed
            return
        self._stopped = True
        if self._reading is not None:
            self._reading.cancel()


def is_address(source: str) -> bool:
    """Whether a source is fetched by HTTP."""
    return source.lower().startswith(("http://", "https://"))


@asynccontextmanager
async def open_file(path: Path) -> AsyncIterator[AudioFeed]:
    """Open a file.

    Raises:
        OSError: it cannot be read.
    """

    async def pieces() -> AsyncGenerator[bytes, None]:
        while piece := await file.read(_READ_BYTES):
            yield piece

    async with await anyio.open_file(path, "rb") as file, aclosing(pieces()) as found:
        yield AudioFeed(path.name, found)


@asynccontextmanager
async def open_input() -> AsyncIterator[AudioFeed]:
    """Open standard input.

    Raises:
        CommandError: it is a terminal.
    """
    if input_is_terminal():
        raise CommandError("standard input is a terminal: pipe audio into this command, or name a file")
    async with aclosing(read_input()) as found:
        yield AudioFeed("standard input", found)


@asynccontextmanager
async def open_address(url: str) -> AsyncIterator[AudioFeed]:
    """Fetch a file or an endless stream by HTTP, and give it on as it comes, whatever container it is in.

    Raises:
        CommandError: it cannot be fetched, or is no audio; the feed raises it, too, when it breaks off.
    """
    import httpx

    name = _without_password(url)

    async def pieces(answer: httpx.Response) -> AsyncGenerator[bytes, None]:
        try:
            # An async generator, as httpx makes them, though it does not promise that.
            async with aclosing(cast("AsyncGenerator[bytes, None]", answer.aiter_bytes())) as found:
                async for piece in found:
                    yield piece
        except httpx.HTTPError as error:
            raise _unfetched(name, f"broke off: {_reason(error)}") from error

    timeout = httpx.Timeout(_SILENT_S, connect=_CONNECT_S)
    try:
        async with (
            httpx.AsyncClient(timeout=timeout, follow_redirects=True) as client,
            client.stream("GET", url) as answer,
        ):
            if not answer.is_success:
                raise _unfetched(name, f"answered {answer.status_code} {answer.reason_phrase}".rstrip())
            _check_type(name, answer.headers.get("content-type", ""))
            async with aclosing(pieces(answer)) as found:
                yield AudioFeed(name, found)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unfetched(name, f"cannot be fetched: {_reason(error)}") from error


def _without_password(url: str) -> str:
    scheme, slashes, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{authority.rpartition('@')[2]}{slash}{path}"


def _check_type(name: str, content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if any(word in kind for word in _PLAYLISTS):
        raise CommandError(f"{name} is a playlist: name the stream that it leads to")
    if kind in _NO_AUDIO:
        raise CommandError(f"{name} is {_NO_AUDIO[kind]}, not audio")


def _unfetched(name: str, what: str) -> CommandError:
    return CommandError(f"{name} {what}", kind="network", exit_code=EXIT_FAILED)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


@asynccontextmanager
async def open_microphone(
    device: int | str | None, sample_rate: int, channels: int, *, warn: Callable[[str], None]
) -> AsyncIterator[AudioFeed]:
    """Open a microphone.

    Args:
        device: number, or part of the name; None for the system's default.
        sample_rate: in Hz.
        channels: interleaved channels.
        warn: told at the end, should something have been lost.

    Raises:
        CommandError: there is none, or it cannot be used, or it vanished.
        ConfigError: the extra ``audio`` is not installed.
    """
    with sound_failures("listen to a file"):
        from ..audio import Microphone

        async with Microphone(device=device, sample_rate=sample_rate, channels=channels) as microphone:
            yield AudioFeed(microphone.device.name, aiter(microphone), microphone=microphone)
            if microphone.lost_s > 0:
                warn(f"{microphone.lost_s:.1f} s of the microphone's sound were lost: nobody took them in time")
