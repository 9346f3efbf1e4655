"""``listen.rest`` and ``listen.asyncrest``: the transcription of recordings."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import IO, Any, TypeAlias

from ..blocking import blocking
from .options_listen import PrerecordedOptions
from .responses_listen import AsyncPrerecordedResponse, PrerecordedResponse
from .rest import AbstractAsyncRestClient, AbstractSyncRestClient, Call
from .rest_request import Addons, Headers, Timeout, json_body, json_source, media_body, to_endpoint
from .sources import FileSource, UrlSource

__all__ = [
    "AsyncListenRESTClient",
    "AsyncPreRecordedClient",
    "ListenRESTClient",
    "PreRecordedClient",
    "Recording",
    "TranscriptionOptions",
]

Recording: TypeAlias = FileSource | Mapping[str, Any] | str | PathLike[str] | bytes | IO[bytes]
"""``{"buffer": bytes}`` or ``{"stream": file}``; or a path, an open binary file or bytes as they are."""

TranscriptionOptions: TypeAlias = dict[str, Any] | PrerecordedOptions | None
_Transcribed: TypeAlias = AsyncPrerecordedResponse | PrerecordedResponse


class AsyncListenRESTClient(AbstractAsyncRestClient):
    """The transcription of recordings, async. What all calls take and raise: `AbstractAsyncRestClient`."""

    async def transcribe_url(
        self,
        /,
        source: UrlSource | Mapping[str, Any] | str,
        options: TranscriptionOptions = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/listen",
        **kwargs: Any,
    ) -> _Transcribed:
        """Transcribe a recording that the server fetches.

        Args:
            source: ``{"url": ...}``, or the URL.
            options: how; exactly what is set there is sent.
            addons: parameters that the options do not know.
            headers: request headers, for this call alone.
            timeout: seconds for each phase, or a `httpx.Timeout`.
            endpoint: path below the server's URL.
            **kwargs: ``transport``.

        Returns:
            What was said; an `AsyncPrerecordedResponse` when a callback was asked for.
        """
        body = json_body(json_source(source, "url", "transcription"))
        return await self._transcribe(endpoint, Call(options, addons, headers, timeout, kwargs), body)

    async def transcribe_url_callback(
        self,
        /,
        source: UrlSource | Mapping[str, Any] | str,
        callback: str,
        options: TranscriptionOptions = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/listen",
        **kwargs: Any,
    ) -> AsyncPrerecordedResponse:
        """Transcribe a recording that the server fetches, and let it send the result to a URL.

        Args:
            source: ``{"url": ...}``, or the URL.
            callback: URL that gets the result.
            options, addons, headers, timeout, endpoint, **kwargs: see `transcribe_url`.

        Returns:
            The request's identifier.
        """
        body = json_body(json_source(source, "url", "transcription"))
        call = Call(options, {**(addons or {}), "callback": callback}, headers, timeout, kwargs)
        return await self._answer(AsyncPrerecordedResponse, to_endpoint("POST", endpoint), call, body)

    async def transcribe_file(
        self,
        /,
        source: Recording,
        options: TranscriptionOptions = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/listen",
        **kwargs: Any,
    ) -> _Transcribed:
        """Transcribe a recording that is sent to the server, piece by piece.

        Args:
            source: ``{"buffer": bytes}`` or ``{"stream": file}``; or a path, an open binary file, bytes, or an iterable
                of bytes. A file is read from where it stands.
            options, addons, headers, timeout, endpoint, **kwargs: see `transcribe_url`.

        Returns:
            What was said; an `AsyncPrerecordedResponse` when a callback was asked for.
        """
        return await self._transcribe(endpoint, Call(options, addons, headers, timeout, kwargs), media_body(source))

    async def transcribe_file_callback(
        self,
        /,
        source: Recording,
        callback: str,
        options: TranscriptionOptions = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/listen",
        **kwargs: Any,
    ) -> AsyncPrerecordedResponse:
        """Transcribe a recording that is sent to the server, and let it send the result to a URL.

        Args:
            source: see `transcribe_file`.
            callback: URL that gets the result.
            options, addons, headers, timeout, endpoint, **kwargs: see `transcribe_url`.

        Returns:
            The request's identifier.
        """
        call = Call(options, {**(addons or {}), "callback": callback}, headers, timeout, kwargs)
        return await self._answer(AsyncPrerecordedResponse, to_endpoint("POST", endpoint), call, media_body(source))

    async def transcribe_url_async(
        self,
        /,
        source: UrlSource | Mapping[str, Any] | str,
        callback_url: str,
        options: TranscriptionOptions = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/listen",
        **kwargs: Any,
    ) -> AsyncPrerecordedResponse:
        """The README's spelling of `transcribe_url_callback`."""
        return await self.transcribe_url_callback(
            source, callback_url, options, addons, headers, timeout, endpoint, **kwargs
        )

    async def transcribe_file_async(
        self,
        /,
        source: Recording,
        callback_url: str,
        options: TranscriptionOptions = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/listen",
        **kwargs: Any,
    ) -> AsyncPrerecordedResponse:
        """The README's spelling of `transcribe_file_callback`."""
        return await self.transcribe_file_callback(
            source, callback_url, options, addons, headers, timeout, endpoint, **kwargs
        )

    async def _transcribe(self, endpoint: str, call: Call, body: Any) -> _Transcribed:
        call = call.resolved()
        calls_back = call.options.get("callback") is not None
        returns: type[_Transcribed] = AsyncPrerecordedResponse if calls_back else PrerecordedResponse
        return await self._answer(returns, to_endpoint("POST", endpoint), call, body)


class ListenRESTClient(AbstractSyncRestClient):
    """The transcription of recordings."""

    _async_class = AsyncListenRESTClient

    @blocking(AsyncListenRESTClient.transcribe_url)
    def transcribe_url(self) -> None: ...
    @blocking(AsyncListenRESTClient.transcribe_url_callback)
    def transcribe_url_callback(self) -> None: ...
    @blocking(AsyncListenRESTClient.transcribe_file)
    def transcribe_file(self) -> None: ...
    @blocking(AsyncListenRESTClient.transcribe_file_callback)
    def transcribe_file_callback(self) -> None: ...
    @blocking(AsyncListenRESTClient.transcribe_url_async)
    def transcribe_url_async(self) -> None: ...
    @blocking(AsyncListenRESTClient.transcribe_file_async)
    def transcribe_file_async(self) -> None: ...


AsyncPreRecordedClient = AsyncListenRESTClient
PreRecordedClient = ListenRESTClient
