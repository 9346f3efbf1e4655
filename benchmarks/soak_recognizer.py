"""A recogniser that begins anew with every segment, so that what it hears does not depend on what it heard before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.to_thread

from deepgram_anyio.local.engines import default_recognizer
from deepgram_anyio.local.engines.base import Detector, Recognition, RecognizedWord, Recognizer

__all__ = ["ForgetfulRecognizer", "forgetful_recognizer"]


@asynccontextmanager
async def forgetful_recognizer() -> AsyncIterator[ForgetfulRecognizer]:
    """Start the packaged recogniser, made forgetful; close it in the end."""
    recognizer = await anyio.to_thread.run_sync(default_recognizer)
    try:
        yield ForgetfulRecognizer(recognizer)
    finally:
        recognizer.close()


class ForgetfulRecognizer:
    """Another recogniser, less what that learns of a voice from one segment for the next."""

    def __init__(self, inner: Recognizer) -> None:
        self.name = inner.name
        self._inner = inner

    def detector(self) -> Detector:
        """See `Recognizer.detector`."""
        return self._inner.detector()

    def open(self, *, keyterms: Sequence[str] = ()) -> Recognition:
        """See `Recognizer.open`."""
        return _Recognition(partial(self._inner.open, keyterms=keyterms))

    def close(self) -> None:
        """See `Recognizer.close`."""
        self._inner.close()


class _Recognition:
    def __init__(self, begin: Callable[[], Recognition]) -> None:
        self._begin = begin
        self._inner = begin()

    def feed(self, samples: bytes) -> None:
        self._inner.feed(samples)

    def partial(self) -> Sequence[RecognizedWord]:
        return self._inner.partial()

    def finish(self) -> Sequence[RecognizedWord]:
        words = self._inner.finish()
        self._inner.close()
        self._inner = self._begin()
        return words

    def close(self) -> None:
        self._inner.close()
