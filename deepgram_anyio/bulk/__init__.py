"""Bulk work: thousands of recordings, or anything else, some at a time, resumed where it was interrupted.

```python
from deepgram_anyio.bulk import find_recordings, transcribe_many

async with transcribe_many(dg, find_recordings("calls"), jobs=32, manifest="calls.jsonl", output_dir="out") as batch:
    async for outcome in batch:
        print(outcome.key, outcome.state)
```

`transcribe_on_dask` does the same on a Dask cluster, with the extra ``dask``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._extras import require

if TYPE_CHECKING:
    from .batch import Batch, Outcome, run_many
    from .cluster import ClusterError, transcribe_on_dask
    from .manifest import Known, Manifest, ManifestError, Record, RecordedError, open_manifest, read_manifest
    from .outputs import OutputFormat, render
    from .planning import Reason
    from .recordings import MEDIA_SUFFIXES, Recording, find_recordings
    from .transcribe import ItemProgress, Source, Sources, Transcribed, transcribe_many

require(__name__, "batch", extra="bulk")

__all__ = [
    "MEDIA_SUFFIXES",
    "Batch",
    "ClusterError",
    "ItemProgress",
    "Known",
    "Manifest",
    "ManifestError",
    "Outcome",
    "OutputFormat",
    "Reason",
    "Record",
    "RecordedError",
    "Recording",
    "Source",
    "Sources",
    "Transcribed",
    "find_recordings",
    "open_manifest",
    "read_manifest",
    "render",
    "run_many",
    "transcribe_many",
    "transcribe_on_dask",
]

_HOMES = {
    **dict.fromkeys(("Batch", "Outcome", "run_many"), "batch"),
    **dict.fromkeys(("ClusterError", "transcribe_on_dask"), "cluster"),
    **dict.fromkeys(("Known", "Manifest", "ManifestError", "Record", "RecordedError"), "manifest"),
    **dict.fromkeys(("open_manifest", "read_manifest"), "manifest"),
    **dict.fromkeys(("OutputFormat", "render"), "outputs"),
    "Reason": "planning",
    **dict.fromkeys(("MEDIA_SUFFIXES", "Recording", "find_recordings"), "recordings"),
    **dict.fromkeys(("ItemProgress", "Source", "Sources", "Transcribed", "transcribe_many"), "transcribe"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
