"""What the embedded server's sessions share: engines, bounds, and the way to stop them all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import anyio.to_thread

from ..transport.logs import project_logger
from .answers import Refusal
from .engines.base import Recognizer, Voice
from .page.hub import EventHub
from .rest.callbacks import Callbacks
from .rest.fetch import Outbound
from .rest.store import Clock, Store, utc_now
from .settings import ServerSettings

__all__ = ["ServerState", "logger"]

logger: logging.Logger = project_logger("local")


class ServerState:
    """One running server.

    Attributes:
        settings: what it was told.
        store: what it remembers.
        hub: where sessions tell the page what happens.
        callbacks: does the work behind requests with a callback; somebody must `run` it.
        threads: bounds the worker threads that the engines run in. Each stream uses one at a time, and there are as
            many as streams, so that none can starve another.
    """

    def __init__(self, settings: ServerSettings, *, clock: Clock = utc_now) -> None:
        """
        Args:
            settings: what it is told.
            clock: tells the time of day, with its zone, for what is remembered and what expires.
        """
        self.settings = settings
        self.store: Store = Store(settings.api_keys, clock=clock)
        self.hub: EventHub = EventHub()
        self.callbacks: Callbacks = Callbacks(
            Outbound(allow_private=settings.allow_private_urls), max_jobs=settings.max_connections
        )
        self.threads: anyio.CapacityLimiter = anyio.CapacityLimiter(settings.max_connections)
        self._recognizer = settings.recognizer
        self._voice = settings.voice
        self._engine_lock = anyio.Lock()
        self._scopes: set[anyio.CancelScope] = set()
        self._stopping = False

    @property
    def any_language(self) -> bool:
        """Whether the recogniser says that it knows more languages than English; the packaged one does not."""
        return getattr(self.settings.recognizer, "any_language", False) is True

    async def recognizer(self) -> Recognizer:
        """Return the recogniser, starting the packaged one when it is first used."""
        async with self._engine_lock:
            if self._recognizer is None:
                from .engines import default_recognizer

                self._recognizer = await anyio.to_thread.run_sync(default_recognizer)
            return self._recognizer

    async def voice(self) -> Voice:
        """Return the voice, starting the packaged one when it is first used."""
        async with self._engine_lock:
            if self._voice is None:
                from .engines import default_voice

                self._voice = await anyio.to_thread.run_sync(default_voice)
            return self._voice

    @property
    def stopping(self) -> bool:
        """Whether the server is about to end."""
        return self._stopping

    @contextmanager
    def session(self) -> Iterator[anyio.CancelScope]:
        """Count a stream, or a request of speech or text, and let `stop` cancel it.

        Raises:
            Refusal: there are too many.
        """
        if self._stopping:
            raise Refusal(503, "SERVER_STOPPING", "The server is stopping.")
        if len(self._scopes) >= self.settings.max_connections:
            raise Refusal(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later.")
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield scope
            finally:
                self._scopes.discard(scope)

    async def stop(self) -> None:
        """End all streams, and the engines that this server started."""
        self._stopping = True
        self.callbacks.stop()
        self.hub.stop()
        for scope in self._scopes:
            scope.cancel()
        for engine, given in ((self._recognizer, self.settings.recognizer), (self._voice, self.settings.voice)):
            if engine is not None and engine is not given:
                await anyio.to_thread.run_sync(engine.close)
