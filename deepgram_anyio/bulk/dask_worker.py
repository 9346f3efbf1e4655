"""What runs on the workers of a Dask cluster. Needs the extra ``dask``; `cluster` imports it when it is used."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import msgspec
from distributed import WorkerPlugin, get_worker

from ..client import DeepgramClient
from ..errors import ConfigError, DeepgramError
from ..protocol.rest.base import RawResponse
from ..protocol.rest.prerecorded_options import PrerecordedOptions
from .recordings import Recording

if TYPE_CHECKING:
    from ..services.backend import CallParams

__all__ = ["Answer", "ClientPlugin", "Errand", "transcribe_errand"]

_KEPT_HEADERS = ("dg-request-id", "content-type")


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is to do.

    Attributes:
        recording: with a path that is valid on the worker.
        query: parameters of the transcription.
        call: what every call takes.
    """

    recording: Recording
    query: PrerecordedOptions
    call: CallParams

    def __repr__(self) -> str:
        # Dask shows arguments on its dashboard and in its logs, and the query of a URL may hold a signature.
        return f"<Errand {self.recording.label}>"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: one of the two. A failure is no exception for Dask, which would log it and its arguments.

    Attributes:
        raw: the server's answer.
        error: what went wrong.
    """

    raw: RawResponse | None = None
    error: Exception | None = None


class ClientPlugin(WorkerPlugin):
    """Keeps one client open on each worker, on its event loop, for as long as the batch runs."""

    def __init__(self, make_client: Callable[[], DeepgramClient]) -> None:
        self._make_client = make_client
        self._stack: AsyncExitStack | None = None
        self._client: DeepgramClient | None = None

    async def setup(self, worker: Any) -> None:
        """Open the client. What it needs of credentials it finds where it runs."""
        self._stack = AsyncExitStack()
        self._client = await self._stack.enter_async_context(self._make_client())

    async def teardown(self, worker: Any) -> None:
        """Close it."""
        self._client = None
        if self._stack is not None:
            await self._stack.aclose()

    async def run(self, errand: Errand) -> Answer:
        """Get one recording transcribed."""
        try:
            transcription = await self._transcribe(errand)
        except (DeepgramError, OSError) as error:
            return Answer(error=error)
        raw = transcription.raw_response
        headers = {name: raw.headers[name] for name in _KEPT_HEADERS if name in raw.headers}
        return Answer(raw=msgspec.structs.replace(raw, headers=headers))

    async def _transcribe(self, errand: Errand) -> Any:
        if self._client is None:
            raise ConfigError("this worker could not make its client: see its log")
        listen = self._client.listen.v1
        if errand.recording.url is not None:
            return await listen.transcribe_url(errand.recording.url, errand.query, **errand.call)
        return await listen.transcribe_file(os.fspath(errand.recording.source), errand.query, **errand.call)


async def transcribe_errand(plugin: str, errand: Errand) -> Answer:
    """Run an errand; the task that Dask sees. Its coroutine runs on the worker's event loop, and counts as a thread.

    Args:
        plugin: name of the worker's `ClientPlugin`.
        errand: what to do.
    """
    found = get_worker().plugins[plugin]
    assert isinstance(found, ClientPlugin)
    return await found.run(errand)
