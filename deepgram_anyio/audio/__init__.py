"""Microphone and speaker as an async source and sink, and the resampling between them and the rest.

```python
async with Microphone() as mic, dg.listen.v1.stream(mic, **mic.format) as conn:
    async for event in conn:
        ...
```

Needs the extra ``audio``, ``pip install "deepgram-anyio[audio]"``, and the PortAudio library, which on Linux is a
package of the system's. Both are loaded when a device is opened, or the devices are listed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._extras import require

if TYPE_CHECKING:
    from .device_list import AudioDevice, devices
    from .host import AudioError
    from .microphone import Microphone
    from .resample import Resampler
    from .speaker import Speaker

require(__name__, "microphone", extra="audio")

__all__ = ["AudioDevice", "AudioError", "Microphone", "Resampler", "Speaker", "devices"]

_HOMES = {
    "AudioDevice": "device_list",
    "AudioError": "host",
    "Microphone": "microphone",
    "Resampler": "resample",
    "Speaker": "speaker",
    "devices": "device_list",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
