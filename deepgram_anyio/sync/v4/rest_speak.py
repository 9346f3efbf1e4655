"""``speak.rest`` and ``speak.asyncrest``: text to speech in one answer."""

from __future__ import annotations

import warnings
from collections.abc import Coroutine, Mapping
from io import BytesIO
from os import PathLike
from typing import Any, TypeAlias

from ...protocol.rest.base import RawResponse
from ...services.speech_headers import read_speech_headers
from ...transport.files import replacing
from ..blocking import blocking, mirrors
from .options_speak import SpeakRESTOptions
from .responses_speak import SpeakRESTResponse
from .rest import AbstractAsyncRestClient, AbstractSyncRestClient, Call
from .rest_raw import RawHttpResponse
from .rest_request import Addons, Headers, Timeout, json_body, json_source, to_endpoint
from .sources import FileSource

__all__ = ["AsyncSpeakRESTClient", "SpeakClient", "SpeakRESTClient"]

_Source: TypeAlias = FileSource | Mapping[str, Any] | str
_Options: TypeAlias = dict[str, Any] | SpeakRESTOptions | None
_Path: TypeAlias = str | PathLike[str]


class AsyncSpeakRESTClient(AbstractAsyncRestClient):
    """Text to speech, async. What all calls take and raise: `AbstractAsyncRestClient`."""

    async def stream_raw(
        self,
        /,
        source: _Source,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/speak",
        **kwargs: Any,
    ) -> RawHttpResponse:
        """Speak a text, and get the answer while the audio is made.

        Args:
            source: ``{"text": ...}``, or the text.
            options: how; exactly what is set there is sent.
            addons: parameters that the options do not know.
            headers: request headers, for this call alone.
            timeout: seconds for each phase, or a `httpx.Timeout`.
            endpoint: path below the server's URL.
            **kwargs: ``transport``.

        Returns:
            A `httpx.Response`, to be closed or read to its end.

        Raises:
            DeepgramApiError: the server refused; otherwise, as all calls do.
        """
        call = Call(options, addons, headers, timeout, kwargs)
        return await self._open(to_endpoint("POST", endpoint), call, json_body(json_source(source, "text", "speak")))

    async def stream_memory(
        self,
        /,
        source: _Source,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/speak",
        **kwargs: Any,
    ) -> SpeakRESTResponse:
        """Speak a text into memory.

        Args:
            source, options, addons, headers, timeout, endpoint, **kwargs: see `stream_raw`.

        Returns:
            The audio, as ``stream_memory`` and ``stream``, and what the headers say; those that did not come are None.
        """
        call = Call(options, addons, headers, timeout, kwargs)
        raw = await self._fetch(to_endpoint("POST", endpoint), call, json_body(json_source(source, "text", "speak")))
        return _spoken(raw)

    def stream(
        self,
        /,
        source: _Source,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/speak",
        **kwargs: Any,
    ) -> Coroutine[Any, Any, SpeakRESTResponse]:
        """Deprecated spelling of `stream_memory`."""
        _warn_of_stream()
        return self.stream_memory(source, options, addons, headers, timeout, endpoint, **kwargs)

    async def save(
        self,
        /,
        filename: _Path,
        source: _Source,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/speak",
        **kwargs: Any,
    ) -> SpeakRESTResponse:
        """Speak a text into a file, which is there whole or not at all.

        Args:
            filename: the file; replaced when it is there.
            source, options, addons, headers, timeout, endpoint, **kwargs: see `stream_raw`.

        Returns:
            The audio, as ``stream_memory``, and what the headers say; those that did not come are None.

        Raises:
            ConfigError: no file can be made there; otherwise, as all calls do.
            OSError: the file could not be written to its end.
        """
        response = await self.stream_memory(source, options, addons, headers, timeout, endpoint, **kwargs)
        audio = response.stream_memory
        assert audio is not None
        async with replacing(filename) as file:
            await file.write(audio.getvalue())
        response.stream = None
        response.filename = str(filename)
        return response

    async def file(
        self,
        /,
        filename: _Path,
        source: _Source,
        options: _Options = None,
        addons: Addons = None,
        timeout: Timeout = None,
        endpoint: str = "v1/speak",
        **kwargs: Any,
    ) -> SpeakRESTResponse:
        """Another spelling of `save`."""
        return await self.save(filename, source, options, addons=addons, timeout=timeout, endpoint=endpoint, **kwargs)


class SpeakRESTClient(AbstractSyncRestClient):
    """Text to speech."""

    _async_class = AsyncSpeakRESTClient

    @mirrors(AsyncSpeakRESTClient.stream_raw)
    def stream_raw(
        self,
        source: _Source,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/speak",
        **kwargs: Any,
    ) -> RawHttpResponse:
        return self._run_raw(
            AsyncSpeakRESTClient.stream_raw, source, options, addons, headers, timeout, endpoint, **kwargs
        )

    @blocking(AsyncSpeakRESTClient.stream_memory)
    def stream_memory(self) -> None: ...
    @blocking(AsyncSpeakRESTClient.save)
    def save(self) -> None: ...

    @mirrors(AsyncSpeakRESTClient.stream_memory)
    def stream(
        self,
        source: _Source,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/speak",
        **kwargs: Any,
    ) -> SpeakRESTResponse:
        _warn_of_stream()
        return self.stream_memory(source, options, addons, headers, timeout, endpoint, **kwargs)

    @mirrors(AsyncSpeakRESTClient.file)
    async def file(self, /, *args: Any, **kwargs: Any) -> SpeakRESTResponse:
        # A coroutine also here, as it is in v4.
        response: SpeakRESTResponse = await AsyncSpeakRESTClient(self._config).file(*args, **kwargs)
        return response


SpeakClient = SpeakRESTClient


def _warn_of_stream() -> None:
    warnings.warn("stream() is deprecated; use stream_memory()", DeprecationWarning, stacklevel=3)


def _spoken(raw: RawResponse) -> SpeakRESTResponse:
    said = read_speech_headers(raw.headers)
    audio = BytesIO(raw.content)
    values = {
        "content_type": said.get("content_type"),
        "request_id": said.get("request_id"),
        "model_uuid": said.get("model_uuid"),
        "model_name": said.get("model_name"),
        "characters": said.get("char_count"),
        "transfer_encoding": raw.headers.get("transfer-encoding"),
        "date": raw.headers.get("date"),
    }
    response = SpeakRESTResponse(stream=audio, stream_memory=audio)
    for name, value in values.items():
        setattr(response, name, value)
    return response
