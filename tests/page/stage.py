"""A server whose recogniser says what a client asks it to, and a page in a browser that shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from deepgram_anyio import DeepgramClient
from deepgram_anyio.local import LocalServer, serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognition, ScriptedRecognizer, ToneVoice

from ..stand_in import ONE_CONNECTION
from .browser import Tab, connect

__all__ = ["CONNECTED", "RAW", "SOUND", "Parrot", "client", "serving", "showing"]

RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
SOUND = b"".join(ToneVoice().synthesize("One two three."))
CONNECTED = "document.querySelector('#state').dataset.state === 'live'"


class Parrot(ScriptedRecognizer):
    """Hears the key terms, one in each stretch of sound; without any, what a microphone is taken to say."""

    def __init__(self) -> None:
        super().__init__([])

    def open(self, *, keyterms: Sequence[str] = ()) -> ScriptedRecognition:
        return ScriptedRecognition(keyterms or ["from the microphone"], 0.1)


def serving(**options: Any) -> Any:
    """Run a server with the parrot."""
    return serve(**{"recognizer": Parrot(), "voice": ToneVoice(), **options})


def client(server: LocalServer, key: str = "any") -> DeepgramClient:
    """Make a client of a server, which does not mend what breaks."""
    return DeepgramClient(key, base_url=server.url, config=ONE_CONNECTION)


@asynccontextmanager
async def showing(devtools: str, url: str, **look: Any) -> AsyncIterator[Tab]:
    """Show a server's page."""
    async with connect(devtools) as browser, browser.tab(url, **look) as tab:
        yield tab
