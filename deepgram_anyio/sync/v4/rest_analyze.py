"""``read.analyze`` and ``read.asyncanalyze``: text intelligence."""

# ruff: noqa: ASYNC109 - `timeout` is a name of v4
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, TypeAlias

import anyio.to_thread

from ...transport.bodies import Body
from ..blocking import blocking
from .errors import DeepgramTypeError
from .options_analyze import AnalyzeOptions
from .responses_analyze import AnalyzeResponse, AsyncAnalyzeResponse
from .rest import AbstractAsyncRestClient, AbstractSyncRestClient, Call
from .rest_request import Addons, Headers, Timeout, json_body, json_source, to_endpoint
from .sources import FileSource, UrlSource

__all__ = ["AnalyzeClient", "AsyncAnalyzeClient", "AsyncReadClient", "ReadClient", "Text"]

Text: TypeAlias = FileSource | Mapping[str, Any] | str | bytes | IO[Any]
"""``{"text": str}``, ``{"buffer": str or bytes}`` or ``{"stream": file}``; or the text or file itself."""


_ANALYSES = ("summarize", "topics", "intents", "sentiment")
_Options: TypeAlias = dict[str, Any] | AnalyzeOptions | None
_Analyzed: TypeAlias = AsyncAnalyzeResponse | AnalyzeResponse


class AsyncAnalyzeClient(AbstractAsyncRestClient):
    """Text intelligence, async. What all calls take and raise: `AbstractAsyncRestClient`."""

    async def analyze_url(
        self,
        /,
        source: UrlSource | Mapping[str, Any] | str,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/read",
        **kwargs: Any,
    ) -> _Analyzed:
        """Analyse a text that the server fetches.

        Args:
            source: ``{"url": ...}``, or the URL.
            options: what to look for; exactly what is set there is sent.
            addons: parameters that the options do not know.
            headers: request headers, for this call alone.
            timeout: seconds for each phase, or a `httpx.Timeout`.
            endpoint: path below the server's URL.
            **kwargs: ``transport``.

        Returns:
            What was asked for; an `AsyncAnalyzeResponse` when a callback was.
        """
        body = json_body(json_source(source, "url", "analyze"))
        return await self._analyze(endpoint, Call(options, addons, headers, timeout, kwargs), body)

    async def analyze_url_callback(
        self,
        /,
        source: UrlSource | Mapping[str, Any] | str,
        callback: str,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/read",
        **kwargs: Any,
    ) -> AsyncAnalyzeResponse:
        """Analyse a text that the server fetches, and let it send the result to a URL.

        Args:
            source: ``{"url": ...}``, or the URL.
            callback: URL that gets the result.
            options, addons, headers, timeout, endpoint, **kwargs: see `analyze_url`.

        Returns:
            The request's identifier.
        """
        body = json_body(json_source(source, "url", "analyze"))
        call = Call(options, {**(addons or {}), "callback": callback}, headers, timeout, kwargs)
        return await self._answer(AsyncAnalyzeResponse, to_endpoint("POST", endpoint), call, body)

    async def analyze_text(
        self,
        /,
        source: Text,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/read",
        **kwargs: Any,
    ) -> _Analyzed:
        """Analyse a text.

        Args:
            source: ``{"text": str}``, ``{"buffer": str or bytes}`` or ``{"stream": file}``; or the text, or the open
                file, itself. Bytes are UTF-8. A JSON object with a ``text`` or a ``url`` is sent as it is.
            options, addons, headers, timeout, endpoint, **kwargs: see `analyze_url`.

        Returns:
            What was asked for; an `AsyncAnalyzeResponse` when a callback was.
        """
        body = await _text_body(source)
        return await self._analyze(endpoint, Call(options, addons, headers, timeout, kwargs), body)

    async def analyze_text_callback(
        self,
        /,
        source: Text,
        callback: str,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/read",
        **kwargs: Any,
    ) -> AsyncAnalyzeResponse:
        """Analyse a text, and let the server send the result to a URL.

        Args:
            source: see `analyze_text`.
            callback: URL that gets the result.
            options, addons, headers, timeout, endpoint, **kwargs: see `analyze_url`.

        Returns:
            The request's identifier.
        """
        body = await _text_body(source)
        call = Call(options, {**(addons or {}), "callback": callback}, headers, timeout, kwargs)
        return await self._answer(AsyncAnalyzeResponse, to_endpoint("POST", endpoint), call, body)

    async def process(
        self,
        /,
        text: Text,
        options: _Options = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        endpoint: str = "v1/read",
        **kwargs: Any,
    ) -> _Analyzed:
        """The spelling of v4's README, whose options ask for no analysis: then all of them are made.

        Otherwise as `analyze_text`.
        """
        asked = {**_given(options), **(addons or {})}
        if not any(asked.get(name) for name in _ANALYSES):
            addons = {**(addons or {}), **dict.fromkeys(_ANALYSES, True)}
        return await self.analyze_text(text, options, addons, headers, timeout, endpoint, **kwargs)

    async def _analyze(self, endpoint: str, call: Call, body: Body) -> _Analyzed:
        call = call.resolved()
        calls_back = call.options.get("callback") is not None
        returns: type[_Analyzed] = AsyncAnalyzeResponse if calls_back else AnalyzeResponse
        return await self._answer(returns, to_endpoint("POST", endpoint), call, body)


class AnalyzeClient(AbstractSyncRestClient):
    """Text intelligence."""

    _async_class = AsyncAnalyzeClient

    @blocking(AsyncAnalyzeClient.analyze_url)
    def analyze_url(self) -> None: ...
    @blocking(AsyncAnalyzeClient.analyze_url_callback)
    def analyze_url_callback(self) -> None: ...
    @blocking(AsyncAnalyzeClient.analyze_text)
    def analyze_text(self) -> None: ...
    @blocking(AsyncAnalyzeClient.analyze_text_callback)
    def analyze_text_callback(self) -> None: ...
    @blocking(AsyncAnalyzeClient.process)
    def process(self) -> None: ...


AsyncReadClient = AsyncAnalyzeClient
ReadClient = AnalyzeClient


async def _text_body(source: Any) -> Body:
    if isinstance(source, Mapping):
        name = next((name for name in ("text", "buffer", "stream") if name in source), None)
        if name is None:
            raise DeepgramTypeError("Unknown analyze source type: it must be like {'buffer': text}")
        source = source[name]
    if hasattr(source, "read"):
        source = await anyio.to_thread.run_sync(source.read)
    if isinstance(source, (bytes, bytearray, memoryview)):
        try:
            source = bytes(source).decode()
        except UnicodeDecodeError as error:
            raise DeepgramTypeError("the text is not UTF-8") from error
    if not isinstance(source, str):
        raise DeepgramTypeError(f"Unknown analyze source type: {type(source).__name__}")
    return json_body(_written_out(source) or {"text": source})


def _written_out(text: str) -> dict[str, Any] | None:
    """Return what a text says that is already the request's own JSON."""
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else None
    except (RecursionError, ValueError):
        return None
    usable = isinstance(found, dict) and any(isinstance(found.get(name), str) for name in ("text", "url"))
    return found if usable else None


def _given(options: _Options) -> dict[str, Any]:
    return options.to_dict() if isinstance(options, AnalyzeOptions) else dict(options or {})
