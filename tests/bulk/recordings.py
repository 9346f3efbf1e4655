"""Recordings, and a server that hears in each what stands in it: for tests of the client alone."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from deepgram_anyio.bulk import Batch, Record, Transcribed, read_manifest

from ..rest_peer import Asked, Reply, json_reply

__all__ = ["heard", "in_order", "records", "words", "write_files"]


def words(text: str) -> Reply:
    """What the server says when it heard a text."""
    found = [
        {"word": word, "start": float(number), "end": number + 0.5, "confidence": 1.0}
        for number, word in enumerate(text.split())
    ]
    return json_reply(
        {
            "metadata": {"request_id": f"request-{text}", "duration": 2.0, "channels": 1},
            "results": {"channels": [{"alternatives": [{"transcript": text, "confidence": 1.0, "words": found}]}]},
        },
        dg_request_id=f"request-{text}",
    )


def heard(asked: Asked) -> Reply:
    """Answer as if the recording had said what stands in it; a number alone is a status."""
    text = asked.body.decode()
    return json_reply({"err_code": "E", "err_msg": "no way"}, status=int(text)) if text.isdigit() else words(text)


def write_files(folder: Path, names: Iterable[str]) -> list[Path]:
    """Make recordings that say their own names."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"this is {path.stem}")
        os.utime(path, ns=(1, 1_000_000_000))
    return paths


async def in_order(
    batch: Batch[Transcribed], then: Callable[[Transcribed], Awaitable[None]] | None = None
) -> list[Transcribed]:
    """Take all outcomes, and sort them by key."""
    found = []
    async for outcome in batch:
        found.append(outcome)
        if then is not None:
            await then(outcome)
    return sorted(found, key=lambda outcome: outcome.key)


def records(path: Path) -> dict[str, list[Record]]:
    """The lines of a manifest, item by item."""
    found: dict[str, list[Record]] = {}
    for record in read_manifest(path):
        found.setdefault(record.key, []).append(record)
    return found
