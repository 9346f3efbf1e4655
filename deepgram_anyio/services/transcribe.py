"""Speech to text of recordings: ``POST /v1/listen``."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import msgspec

from ..errors import ConfigError
from ..protocol.rest.analysis import AnalyzeUrl
from ..protocol.rest.operations import operation
from ..protocol.rest.prerecorded_options import PrerecordedOptions, PrerecordedParams
from ..protocol.rest.transcription import Transcription, TranscriptionAccepted
from ..protocol.rest.urls import check_url, is_url
from ..transport.bodies import Body, Progress
from ..transport.sources import AudioInput
from .backend import Backend, CallParams
from .rest_params import sort_params

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["TranscribeCalls", "TranscribeParams"]

_LISTEN = operation("listen.v1.transcribe_file")


class TranscribeParams(PrerecordedParams, CallParams, total=False):
    """The keywords of a transcription: `PrerecordedOptions` and `CallParams` in one."""


class TranscribeCalls:
    """The transcription of recordings."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @overload
    async def transcribe_url(
        self,
        url: str,
        options: PrerecordedOptions | None = None,
        *,
        callback: None = None,
        **params: Unpack[TranscribeParams],
    ) -> Transcription: ...

    @overload
    async def transcribe_url(
        self,
        url: str,
        options: PrerecordedOptions | None = None,
        *,
        callback: str,
        **params: Unpack[TranscribeParams],
    ) -> TranscriptionAccepted: ...

    async def transcribe_url(
        self,
        url: str,
        options: PrerecordedOptions | None = None,
        *,
        callback: str | None = None,
        **params: Unpack[TranscribeParams],
    ) -> Transcription | TranscriptionAccepted:
        """Transcribe a recording that the server fetches.

        Cancellation ends the wait and closes the connection; the server may go on, and bill.

        Args:
            url: where the recording is, for the server: ``http`` or ``https``.
            options: parameters in a struct.
            callback: URL that gets the transcription, later, instead of this call.
            **params: parameters by name, which win over `options`; also those of `CallParams`: ``timeout``,
                ``max_retries``, ``extra_query``, ``extra_headers``.

        Returns:
            What was said; with a callback, wherever that was named, a `TranscriptionAccepted`.

        Raises:
            ConfigError: a URL or options that cannot work; before any I/O.
            ApiError: the server refused, or could not fetch the recording; its subclass tells why.
            ConnectError: the server could not be reached.
            ConnectionClosed: the connection broke.
            TimeoutError: a deadline passed; its message says which.
            RemoteProtocolError: the answer is not what the API documents.
        """
        check_url("url", url)
        return await self._transcribe(AnalyzeUrl(url=url), options, callback, params)

    @overload
    async def transcribe_file(
        self,
        source: AudioInput,
        options: PrerecordedOptions | None = None,
        *,
        callback: None = None,
        on_progress: Progress | None = None,
        **params: Unpack[TranscribeParams],
    ) -> Transcription: ...

    @overload
    async def transcribe_file(
        self,
        source: AudioInput,
        options: PrerecordedOptions | None = None,
        *,
        callback: str,
        on_progress: Progress | None = None,
        **params: Unpack[TranscribeParams],
    ) -> TranscriptionAccepted: ...

    async def transcribe_file(
        self,
        source: AudioInput,
        options: PrerecordedOptions | None = None,
        *,
        callback: str | None = None,
        on_progress: Progress | None = None,
        **params: Unpack[TranscribeParams],
    ) -> Transcription | TranscriptionAccepted:
        """Transcribe a recording that is sent to the server, as it is: WAV, MP3, MP4 and most others.

        It is sent piece by piece, so that its length does not matter. Raw samples need ``encoding`` and
        ``sample_rate``. Cancellation ends the call and closes the connection; the server may go on, and bill.

        Args:
            source: a path, a binary file, bytes, or an iterable or async iterable of bytes. A file is read from where
                it stands. A source that cannot be read twice is not sent again after a failure.
            options: parameters in a struct.
            callback: URL that gets the transcription, later, instead of this call.
            on_progress: called from the event loop with the bytes sent so far and the bytes in all, None when nobody
                knows; begins anew when the recording is sent again.
            **params: parameters by name, which win over `options`; also those of `CallParams`: ``timeout``,
                ``max_retries``, ``extra_query``, ``extra_headers``. The latter may hold a ``Content-Type``, which is
                ``application/octet-stream`` otherwise.

        Returns:
            What was said; with a callback, wherever that was named, a `TranscriptionAccepted`.

        Raises:
            ConfigError: a source that cannot be read or is empty, or options that cannot work.
            ApiError: the server refused; its subclass tells why.
            ConnectError: the server could not be reached.
            ConnectionClosed: the connection broke.
            TimeoutError: a deadline passed; its message says which.
            RemoteProtocolError: the answer is not what the API documents.
        """
        if is_url(source):
            raise ConfigError("that is a URL, not a file: use transcribe_url, which lets the server fetch it")
        return await self._transcribe(Body(source, on_progress=on_progress), options, callback, params)

    async def _transcribe(
        self,
        body: msgspec.Struct | Body,
        options: PrerecordedOptions | None,
        callback: str | None,
        params: TranscribeParams,
    ) -> Transcription | TranscriptionAccepted:
        query, call, calls_back = sort_params(PrerecordedOptions, options, params, callback)
        returns = TranscriptionAccepted if calls_back else Transcription
        return await self._backend.call(_LISTEN, call, returns=returns, query=query, body=body)
