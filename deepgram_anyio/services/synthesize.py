"""Text to speech in one answer: ``POST /v1/speak`` and ``POST /v2/speak``."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

import anyio

from ..errors import ConfigError, LocalProtocolError
from ..errors import TimeoutError as DeadlineError
from ..protocol.rest.base import Operation
from ..protocol.rest.operations import operation
from ..protocol.rest.speech import (
    FluxSpeechOptions,
    FluxSpeechParams,
    Speech,
    SpeechAccepted,
    SpeechInfo,
    SpeechOptions,
    SpeechParams,
    SpeechText,
)
from ..transport.files import replacing
from ..transport.settings import Timeouts
from .backend import Backend, CallParams, raw_response
from .rest_params import check_text, sort_params
from .speech_headers import read_speech_headers

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

__all__ = [
    "FluxSynthesisParams",
    "SpeechStream",
    "SynthesisParams",
    "SynthesizeCalls",
    "SynthesizeFluxCalls",
    "SynthesizeSpeechCalls",
]

O = TypeVar("O", SpeechOptions, FluxSpeechOptions)  # noqa: E741 - conventional for a type variable


class SynthesisParams(SpeechParams, CallParams, total=False):
    """The keywords of a synthesis: `SpeechOptions` and `CallParams` in one."""


class FluxSynthesisParams(FluxSpeechParams, CallParams, total=False):
    """The keywords of a synthesis: `FluxSpeechOptions` and `CallParams` in one."""


class SpeechStream:
    """Speech that is still coming: iterate over it, once, for the audio in chunks of any length.

    Attributes:
        info: what the server says of it.
    """

    def __init__(self, info: SpeechInfo, chunks: AsyncIterator[bytes]) -> None:
        self.info = info
        self._chunks = chunks
        self._open = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk, never an empty one.

        Raises:
            ConnectionClosed: it broke off.
            TimeoutError: nothing came within `Timeouts.read_s`.
            LocalProtocolError: the block that gave the stream has ended.
        """
        while self._open:
            if chunk := await anext(self._chunks):
                return chunk
        raise LocalProtocolError("the audio must be read within the block of stream()")

    def close(self) -> None:
        """Give no more audio."""
        self._open = False


class SynthesizeCalls(Generic[O]):
    """Speech in one answer: what both versions have in common."""

    _options_type: ClassVar[Any]
    _operation: ClassVar[Operation[Any]]

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def _generate(
        self, text: str, options: O | None, callback: str | None, params: Mapping[str, Any]
    ) -> Speech | SpeechAccepted:
        body = SpeechText(text=check_text(text))
        query, call, calls_back = sort_params(self._options_type, options, params, callback)
        if calls_back:
            return await self._backend.call(self._operation, call, returns=SpeechAccepted, query=query, body=body)
        raw = await self._backend.fetch(self._operation, call, query=query, body=body)
        speech = Speech(audio=raw.content, **read_speech_headers(raw.headers))
        speech.attach(raw)
        return speech

    @asynccontextmanager
    async def _stream(self, text: str, options: O | None, params: Mapping[str, Any]) -> AsyncIterator[SpeechStream]:
        body = SpeechText(text=check_text(text))
        query, call, calls_back = sort_params(self._options_type, options, params)
        if calls_back:
            raise ConfigError("with a callback the audio does not come here: use generate()")
        async with self._backend.stream(self._operation, call, query=query, body=body) as answer:
            info = SpeechInfo(**read_speech_headers(answer.headers))
            info.attach(raw_response(answer))
            speech = SpeechStream(info, answer)
            try:
                yield speech
            finally:
                speech.close()

    async def _save(
        self, path: str | os.PathLike[str], text: str, options: O | None, params: Mapping[str, Any]
    ) -> SpeechInfo:
        timeout = params.get("timeout")
        seconds = None if isinstance(timeout, Timeouts) else timeout
        with anyio.move_on_after(seconds):
            async with replacing(path) as file, self._stream(text, options, params) as speech:
                async for chunk in speech:
                    await file.write(chunk)
            return speech.info
        raise DeadlineError(f"{self._operation.method} {self._operation.path} did not end within {seconds:g} s")


