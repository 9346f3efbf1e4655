"""The analysis of texts: ``POST /v1/read``."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from ..errors import ConfigError
from ..protocol.rest.analysis import Analysis, AnalysisAccepted, AnalyzeText, AnalyzeUrl, ReadOptions, ReadParams
from ..protocol.rest.operations import operation
from ..protocol.rest.urls import check_url
from .backend import Backend, CallParams
from .rest_params import check_text, sort_params

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["AnalyzeParams", "Read", "ReadV1"]

_READ = operation("read.v1.analyze")


class AnalyzeParams(ReadParams, CallParams, total=False):
    """The keywords of an analysis: `ReadOptions` and `CallParams` in one."""


class ReadV1:
    """``/v1/read``: what a text is about."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @overload
    async def analyze(
        self,
        text: str | None = None,
        *,
        url: str | None = None,
        options: ReadOptions | None = None,
        callback: None = None,
        **params: Unpack[AnalyzeParams],
    ) -> Analysis: ...

    @overload
    async def analyze(
        self,
        text: str | None = None,
        *,
        url: str | None = None,
        options: ReadOptions | None = None,
        callback: str,
        **params: Unpack[AnalyzeParams],
    ) -> AnalysisAccepted: ...

    async def analyze(
        self,
        text: str | None = None,
        *,
        url: str | None = None,
        options: ReadOptions | None = None,
        callback: str | None = None,
        **params: Unpack[AnalyzeParams],
    ) -> Analysis | AnalysisAccepted:
        """Summarize a text, or find its topics, intents and sentiments.

        Cancellation ends the wait and closes the connection; the server may go on, and bill.

        Args:
            text: the text; or
            url: where the server can fetch it: ``http`` or ``https``.
            options: parameters in a struct; at least one of ``summarize``, ``topics``, ``intents`` and ``sentiment``
                must be asked for.
            callback: URL that gets the analysis, later, instead of this call.
            **params: parameters by name, which win over `options`; also those of `CallParams`: ``timeout``,
                ``max_retries``, ``extra_query``, ``extra_headers``.

        Returns:
            What was asked for; with a callback, wherever that was named, an `AnalysisAccepted`.

        Raises:
            ConfigError: both a text and a URL or neither, an empty text, or options that cannot work; before any I/O.
            ApiError: the server refused, or could not fetch the text; its subclass tells why.
            ConnectError: the server could not be reached.
            ConnectionClosed: the connection broke.
            TimeoutError: a deadline passed; its message says which.
            RemoteProtocolError: the answer is not what the API documents.
        """
        body = _body(text, url)
        query, call, calls_back = sort_params(ReadOptions, options, params, callback)
        returns = AnalysisAccepted if calls_back else Analysis
        return await self._backend.call(_READ, call, returns=returns, query=query, body=body)


class Read:
    """The analysis of texts.

    Attributes:
        v1: version 1.
    """

    def __init__(self, backend: Backend) -> None:
        self.v1: ReadV1 = ReadV1(backend)


def _body(text: str | None, url: str | None) -> AnalyzeText | AnalyzeUrl:
    if (text is None) == (url is None):
        raise ConfigError("give either a text or url=")
    if url is not None:
        check_url("url", url)
        return AnalyzeUrl(url=url)
    return AnalyzeText(text=check_text(text))
