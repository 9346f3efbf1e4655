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

from typing import TYPE_CHECKING, Any

from .batch import Batch, Outcome, run_many
from .manifest import Known, Manifest, ManifestError, Record, RecordedError, open_manifest, read_manifest
from .outputs import OutputFormat, render
from .planning import Reason
from .recordings import MEDIA_SUFFIXES, Recording, find_recordings
from .transcribe import ItemProgress, Source, Sources, Transcribed, transcribe_many

if TYPE_CHECKING:
    from .cluster import ClusterError, transcribe_on_dask

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


def __getattr__(name: str) -> Any:
    if name not in ("ClusterError", "transcribe_on_dask"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import cluster

    return getattr(cluster, name)