class SynthesizeSpeechCalls(SynthesizeCalls[SpeechOptions]):
    """Speech in one answer, with the Aura voices."""

    _options_type = SpeechOptions
    _operation = operation("speak.v1.generate")

    @overload
    async def generate(
        self,
        text: str,
        options: SpeechOptions | None = None,
        *,
        callback: None = None,
        **params: Unpack[SynthesisParams],
    ) -> Speech: ...

    @overload
    async def generate(
        self, text: str, options: SpeechOptions | None = None, *, callback: str, **params: Unpack[SynthesisParams]
    ) -> SpeechAccepted: ...

    async def generate(
        self,
        text: str,
        options: SpeechOptions | None = None,
        *,
        callback: str | None = None,
        **params: Unpack[SynthesisParams],
    ) -> Speech | SpeechAccepted:
        """Speak a text.

        Cancellation ends the call and closes the connection; the server may bill all the same.

        Args:
            text: what to speak.
            options: parameters in a struct.
            callback: URL that gets the audio, later, instead of this call.
            **params: parameters by name, which win over `options`; also those of `CallParams`: ``timeout``,
                ``max_retries``, ``extra_query``, ``extra_headers``.

        Returns:
            The whole audio; with a callback, wherever that was named, a `SpeechAccepted`. Should the server answer with
            something else than audio, `Speech.content_type` says what.

        Raises:
            ConfigError: an empty text, or options that cannot work; before any I/O.
            ApiError: the server refused; its subclass tells why.
            ConnectError: the server could not be reached.
            ConnectionClosed: the connection broke, also in the middle of the audio.
            TimeoutError: a deadline passed; its message says which.
            RemoteProtocolError: the audio is longer than `Limits.max_response_bytes`.
        """
        return await self._generate(text, options, callback, params)

    def stream(
        self, text: str, options: SpeechOptions | None = None, **params: Unpack[SynthesisParams]
    ) -> AbstractAsyncContextManager[SpeechStream]:
        """Speak a text, and get the audio while it is made.

        ```python
        async with dg.speak.v1.stream("Hello!") as speech:
            async for chunk in speech:
                ...
        ```

        An async context manager. Leaving the block early, in any way, closes the connection.

        Args:
            text: what to speak.
            options: parameters in a struct.
            **params: as for `generate`; seconds given as ``timeout`` end where the audio begins.

        Returns:
            A `SpeechStream`, whose ``info`` is known when the block is entered.

        Raises:
            ConfigError, ApiError, ConnectError, ConnectionClosed, TimeoutError: as for `generate`, when the block is
                entered; what goes wrong with the audio is raised by the iteration.
        """
        return self._stream(text, options, params)

    async def save(
        self,
        path: str | os.PathLike[str],
        text: str,
        options: SpeechOptions | None = None,
        **params: Unpack[SynthesisParams],
    ) -> SpeechInfo:
        """Speak a text into a file, which is there whole or not at all.

        The audio is written as it comes, beside its place, and takes it at the end. After a failure or a cancellation
        nothing is left of it, and a file that was there is as it was.

        Args:
            path: of the file; replaced when it is there.
            text: what to speak.
            options: parameters in a struct.
            **params: as for `generate`.

        Returns:
            What the server says of the audio.

        Raises:
            ConfigError: as for `generate`; also, no file can be made there.
            OSError: the file could not be written to its end.
            ApiError, ConnectError, ConnectionClosed, TimeoutError: as for `generate`.
        """
        return await self._save(path, text, options, params)


class SynthesizeFluxCalls(SynthesizeCalls[FluxSpeechOptions]):
    """Speech in one answer, with the Flux voices."""

    _options_type = FluxSpeechOptions
    _operation = operation("speak.v2.generate")

    @overload
    async def generate(
        self,
        text: str,
        options: FluxSpeechOptions | None = None,
        *,
        callback: None = None,
        **params: Unpack[FluxSynthesisParams],
    ) -> Speech: ...

    @overload
    async def generate(
        self,
        text: str,
        options: FluxSpeechOptions | None = None,
        *,
        callback: str,
        **params: Unpack[FluxSynthesisParams],
    ) -> SpeechAccepted: ...

    async def generate(
        self,
        text: str,
        options: FluxSpeechOptions | None = None,
        *,
        callback: str | None = None,
        **params: Unpack[FluxSynthesisParams],
    ) -> Speech | SpeechAccepted:
        """Speak a text. See `SynthesizeSpeechCalls.generate`; the parameters are those of `FluxSpeechOptions`.

        Args:
            text: what to say.
            options: parameters in a struct.
            callback: URL that gets the audio instead.
            **params: parameters by name; they win over `options`.

        Returns:
            the speech; with `callback`, that it was accepted.
        """
        return await self._generate(text, options, callback, params)

    def stream(
        self, text: str, options: FluxSpeechOptions | None = None, **params: Unpack[FluxSynthesisParams]
    ) -> AbstractAsyncContextManager[SpeechStream]:
        """Speak a text, and get the audio while it is made. See `SynthesizeSpeechCalls.stream`.

        Args:
            text: what to say.
            options: parameters in a struct.
            **params: parameters by name; they win over `options`.

        Returns:
            a context manager, whose value is iterated for the audio.
        """
        return self._stream(text, options, params)

    async def save(
        self,
        path: str | os.PathLike[str],
        text: str,
        options: FluxSpeechOptions | None = None,
        **params: Unpack[FluxSynthesisParams],
    ) -> SpeechInfo:
        """Speak a text into a file, which is there whole or not at all. See `SynthesizeSpeechCalls.save`.

        Args:
            path: the file.
            text: what to say.
            options: parameters in a struct.
            **params: parameters by name; they win over `options`.

        Returns:
            what the server said of the speech.
        """
        return await self._save(path, text, options, params)
