"""A test kit for applications that use this package: a scripted server, faults on demand, recorded sessions.

```python
async with deepgram_anyio.testing.serve(transcript="hello world") as server, server.client() as dg:
    ...
```

With pytest, the fixtures of `deepgram_anyio.testing.plugin` are there without an import. Needs the extra ``testing``:
``pip install "deepgram-anyio[testing]"``; nothing listens or speaks, so the recogniser and the voices are not needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._extras import require
from ..errors import ConfigError

if TYPE_CHECKING:
    from .audio import audio_for, silence, wav_of
    from .exchanges import RestRequest, SocketSession
    from .recording import Recording
    from .recording_proxy import RecordingProxy, record
    from .replaying import ReplayMismatchError, ReplayServer, replay
    from .scripts import SpokenWord, Utterance
    from .server import ScriptedServer, serve

require(__name__, "server", extra="testing")

__all__ = [
    "Recording",
    "RecordingProxy",
    "ReplayMismatchError",
    "ReplayServer",
    "RestRequest",
    "ScriptedServer",
    "SocketSession",
    "SpokenWord",
    "Utterance",
    "audio_for",
    "record",
    "replay",
    "serve",
    "silence",
    "wav_of",
]

_HOMES = {
    **dict.fromkeys(("audio_for", "silence", "wav_of"), ".audio"),
    **dict.fromkeys(("RestRequest", "SocketSession"), ".exchanges"),
    "Recording": ".recording",
    **dict.fromkeys(("RecordingProxy", "record"), ".recording_proxy"),
    **dict.fromkeys(("ReplayMismatchError", "ReplayServer", "replay"), ".replaying"),
    **dict.fromkeys(("SpokenWord", "Utterance"), ".scripts"),
    **dict.fromkeys(("ScriptedServer", "serve"), ".server"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name], __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("deepgram_anyio"):
            raise
        raise ConfigError(f'the test kit needs {error.name}: pip install "deepgram-anyio[testing]"') from error
