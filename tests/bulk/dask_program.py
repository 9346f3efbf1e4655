"""Transcribes a folder on two worker processes, twice.

    python -m tests.bulk.dask_program CALLS OUT

The first time on trio, with a blocking client of Dask's, without the folders in that folder, and one of the workers is
killed in the middle. The second time on asyncio, with a client that shares the event loop, and with those folders. It
prints what became of it, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from distributed import Client, LocalCluster

from deepgram_anyio.bulk import Recording, Transcribed, find_recordings, transcribe_on_dask

from .recordings import in_order

__all__ = ["killing", "sharing_the_loop", "transcribed"]

THREADS = 4
connect: Any = Client


async def killing(cluster: Any, calls: Path, out: Path) -> dict[str, Any]:
    pid = next(iter(cluster.workers.values())).process.process.pid
    client = await anyio.to_thread.run_sync(connect, cluster.scheduler_address)

    async def note(outcome: Transcribed) -> None:
        if outcome.state == "done":
            done.append(outcome)
        if len(done) == 10:
            os.kill(pid, signal.SIGKILL)

    done: list[Transcribed] = []
    found = await transcribed(client, find_recordings(calls, recursive=False), out, note)
    await anyio.to_thread.run_sync(client.close)
    return found


async def sharing_the_loop(cluster: Any, calls: Path, out: Path) -> dict[str, Any]:
    async with connect(cluster.scheduler_address, asynchronous=True) as client:
        return await transcribed(client, find_recordings(calls), out)


async def transcribed(
    client: Any,
    recordings: Iterable[Recording],
    out: Path,
    note: Callable[[Transcribed], Awaitable[None]] | None = None,
) -> dict[str, Any]:
    kept: dict[str, Any] = {"manifest": out / "m.jsonl", "output_dir": out, "output_format": "text"}
    async with transcribe_on_dask(client, recordings, **kept) as batch:
        outcomes = await in_order(batch, note)
    errors = [repr(outcome.error) for outcome in outcomes if outcome.error is not None]
    return {"states": Counter(outcome.state for outcome in outcomes), "errors": errors}


if __name__ == "__main__":
    calls, out = map(Path, sys.argv[1:])
    start: Any = LocalCluster
    with start(n_workers=2, threads_per_worker=THREADS, dashboard_address=None, silence_logs=50) as running:
        first = anyio.run(killing, running, calls, out, backend="trio")
        second = anyio.run(sharing_the_loop, running, calls, out, backend="asyncio")
    print(json.dumps([first, second]))
